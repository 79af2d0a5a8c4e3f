/** Variables of a Compose file that nobody has given a value. */
import { readYaml } from "../release/compose-file.ts";

/** Those that Compose would find empty: of the values of `text`, as it interpolates nothing else; comments are none. `given`: those that have a value. */
export function unsetVariables(text: string, given: ReadonlySet<string> = new Set()): string[] {
  return [...new Set(textsIn(readYaml(text)).flatMap((one) => unsetIn(one, given)))].sort();
}

function textsIn(value: unknown): string[] {
  if (typeof value === "string") return [value];
  return typeof value === "object" && value !== null ? Object.values(value).flatMap(textsIn) : [];
}

/** `$$` is a dollar sign. What stands in for a value that is missing, `${A:-…}`, may use another one, and so may what stands for one that is there. */
function unsetIn(text: string, given: ReadonlySet<string>): string[] {
  const found: string[] = [];
  for (let at = text.indexOf("$"); at !== -1; at = text.indexOf("$", at)) {
    const [whole = "$", plain, braced, rule] = /^\$(?:\$|([A-Za-z_]\w*)|\{([A-Za-z_]\w*)(:?[-+?])?)/.exec(text.slice(at)) ?? [];
    at += whole.length;
    const name = plain ?? braced;
    if (name === undefined) continue;
    const isThere = given.has(name);
    if (rule === undefined || rule.endsWith("?")) {
      if (!isThere) found.push(name);
      continue;
    }
    const end = endOf(text, at);
    if (rule.endsWith("+") === isThere) found.push(...unsetIn(text.slice(at, end), given));
    at = end;
  }
  return found;
}

/** Of the brace that closes what is open at `at`. */
function endOf(text: string, at: number): number {
  let open = 1;
  for (let place = at; place < text.length; place++) {
    if (text.startsWith("${", place)) open++;
    if (text[place] === "}" && --open === 0) return place;
  }
  return text.length;
}
