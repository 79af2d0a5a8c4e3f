/** The one comment of a stack below a pull request: made, changed in its place, taken away. */

/** A request to GitHub's REST interface, of a path below the repository; throws where it is refused. */
export type Ask = (method: "GET" | "POST" | "PATCH" | "DELETE", path: string, body?: object) => Promise<unknown>;

interface Comment {
  readonly id: number;
  readonly body?: string | null;
  readonly user?: { readonly login: string } | null;
}

/** Whose token a workflow has. What anybody else wrote is never touched, whatever is in it. */
const AUTHOR = "github-actions[bot]";
const PAGE = 100;

export interface Place {
  readonly pullRequest: number;
  /** First line of the comment. */
  readonly mark: string;
}

/** `text` undefined: there is to be none. Says what was done. */
export async function keepComment(
  ask: Ask,
  { pullRequest, mark }: Place,
  text: string | undefined,
): Promise<"written" | "changed" | "removed" | "as it was" | "none"> {
  const [first, ...more] = await ours(ask, pullRequest, mark);
  // Two are there where two runs once wrote at the same moment.
  for (const { id } of more) await ask("DELETE", `issues/comments/${id}`);
  if (text === undefined) {
    if (!first) return "none";
    await ask("DELETE", `issues/comments/${first.id}`);
    return "removed";
  }
  if (!first) {
    await ask("POST", `issues/${pullRequest}/comments`, { body: text });
    return "written";
  }
  if (first.body === text) return "as it was";
  await ask("PATCH", `issues/comments/${first.id}`, { body: text });
  return "changed";
}

async function ours(ask: Ask, pullRequest: number, mark: string): Promise<Comment[]> {
  const found: Comment[] = [];
  for (let page = 1; ; page++) {
    const all = (await ask("GET", `issues/${pullRequest}/comments?per_page=${PAGE}&page=${page}`)) as Comment[];
    found.push(...all.filter(({ body, user }) => user?.login === AUTHOR && body?.split("\n")[0] === mark));
    if (all.length < PAGE) return found;
  }
}
