/** Every workflow file of the repository, as text; and what GitHub has to hold for them. */
import { WORKFLOW_SECRETS, type WorkflowSecret } from "../secrets/catalogue.ts";
import { refuseTogether } from "./check.ts";
import { dependabot, DEPENDABOT_FILE } from "./dependabot.ts";
import { maintenance, redeploy, rollback } from "./files/by-hand.ts";
import { ci, CI_CHECK } from "./files/ci.ts";
import { deployMain } from "./files/deploy.ts";
import { infrastructure } from "./files/infrastructure.ts";
import { metrics } from "./files/metrics.ts";
import { performance } from "./files/performance.ts";
import { release, RELEASE_TAG } from "./files/release.ts";
import { review } from "./files/review.ts";
import { rotation } from "./files/rotation.ts";
import { security, SECURITY_CHECK } from "./files/security.ts";
import { securityMonitoring } from "./files/security-monitoring.ts";
import type { Job, Workflow } from "./model.ts";
import { checkOptions, type WorkflowOptions } from "./options.ts";
import { readPins } from "./pins.ts";
import { toYaml } from "./yaml.ts";

export type { WorkflowOptions } from "./options.ts";
export { MARK } from "./yaml.ts";
export { RELEASE_TAG };

export interface File {
  /** From the repository's root. */
  readonly path: string;
  readonly text: string;
}

export function workflows(options: WorkflowOptions): Workflow[] {
  checkOptions(options);
  const all = [ci, security, deployMain, release, rollback, redeploy, maintenance, infrastructure, performance, securityMonitoring, metrics, rotation];
  const made = [...all, ...(options.review ? [review] : [])].map((one) => one(options));
  refuseTogether(made, requiredChecks);
  return made;
}

/** Throws one error that names every option that cannot be, or everything that a workflow must not have. */
export const workflowFiles = (options: WorkflowOptions): File[] => [
  ...workflows(options).map((workflow) => ({ path: `.github/workflows/${workflow.file}`, text: toYaml(workflow) })),
  { path: DEPENDABOT_FILE, text: dependabot(options) },
];

/** As GitHub shows them; what a merge into main requires. */
export const requiredChecks: readonly string[] = [CI_CHECK, SECURITY_CHECK];

/** Every action that any workflow uses, with its commit, as GitHub's list of allowed actions takes it: `actions/checkout@3d3c…`. */
export const allowedActions = (): string[] => [
  ...new Set(Object.entries(readPins()).map(([name, { sha }]) => `${name.split("/").slice(0, 2).join("/")}@${sha}`)),
];

export interface Uses {
  readonly secrets: readonly WorkflowSecret[];
  readonly variables: readonly string[];
}

/** By environment's name; `""` are the variables of the repository itself. */
export function uses(options: WorkflowOptions): Record<string, Uses> {
  const found: Record<string, { secrets: Set<WorkflowSecret>; variables: Set<string> }> = {};
  const named = (job: Job, context: string) =>
    [...JSON.stringify(job).matchAll(new RegExp(`\\b${context}\\.([A-Z][A-Z0-9_]+)`, "g"))].map((match) => match[1]!);
  for (const job of workflows(options).flatMap((workflow) => Object.values(workflow.jobs))) {
    const chosen = job.environment?.name ?? "";
    for (const environment of chosen.includes("${{") ? options.environments.map(({ name }) => name) : [chosen]) {
      const one = (found[environment] ??= { secrets: new Set(), variables: new Set() });
      for (const name of named(job, "secrets")) one.secrets.add(name as WorkflowSecret);
      for (const name of named(job, "vars")) one.variables.add(name);
    }
  }
  return Object.fromEntries(Object.entries(found).map(([name, one]) => [name, { secrets: [...one.secrets].sort(), variables: [...one.variables].sort() }]));
}

/** Secrets that the catalogue has for workflows and none of these reads, with what is true of each. */
export const unusedSecrets = (options: WorkflowOptions): WorkflowSecret[] => {
  const read = new Set(Object.values(uses(options)).flatMap(({ secrets }) => secrets));
  return WORKFLOW_SECRETS.filter((name) => !read.has(name));
};
