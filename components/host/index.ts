/** A server that applications are deployed to, whoever made it: what answers to SSH. */
import { Provider } from "@pulumi/command/provider.js";
import * as remote from "@pulumi/command/remote/index.js";
import * as pulumi from "@pulumi/pulumi";
import { quote } from "../../release/shell.ts";
import { lastOutput } from "../last-outputs.ts";
import { onMachine, type Server } from "../server.ts";
import { bootstrapScript } from "./bootstrap.ts";
import { growScript, type DataDisk } from "./data-disk.ts";
import { groundQuestion, whyNotReady } from "./ground.ts";
import { bundled, type HostProgram } from "./host-program.ts";
import { MEASUREMENTS_SCRIPT, REVIEW_SCRIPT, TRACE_SCRIPT, bucketScript, installScript } from "./install-scripts.ts";
import { noAnswer, notReady, type Place } from "./ssh-errors.ts";
import { SshSession } from "./ssh-session.ts";

/** A machine that forwards SSH to the server. */
export interface BastionArgs {
  /** Host name or IP address. */
  readonly address: string;
  readonly port: number;
  readonly user: string;
  /** Public host key, `ssh-ed25519 AAAA...`. */
  readonly hostKey: string;
  readonly privateKey: pulumi.Input<string>;
}

export interface HostArgs {
  /** Host name or IP address. */
  readonly address: pulumi.Input<string>;
  /** @default 22 */
  readonly port: number;
  /** `root`, or a user with sudo without a password. */
  readonly user: string;
  /** Public host key, `ssh-ed25519 AAAA...`. */
  readonly hostKey: pulumi.Input<string>;
  readonly privateKey: pulumi.Input<string>;
  /** It resolves `address`, and all connections go through it. @default none: the server is reached directly */
  readonly bastion?: BastionArgs;
  /** Seconds until it has to answer: one that has just been made is starting. @default 0: at once */
  readonly patience?: number;
  /** Where else to look when it does not answer: a sentence or a command. */
  readonly whenSilent?: pulumi.Input<string>;
  /** When it takes newer packages, and restarts where they want it: a systemd calendar expression. @default never by itself */
  readonly upgradeWindow?: string;
  /** Whether releases send traces from it. @default false */
  readonly traces?: boolean;
  /** Whether what is measured on it is sent somewhere. @default false */
  readonly measurements?: boolean;
  /** Whether pull requests may have environments on it. @default false */
  readonly review?: boolean;
  /** Whether certificates are asked for by ACME, which wants a program for it. @default false */
  readonly certificates?: boolean;
  /** A disk for the data, whose file system is to follow its size. @default none: all is on one disk */
  readonly dataDisk?: pulumi.Input<DataDisk>;
  /** Set where backups go to a bucket from it; whether they are encrypted, which wants a program more. @default not set */
  readonly backups?: { readonly encrypted: boolean };
}

const DIALS = 2;
const DIAL_SECONDS = 5;

export class Host extends pulumi.ComponentResource {
  /** For the components that work on it. */
  readonly server: Server;
  readonly address: pulumi.Output<string>;
  /** Hash of the host program that is in place. */
  readonly program: pulumi.Output<string>;

