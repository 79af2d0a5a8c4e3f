/** What an event leads to: which jobs run, with which rights, in which environment, and what they deploy. Reads the text of the files, as GitHub does. */
import { parse } from "yaml";
import type { File } from "../../workflows/index.ts";
import type { Event } from "./events.ts";
import { starts } from "./events.ts";
import { fill, holds, type Contexts } from "./expression.ts";

export type Result = "success" | "failure" | "skipped" | "cancelled";

/** What the tests decide: how a job ends (`deploy.yml/images`; `*` is every job), and what it gives out. */
export interface World {
  readonly results?: Readonly<Record<string, Result>>;
  readonly outputs?: Readonly<Record<string, Readonly<Record<string, string>>>>;
  readonly variables?: Readonly<Record<string, string>>;
  /**
   * Somebody cancelled the run: before its first job ended, or while this one ran (`deploy.yml/images`); those before it in the file's order had ended.
   * A job that took too long is cancelled too, and the run is not.
   */
  readonly cancelled?: boolean | string;
}

/** Of an environment; or what others then see or take: `publish` notes or a page, `offer` a release. */
export type Change = "release" | "infrastructure" | "rollback" | "maintenance" | "publish" | "offer";

export interface Ran {
  readonly workflow: string;
  readonly job: string;
  readonly name: string;
  readonly result: Result;
  /** As granted to this event, which may be less than the file says. */
  readonly permissions: Readonly<Record<string, string>>;
  /** Those that it is given: where it names an environment, by that one's rules; else every job of a run that is ours gets what the repository has. */
  readonly secrets: readonly string[];
  readonly environment?: string;
  /** Whether the environment's rules let the ref in. Where they do not, the job fails before its first step. */
  readonly admitted: boolean;
  readonly env: Readonly<Record<string, string>>;
  /** What it checks out. */
  readonly checkout?: string;
  /** Whose token of Pulumi Cloud it asks for: `team:recoloca-staging`, `organization`. */
  readonly pulumi?: string;
  /** What it changes outside of its own run; absent: nothing. */
  readonly changes?: Change;
  readonly concurrency: readonly { readonly group: string; readonly cancels: boolean }[];
}

interface Step {
  name: string;
  if?: string;
  run?: string;
  uses?: string;
  with?: Record<string, unknown>;
  env?: Record<string, string>;
}
interface Job {
  name: string;
  if?: string;
  needs?: string[];
  permissions: Record<string, string>;
  environment?: { name: string; deployment?: boolean };
  concurrency?: Concurrency;
  outputs?: Record<string, string>;
  env?: Record<string, string>;
  steps: Step[];
}
interface Concurrency {
  group: string;
  "cancel-in-progress": boolean | string;
}
interface Workflow {
  on: Record<string, unknown>;
  permissions: Record<string, string>;
  concurrency?: Concurrency;
  jobs: Record<string, Job>;
}

/** The rules that the environments have at GitHub: which refs may use them. One lets a pull request in, which asks there for an environment of its own. */
export const ADMITS: Readonly<Record<string, RegExp>> = {
  "staging-review": /^refs\/(pull\/[^/]+\/merge|heads\/main)$/,
  automation: /^refs\/(heads\/main|tags\/v[^/]*\.[^/]*\.[^/]*)$/,
  production: /^refs\/(heads\/main|tags\/v[^/]*\.[^/]*\.[^/]*)$/,
  // Where nobody can be asked to approve. Elsewhere OTHER, and no tag begins an infrastructure run.
  "production-infrastructure": /^refs\/(heads\/main|tags\/v[^/]*\.[^/]*\.[^/]*)$/,
};
export const OTHER = /^refs\/heads\/main$/;

const PROMISED = (job: string) => ({
  backend: `ghcr.io/recoloca/backend@sha256:${job}`,
  frontend: `ghcr.io/recoloca/frontend@sha256:${job}`,
});

/** What jobs give out where a test says nothing: everything changed; images that name the commit they were built from. */
function given(id: string, event: Event): Record<string, string> {
  if (id === "changes") return Object.fromEntries(["backend", "frontend", "e2e", "program", "files"].map((area) => [area, "true"]));
  if (id === "find") return { commit: event.dispatched?.inputs["commit"] ?? event.sha, ...PROMISED("tested") };
  return PROMISED(event.sha);
}

const known = new Map<string, Workflow>();
function read(text: string): Workflow {
  const workflow = known.get(text) ?? plain(parse(text) as Written);
  known.set(text, workflow);
  return workflow;
}

/** Where people write files they write some things shorter, and leave out others. */
type Written = Workflow & { jobs: Record<string, { needs?: string | string[]; environment?: string | Job["environment"] }> };
const plain = (workflow: Written): Workflow => ({
  ...workflow,
  jobs: Object.fromEntries(
    Object.entries(workflow.jobs).map(([id, job]) => [
      id,
      {
        ...job,
        permissions: job.permissions ?? {},
        needs: [job.needs ?? []].flat(),
        ...(job.environment !== undefined && { environment: typeof job.environment === "string" ? { name: job.environment } : job.environment }),
      },
    ]),
  ),
});

export const runsOf = (files: readonly File[], event: Event, world: World = {}): Ran[] =>
  files.filter(({ path }) => path.includes("/workflows/")).flatMap(({ path, text }) => runOf(path.split("/").at(-1)!, read(text), event, world));

