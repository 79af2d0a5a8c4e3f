/** The server's login at the registry, kept there in a file that only the deploy identity reads; forgotten on destroy. */
import * as remote from "@pulumi/command/remote/index.js";
import * as pulumi from "@pulumi/pulumi";
import { commandLine } from "../../release/shell.ts";
import { asRoot, onMachine, type Server } from "../server.ts";

export interface RegistryAccessArgs {
  readonly server: Server;
  /** `ghcr.io`, or any registry. */
  readonly registry: string;
  /** Read access is enough. For ECR nothing is kept: a helper asks with the server's own role. */
  readonly login: { readonly username: string; readonly password: pulumi.Input<string> } | { readonly helper: "ecr-login" };
}

export class RegistryAccess extends pulumi.ComponentResource {
  constructor(name: string, args: RegistryAccessArgs, opts?: pulumi.ComponentResourceOptions) {
    super("recoloca:index:RegistryAccess", name, { registry: args.registry }, opts);
    const { server, registry, login } = args;
    const how = "helper" in login ? ["--helper", login.helper] : ["--username", login.username];
    new remote.Command(
      name,
      {
        connection: server.connection,
        create: onMachine(server, commandLine("recoloca", "login", "--server", registry, ...how)),
        delete: asRoot(server.user, commandLine("recoloca", "logout", "--server", registry)),
        ...("password" in login && { stdin: pulumi.secret(login.password) }),
        addPreviousOutputInEnv: false,
      },
      { parent: this, provider: server.provider },
    );
    this.registerOutputs();
  }
}
