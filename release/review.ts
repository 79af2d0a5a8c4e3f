/**
 * Environments of pull requests on a stack's server. The policy is the stack's, placed on the server by it; a request comes from a pipeline that
 * runs code which nobody has read yet, by a key that can do nothing else. Both ends validate with these schemas.
 */
import * as z from "zod";
import { imageByDigest, seconds, serviceName, variableName } from "./forms.ts";
import { gateSchema, migrationSchema, planSchema, routeSchema } from "./plan.ts";
import { tlsSchema } from "./tls.ts";

export const REVIEW_FORMAT = 1;

/** Where the number of a pull request stands in a host name. */
export const NUMBER = "{number}";

/** MiB. */
const mebibytes = z.int().min(64).max(1_048_576);

export const reviewPolicySchema = z.strictObject({
  format: z.literal(REVIEW_FORMAT),
  application: z.string().regex(/^[a-z][a-z0-9-]{0,30}$/),
  /** `pr-{number}.staging.recoloca.ai` */
  host: z.string().includes(NUMBER, { error: `wants ${NUMBER} where the number of the pull request stands: pr-${NUMBER}.example.org` }),
  /** How many at once. */
  most: z.int().min(1).max(20),
  /** MiB that all containers of one may use together. */
  memory: mebibytes,
  /** MiB that what one writes may take on the disk. */
  disk: mebibytes,
  /** Days after which one goes that nobody has renewed by a push. */
  days: z.int().min(1).max(90),
  /** Images are taken from these alone: `ghcr.io/recoloca/backend`. */
  repositories: z.array(z.string().min(1)).min(1),
  /** Secret variables of the Compose file, each with the name of a random value that every environment has of its own: two may share one. */
  secrets: z.record(variableName, variableName).default({}),
  /** Variables that anyone may read. */
  variables: z.record(variableName, z.string()).default({}),
  routes: z.array(routeSchema.omit({ host: true })).min(1),
  gates: z.array(gateSchema).default([]),
  migration: migrationSchema.omit({ breaking: true, downgrade: true, downgradeSql: true }).optional(),
  /** Runs once, in the first release that is live, when its database is new. */
  seed: z.strictObject({ service: serviceName, command: z.array(z.string()).min(1), timeout: seconds.default(300) }).optional(),
  tls: tlsSchema.optional(),
});
export type ReviewPolicy = z.infer<typeof reviewPolicySchema>;

/** Stands on people's terminals. */
const word = z.string().regex(/^[\x21-\x7e]{1,200}$/, "wants one word of at most 200 characters");

export const reviewRequestSchema = z.strictObject({
  format: z.literal(REVIEW_FORMAT),
  /** Of the pull request. */
  number: z.int().min(1).max(9_999_999),
  release: planSchema.shape.release,
  /** Text of the Compose file as the pull request has it. */
  compose: z.string().min(1).max(200_000),
  images: z.record(serviceName, imageByDigest),
  provenance: z.strictObject({ commit: word.optional(), actor: word.optional(), run: word.optional() }),
});
export type ReviewRequest = z.infer<typeof reviewRequestSchema>;

/** The environment's name: with the application's it names everything of it on the server. */
export const reviewEnvironment = (number: number) => `pr-${number}`;
/** Where one record leads all of them to the server: `*.staging.recoloca.ai`. */
export const wildcardOf = ({ host }: Pick<ReviewPolicy, "host">): string => host.replace(/^[^.]+/, "*");
export const reviewHost = ({ host }: Pick<ReviewPolicy, "host">, number: number) => host.replaceAll(NUMBER, String(number));
