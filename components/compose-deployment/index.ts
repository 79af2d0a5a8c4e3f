/**
 * A Compose application on a host, deployed release by release: gated on health, switched in one step, rolled back by
 * itself. The host does the work (design D1); here is decided what is wanted, and the host is asked what is live.
 */
import * as remote from "@pulumi/command/remote/index.js";
import * as pulumi from "@pulumi/pulumi";
import { parse } from "yaml";
import { PLAN_FORMAT, canonical, identityOf, type Gate, type Migration, type Plan, type Provenance, type Route } from "../../release/plan.ts";
import { asRoot, type Connection } from "../connection.ts";
import { commandLine } from "../shell.ts";
import { askHost, type HostAnswer } from "./ask-host.ts";
import { LiveRelease, type Wanted } from "./live-release.ts";
import { howToDeploy, previewLines } from "./preview.ts";

export interface ComposeDeploymentArgs {
  readonly connection: Connection;
  readonly user: string;
  readonly application: string;
  readonly environment: string;
  /** Text of the Compose file. */
  readonly compose: string;
  /** Service to image by digest. Absent: what is live stays. */
  readonly images?: Record<string, string>;
  /** Name of the release; goes with `images`. */
  readonly release?: string;
  readonly provenance: Provenance;
  /** Values for the Compose file that anyone may read. */
  readonly variables: Record<string, string>;
  /** Values for the Compose file that nobody may read. */
  readonly secrets: pulumi.Input<Record<string, string>>;
  readonly secretNames: readonly string[];
  readonly routes: readonly Route[];
  readonly gates: readonly Gate[];
  readonly migration?: Migration;
  /** Seconds. */
  readonly watch: number;
  /** Seconds. */
  readonly drain: number;
  /** Superseded releases whose images stay. */
  readonly keep: number;
  /** Whether destroying the stack destroys its data. @default false */
  readonly removeVolumes?: boolean;
}

interface Decision {
  readonly wanted: Wanted | null;
  readonly desired: string;
  readonly live: string;
}

export class ComposeDeployment extends pulumi.ComponentResource {
  /** Name of the release that this stack wants live, or undefined where there is none yet. */
  readonly release: pulumi.Output<string | undefined>;
  /** The command that prints the release's whole record. */
  readonly record: pulumi.Output<string>;

  constructor(name: string, args: ComposeDeploymentArgs, opts?: pulumi.ComponentResourceOptions) {
    super("recoloca:index:ComposeDeployment", name, { application: args.application, environment: args.environment }, opts);
    const { connection, application, environment } = args;
    const answer = pulumi
      .all([connection.host, connection.port, connection.user, connection.privateKey, connection.hostKey])
      .apply(([host, port, user, privateKey, hostKey]) => askHost({ host, port, user, privateKey, hostKey }, application, environment));
    const planOf = (wanted: Wanted, secrets: Record<string, string>) => toPlan(args, wanted, secrets);
    const decision = pulumi.unsecret(
      pulumi.all([answer, args.secrets]).apply(([said, secrets]) => this.decide(args, said, (wanted) => planOf(wanted, secrets))),
    );

    const live = new LiveRelease(`${name}-live`, { desired: decision.desired, live: decision.live, wanted: decision.wanted }, { parent: this });
    const plan = pulumi.secret(pulumi.all([live.wanted, args.secrets]).apply(([wanted, secrets]) => (wanted ? canonical(planOf(wanted, secrets)) : "")));
    const removal = ["recoloca", "remove", "--application", application, "--environment", environment, ...(args.removeVolumes ? ["--volumes"] : [])];
    const deployed = new remote.Command(
      `${name}-release`,
      {
        connection,
        create: pulumi.interpolate`${asRoot(args.user, "recoloca deploy --attempt")} ${live.attempt}`,
        delete: asRoot(args.user, commandLine(...removal)),
        stdin: plan,
        addPreviousOutputInEnv: false,
      },
      { parent: this, hideDiffs: ["stdin"] },
    );
    this.release = pulumi.all([deployed.id, live.wanted]).apply(([, wanted]) => wanted?.release);
    this.record = pulumi.interpolate`recoloca history`;
    this.registerOutputs({ release: this.release });
  }

  /** What is wanted: what the configuration names, else what is live; and a word to the person about it. */
  private decide(args: ComposeDeploymentArgs, said: HostAnswer, planOf: (wanted: Wanted) => Plan): Decision {
    const unreachable = "unreachable" in said;
    const now = unreachable ? null : said.live;
    const wanted: Wanted | null =
      args.images && args.release !== undefined
        ? { images: args.images, release: args.release, provenance: args.provenance }
        : now && { images: now.images, release: now.release, provenance: now.provenance };
    if (unreachable) void pulumi.log.warn(`the server does not say what is live (${said.unreachable}); comparing with what was deployed last`, this);
    else if (wanted === null) void pulumi.log.warn(howToDeploy(serviceNames(args.compose)), this);
    const plan = wanted && planOf(wanted);
    const desired = plan ? identityOf(plan) : "";
    const live = unreachable ? "unreachable" : (now?.identity ?? "none");
    if (plan && !unreachable && live !== desired && pulumi.runtime.isDryRun())
      void pulumi.log.info(
        `\n${previewLines(now, plan)
          .map((line) => `    ${line}`)
          .join("\n")}\n`,
        this,
      );
    return { wanted, desired, live };
  }
}

const serviceNames = (compose: string) => Object.keys((parse(compose, { merge: true }) as { services: object }).services);

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
    ...(args.migration && { migration: args.migration }),
    watch: args.watch,
    drain: args.drain,
    keep: args.keep,
    provenance: wanted.provenance,
  };
}
