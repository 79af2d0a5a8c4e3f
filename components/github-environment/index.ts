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
import { guardsOf, policiesOf, repositoryVariablesOf, variablesOf, type EnvironmentRules, type Variables } from "./rules.ts";

export interface GithubEnvironmentArgs extends EnvironmentRules, Variables<pulumi.Input<string>> {
  readonly provider: Provider;
  /** Its name alone, without the owner's. */
  readonly repository: string;
}

export class GithubEnvironment extends pulumi.ComponentResource {
  /** For whoever puts something into it: known once it is there, and gone when it goes. */
  readonly place: { readonly repository: string; readonly environment: pulumi.Output<string> };

  constructor(name: string, args: GithubEnvironmentArgs, opts?: pulumi.ComponentResourceOptions) {
    super("recoloca:index:GithubEnvironment", name, { environment: args.environment }, opts);
    const { provider, repository } = args;
    const own = { parent: this, provider, hooks: explained() };
    const { environment } = new RepositoryEnvironment(name, { repository, environment: args.environment, ...guardsOf(args) }, own);
    this.place = { repository, environment };
    // Each is removed by itself, though GitHub would with the environment: where a destroy ends half way the environment may stay, and what is in it would be
    // in the next one's way.
    for (const policy of policiesOf(args))
      new RepositoryEnvironmentDeploymentPolicy(`${name}-${policy.branchPattern ?? policy.tagPattern}`, { repository, environment, ...policy }, own);
    for (const [variableName, value] of Object.entries(variablesOf(args)))
      new ActionsEnvironmentVariable(`${name}-${variableName}`, { repository, environment, variableName, value }, own);
    for (const [variableName, value] of Object.entries(repositoryVariablesOf(args)))
      new ActionsVariable(variableName, { repository, variableName, value }, own);
    this.registerOutputs({ environment });
  }
}
