/** The server's login at the registry, kept there in a file that only the deploy identity reads; forgotten on destroy. */
import * as remote from "@pulumi/command/remote/index.js";
import * as pulumi from "@pulumi/pulumi";
import { asRoot, onMachine, type Server } from "../server.ts";
import { commandLine } from "../shell.ts";

export interface RegistryAccessArgs {
  readonly server: Server;
  /** `ghcr.io`, or any registry with a password. */
  readonly registry: string;
  readonly username: string;
  /** Read access is enough. */
  readonly password: pulumi.Input<string>;
}

export class RegistryAccess extends pulumi.ComponentResource {
  constructor(name: string, args: RegistryAccessArgs, opts?: pulumi.ComponentResourceOptions) {
    super("recoloca:index:RegistryAccess", name, { registry: args.registry }, opts);
    new remote.Command(
      name,
      {
        connection: args.server.connection,
        create: onMachine(args.server, commandLine("recoloca", "login", "--server", args.registry, "--username", args.username)),
        delete: asRoot(args.server.user, commandLine("recoloca", "logout", "--server", args.registry)),
        stdin: pulumi.secret(args.password),
        addPreviousOutputInEnv: false,
      },
      { parent: this, provider: args.server.provider },
    );
    this.registerOutputs();
  }
}
