/**
 * The plan: the one JSON document that travels to the host, and all that the host knows of a release before it runs it.
 * Both ends validate it with this schema; a field that is not named here is an error.
 */
import { createHash } from "node:crypto";
import * as z from "zod";
import { backupSchema } from "./backup.ts";
import { imageByDigest, seconds, serviceName, variableName } from "./forms.ts";
import { generationsSchema, loginSchema } from "./logins.ts";
import { OUTCOMES, type Outcome } from "./outcome.ts";
import { tlsSchema } from "./tls.ts";

/** Raised when a plan of the new form could not be understood by an older host program. */
export const PLAN_FORMAT = 1;

/** What the names of a stack's containers, volumes and folders are made of. */
export const NAME = { form: /^[a-z][a-z0-9-]{0,40}$/, wants: "lower-case letters, digits and dashes, 41 at most, a letter first" } as const;
const name = z.string().regex(NAME.form, NAME.wants);
const port = z.int().min(1).max(65535);
const urlPath = z
  .string()
  .startsWith("/", "a path that starts with /")
  .regex(/^[A-Za-z0-9._~!&()*+,;=:@%/?-]*$/, "letters without accents, digits and - . _ ~ ! & ( ) * + , ; = : @ %; a space is %20");

/** Where requests go: the first match by longest path prefix, host names before `*`. */
export const routeSchema = z.strictObject({
  /** Host name, or `*` for any. */
  host: z.string().min(1).default("*"),
  /** Path prefix: `/api` matches `/api` and `/api/...`. */
  path: urlPath.default("/"),
  service: serviceName,
  port,
});
export type Route = z.infer<typeof routeSchema>;

/** A question that the new release must answer before it gets traffic, and again through the edge. */
export const gateSchema = z.strictObject({
  name,
  path: urlPath,
  /** Expected HTTP status. */
  status: z.int().min(100).max(599).default(200),
  /** Text that the body must contain. */
  contains: z.string().optional(),
  /** Seconds from the container's start until the gate must have passed. */
  timeout: seconds.default(30),
  /** Passes in a row that are asked for. */
  passes: z.int().min(1).max(20).default(3),
  /**
   * Seconds between two questions; while they fail, at least a hundredth of the time that has passed. Without it 0.05 while a
   * release starts, which wants the processor for itself, and 0.015 between right answers.
   */
  interval: z.number().min(0.02).max(60).optional(),
  /** Host name sent with the question, for routes by host name. */
  host: z.string().optional(),
});
export type Gate = z.infer<typeof gateSchema>;

/** Runs once, in the new release's image, before it starts. */
export const migrationSchema = z.strictObject({
  service: serviceName,
  command: z.array(z.string()).min(1),
  timeout: seconds.default(300),
  /** Prints the schema's revision; its last non-empty line is the revision. */
  revision: z.array(z.string()).min(1).optional(),
  /** The live release cannot run on what this one leaves: visitors get the maintenance page meanwhile (docs/maintenance.md). */
  breaking: z.boolean().optional(),
  /** Goes back to the revision in TO_REVISION, which is empty for the state before the first one. Runs in the live release's image. */
  downgrade: z.array(z.string()).min(1).optional(),
  /** Prints what `downgrade` would do between FROM_REVISION and TO_REVISION, and changes nothing. */
  downgradeSql: z.array(z.string()).min(1).optional(),
});
export type Migration = z.infer<typeof migrationSchema>;

export const provenanceSchema = z.strictObject({
  commit: z.string().optional(),
  actor: z.string().optional(),
  run: z.string().optional(),
  /** Why, in a person's own words. */
  reason: z
    .string()
    .regex(/^[^\p{Cc}]{1,200}$/u, "wants one line of at most 200 characters")
    .optional(),
});
export type Provenance = z.infer<typeof provenanceSchema>;

/** Who is told how a release ended. */
export const notifySchema = z.strictObject({
  /** Gets a POST. Secret: who knows it can write there. */
  url: z.url({ protocol: /^https?$/ }),
  /** `json`: the record, with a line of text. `slack`: that line, as Slack and those like it take it. */
  format: z.enum(["json", "slack"]).default("json"),
  /** Only of these; without it, of all. */
  on: z
    .array(z.enum(Object.keys(OUTCOMES) as [Outcome, ...Outcome[]]))
    .min(1)
    .optional(),
});
export type Notify = z.infer<typeof notifySchema>;

