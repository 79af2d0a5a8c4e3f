/** What the workflows read as `vars.NAME`: no secrets, and the stacks write them. Data alone. */
import type { Scope } from "./catalogue.ts";

export interface Variable {
  readonly what: string;
  readonly scope: Exclude<Scope, "none">;
}

/**
 * `review`: in the environment in which pull requests ask. `environment`: in the deployed environment and in its one for infrastructure runs.
 * `repository`: of the repository itself, as a pull request's preview has no environment.
 */
export const VARIABLES = {
  PUBLIC_URL: { what: "Where people reach the application: https://staging.recoloca.ai", scope: "environment" },
  PULUMI_STACK: { what: "The stack's name as Pulumi wants it: staging, or organization/project/staging", scope: "environment" },
  AWS_REGION: { what: "Region of the stack", scope: "environment" },
  AWS_ROLE: {
    what: "Role that a run takes there: a release run's may reach the host and little more, an infrastructure run's changes what there is",
    scope: "environment",
  },
  INFRASTRUCTURE_APP_ID: { what: "The GitHub App's id, whose key is INFRASTRUCTURE_APP_PRIVATE_KEY", scope: "infrastructure" },
  REVIEW_ADDRESS: { what: "The server that pull requests get environments on", scope: "review" },
  REVIEW_PORT: { what: "Its SSH port", scope: "review" },
  REVIEW_USER: { what: "Who logs in there", scope: "review" },
  REVIEW_HOST_KEY: { what: "What it is known by", scope: "review" },
} as const satisfies Record<string, Variable>;
export type VariableName = keyof typeof VARIABLES;

/** Role that a pull request's preview of that stack takes, read-only. A variable of the repository, one for each stack. */
export const planRoleVariable = (environment: string) => `AWS_PLAN_ROLE_${environment.toUpperCase().replace(/[^A-Z0-9]/g, "_")}`;
