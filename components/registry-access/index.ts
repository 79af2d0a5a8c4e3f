/** The server's login at the registry, kept there in a file that only the deploy identity reads; forgotten on destroy. */
import * as remote from "@pulumi/command/remote/index.js";
import * as pulumi from "@pulumi/pulumi";
import { asRoot, type Connection } from "../connection.ts";
import { commandLine } from "../shell.ts";

export interface RegistryAccessArgs {
  readonly connection: Connection;
  readonly user: string;
  /** `ghcr.io`, or any registry with a password. */
  readonly server: string;
  readonly username: string;
  /** Read access is enough. */
  readonly password: pulumi.Input<string>;
}

export class RegistryAccess extends pulumi.ComponentResource {
  constructor(name: string, args: RegistryAccessArgs, opts?: pulumi.ComponentResourceOptions) {
    super("recoloca:index:RegistryAccess", name, { server: args.server }, opts);
    new remote.Command(
      name,
      {
        connection: args.connection,
        create: asRoot(args.user, commandLine("recoloca", "login", "--server", args.server, "--username", args.username)),
        delete: asRoot(args.user, commandLine("recoloca", "logout", "--server", args.server)),
        stdin: pulumi.secret(args.password),
        addPreviousOutputInEnv: false,
      },
      { parent: this },
    );
    this.registerOutputs();
  }
}
