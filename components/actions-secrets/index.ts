/** Secrets that an environment's jobs get. GitHub keeps them encrypted and shows them to nobody; the stack's state has them encrypted as well. */
import { ActionsEnvironmentSecret } from "@pulumi/github/actionsEnvironmentSecret.js";
import type { Provider } from "@pulumi/github/provider.js";
import * as pulumi from "@pulumi/pulumi";
import type { WorkflowSecret } from "../../secrets/catalogue.ts";
import { explained } from "../github-errors.ts";

export interface ActionsSecretsArgs {
  readonly provider: Provider;
  readonly repository: string;
  readonly environment: pulumi.Input<string>;
  /** Which of the values go to this environment. */
  readonly names: readonly WorkflowSecret[];
  readonly values: pulumi.Output<Readonly<Record<string, string>>>;
}

export class ActionsSecrets extends pulumi.ComponentResource {
  constructor(name: string, args: ActionsSecretsArgs, opts?: pulumi.ComponentResourceOptions) {
    super("recoloca:index:ActionsSecrets", name, { names: [...args.names] }, opts);
    const { provider, repository, environment, values } = args;
    for (const secretName of args.names)
      new ActionsEnvironmentSecret(
        `${name}-${secretName}`,
        { repository, environment, secretName, value: pulumi.secret(values.apply((all) => all[secretName]!)) },
        { parent: this, provider, hooks: explained() },
      );
    this.registerOutputs();
  }
}