/** Where a release's trace goes: OTLP over HTTP, as every collector takes it. */
export const telemetrySchema = z.strictObject({
  /** Without `/v1/traces`, which is added. */
  endpoint: z.url({ protocol: /^https?$/ }),
  /** Secret: a token is usually among them. */
  headers: z.record(z.string(), z.string()).default({}),
});
export type Telemetry = z.infer<typeof telemetrySchema>;

/** Bytes. HAProxy keeps the page with its headers in one buffer of 16 KiB. */
export const MAINTENANCE_PAGE_BYTES = 15_000;

/** Hashes, to tell in a preview what changed: the service's definition, and each variable that it uses. */
export const definitionSchema = z.strictObject({ definition: z.string(), variables: z.record(z.string(), z.string()) });
export type Definition = z.infer<typeof definitionSchema>;

export const planSchema = z.strictObject({
  format: z.literal(PLAN_FORMAT),
  application: name,
  environment: name,
  release: z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,80}$/, "letters, digits, dots, dashes"),
  /** Text of the Compose file, unmodified. */
  compose: z.string().min(1),
  /** Service to image; these services form the release, all others the base. */
  images: z.record(serviceName, imageByDigest),
  /** Variables for the Compose file and for `env_file: .env`. Secret. */
  variables: z.record(variableName, z.string()),
  /** Names of the variables whose values never appear in a log or a line of output. */
  masked: z.array(z.string()).default([]),
  routes: z.array(routeSchema).min(1, "at least one route, else no request can reach the application"),
  gates: z.array(gateSchema),
  backup: backupSchema.optional(),
  migration: migrationSchema.optional(),
  /** False where the release goes back to code that the schema fits already. */
  migrate: z.boolean().default(true),
  /** Seconds that the new release is watched, with the old one warm. */
  watch: seconds,
  /** Seconds that requests of the old release may still take. */
  drain: seconds,
  /** Superseded releases whose images are kept. */
  keep: z.int().min(0).max(100),
  provenance: provenanceSchema,
  definitions: z.record(serviceName, definitionSchema).default({}),
  /** Services of the base that keep data and may be recreated, because their definition changed. */
  recreate: z.array(serviceName).default([]),
  notify: z.array(notifySchema).max(10).default([]),
  telemetry: telemetrySchema.optional(),
  /** Of the stack and not of a release: it is taken on once the release is live. Absent: plain HTTP. */
  tls: tlsSchema.optional(),
  /** Where its names may lead, beside the server's own addresses. Absent: nobody has said, and the DNS is not asked. */
  addresses: z.array(z.string().min(1)).optional(),
  /** Logins that the application uses and that must be there before it starts; what they replace is closed once it is live. */
  logins: z.array(loginSchema).max(4).optional(),
  /** How often each secret of its environment has been renewed. Absent: none has. */
  generations: generationsSchema.optional(),
  /** For a pull request's application, which nobody has reviewed: nothing in it may reach the host, and its images come from these repositories alone. */
  confined: z.strictObject({ repositories: z.array(z.string().min(1)).min(1) }).optional(),
  /** What visitors get while the stack is closed: a whole HTML page, small enough for one of HAProxy's buffers. */
  maintenancePage: z.string().max(MAINTENANCE_PAGE_BYTES).optional(),
});
export type Plan = z.infer<typeof planSchema>;

/** `recoloca-production`: the name of everything this stack owns, on a host and at AWS. */
export const stackName = (plan: Pick<Plan, "application" | "environment">) => `${plan.application}-${plan.environment}`;

/**
 * What makes two releases the same one: digests, Compose definition, routes, environment (design D14). Who asked, how long
 * it is watched, what gates it and what it is called are not part of it. A rotated secret is a new release of the same images.
 */
export function identityOf(plan: Plan): string {
  const { images, compose, routes, variables, migration } = plan;
  // How a migration is done is not what it leaves: a release is the same one after its flag for the night was taken away.
  const { breaking: _breaking, downgrade: _downgrade, downgradeSql: _sql, ...migrated } = migration ?? {};
  return createHash("sha256")
    .update(canonical({ images, compose, routes, variables, migration: migration && migrated }))
    .digest("hex")
    .slice(0, 16);
}

/** JSON with sorted keys, so that equal values give equal text. */
export function canonical(value: unknown): string {
  return JSON.stringify(value, (_key, inner: unknown) =>
    inner !== null && typeof inner === "object" && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)))
      : inner,
  );
}
