/**
 * A Compose application on a host, deployed release by release: gated on health, switched in one step, rolled back by
 * itself. The host does the work (design D1); here is decided what is wanted, and the host is asked what is live.
 */
import * as remote from "@pulumi/command/remote/index.js";
import * as pulumi from "@pulumi/pulumi";
import type { Backup, Bucket } from "../../release/backup.ts";
import { readYaml } from "../../release/compose-file.ts";
import {
  PLAN_FORMAT,
  canonical,
  identityOf,
  type Gate,
  type Migration,
  type Notify,
  type Plan,
  type Provenance,
  type Route,
  type Telemetry,
} from "../../release/plan.ts";
import { generationOf, type Generations, type Login } from "../../release/logins.ts";
import { leadingTo, type Tls } from "../../release/tls.ts";
import { attemptName, isHeld, liveAnswerSchema, type LiveAnswer } from "../../release/record.ts";
import { lastOutput } from "../last-outputs.ts";
import { Refusal } from "../refusal.ts";
import { asRoot, type Server } from "../server.ts";
import { definitionsOf, keepsData } from "../../release/definitions.ts";
import { howToDeploy, previewLines, sayHold } from "../../release/preview.ts";
import { commandLine } from "../../release/shell.ts";

export interface ComposeDeploymentArgs {
  readonly server: Server;
  readonly application: string;
  readonly environment: string;
  /** Where people reach it. */
  readonly url: string;
  /** Text of the Compose file. */
  readonly compose: string;
  /** Service to image by digest. Absent: what is live stays. */
  readonly images?: pulumi.Input<Record<string, string>>;
  /** Name of the release; goes with `images`. */
  readonly release?: string;
  readonly provenance: Provenance;
  /** Values for the Compose file that anyone may read. */
  readonly variables: Record<string, string>;
  /** Values for the Compose file that nobody may read. */
  readonly secrets: pulumi.Input<Record<string, string>>;
  readonly secretNames: readonly string[];
  /** Logins that have to be there before the release starts, by the names of the variables that have user and password. @default none */
  readonly logins?: readonly Login[];
  /** How often each secret has been renewed. An older one than what is live is refused. @default none was */
  readonly generations?: Generations;
  readonly routes: readonly Route[];
  readonly gates: readonly Gate[];
  readonly backup?: Backup;
  /** Where a copy of each backup goes; the host has to be told too (`backups`). Secret where keys are in it. @default nowhere */
  readonly bucket?: pulumi.Input<Bucket | undefined>;
  readonly migration?: Migration;
  /** Text of the HTML page that visitors get while the stack is closed. @default a plain one */
  readonly maintenancePage?: string;
  /** Services of the base that keep data and may be recreated. @default none */
  readonly recreate?: readonly string[];
  /** Who is told how a release ended. @default nobody */
  readonly notify?: pulumi.Input<readonly Notify[]>;
  /** Where each release's trace goes; the host has to be told too (`traces`). @default nowhere */
  readonly telemetry?: pulumi.Input<Telemetry | undefined>;
  /** Certificates, and what browsers are told. For ACME the host has to be told too (`certificates`). @default plain HTTP */
  readonly tls?: pulumi.Input<Tls | undefined>;
  /** Where its names may lead, beside the server's own addresses and the public one. @default not said, and `doctor` does not ask the DNS */
  readonly addresses?: readonly string[];
  /** The server's public address, which it does not know itself where there is NAT: names that are certified have to lead to it. */
  readonly publicAddress?: pulumi.Input<string> | undefined;
  /** Seconds. */
  readonly watch: number;
  /** Seconds to wait where another deploy runs. @default 0: refused at once, saying who is at it. */
  readonly wait?: number;
  /** Number of a release on hold that is to be deployed all the same. */
  readonly lift?: number;
  readonly drain: number;
  /** Superseded releases whose images stay. */
  readonly keep: number;
  /** Whether destroying the stack destroys its data. @default false */
  readonly removeVolumes?: boolean;
}

/** A release as the stack remembers it: what to keep where the configuration names none, and what to compare with. */
export interface Deployed {
  readonly release: string;
  readonly images: Record<string, string>;
  readonly provenance: Provenance;
  readonly identity: string;
  /** Names the deploy that brought it; a new name in the command is what makes Pulumi run it again. */
  readonly attempt: string;
}

