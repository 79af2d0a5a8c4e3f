/** The stack's configuration, validated, as one typed value. The only reader of `pulumi config`. */
import * as pulumi from "@pulumi/pulumi";
import type { Backup, Bucket } from "../release/backup.ts";
import type { Generations, Login } from "../release/logins.ts";
import type { Observation, Sink } from "../release/observation.ts";
import type { Gate, Migration, Notify, Provenance, Route, Telemetry } from "../release/plan.ts";
import type { ReviewPolicy } from "../release/review.ts";
import type { Tls } from "../release/tls.ts";
import { secretOf } from "../secrets/catalogue.ts";
import { bastionOf, type Bastion } from "./bastion.ts";
import { PRODUCTION, cloudSettings, isEcr, type CloudSettings } from "./cloud.ts";
import type { Values } from "./check.ts";
import { githubSettings, type GithubSettings } from "./github.ts";
import { observationOf } from "./observability.ts";
import { previewsSettings, type PreviewsSettings } from "./previews.ts";
import { sayProblems, setCommand } from "./problems.ts";
import { reviewPolicy } from "./review.ts";
import { rotatedOf, type MadeValue } from "./rotation.ts";
import { stackName } from "./stack-place.ts";
import { addressesOf, tlsOf, urlOf, wantsTls } from "./tls.ts";
import { checkWhole } from "./whole.ts";

export interface Settings {
  readonly application: string;
  /** The stack's name. */
  readonly environment: string;
  /** A server that is there; or what the stack makes at AWS: one of the two. */
  readonly host?: { address: string; user: string; hostKey: string; privateKey: pulumi.Output<string> };
  readonly cloud?: CloudSettings;
  /** Whether people live on it: nothing that serves or keeps data is destroyed by mistake. */
  readonly protect: boolean;
  readonly github?: GithubSettings & { readonly token?: pulumi.Output<string>; readonly secretValues: pulumi.Output<Readonly<Record<string, string>>> };
  /** The Pulumi GitHub App's previews of this stack, or why there are none though they were asked for. */
  readonly previews?: PreviewsSettings | { readonly off: string };
  /** The SSH port, where a tunnel to a server at AWS begins, and a bastion on the way. */
  readonly reach: { port: number; address?: string; bastion?: Bastion & { privateKey: pulumi.Output<string> } };
  /** What any server is given: when it is upgraded, a systemd calendar expression; and which programs it needs beside its own. */
  readonly ground: { upgradeWindow?: string; review: boolean; traces: boolean; certificates: boolean; measurements: boolean; backups?: { encrypted: boolean } };
  readonly registry?: { registry: string; login: { username: string; password: pulumi.Output<string> } | { helper: "ecr-login" } };
  readonly compose: { path: string; text: string };
  readonly images?: Record<string, string>;
  readonly release?: string;
  readonly provenance: Provenance;
  readonly variables: Record<string, string>;
  readonly secrets: pulumi.Output<Record<string, string>>;
  /** Names alone; they are no secret. */
  readonly secretNames: readonly string[];
  readonly generations: Generations;
  /** Which of the secrets are not as they were set: the stack makes them. */
  readonly made: readonly MadeValue[];
  readonly logins: readonly Login[];
  readonly domain?: string;
  readonly addresses?: readonly string[];
  /** Where people reach the application. */
  readonly url: string;
  /** Secret: a given certificate's key is in it. */
  readonly tls: pulumi.Output<Tls | undefined>;
  readonly routes: Route[];
  readonly gates: Gate[];
  readonly backup?: Backup;
  /** A bucket that is there already, with the keys that open it. Secret, as they are. */
  readonly bucket: pulumi.Output<Bucket | undefined>;
  readonly migration?: Migration;
  /** Text of the page. */
  readonly maintenancePage?: string;
  /** Secret, as its headers are. */
  readonly telemetry: pulumi.Output<Telemetry | undefined>;
  /** What is measured and told, where anything is; and where it goes unless that is CloudWatch: secret, as headers are. */
  readonly observation?: Omit<Observation, "sink"> & { sink?: pulumi.Output<Sink> };
  readonly recreate: string[];
  /** Secret, as its URLs are. */
  readonly notify: pulumi.Output<Notify[]>;
  /** Seconds, as all durations here. */
  readonly watch: number;
  readonly drain: number;
  readonly wait: number;
  /** What an environment of a pull request may have on the server. */
  readonly review?: ReviewPolicy;
  /** Whether destroying the stack destroys its data. */
  readonly removeVolumes: boolean;
  /** Number of a release on hold. */
  readonly lift?: number;
  readonly keep: number;
}

