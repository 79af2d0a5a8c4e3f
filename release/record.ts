/** The record: what happened to one release, kept on the host and printed by `recoloca show --json`. */
import * as z from "zod";
import { OUTCOMES, type Outcome } from "./outcome.ts";
import { definitionSchema, provenanceSchema } from "./plan.ts";

export const RECORD_FORMAT = 1;

/** The states a release passes, in order, then the ends that are not `live`. */
export const STATES = [
  "received",
  "pulled",
  "based",
  "migrated",
  "started",
  "healthy",
  "switched",
  "verified",
  "workers",
  "watched",
  "live",
  "superseded",
  "refused",
  "failed",
  "rolled-back",
  "stuck",
] as const;
export type State = (typeof STATES)[number];

/** One journal line. `after` is seconds since the plan was received, by a clock that never jumps. */
export const journalLineSchema = z.object({
  format: z.literal(RECORD_FORMAT),
  at: z.string(),
  after: z.number(),
  /** Absent on a line that only tells something. */
  state: z.enum(STATES).optional(),
  text: z.string(),
  /** Lines that stand under the text: evidence, hints. */
  more: z.array(z.tuple([z.string(), z.string()])).optional(),
});
export type JournalLine = z.infer<typeof journalLineSchema>;

export const recordSchema = z.object({
  format: z.literal(RECORD_FORMAT),
  number: z.int(),
  application: z.string(),
  environment: z.string(),
  release: z.string(),
  identity: z.string(),
  images: z.record(z.string(), z.string()),
  provenance: provenanceSchema,
  /** What the caller of the deploy calls it; by default the release's number. */
  attempt: z.string(),
  startedAt: z.string(),
  endedAt: z.string().optional(),
  slot: z.enum(["blue", "green"]).optional(),
  schema: z.object({ before: z.string().optional(), after: z.string().optional() }).optional(),
  outcome: z.enum(Object.keys(OUTCOMES) as [Outcome, ...Outcome[]]).optional(),
  reason: z.string().optional(),
  journal: z.array(journalLineSchema),
});
export type ReleaseRecord = z.infer<typeof recordSchema>;

/**
 * What `recoloca live --json` answers: the question Pulumi asks before each preview and update. A host that has never
 * deployed answers with `live: null`.
 */
export const liveAnswerSchema = z.object({
  format: z.literal(RECORD_FORMAT),
  live: z
    .object({
      number: z.int(),
      release: z.string(),
      identity: z.string(),
      images: z.record(z.string(), z.string()),
      provenance: provenanceSchema,
      // An older host program does not say these: it is asked before the newer one is in place.
      attempt: z.string().default("1"),
      definitions: z.record(z.string(), definitionSchema).default({}),
      since: z.string(),
    })
    .nullable(),
  /** Number of the next release. */
  next: z.int().default(1),
});
export type LiveAnswer = z.infer<typeof liveAnswerSchema>;