function runOf(file: string, workflow: Workflow, event: Event, { results = {}, outputs = {}, variables = {}, cancelled = false }: World): Ran[] {
  if (!starts(workflow.on, file, event)) return [];
  const ran: Record<string, Ran & { outputs: Record<string, string> }> = {};
  const refName = event.ref.replace(/^refs\/(heads|tags)\//, "");
  const github = {
    event_name: event.name, event: event.payload, ref: event.ref, sha: event.sha, ref_name: refName, ref_type: event.ref.startsWith("refs/tags/") ? "tag" : "branch",
    repository: "recoloca/recoloca", run_id: "1", server_url: "https://github.com", token: "TOKEN",
    actor: event.from === "dependabot" ? "dependabot[bot]" : "somebody", triggering_actor: event.again?.by ?? "somebody", run_attempt: event.again ? "2" : "1",
  }; // prettier-ignore
  const inputs = event.dispatched?.inputs ?? {};
  let stopped = cancelled === true;
  for (const [id, job] of inOrder(workflow.jobs)) {
    const needs = Object.fromEntries((job.needs ?? []).map((need) => [need, { result: ran[need]!.result, outputs: ran[need]!.outputs }]));
    const contexts: Contexts = { github, needs, inputs, vars: variables, env: {}, steps: {}, secrets: {} };
    const before = ancestors(workflow.jobs, id).map((one) => ran[one]!.result);
    const status = { success: !stopped && before.every((one) => one === "success"), failure: before.includes("failure"), cancelled: stopped };
    const runs = holds(job.if, contexts, status);
    const environment = job.environment && fill(job.environment.name, contexts);
    const admitted = environment === undefined || (ADMITS[environment] ?? OTHER).test(event.ref);
    const now = cancelled === `${file}/${id}`;
    stopped ||= now;
    const result: Result = !runs ? "skipped" : !admitted ? "failure" : now ? "cancelled" : (results[`${file}/${id}`] ?? results[`*/${id}`] ?? "success");
    const env = Object.fromEntries(Object.entries(job.env ?? {}).map(([key, value]) => [key, /secrets\./.test(value) ? "***" : fill(value, contexts)]));
    const checkout = job.steps.find((step) => step.uses?.startsWith("actions/checkout@"));
    const changes = changeOf(job);
    const asks = job.steps.find((step) => step.uses?.startsWith("pulumi/auth-actions@"))?.with;
    const token = asks && fill((asks["scope"] ?? (asks["requested-token-type"] as string).split(":").at(-1)) as string, { ...contexts, env });
    ran[id] = {
      workflow: file,
      job: id,
      name: fill(job.name, contexts),
      result,
      permissions: event.from === "fork" ? reading(job.permissions) : job.permissions,
      secrets: admitted && event.from === "us" ? [...JSON.stringify(job).matchAll(/secrets\.([A-Z_]+)/g)].map((match) => match[1]!) : [],
      ...(environment !== undefined && { environment }),
      admitted,
      env,
      ...(checkout && { checkout: fill(String((checkout.with?.["ref"] as string | undefined) ?? event.sha), contexts) }),
      ...(changes && { changes }),
      ...(token !== undefined && { pulumi: token }),
      concurrency: [workflow.concurrency, job.concurrency].flatMap((one) =>
        one
          ? [
              {
                group: fill(one.group, contexts),
                cancels: String(one["cancel-in-progress"]).includes("${{")
                  ? fill(String(one["cancel-in-progress"]), contexts) === "true"
                  : one["cancel-in-progress"] === true,
              },
            ]
          : [],
      ),
      outputs: result === "success" ? (outputs[id] ?? given(id, event)) : {},
    };
  }
  return Object.values(ran).map(({ outputs: _outputs, ...one }) => one);
}

/** A fork's token reads at most, and cannot prove who it is. */
const reading = (permissions: Record<string, string>) =>
  Object.fromEntries(Object.entries(permissions).flatMap(([scope]) => (scope === "id-token" ? [] : [[scope, "read"]])));

function changeOf(job: Job): Change | undefined {
  const all = job.steps.map((step) => step.run ?? step.uses ?? "").join("\n");
  if (/pulumi up .*--target/.test(all)) return "release";
  if (/pulumi (up|destroy|import|state)\b/.test(all)) return "infrastructure";
  if (/operate\/main\.ts rollback/.test(all)) return "rollback";
  if (/gh release create|actions\/deploy-pages/.test(all)) return "publish";
  if (/gh workflow run/.test(all)) return "offer";
  return /operate\/main\.ts maintenance/.test(all) ? "maintenance" : undefined;
}

function inOrder(jobs: Record<string, Job>): [string, Job][] {
  const done: [string, Job][] = [];
  const visit = (id: string) => {
    if (done.some(([one]) => one === id)) return;
    for (const need of jobs[id]!.needs ?? []) visit(need);
    done.push([id, jobs[id]!]);
  };
  for (const id of Object.keys(jobs)) visit(id);
  return done;
}

function ancestors(jobs: Record<string, Job>, id: string): string[] {
  const direct = jobs[id]!.needs ?? [];
  return [...new Set([...direct, ...direct.flatMap((need) => ancestors(jobs, need))])];
}

export const ranJobs = (all: readonly Ran[]): string[] => all.filter(({ result }) => result !== "skipped").map(({ workflow, job }) => `${workflow}/${job}`);
/** All that is done to an environment, published or offered. */
export const acting = (all: readonly Ran[]): Ran[] => all.filter(({ changes, result, admitted }) => changes && result !== "skipped" && admitted);
/** What of it changes an environment. */
export const changing = (all: readonly Ran[]): Ran[] => acting(all).filter(({ changes }) => changes !== "publish" && changes !== "offer");