  constructor(name: string, args: HostArgs, opts?: pulumi.ComponentResourceOptions) {
    super("recoloca:index:Host", name, { address: args.address }, opts);
    const { address: host, port, user, hostKey } = args;
    const patience = pulumi.runtime.isDryRun() ? 0 : (args.patience ?? 0);
    // A provider of our own, because the engine starts its plugin at once, while the server is being asked.
    const provider = new Provider(`${name}-ssh`, {}, { parent: this });
    const session = new SshSession();
    const { bastion } = args;
    const reached = pulumi.unsecret(pulumi.all([host, hostKey, args.privateKey, args.whenSilent, bastion?.privateKey]));
    const silence = reached.apply(async ([address, key, privateKey, look, bastionKey]) => {
      const via = bastion && { host: bastion.address, port: bastion.port, user: bastion.user, hostKey: bastion.hostKey, privateKey: bastionKey! };
      const silent = await session.open({ host: address, port, user, privateKey, hostKey: key, ...(via && { via }) }, patience);
      if (!silent) return "";
      if (!pulumi.runtime.isDryRun()) throw noAnswer(silent.of, silent.why, look);
      return silent.of.bastion ? `its bastion: ${silent.why}` : silent.why;
    });
    // What cannot be reached is known before anything is changed: every command's connection waits for the answer.
    const opens = (key: pulumi.Input<string>) => pulumi.secret(pulumi.all([silence, key]).apply(([, opened]) => opened));
    const knock = { dialErrorLimit: DIALS, perDialTimeout: DIAL_SECONDS };
    const proxy = bastion && { host: bastion.address, port: bastion.port, user: bastion.user, privateKey: opens(bastion.privateKey), hostKey: bastion.hostKey };
    const connection = { host, port, user, privateKey: opens(args.privateKey), hostKey, ...knock, ...(proxy && { proxy: { ...proxy, ...knock } }) };
    const ask = (command: string) => session.run(command);
    const place = pulumi.output(host).apply((address) => ({ host: address, port, user }));
    const machine = pulumi
      .all([silence, place])
      .apply(([why, at]) => (why === "" ? pulumi.output(machineId(ask, at)) : lastOutput<string>("machine").apply((id) => id ?? "unknown")));
    this.server = { connection, provider, user, silence, machine, ask };
    const program = pulumi.output(bundled("host"));
    const grow = args.dataDisk && pulumi.output(args.dataDisk).apply((disk) => `sh -c ${quote(growScript(disk))}`);
    const disk =
      grow &&
      new remote.Command(`${name}-data-disk`, { connection, create: onMachine(this.server, grow), addPreviousOutputInEnv: false }, { parent: this, provider });
    const bootstrap = new remote.Command(
      `${name}-bootstrap`,
      {
        connection,
        create: onMachine(this.server, "sh -s"),
        stdin: bootstrapScript({ certificates: args.certificates ?? false }),
        addPreviousOutputInEnv: false,
      },
      // An engine that starts before its disk is there would start on the root disk.
      { parent: this, provider, ...(disk && { dependsOn: disk }) },
    );
    const put = (what: string, { packed, hash }: pulumi.Output<HostProgram>, script: (hash: string) => string, after: pulumi.Resource) =>
      new remote.Command(
        `${name}-${what}`,
        {
          connection,
          // The hash in the command is what a preview shows; the text itself nobody wants to read there.
          create: onMachine(
            this.server,
            hash.apply((text) => `sh -c ${quote(script(text))}`),
          ),
          stdin: packed,
          addPreviousOutputInEnv: false,
        },
        { parent: this, provider, dependsOn: after, hideDiffs: ["stdin"] },
      );
    const installed = put("program", program, (hash) => installScript(hash, args.upgradeWindow), bootstrap);
    if (args.traces) put("traces", pulumi.output(bundled("trace")), (hash) => `${TRACE_SCRIPT}# ${hash}`, installed);
    if (args.measurements) put("measurements", pulumi.output(bundled("measurements")), (hash) => `${MEASUREMENTS_SCRIPT}# ${hash}`, installed);
    if (args.review) put("review", pulumi.output(bundled("review")), (hash) => `${REVIEW_SCRIPT}# ${hash}`, installed);
    if (args.backups) {
      const { encrypted } = args.backups;
      put("bucket", pulumi.output(bundled("bucket")), (hash) => `${bucketScript(encrypted)}# ${hash}`, installed);
    }
    this.address = pulumi.all([installed.id, host]).apply(([, address]) => address);
    this.program = pulumi.all([installed.id, program]).apply(([, { hash }]) => hash);
    this.registerOutputs({ address: this.address, program: this.program });
  }
}

/** Of systemd, made at a machine's first start. Shortened: it names, it proves nothing. Throws where nothing is on the machine yet, and nothing can be put there. */
async function machineId(ask: Server["ask"], place: Place): Promise<string> {
  const { code, output, stdout } = await ask(`cat /etc/machine-id; ${groundQuestion(place.user)}`);
  if (code !== 0) throw notReady(place, whyNotReady(output));
  return stdout.trim().slice(0, 12) || "unknown";
}
