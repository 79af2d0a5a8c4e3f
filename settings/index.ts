/** The stack's configuration, validated, as one typed value. The only reader of `pulumi config`. */
import * as fs from "node:fs";
import * as path from "node:path";
import * as pulumi from "@pulumi/pulumi";
import type { Backup, Bucket } from "../release/backup.ts";
import type { Gate, Migration, Notify, Provenance, Route, Telemetry } from "../release/plan.ts";
import { checkTogether, checkValues, type Values } from "./check.ts";
import { sayProblems } from "./problems.ts";

export interface Settings {
  readonly application: string;
  /** The stack's name. */
  readonly environment: string;
  readonly host: {
    address: string;
    port: number;
    user: string;
    hostKey: string;
    privateKey: pulumi.Output<string>;
    traces: boolean;
    backups?: { encrypted: boolean };
  };
  readonly registry?: { registry: string; username: string; password: pulumi.Output<string> };
  readonly compose: { path: string; text: string };
  readonly images?: Record<string, string>;
  readonly release?: string;
  readonly provenance: Provenance;
  readonly variables: Record<string, string>;
  readonly secrets: pulumi.Output<Record<string, string>>;
  /** Names alone; they are no secret. */
  readonly secretNames: readonly string[];
  readonly domain?: string;
  /** Where people reach the application. */
  readonly url: string;
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
  readonly recreate: string[];
  /** Secret, as its URLs are. */
  readonly notify: pulumi.Output<Notify[]>;
  /** Seconds, as all durations here. */
  readonly watch: number;
  readonly drain: number;
  readonly wait: number;
  /** Number of a release on hold. */
  readonly lift?: number;
  readonly keep: number;
}

export const NAMESPACE = "recoloca";

/** Throws one `RunError` that names every problem and what mends it; nothing has been created by then. */
export function loadSettings(folder = process.cwd()): Settings {
  const stack = pulumi.getStack();
  const all = pulumi.runtime.allConfig();
  const raw = Object.fromEntries(
    Object.entries(all).flatMap(([key, value]) => (key.startsWith(`${NAMESPACE}:`) ? [[key.slice(NAMESPACE.length + 1), value]] : [])),
  );
  const encrypted = new Set((JSON.parse(process.env["PULUMI_CONFIG_SECRET_KEYS"] ?? "[]") as string[]).map((key) => key.replace(`${NAMESPACE}:`, "")));
  const { values, problems } = checkValues({ values: raw, encrypted });
  const file = values.composeFile ?? "application/compose.yaml";
  const text = read(path.resolve(folder, file));
  const secretNames = Object.keys(values.secrets ?? {});
  const registry = ["registryServer", "registryUsername", "registryPassword"].filter((key) => raw[key] !== undefined);
  const page = values.maintenancePage === undefined ? undefined : { path: values.maintenancePage, text: read(path.resolve(folder, values.maintenancePage)) };
  problems.push(...checkTogether(values, { path: file, text }, { secrets: secretNames, registry, page }));
  if (problems.length > 0 || text === undefined) throw new pulumi.RunError(sayProblems(stack, problems));
  return toSettings(values as Values, stack, { path: file, text }, secretNames, page?.text);
}

function read(file: string): string | undefined {
  try {
    return fs.readFileSync(file, "utf8");
  } catch {
    return undefined;
  }
}

function toSettings(values: Values, environment: string, compose: Settings["compose"], secretNames: string[], page?: string): Settings {
  const { registryServer, registryUsername, registryPassword, images, release, backup, migration, domain, publicUrl } = values;
  return {
    application: values.application,
    environment,
    host: {
      address: values.hostAddress,
      port: values.hostPort,
      user: values.hostUser,
      hostKey: values.hostKey,
      privateKey: pulumi.secret(values.sshPrivateKey),
      traces: values.telemetry !== undefined,
      ...(values.backupBucket && { backups: { encrypted: backup?.recipient !== undefined } }),
    },
    ...(registryServer &&
      registryUsername &&
      registryPassword !== undefined && { registry: { registry: registryServer, username: registryUsername, password: pulumi.secret(registryPassword) } }),
    compose,
    ...(images && { images }),
    ...(release !== undefined && { release }),
    provenance: values.provenance,
    variables: values.variables,
    secrets: pulumi.secret(values.secrets),
    secretNames,
    ...(domain !== undefined && { domain }),
    url: publicUrl ?? `http://${domain ?? values.hostAddress}`,
    routes: values.routes.map((route) => ({ ...route, host: route.host ?? domain ?? "*" })),
    gates: values.gates.map((gate) => ({ ...gate, ...(gate.host === undefined && domain !== undefined && { host: domain }) })),
    ...(backup && { backup }),
    bucket: pulumi.secret(values.backupBucket && { ...values.backupBucket, ...values.backupBucketKeys }),
    ...(migration && { migration }),
    ...(page !== undefined && { maintenancePage: page }),
    telemetry: pulumi.secret(values.telemetry),
    recreate: values.recreate,
    notify: pulumi.secret(values.notify),
    watch: values.watch,
    drain: values.drain,
    wait: values.wait,
    ...(values.lift !== undefined && { lift: values.lift }),
    keep: values.keep,
  };
}
