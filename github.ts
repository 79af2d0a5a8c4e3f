/** The repository's side of an environment on one screen: who approves, what jobs get, which roles they take; and what the owning stack adds. */
import type { Provider } from "@pulumi/aws/provider.js";
import * as pulumi from "@pulumi/pulumi";
import { ActionsSecrets } from "./components/actions-secrets/index.ts";
import { githubAccount } from "./components/github-account/index.ts";
import { GithubEnvironment } from "./components/github-environment/index.ts";
import { wayTo } from "./components/github-environment/rules.ts";
import { GithubOidc } from "./components/github-oidc/index.ts";
import { pipelineOf } from "./components/pipeline/index.ts";
import { RepositoryRules } from "./components/repository-rules/index.ts";
import type { Server } from "./components/server.ts";
import { WorkflowFiles } from "./components/workflow-files/index.ts";
import type { Settings } from "./settings/index.ts";

/** What pull requests need to ask for environments of their own. */
export interface Review {
  readonly key: pulumi.Output<string>;
  readonly server: Server["connection"];
}

/** `aws`: the account of the environment, where it has one. Gives the roles that runs take there. */
export function githubSide(github: NonNullable<Settings["github"]>, aws: Provider | undefined, review?: Review): GithubOidc["roles"] | undefined {
  // What is refused at AWS changes nothing here either.
  const provider = githubAccount("github", github, aws && { dependsOn: aws });

  const oidc = aws && github.oidc && new GithubOidc("github-oidc", { ...github.oidc, provider: aws });

  for (const one of github.environments) {
    const asks = one.serves === "review" ? review : undefined;
    const environment = new GithubEnvironment(one.environment, { ...one, ...(asks && { variables: way(asks.server) }), roles: oidc?.roles, provider });
    const values = asks ? asks.key.apply((key): Readonly<Record<string, string>> => ({ REVIEW_SSH_KEY: key })) : github.secretValues;
    new ActionsSecrets(one.environment, { ...environment.place, names: one.secrets, values, provider });
  }

  // Workflow files and the rules of the repository belong to one stack.
  if (!github.whole) return oidc?.roles;
  const pipeline = pipelineOf(github.whole.pipeline, github.whole.rules.codeOwners);
  const rules = new RepositoryRules("repository", { ...github.whole.rules, ...pipeline, provider });
  new WorkflowFiles("workflow-files", { ...github.whole.workflowFiles, ...pipeline, after: rules.ready, provider });
  return oidc?.roles;
}

const way = ({ host, port, user, hostKey }: Server["connection"]) => wayTo<pulumi.Input<string>>({ host, port: pulumi.interpolate`${port}`, user, hostKey });
