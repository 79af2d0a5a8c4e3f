/**
 * An environment of the repository: who approves a job that names it, from which branches and tags, after how long, and the variables that the
 * job gets. Administrators keep to it like everybody else.
 */
import { ActionsEnvironmentVariable } from "@pulumi/github/actionsEnvironmentVariable.js";
import { ActionsVariable } from "@pulumi/github/actionsVariable.js";
import type { Provider } from "@pulumi/github/provider.js";
import { RepositoryEnvironment } from "@pulumi/github/repositoryEnvironment.js";
import { RepositoryEnvironmentDeploymentPolicy } from "@pulumi/github/repositoryEnvironmentDeploymentPolicy.js";
import * as pulumi from "@pulumi/pulumi";
import { explained } from "../github-errors.ts";

export interface GithubEnvironmentArgs {
  readonly provider: Provider;
  /** Its name alone, without the owner's. */
  readonly repository: string;
  readonly environment: string;
  /** GitHub's numbers of those of whom one has to approve. @default nobody has to */
  readonly reviewers: { readonly users: readonly number[]; readonly teams: readonly number[] };
  readonly waitMinutes: number;
  /** Whether who started a run may not approve it. */
  readonly preventSelfReview: boolean;
  /** Patterns; a job of any other branch or tag never gets the environment. */
  readonly branches: readonly string[];
  readonly tags: readonly string[];
  readonly variables: Readonly<Record<string, pulumi.Input<string>>>;
  /** The stack's roles at AWS, and which one jobs of this environment take. @default none */
  readonly roles?: Readonly<Record<"deploy" | "infrastructure" | "plan", pulumi.Input<string>>> | undefined;
  readonly role?: "deploy" | "infrastructure";
  /** Variable of the repository itself for the role that previews take: a pull request has no environment. @default none is written */
  readonly planRoleVariable?: string;
}

export class GithubEnvironment extends pulumi.ComponentResource {
  /** For whoever puts something into it: known once it is there, and gone when it goes. */
  readonly place: { readonly repository: string; readonly environment: pulumi.Output<string> };

  constructor(name: string, args: GithubEnvironmentArgs, opts?: pulumi.ComponentResourceOptions) {
    super("recoloca:index:GithubEnvironment", name, { environment: args.environment }, opts);
    const { provider, repository, reviewers, roles, role, planRoleVariable } = args;
    const own = { parent: this, provider, hooks: explained() };
    const guarded = reviewers.users.length + reviewers.teams.length > 0;
    const made = new RepositoryEnvironment(
      name,
      {
        repository,
        environment: args.environment,
        canAdminsBypass: false,
        preventSelfReview: args.preventSelfReview,
        waitTimer: args.waitMinutes,
        ...(guarded && { reviewers: [{ users: [...reviewers.users], teams: [...reviewers.teams] }] }),
        deploymentBranchPolicy: { protectedBranches: false, customBranchPolicies: true },
      },
      own,
    );
    const { environment } = made;
    this.place = { repository, environment };
    // Each is removed by itself, though GitHub would with the environment: where a destroy ends half way the environment may stay, and what is in it would be
    // in the next one's way.
    const rule = (kind: "branchPattern" | "tagPattern") => (pattern: string) =>
      new RepositoryEnvironmentDeploymentPolicy(`${name}-${pattern}`, { repository, environment, [kind]: pattern }, own);
    args.branches.forEach(rule("branchPattern"));
    args.tags.forEach(rule("tagPattern"));
    const variables = { ...args.variables, ...(roles && role && { AWS_ROLE: roles[role] }) };
    for (const [variableName, value] of Object.entries(variables))
      new ActionsEnvironmentVariable(`${name}-${variableName}`, { repository, environment, variableName, value }, own);
    if (roles && planRoleVariable !== undefined) new ActionsVariable(planRoleVariable, { repository, variableName: planRoleVariable, value: roles.plan }, own);
    this.registerOutputs({ environment });
  }
}
