/** A server that applications are deployed to. Now one that someone made and that answers to SSH. */
import * as remote from "@pulumi/command/remote/index.js";
import * as pulumi from "@pulumi/pulumi";
import { asRoot, type Connection } from "../connection.ts";
import { quote } from "../shell.ts";
import { bootstrapScript } from "./bootstrap.ts";
import { hostProgram, installScript } from "./host-program.ts";

export interface HostArgs {
  /** Host name or IP address. */
  readonly address: string;
  /** @default 22 */
  readonly port: number;
  /** `root`, or a user with sudo without a password. */
  readonly user: string;
  /** Public host key, `ssh-ed25519 AAAA...`. */
  readonly hostKey: string;
  readonly privateKey: pulumi.Input<string>;
}

const DIALS = 2;
const DIAL_SECONDS = 5;

export class Host extends pulumi.ComponentResource {
  readonly connection: Connection;
  readonly address: pulumi.Output<string>;
  /** Hash of the host program that is in place. */
  readonly program: pulumi.Output<string>;
  readonly user: string;

  constructor(name: string, args: HostArgs, opts?: pulumi.ComponentResourceOptions) {
    super("recoloca:index:Host", name, { address: args.address }, opts);
    this.user = args.user;
    this.connection = {
      host: args.address,
      port: args.port,
      user: args.user,
      privateKey: args.privateKey,
      hostKey: args.hostKey,
      dialErrorLimit: DIALS,
      perDialTimeout: DIAL_SECONDS,
    };
    const program = hostProgram();
    const shell = (script: string) => asRoot(args.user, `sh -c ${quote(script)}`);
    const bootstrap = new remote.Command(
      `${name}-bootstrap`,
      { connection: this.connection, create: asRoot(args.user, "sh -s"), stdin: bootstrapScript(), addPreviousOutputInEnv: false },
      { parent: this },
    );
    const installed = new remote.Command(
      `${name}-program`,
      // The hash in the command is what a preview shows; the text itself nobody wants to read there.
      { connection: this.connection, create: shell(installScript(program.hash)), stdin: program.text, addPreviousOutputInEnv: false },
      { parent: this, dependsOn: bootstrap, hideDiffs: ["stdin"] },
    );
    this.address = installed.id.apply(() => args.address);
    this.program = installed.id.apply(() => program.hash);
    this.registerOutputs({ address: this.address, program: this.program });
  }
}