type Answer = LiveAnswer | { readonly remembered: Deployed | null };

type Wanted = Pick<Deployed, "release" | "images" | "provenance">;

/** What a shell says of a command that it does not know. */
const NOT_INSTALLED = 127;
const nothing = (): LiveAnswer => ({ format: 1, live: null, next: attemptName(1) });

export class ComposeDeployment extends pulumi.ComponentResource {
  /** Where people reach it, once a release is there. */
  readonly url: pulumi.Output<string>;
  /** Name of the release that this stack wants live, or undefined where there is none yet. */
  readonly release: pulumi.Output<string | undefined>;
  /** What the deploy said, line by line; `recoloca show` on the server tells it again. */
  readonly record: pulumi.Output<string>;
  /** To be exported by the stack as `deployed`: a preview that cannot ask the server compares with it. Secret, as the identity is made of everything. */
  readonly deployed: pulumi.Output<Deployed | null>;

  constructor(name: string, args: ComposeDeploymentArgs, opts?: pulumi.ComponentResourceOptions) {
    super("recoloca:index:ComposeDeployment", name, { application: args.application, environment: args.environment }, opts);
    const { server, application, environment } = args;
    // A server that nothing can be put on has no name: of it nothing is decided, as a word about that would never arrive beside the refusal.
    const wish = pulumi
      .all([this.answer(args), args.secrets, args.images, server.machine])
      .apply(([answer, secrets, images]) => this.decide(args, images, answer, secrets));
    const plan = pulumi.secret(
      pulumi
        .all([
          wish,
          args.secrets,
          pulumi.output(args.notify ?? []),
          pulumi.output(args.telemetry),
          pulumi.all([args.tls, args.publicAddress]).apply(([tls, address]) => ({
            ...(tls && { tls: leadingTo(tls, address) }),
            ...(args.addresses && { addresses: [...args.addresses, ...(address === undefined ? [] : [address])] }),
          })),
          pulumi.output(args.bucket),
        ])
        .apply(([wanted, secrets, notify, telemetry, names, bucket]) =>
          wanted ? canonical({ ...withBucket(toPlan(args, wanted, secrets), bucket), notify: [...notify], ...(telemetry && { telemetry }), ...names }) : "",
        ),
    );
    // Images, names and the attempt are for everyone; what is derived from the secrets is not shown.
    const open = pulumi.unsecret(wish);
    const options = [...(args.wait ? ["--wait", String(Math.ceil(args.wait))] : []), ...(args.lift === undefined ? [] : ["--lift", String(args.lift)])];
    const removal = ["recoloca", "remove", "--application", application, "--environment", environment, ...(args.removeVolumes ? ["--volumes"] : [])];
    const deploy = new remote.Command(
      `${name}-release`,
      {
        connection: server.connection,
        create: open.apply((wanted) => asRoot(server.user, commandLine("recoloca", "deploy", "--attempt", wanted?.attempt ?? "none", ...options))),
        delete: asRoot(server.user, commandLine(...removal)),
        stdin: plan,
        addPreviousOutputInEnv: false,
      },
      { parent: this, provider: server.provider, hideDiffs: ["stdin"] },
    );
    this.record = deploy.stdout;
    const deployed = pulumi.all([deploy.id, open]).apply(([, wanted]) => wanted);
    this.deployed = pulumi.secret(deployed);
    this.release = deployed.apply((one) => one?.release);
    this.url = deploy.id.apply(() => args.url);
    this.registerOutputs({ release: this.release, url: this.url });
  }

  /** What is live, by the server's own word; where it is silent, by the stack's memory. */
  private answer({ server, application, environment }: ComposeDeploymentArgs): pulumi.Output<Answer> {
    const command = asRoot(server.user, commandLine("recoloca", "live", "--application", application, "--environment", environment, "--json"));
    return server.silence.apply((silence): pulumi.Output<Answer> => {
      if (silence === "") return pulumi.output(ask(server, command));
      void pulumi.log.warn(`the server does not say what is live (${silence}); comparing with what was deployed last`, this);
      return lastOutput<Deployed>("deployed").apply((remembered) => ({ remembered }));
    });
  }