export const NAMESPACE = "recoloca";

/** Of keys of all namespaces ours, without it. */
export const ownKeys = <T>(all: Readonly<Record<string, T>>): Record<string, T> =>
  Object.fromEntries(Object.entries(all).flatMap(([key, value]) => (key.startsWith(`${NAMESPACE}:`) ? [[key.slice(NAMESPACE.length + 1), value]] : [])));

/** Throws one `RunError` that names every problem and what mends it; nothing has been created by then. */
export function loadSettings(folder = process.cwd()): Settings {
  const stack = pulumi.getStack();
  const raw = ownKeys(pulumi.runtime.allConfig());
  const encrypted = new Set((JSON.parse(process.env["PULUMI_CONFIG_SECRET_KEYS"] ?? "[]") as string[]).map((key) => key.replace(`${NAMESPACE}:`, "")));
  const { values, problems, compose, page } = checkWhole({ values: raw, encrypted }, folder, stack);
  const { path, text } = compose;
  if (problems.length > 0 || text === undefined) throw new pulumi.RunError(sayProblems(stack, problems));
  for (const note of offOf(values as Values)) void pulumi.log.info(note);
  return toSettings(values as Values, stack, { path, text }, page?.text);
}

/** What people take for granted where others visit, and a stack has not: said each time, as it may be so on purpose. */
export function offOf(values: Pick<Values, "domain" | "publicUrl" | "notify"> & Parameters<typeof wantsTls>[0]): string[] {
  if (values.domain === undefined) return [];
  return [
    ...(wantsTls(values) || values.publicUrl?.startsWith("https://")
      ? []
      : [`off: HTTPS; visitors of ${values.domain} come by plain HTTP. On with: ${setCommand("tls.acme.email", "ops@recoloca.ai")}`]),
    ...(values.notify.length > 0 ? [] : [`off: telling anybody how a release ended. On with: ${setCommand("notify[0].url", "", true)}`]),
  ];
}

/** What was set under one name and is taken under another. */
const firstOnes = (made: readonly MadeValue[], given: Record<string, string>) =>
  Object.fromEntries(made.flatMap(({ variable, secret, generation }) => (generation === 1 ? [[variable, given[secret] ?? ""]] : [])));

/**
 * Where the configuration names no release, one that is brought anew is whoever's who runs `make rotate`. What is live keeps the word of its own deploy, so that
 * nothing changes by who runs the next update.
 */
const byWhom = (provenance: Provenance): Provenance => {
  const actor = process.env["RECOLOCA_ACTOR"] ?? provenance.actor;
  return { ...provenance, ...(actor !== undefined && { actor }) };
};

/** Of the containers; what only workflows use does not go to the server. */
const forHost = ([name]: readonly [string, string]) => secretOf(name)?.consumers.includes("host") ?? true;

