/** What the workflows read as `vars.NAME`: no secrets, and the stacks write them. Data alone. */
import type { Scope } from "./catalogue.ts";

export interface Variable {
  readonly what: string;
  readonly scope: Exclude<Scope, "none">;
}

/** `repository` is a variable of the repository itself: a pull request may read it, and has no environment. */
export const VARIABLES = {
  PUBLIC_URL: { what: "Where people reach the application: https://staging.recoloca.ai", scope: "environment" },
  PULUMI_STACK: { what: "The stack's name as Pulumi wants it: staging, or organization/project/staging", scope: "environment" },
  AWS_REGION: { what: "Region of the stack", scope: "environment" },
  AWS_DEPLOY_ROLE: { what: "Role that a release run takes: the stack's state and secrets, the registry, the way to the host", scope: "environment" },
  AWS_INFRASTRUCTURE_ROLE: { what: "Role that an infrastructure run takes", scope: "environment" },
  INFRASTRUCTURE_APP_ID: { what: "The GitHub App's id, whose key is INFRASTRUCTURE_APP_PRIVATE_KEY", scope: "environment" },
} as const satisfies Record<string, Variable>;
export type VariableName = keyof typeof VARIABLES;

/** Role that a pull request's preview of that stack takes, read-only. A variable of the repository, one for each stack. */
export const planRoleVariable = (environment: string) => `AWS_PLAN_ROLE_${environment.toUpperCase().replace(/[^A-Z0-9]/g, "_")}`;
