/** What can happen to a repository, and which workflows it starts. Of tokens and repetitions: GitHub's pages "About Dependabot and GitHub Actions", "Re-running workflows and jobs". */

export interface Event {
  readonly says: string;
  readonly name:
    "push" | "pull_request" | "merge_group" | "schedule" | "workflow_dispatch" | "workflow_run" | "pull_request_target" | "release" | "deployment_status";
  /** `refs/heads/main`. */
  readonly ref: string;
  readonly sha: string;
  /** `github.event`. */
  readonly payload: Readonly<Record<string, unknown>>;
  /** Of a dispatch: the file that somebody started, and what he gave. */
  readonly dispatched?: { readonly file: string; readonly inputs: Readonly<Record<string, string>> };
  /** What it changes. */
  readonly files: readonly string[];
  /**
   * Whose it is.
   * - `fork`: the run's token may read at most, there is no identity and no secret
   * - `dependabot`: no secret either; its token reads by default, and what a job's own `permissions` say it gets all the same
   */
  readonly from: "us" | "fork" | "dependabot";
  /** Somebody repeats the run: its event, its commit and the rights of whoever began it stay. @default it is the first time */
  readonly again?: { readonly by: string };
}

const REPOSITORY = "recoloca/recoloca";
const MAIN = "refs/heads/main";
const SHA = "c0ffee0000000000000000000000000000000001";
const CODE = ["backend/main.py", "frontend/page.tsx", "e2e/first.spec.ts", "infrastructure/index.ts"];
const event = (says: string, name: Event["name"], ref: string, more: Partial<Event> = {}): Event => ({
  says,
  name,
  ref,
  sha: SHA,
  payload: {},
  files: CODE,
  from: "us",
  ...more,
});

export const pushToMain = (sha = SHA, files = CODE): Event =>
  event("a push to main", "push", MAIN, { sha, files, payload: { head_commit: { message: "Better\n\nmuch" } } });
export const pushToBranch = (branch: string): Event =>
  event(`a push to ${branch}`, "push", `refs/heads/${branch}`, { payload: { head_commit: { message: "x" } } });
export const tag = (name: string): Event => event(`the tag ${name}`, "push", `refs/tags/${name}`, { payload: { head_commit: { message: "x" } } });
export const release = (): Event => event("a release published at GitHub", "release", "refs/tags/v1.2.3", { payload: { action: "published" } });
export const mergeGroup = (): Event =>
  event("a merge group", "merge_group", "refs/heads/gh-readonly-queue/main/pr-7-abc", { payload: { merge_group: { base_ref: MAIN } } });
export const schedule = (cron: string): Event => event(`the schedule ${cron}`, "schedule", MAIN, { payload: { schedule: cron }, files: [] });
export const dispatch = (file: string, inputs: Record<string, string> = {}, ref = MAIN): Event =>
  event(`${file} by hand, ${JSON.stringify(inputs)}${ref === MAIN ? "" : ` from ${ref}`}`, "workflow_dispatch", ref, {
    dispatched: { file, inputs },
    payload: { inputs },
    files: [],
  });
export const workflowRun = (conclusion: string): Event =>
  event(`a workflow_run that ended with ${conclusion}`, "workflow_run", MAIN, { payload: { workflow_run: { conclusion } }, files: [] });
/** Every word that GitHub has for how a run ended. */
export const CONCLUSIONS = ["success", "failure", "cancelled", "skipped", "timed_out", "action_required", "neutral", "stale"] as const;
export const commentTarget = (): Event => event("a pull_request_target from a fork", "pull_request_target", MAIN, { from: "fork" });
export const again = (one: Event, by: string): Event => ({ ...one, says: `${one.says}, once more by ${by}`, again: { by } });
export const deploymentStatus = (): Event => event("a deployment status", "deployment_status", MAIN, { files: [] });

