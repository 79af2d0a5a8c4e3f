/** What GitHub says of a run in its identity token. Pure. */

export interface Subject {
  readonly owner: string;
  readonly repository: string;
  /** GitHub's numbers; repositories made, renamed or moved since the middle of 2026 have them in their claim. */
  readonly ids?: { readonly owner: number; readonly repository: number };
}

/** Without `https://`. */
export const ISSUER = "token.actions.githubusercontent.com";

/** The `sub` claim in both forms that GitHub has: with names alone, and with the numbers that no other repository can ever get. */
export const subjects = ({ owner, repository, ids }: Subject, what: string): string[] => [
  `repo:${owner}/${repository}:${what}`,
  ...(ids ? [`repo:${owner}@${ids.owner}/${repository}@${ids.repository}:${what}`] : []),
];
