/** Rights of a fine-grained token or of an app, in GitHub's own words: what the stacks write with them. Pure. */

/** In the page of a token; and as GitHub's REST interface has them. */
const KEYS = {
  Administration: "administration",
  Contents: "contents",
  Environments: "environments",
  "Pull requests": "pull_requests",
  Secrets: "secrets",
  Variables: "actions_variables",
  Workflows: "workflows",
} as const;
export type Right = keyof typeof KEYS;

/** For each kind of resource. */
const WRITES: readonly (readonly [RegExp, readonly Right[]])[] = [
  [/repositoryFile|branch:|pullRequest/, ["Contents", "Workflows", "Pull requests"]],
  [/actionsEnvironmentSecret/, ["Environments", "Secrets"]],
  [/actions(Environment)?Variable/, ["Environments", "Variables"]],
  [/repositoryEnvironment/, ["Administration", "Environments"]],
  [/./, ["Administration"]],
];

/** `Contents, Workflows and Pull requests: write` */
export function rightsFor(type: string): string {
  const rights = WRITES.find(([of]) => of.test(type))![1];
  return `${[rights.slice(0, -1).join(", "), rights.at(-1)].filter(Boolean).join(" and ")}: write`;
}

/** Of the app of infrastructure runs, by the names that GitHub answers with. A right to change variables no run can be given. */
export const appRights = (): [Right, string][] => (Object.entries(KEYS) as [Right, string][]).filter(([right]) => right !== "Variables");

/** `actions_variables=read; administration=write`, GitHub's own word of what an answer wants, as a page of tokens has it: `Variables: read or …`. */
export function rightsSaid(header: string): string {
  const words = (one: string) => {
    const [key = "", access = ""] = one.trim().split("=");
    const known = (Object.entries(KEYS) as [Right, string][]).find(([, name]) => name === key)?.[0];
    return `${known ?? key.charAt(0).toUpperCase() + key.slice(1).replaceAll("_", " ")}: ${access}`;
  };
  return header
    .split(";")
    .map((set) => set.split(",").map(words).join(" and "))
    .join(" or ");
}