/** `of`: whose branch it is. */
export function pullRequest(of: "branch" | "fork" | "dependabot", files = CODE): Event {
  const head = { repo: { full_name: of === "fork" ? "somebody/recoloca" : REPOSITORY, fork: of === "fork" } };
  const user = of === "dependabot" ? { id: 49699333, login: "dependabot[bot]" } : { id: 1, login: "somebody" };
  return event(`a pull request of ${of === "branch" ? "a branch" : of === "fork" ? "a fork" : "Dependabot"}`, "pull_request", "refs/pull/7/merge", {
    files,
    from: of === "branch" ? "us" : of,
    payload: { pull_request: { number: 7, head, user, base: { ref: "main" } } },
  });
}

/** Something happens to a pull request that has these labels; `label` is the one that came or went. */
export function labelled(of: "branch" | "fork" | "dependabot", action: string, labels: readonly string[], label?: string): Event {
  const { payload, ...one } = pullRequest(of);
  const request = { ...(payload["pull_request"] as object), labels: labels.map((name) => ({ name })) };
  return {
    ...one,
    says: `${one.says}, ${action}${label === undefined ? "" : ` ${label}`}, with [${labels.join(", ")}]`,
    payload: { action, pull_request: request, ...(label !== undefined && { label: { name: label } }) },
  };
}

type On = Readonly<Record<string, unknown>>;
interface Filter {
  readonly types?: readonly string[];
  readonly branches?: readonly string[];
  readonly tags?: readonly string[];
  readonly paths?: readonly string[];
  readonly "paths-ignore"?: readonly string[];
}

/** GitHub's patterns: `*` within a level, `**` over levels, `?`, `+` and `[]` as in regular expressions. */
function matches(pattern: string, text: string): boolean {
  const expression = pattern.replace(/\*\*\/|\*\*|\*|\[[^\]]*\]|[?+]|[\\^$.|(){}]/g, (part) =>
    part === "**/" ? "(.*/)?" : part === "**" ? ".*" : part === "*" ? "[^/]*" : /^[[?+]/.test(part) ? part : `\\${part}`,
  );
  return new RegExp(`^${expression}$`).test(text);
}

/** The last pattern that fits decides. */
const chosen = (patterns: readonly string[], text: string) =>
  patterns.reduce((yes, pattern) => (pattern.startsWith("!") ? (matches(pattern.slice(1), text) ? false : yes) : matches(pattern, text) || yes), false);

function fits(filter: Filter, event: Event): boolean {
  const [, kind, name = ""] = /^refs\/(heads|tags)\/(.*)$/.exec(event.ref) ?? [];
  const branch = event.name === "pull_request" ? "main" : kind === "heads" ? name : undefined;
  const named = filter.branches || filter.tags;
  const byName =
    !named ||
    (branch !== undefined && filter.branches !== undefined && chosen(filter.branches, branch)) ||
    (kind === "tags" && filter.tags !== undefined && chosen(filter.tags, name));
  const byPath =
    kind === "tags" ||
    ((!filter.paths || event.files.some((file) => chosen(filter.paths!, file))) &&
      (!filter["paths-ignore"] || event.files.some((file) => !chosen(filter["paths-ignore"]!, file))));
  return byName && byPath;
}

export function starts(on: On, file: string, event: Event): boolean {
  if (!(event.name in on)) return false;
  const filter = on[event.name];
  if (event.name === "schedule") return (filter as { cron: string }[]).some(({ cron }) => cron === event.payload["schedule"]);
  if (event.name === "workflow_dispatch") return event.dispatched?.file === file;
  if (event.name === "pull_request") {
    const { types = ["opened", "synchronize", "reopened"] } = (filter ?? {}) as Filter;
    if (!types.includes((event.payload["action"] as string | undefined) ?? "synchronize")) return false;
  }
  return event.name === "push" || event.name === "pull_request" ? fits(filter ?? {}, event) : true;
}