  /** What is wanted: what the configuration names, else what is live; and a word to the person about it. */
  private decide(args: ComposeDeploymentArgs, named: Record<string, string> | undefined, answer: Answer, secrets: Record<string, string>): Deployed | null {
    const silent = "remembered" in answer;
    const now = silent ? answer.remembered : answer.live;
    const wanted: Wanted | null = named && args.release !== undefined ? { images: named, release: args.release, provenance: args.provenance } : now;
    if (!wanted) {
      if (!silent) void pulumi.log.warn(howToDeploy(serviceNames(args.compose)), this);
      return null;
    }
    if (!silent && answer.live) refuseOlder(args.generations ?? {}, answer.live.generations ?? {});
    const plan = toPlan(args, wanted, secrets);
    const identity = identityOf(plan);
    const same = now?.identity === identity;
    if (!same && pulumi.runtime.isDryRun()) {
      const lines = previewLines(silent ? null : answer.live, plan, { remembered: silent, keepsData: (service) => keepsData(args.compose, service) });
      void pulumi.log.info(`\n${lines.map((line) => `    ${line}`).join("\n")}\n`, this);
    }
    const hold = silent ? null : answer.hold;
    if (!same && hold && isHeld(hold, plan, silent ? null : answer.live) && hold.number !== args.lift) void pulumi.log.warn(sayHold(hold), this);
    const { release, images } = wanted;
    // Whose commit it is stays true where it is deployed anew, with a renewed secret or another route; who asked for it, and why, was another deploy's.
    const { commit } = wanted.provenance;
    const provenance = same || named ? wanted.provenance : { ...(commit !== undefined && { commit }), ...args.provenance };
    const attempt = same ? now.attempt : silent ? "next" : answer.next;
    return { release, images, provenance, identity, attempt };
  }
}

async function ask(server: Server, command: string): Promise<LiveAnswer> {
  const { code, output, stdout } = await server.ask(command);
  if (code === NOT_INSTALLED || /command not found/.test(output)) return nothing();
  if (code !== 0) throw new Refusal(`the server does not say what is live; nothing was changed\n  ${command}: ${output.trim()}`);
  return liveAnswerSchema.parse(JSON.parse(stdout));
}

/** The value before may open nothing any more: a release with it would come up broken, or not at all. */
function refuseOlder(wanted: Generations, live: Generations): void {
  const older = Object.entries(live).filter(([name, { generation }]) => generationOf(wanted, name) < generation);
  if (older.length === 0) return;
  const lines = older.flatMap(([name, { generation, since }]) => [
    `  recoloca:rotation.${name}.generation  got ${generationOf(wanted, name)}, which is older than ${generation}, which is live`,
    `      pulumi config set --path recoloca:rotation.${name}.generation ${generation} && pulumi config set --path recoloca:rotation.${name}.since ${since}`,
  ]);
  throw new Refusal(`a secret was renewed since this configuration was written; nothing was changed\n\n${lines.join("\n")}\n`);
}

/** Not part of what makes a release, so it is added where the plan is sent and nowhere else. */
const withBucket = (plan: Plan, bucket: Bucket | undefined): Plan => (plan.backup && bucket ? { ...plan, backup: { ...plan.backup, bucket } } : plan);

const serviceNames = (compose: string) => Object.keys((readYaml(compose) as { services: object }).services);

function toPlan(args: ComposeDeploymentArgs, wanted: Wanted, secrets: Record<string, string>): Plan {
  return {
    format: PLAN_FORMAT,
    application: args.application,
    environment: args.environment,
    release: wanted.release,
    compose: args.compose,
    images: wanted.images,
    variables: { ...args.variables, ...secrets },
    masked: [...args.secretNames],
    routes: [...args.routes],
    gates: [...args.gates],
    ...(args.backup && { backup: args.backup }),
    ...(args.migration && { migration: args.migration }),
    ...(args.maintenancePage !== undefined && { maintenancePage: args.maintenancePage }),
    watch: args.watch,
    drain: args.drain,
    keep: args.keep,
    recreate: [...(args.recreate ?? [])],
    notify: [],
    migrate: true,
    ...(args.logins && args.logins.length > 0 && { logins: [...args.logins] }),
    ...(args.generations && Object.keys(args.generations).length > 0 && { generations: args.generations }),
    provenance: wanted.provenance,
    definitions: definitionsOf(args.compose, { ...args.variables, ...secrets }),
  };
}
