/** What must never be in a workflow, found before anything is written. Most of it cannot be said in the model at all. */
import { AUTOMATION, infrastructureOf, reviewOf, SECRETS, WORKFLOW_SECRETS, type Scope, type Secret } from "../secrets/catalogue.ts";
import { VARIABLES, type Variable } from "../secrets/variables.ts";
import { expression, type Job, type Step, type Workflow } from "./model.ts";
import { isPinned } from "./pins.ts";

/** The gate of the required checks has to run whatever happened: a skipped check would count as a passed one. */
export const GATE = "always()";

/** Throws one error with every problem. */
export function refuse(workflow: Workflow): void {
  const wrong = problems(workflow);
  if (wrong.length > 0) throw new Error(`the workflow ${workflow.file} is refused\n${wrong.map((line) => `  ${line}`).join("\n")}`);
}

/** Of all of a repository's workflows beside each other: throws one error with every problem. `required`: names of checks without which nothing is merged. */
export function refuseTogether(workflows: readonly Workflow[], required: readonly string[]): void {
  const twice = (of: "name" | "file") =>
    workflows.flatMap((one, index) => {
      const other = workflows.slice(0, index).find((before) => before[of] === one[of]);
      if (!other) return [];
      return of === "file"
        ? [`two workflows are written to ${one.file}: the second would take the first one's place; give one another file`]
        : [`two workflows are called "${one.name}": ${other.file} and ${one.file}; in GitHub's lists nobody could tell them apart: give one another name`];
    });
  const names = workflows.filter(({ on }) => on.pull_request && on.merge_group).flatMap(({ jobs }) => Object.values(jobs).map(({ name }) => name));
  const missing = required
    .filter((check) => !names.includes(check))
    .map(
      (check) =>
        `the check "${check}" is required for a merge, and no job of a pull request and of the merge queue is called so: nothing could be merged; take it from requiredChecks (workflows/index.ts), or give a job that name`,
    );
  // Another job of that name would do in its place.
  const elsewhere = required.flatMap((check) => {
    const of = workflows.filter(({ jobs }) => Object.values(jobs).some(({ name }) => name === check));
    return of.length > 1
      ? [`jobs of ${of.map(({ file }) => file).join(" and ")} are called "${check}", which a merge requires: either would do; give one another name`]
      : [];
  });
  const wrong = [...twice("file"), ...twice("name"), ...missing, ...elsewhere];
  if (wrong.length > 0) throw new Error(`the workflows do not go together; nothing was written\n${wrong.map((line) => `  ${line}`).join("\n")}`);
}

export function problems(workflow: Workflow): string[] {
  const { jobs, concurrency, file, name } = workflow;
  const names = Object.values(jobs).map((job) => job.name);
  return [
    ...[name, ...names].filter((one) => !/^[\x20-\x7e]+$/.test(one)).map((one) => `"${one}": names are plain ASCII, rules require checks by them`),
    ...names.filter((one, index) => names.indexOf(one) !== index).map((one) => `two jobs are called "${one}": a rule could not tell them apart`),
    ...(/^[a-z-]+\.yml$/.test(file) ? [] : [`the file's name "${file}" wants lower-case letters, dashes and .yml`]),
    ...Object.entries(jobs).flatMap(([id, job]) => [
      ...(concurrency || job.concurrency ? [] : [`job ${id}: neither it nor the workflow has a concurrency group`]),
      ...ofJob(job, jobs).map((line) => `job ${id}: ${line}`),
    ]),
  ];
}

function* texts(value: unknown): Generator<string> {
  if (typeof value === "string") yield value;
  else if (value !== null && typeof value === "object") for (const one of Object.values(value)) yield* texts(one);
}

const named = (text: string, context: string) => [...text.matchAll(new RegExp(`\\b${context}\\.([A-Za-z0-9_-]+)`, "g"))].map((match) => match[1]!);

const PLACES: Record<Scope, string> = {
  none: "no environment",
  environment: "an environment that is deployed to",
  infrastructure: "the environment of infrastructure runs",
  review: "the environment in which pull requests ask",
  repository: `the environment ${AUTOMATION}`,
};

