/** What a workflow is made of here: GitHub's own terms, less what must never be. */
import type { WorkflowSecret } from "../secrets/catalogue.ts";
import type { VariableName } from "../secrets/variables.ts";
import type { ActionName } from "./pins.ts";

export interface Workflow {
  /** Below `.github/workflows/`: `ci.yml`. */
  readonly file: string;
  readonly name: string;
  /** Of one run, where the event's own words do not say enough. */
  readonly "run-name"?: string;
  /** What it is for, in sentences; stands at the top of the file. */
  readonly says: string;
  readonly on: Triggers;
  /** Of whole runs. Absent: each job has its own. */
  readonly concurrency?: Concurrency;
  readonly jobs: Readonly<Record<string, Job>>;
}

/** No `pull_request_target` and no `workflow_run`: both give a stranger's change the rights of the default branch. */
export interface Triggers {
  readonly push?:
    | {
        readonly branches: readonly string[];
        readonly "paths-ignore"?: readonly string[];
        readonly paths?: readonly string[];
        /** Whatever the paths: GitHub compares no tag with them. */
        readonly tags?: readonly string[];
      }
    | { readonly tags: readonly string[] };
  readonly pull_request?: { readonly types?: readonly string[]; readonly branches: readonly string[]; readonly paths?: readonly string[] };
  readonly merge_group?: Record<string, never>;
  readonly schedule?: readonly { readonly cron: string; readonly says: string }[];
  readonly workflow_dispatch?: { readonly inputs?: Readonly<Record<string, Input>> };
}

export interface Input {
  readonly description: string;
  readonly required: boolean;
  readonly type: "string" | "boolean" | "choice";
  readonly options?: readonly string[];
  readonly default?: string;
}

export interface Concurrency {
  readonly group: string;
  readonly "cancel-in-progress": boolean | string;
}

/** An access to the repository by the run's own token, and what for: the reason stands beside it in the file. */
export type Grant = readonly [access: "read" | "write", why: string];
export type Scope =
  | "actions"
  | "artifact-metadata"
  | "attestations"
  | "contents"
  | "deployments"
  | "id-token"
  | "issues"
  | "packages"
  | "pages"
  | "pull-requests"
  | "security-events";
export type Permissions = Readonly<Partial<Record<Scope, Grant>>>;

export interface Job {
  /** What it is shown and required as. */
  readonly name: string;
  /** Why it is there or is as it is, where that is not plain; stands above it in the file. */
  readonly why?: string;
  readonly needs?: readonly string[];
  /** Without the braces. A job without one runs when all that it needs succeeded. */
  readonly if?: string;
  readonly "runs-on": Runner;
  /** Minutes. */
  readonly "timeout-minutes": number;
  readonly permissions: Permissions;
  /** Reading its secrets without deploying anything is `deployment: false`. */
  readonly environment?: { readonly name: string; readonly url?: string; readonly deployment?: false };
  readonly concurrency?: Concurrency;
  readonly outputs?: Readonly<Record<string, string>>;
  readonly env?: Readonly<Record<string, string>>;
  readonly steps: readonly Step[];
}

export type Runner = "ubuntu-24.04" | "ubuntu-24.04-arm";

interface AnyStep {
  readonly name: string;
  readonly why?: string;
  readonly id?: string;
  /** Without the braces. */
  readonly if?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly "continue-on-error"?: true;
}
export interface RunStep extends AnyStep {
  /** Bash with `-euo pipefail`. Values come by `env`: an expression in here would be code. */
  readonly run: string;
  readonly "working-directory"?: string;
}
export interface UsesStep extends AnyStep {
  readonly uses: ActionName;
  readonly with?: Readonly<Record<string, string | number | boolean>>;
}
export type Step = RunStep | UsesStep;

export const expression = (text: string): string => `\${{ ${text} }}`;
/** Only of the catalogue, and only in a job with an environment. */
export const secret = (name: WorkflowSecret): string => expression(`secrets.${name}`);
export const variable = (name: VariableName): string => expression(`vars.${name}`);
/** The run's own token, which can do what the job's permissions say. */
export const TOKEN = expression("github.token");
