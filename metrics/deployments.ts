/** What GitHub says about deployments: its Deployments API, the runs that made them, the commits between them, incidents. */

/** `release`: code that was not live; `rollback`: back to what was; `redeploy`: the same once more. */
export type Kind = "release" | "rollback" | "redeploy";

export interface State {
  /** GitHub's word: `in_progress`, `success`, `failure`, `error`, `inactive`, … */
  readonly state: string;
  readonly at: string;
}

export interface Commit {
  readonly sha: string;
  /** When it was written. */
  readonly at: string;
  readonly subject: string;
  readonly merge: boolean;
  readonly bot: boolean;
}

export interface Deployment {
  readonly id: number;
  readonly environment: string;
  readonly sha: string;
  readonly at: string;
  readonly kind: Kind;
  readonly run?: string;
  /** Oldest first. */
  readonly states: readonly State[];
  /** That are in it and were not in the one before. Absent where GitHub cannot say: the first one, a history that was rewritten. */
  readonly commits?: readonly Commit[];
}

/** An issue with the label `incident`. Its text may name the deployment that caused it: `deployment: 1234`. */
export interface Incident {
  readonly number: number;
  readonly openedAt: string;
  readonly closedAt?: string;
  readonly deployment?: number;
}

export interface Delivery {
  readonly deployments: readonly Deployment[];
  readonly incidents: readonly Incident[];
}

/** Asks GitHub for one path, `repos/…`, and gives its JSON. */
export type Ask = (path: string) => Promise<unknown>;

export const KINDS: Readonly<Record<string, Kind>> = { "rollback.yml": "rollback", "redeploy.yml": "redeploy" };

interface ApiDeployment {
  id: number;
  sha: string;
  created_at: string;
}
interface ApiStatus {
  state: string;
  created_at: string;
  log_url?: string | null;
}
interface ApiCommit {
  sha: string;
  commit: { message: string; author: { date: string } };
  parents: unknown[];
  author?: { type?: string } | null;
}
interface ApiIssue {
  number: number;
  created_at: string;
  closed_at: string | null;
  body: string | null;
  pull_request?: unknown;
}

const PAGE = 100;

async function pages<T>(ask: Ask, path: string, enough: (last: T) => boolean = () => false): Promise<T[]> {
  const all: T[] = [];
  for (let page = 1; ; page++) {
    const some = (await ask(`${path}${path.includes("?") ? "&" : "?"}per_page=${PAGE}&page=${page}`)) as T[];
    all.push(...some);
    if (some.length < PAGE || enough(some.at(-1)!)) return all;
  }
}

/** Of these environments, since that time; a little older, so that the first one within has one before it. */
export async function readDelivery(ask: Ask, repository: string, environments: readonly string[], since: string): Promise<Delivery> {
  const deployments: Deployment[] = [];
  for (const environment of environments) {
    const query = `repos/${repository}/deployments?environment=${encodeURIComponent(environment)}`;
    const found = await pages<ApiDeployment>(ask, query, (last) => last.created_at < since);
    const inTime = [...found].sort((a, b) => a.created_at.localeCompare(b.created_at));
    let live: string | undefined;
    for (const one of inTime) {
      const statuses = await pages<ApiStatus>(ask, `repos/${repository}/deployments/${one.id}/statuses`);
      const states = statuses.map(({ state, created_at: at }) => ({ state, at })).reverse();
      const run = statuses.map(({ log_url: url }) => /\/actions\/runs\/(\d+)/.exec(url ?? "")?.[1]).find(Boolean);
      const kind = run === undefined ? "release" : await kindOf(ask, repository, run);
      const commits = kind === "release" && live !== undefined ? await between(ask, repository, live, one.sha) : undefined;
      deployments.push({
        id: one.id,
        environment,
        sha: one.sha,
        at: one.created_at,
        kind,
        ...(run !== undefined && { run }),
        states,
        ...(commits && { commits }),
      });
      if (states.some(({ state }) => state === "success")) live = one.sha;
    }
  }
  const issues = await pages<ApiIssue>(ask, `repos/${repository}/issues?labels=incident&state=all&since=${since}`);
  const incidents = issues.filter((issue) => issue.pull_request === undefined).map(toIncident);
  return { deployments: deployments.filter(({ at }) => at >= since), incidents };
}

function toIncident({ number, created_at: openedAt, closed_at: closedAt, body }: ApiIssue): Incident {
  const named = /\bdeployment:\s*#?(\d+)/i.exec(body ?? "")?.[1];
  return { number, openedAt, ...(closedAt !== null && { closedAt }), ...(named !== undefined && { deployment: Number(named) }) };
}

/** By the workflow that made it: its file's name is this project's own, its display name is anybody's. GitHub may name the ref behind it: `rollback.yml@refs/heads/main`. */
async function kindOf(ask: Ask, repository: string, run: string): Promise<Kind> {
  const { path = "" } = (await ask(`repos/${repository}/actions/runs/${run}`).catch(() => ({}))) as { path?: string };
  return KINDS[path.split("@")[0]!.split("/").at(-1)!] ?? "release";
}

/** At most 250, which is what GitHub compares. Undefined where one of the two is gone. */
async function between(ask: Ask, repository: string, from: string, to: string): Promise<Commit[] | undefined> {
  if (from === to) return [];
  const compared = (await ask(`repos/${repository}/compare/${from}...${to}`).catch(() => undefined)) as { commits: ApiCommit[] } | undefined;
  return compared?.commits.map(({ sha, commit, parents, author }) => ({
    sha,
    at: commit.author.date,
    subject: commit.message.split("\n")[0]!,
    merge: parents.length > 1,
    bot: author?.type === "Bot",
  }));
}