function toSettings(values: Values, environment: string, compose: Settings["compose"], page?: string): Settings {
  const { hostAddress, hostKey, sshPrivateKey } = values;
  const cloud = cloudSettings(values, environment);
  const bastion = bastionOf(values);
  const hostSecrets = Object.fromEntries(Object.entries(values.secrets).filter(forHost));
  const rotated = rotatedOf({
    application: values.application,
    rotation: values.rotation,
    compose: compose.text,
    given: Object.keys(hostSecrets),
    plain: Object.keys(values.variables),
  });
  const { registryServer, registryUsername, registryPassword, images, release, backup, migration, domain } = values;
  const url = urlOf(values);
  const place = { organization: pulumi.getOrganization(), project: pulumi.getProject(), stack: environment };
  const previews = previewsSettings(values, place);
  const github = githubSettings(values, environment, { url, stack: stackName(place), organization: place.organization, project: place.project, previews });
  return {
    application: values.application,
    environment,
    ...(hostAddress !== undefined &&
      hostKey !== undefined &&
      sshPrivateKey !== undefined && { host: { address: hostAddress, user: values.hostUser, hostKey, privateKey: pulumi.secret(sshPrivateKey) } }),
    reach: {
      port: values.hostPort,
      ...(hostAddress !== undefined && { address: hostAddress }),
      ...(bastion && { bastion: { ...bastion, privateKey: pulumi.secret(bastion.privateKey) } }),
    },
    ground: {
      ...windowOf(values.upgradeWindow ?? (cloud ? "Sun 04:00" : "never")),
      review: values.review !== undefined,
      traces: values.telemetry !== undefined,
      certificates: values.tls?.acme !== undefined,
      measurements: values.observability !== undefined,
      ...((values.backupBucket ?? values.createBackupBucket) && { backups: { encrypted: backup?.recipient !== undefined } }),
    },
    ...(cloud && { cloud }),
    protect: cloud?.machine.protect ?? environment === PRODUCTION,
    ...(github && {
      github: {
        ...github,
        ...(values.githubToken !== undefined && { token: pulumi.secret(values.githubToken) }),
        secretValues: pulumi.secret(values.secrets),
      },
    }),
    ...(previews && { previews }),
    ...registryOf(registryServer, registryUsername, registryPassword),
    compose,
    ...(images && { images }),
    ...(release !== undefined && { release }),
    provenance: images ? values.provenance : byWhom(values.provenance),
    variables: { ...values.variables, ...rotated.variables },
    secrets: pulumi.secret({ ...hostSecrets, ...firstOnes(rotated.made, hostSecrets) }),
    secretNames: [...new Set([...Object.keys(hostSecrets), ...rotated.made.map(({ variable }) => variable)])],
    generations: rotated.generations,
    made: rotated.made.filter(({ generation }) => generation > 1),
    logins: rotated.logins,
    ...(domain !== undefined && { domain }),
    url,
    tls: pulumi.secret(tlsOf(values)),
    ...(domain !== undefined && { addresses: addressesOf(values) }),
    routes: values.routes.map((route) => ({ ...route, host: route.host ?? domain ?? "*" })),
    gates: values.gates.map((gate) => ({ ...gate, ...(gate.host === undefined && domain !== undefined && { host: domain }) })),
    ...(backup && { backup }),
    bucket: pulumi.secret(values.backupBucket && { ...values.backupBucket, ...values.backupBucketKeys }),
    ...(migration && { migration }),
    ...(page !== undefined && { maintenancePage: page }),
    telemetry: pulumi.secret(values.telemetry),
    ...(values.observability && {
      observation: {
        ...observationOf(values.observability, values.application, environment),
        ...(values.observability.to === "telemetry" && values.telemetry && { sink: pulumi.secret({ to: "otlp" as const, ...values.telemetry }) }),
      },
    }),
    recreate: values.recreate,
    notify: pulumi.secret(values.notify),
    watch: values.watch,
    drain: values.drain,
    wait: values.wait,
    removeVolumes: values.removeData,
    ...(values.review && { review: reviewOf(values, values.review, compose.text, Object.keys(hostSecrets)) }),
    ...(values.lift !== undefined && { lift: values.lift }),
    keep: values.keep,
  };
}

/** As if nothing had ever been renewed: its logins are its own, and the first ones. */
function reviewOf(values: Values, wish: NonNullable<Values["review"]>, compose: string, given: readonly string[]): ReviewPolicy {
  const { application, routes, gates, migration, variables, domain } = values;
  const fresh = rotatedOf({ application, rotation: {}, compose, given, plain: Object.keys(variables) });
  const secrets = [...given.map((name) => [name, name]), ...fresh.made.map(({ variable, secret }) => [variable, secret])];
  return reviewPolicy(wish, {
    application,
    routes,
    gates,
    migration,
    variables: { ...variables, ...fresh.variables },
    secrets: Object.fromEntries(secrets) as Record<string, string>,
    domain,
    tls: tlsOf(values),
  });
}

/** `Sun 04:00` as systemd writes it, in UTC whatever the server's own time zone is. */
function windowOf(text: string): { upgradeWindow?: string } {
  if (text === "never") return {};
  const [time, days] = text.split(" ").reverse();
  return { upgradeWindow: [days, "*-*-*", `${time}:00`, "UTC"].filter(Boolean).join(" ") };
}

function registryOf(registry: string | undefined, username: string | undefined, password: string | undefined): Pick<Settings, "registry"> {
  if (registry === undefined) return {};
  if (username !== undefined && password !== undefined) return { registry: { registry, login: { username, password: pulumi.secret(password) } } };
  return isEcr(registry) ? { registry: { registry, login: { helper: "ecr-login" } } } : {};
}
