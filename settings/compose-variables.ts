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

/**
 * `$$` is a dollar sign. What stands in for a value that is missing, `${A:-…}`, may use another one, and so may what stands for one that is there, `${A:+…}`.
 * What is said of one that must be there, `${A:?…}`, is in no value, nor is what stands for nothing (`isUsed` false); but Debian's Compose expands these all the
 * same, and fails where one in them must be there and is not.
 */
function unsetIn(text: string, given: ReadonlySet<string>, isUsed = true): string[] {
  const found: string[] = [];
  for (let at = text.indexOf("$"); at !== -1; at = text.indexOf("$", at)) {
    const [whole = "$", plain, braced, rule] = /^\$(?:\$|([A-Za-z_]\w*)|\{([A-Za-z_]\w*)(:?[-+?])?)/.exec(text.slice(at)) ?? [];
    at += whole.length;
    const name = plain ?? braced;
    if (name === undefined) continue;
    const isThere = given.has(name);
    const kind = rule?.at(-1);
    if (!isThere && (kind === "?" || (kind === undefined && isUsed))) found.push(name);
    if (kind === undefined) continue;
    const end = endOf(text, at);
    found.push(...unsetIn(text.slice(at, end), given, isUsed && kind !== "?" && (kind === "+") === isThere));
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
