/** Which actions workflow files use: the only ones that the repository then lets run. Pure. */

const USES = /^\s*(?:- )?uses:\s*["']?([^@\s"'#]+)@/gm;

/** As GitHub's patterns have them, sorted: `actions/checkout@*`. Actions of the repository itself are always allowed. */
export function actionsInUse(texts: readonly string[]): string[] {
  const found = texts.flatMap((text) => [...text.matchAll(USES)].map(([, name]) => name!)).filter((name) => !/^(\.|\$|docker:)/.test(name));
  // A pattern is of a repository; its folders go with it.
  return [...new Set(found.map((name) => name.split("/").slice(0, 2).join("/")))].sort().flatMap((name) => [`${name}@*`, ...below(name, found)]);
}

const below = (name: string, found: readonly string[]) => (found.some((one) => one.startsWith(`${name}/`)) ? [`${name}/*@*`] : []);
