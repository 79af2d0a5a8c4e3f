/** Which actions workflow files use, themselves and by what those are made of: the only ones that the repository then lets run. Pure. */
import { KNOWN } from "../../workflows/pins.ts";

const USES = /^\s*(?:- )?uses:\s*["']?([^@\s"'#]+)@/gm;

/** As GitHub's patterns have them, sorted: `actions/checkout@*`. Actions of the repository itself are always allowed. */
export function actionsInUse(texts: readonly string[]): string[] {
  const found = texts.flatMap((text) => [...text.matchAll(USES)].map(([, name]) => name!)).filter((name) => !/^(\.|\$|docker:)/.test(name));
  const all = withNested(found);
  // A pattern is of a repository; its folders go with it.
  return [...new Set(all.map((name) => name.split("/").slice(0, 2).join("/")))].sort().flatMap((name) => [`${name}@*`, ...below(name, all)]);
}

/** One that is made of others may use one that is made of others. */
function withNested(names: readonly string[]): string[] {
  const more = names.flatMap((name) => KNOWN[name]?.nested ?? []).filter((name) => !names.includes(name));
  return more.length === 0 ? [...names] : withNested([...names, ...new Set(more)]);
}

const below = (name: string, found: readonly string[]) => (found.some((one) => one.startsWith(`${name}/`)) ? [`${name}/*@*`] : []);