function placeOf({ environment }: Job): Scope {
  // GitHub's own, which Pages publishes from; it holds nothing of ours.
  if (!environment || environment.name === "github-pages") return "none";
  if (environment.name === AUTOMATION) return "repository";
  if (environment.name.endsWith(reviewOf(""))) return "review";
  return environment.name.endsWith(infrastructureOf("")) ? "infrastructure" : "environment";
}

function ofJob(job: Job, jobs: Workflow["jobs"]): string[] {
  const all = [...texts(job)].filter((text) => text.includes("${{") || text === job.if);
  const uses = (context: string) => [...new Set(all.flatMap((text) => named(text, context)))];
  const minutes = job["timeout-minutes"];
  const unknown = (job.needs ?? []).filter((id) => !(id in jobs));
  const place = placeOf(job);
  return [
    ...(Number.isInteger(minutes) && minutes >= 1 && minutes <= 60 ? [] : [`got timeout-minutes ${minutes}, wants 1 to 60`]),
    ...(job.permissions === undefined ? ["says no permissions: {} is none"] : []),
    ...unknown.map((id) => `needs "${id}", which is no job here`),
    ...uses("secrets").flatMap((name) => {
      if (!(WORKFLOW_SECRETS as string[]).includes(name))
        return [`names the secret ${name}, which ${name in SECRETS ? "no workflow may see" : "is not in the catalogue"} (secrets/catalogue.ts)`];
      const { scope, everyRun } = (SECRETS as Record<string, Secret>)[name]!;
      return place === scope || (everyRun && place === "infrastructure") ? [] : [`names the secret ${name} of ${PLACES[scope]}, and has ${PLACES[place]}`];
    }),
    ...uses("vars").flatMap((name) => {
      const scope = (VARIABLES as Record<string, Variable>)[name]?.scope ?? (/^AWS_PLAN_ROLE_[A-Z0-9_]+$/.test(name) ? "none" : undefined);
      if (scope === undefined) return [`names the variable ${name}, which no stack writes (secrets/variables.ts)`];
      const there = scope === "none" || place === scope || (scope === "environment" && place === "infrastructure");
      return there ? [] : [`names the variable ${name} of ${PLACES[scope]}, and has ${PLACES[place]}`];
    }),
    ...[...all.join("\n").matchAll(/needs\.([a-z0-9-]+)\.outputs\.([a-z0-9_-]+)/g)].flatMap(([, id = "", output = ""]) =>
      (job.needs ?? []).includes(id) && jobs[id]?.outputs?.[output] !== undefined ? [] : [`reads needs.${id}.outputs.${output}, which is not there`],
    ),
    ...(job.if?.includes("always()") && job.if !== GATE ? ['has always() in its condition: "!cancelled()" is what is meant'] : []),
    ...job.steps.flatMap((step, index) => ofStep(step, job, index).map((line) => `step "${step.name}": ${line}`)),
  ];
}

function ofStep(step: Step, job: Job, index: number): string[] {
  const before = new Set(job.steps.slice(0, index).map(({ id }) => id));
  const { run: _run, ...around } = step as Step & { run?: string };
  const read = [...texts(around)].flatMap((text) => named(text, "steps"));
  return [
    ...read.filter((id) => !before.has(id)).map((id) => `reads steps.${id}, which is no step before it`),
    ...(step.if?.includes("always()") ? ['has always() in its condition: "!cancelled()" is what is meant'] : []),
    ...("run" in step
      ? step.run.includes("${{")
        ? [`has an expression in its script, where it would be code: give it as env, ${expression("…")} there`]
        : []
      : !isPinned(step.uses)
        ? [
            `uses ${step.uses as string}, which is not in the list of pins: add it to workflows/pins/action.yml, at the commit of a release, and to ACTIONS in workflows/pins.ts`,
          ]
        : step.uses === "actions/checkout" && step.with?.["persist-credentials"] !== false
          ? ["checks out and leaves the token behind: persist-credentials: false"]
          : []),
  ];
}
