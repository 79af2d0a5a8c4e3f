/** The record: what happened to one release, kept on the host and printed by `recoloca show --json`. */
import { randomBytes } from "node:crypto";
import * as z from "zod";
import { OUTCOMES, type Outcome } from "./outcome.ts";
import { generationsSchema } from "./logins.ts";
import { canonical, definitionSchema, identityOf, provenanceSchema, type Plan } from "./plan.ts";

export const RECORD_FORMAT = 1;

/** The states a release passes, in order, then the ends that are not `live`. */
export const STATES = [
  "received",
  "pulled",
  "closed",
  "backed-up",
  "based",
  "admitted",
  "migrated",
  "started",
  "healthy",
  "switched",
  "verified",
  "opened",
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

/** What a transaction can be in the middle of: a step, named by the state it leads to, or taking the release back. */
export const DOINGS = [...STATES, "undoing"] as const;
export type Doing = (typeof DOINGS)[number];

const slotSchema = z.enum(["blue", "green"]);

/** One journal line. `after` is seconds since the plan was received, by a clock that never jumps. */
export const journalLineSchema = z.object({
  format: z.literal(RECORD_FORMAT),
  at: z.string(),
  after: z.number(),
  /** Reached with this line. Absent on a line that only tells something. */
  state: z.enum(STATES).optional(),
  /** Begun with this line, which has no text and is not shown: a restart finds here what it interrupted. */
  doing: z.enum(DOINGS).optional(),
  text: z.string(),
  /** Lines that stand under the text: evidence, hints. */
  more: z.array(z.tuple([z.string(), z.string()])).optional(),
});
export type JournalLine = z.infer<typeof journalLineSchema>;

/** Of one secret, for whoever asks later: never a value. */
const rotationSchema = z.object({
  secret: z.string(),
  from: z.int(),
  to: z.int(),
  /** Days that the one before had been in use; absent where nobody knew since when it was. */
  age: z.int().optional(),
  /** The same of the new one: 0 where it came on the day that the stack's file has. */
  newAge: z.int().optional(),
  /** How the new one was proven before the old one went. */
  verified: z.enum(["login", "gates"]).optional(),
  /** Whether the one before is good for nothing any more: it was closed, or nothing of the release takes it. */
  closed: z.boolean().default(false),
  /** `false`: what is kept of older releases has it still. */
  forgotten: z.boolean().optional(),
});
export type Rotation = z.infer<typeof rotationSchema>;

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
  /** For a rollback: the release it goes back to, and the one it leaves. `data`: what becomes of the schema that has moved since. */
  rollback: z
    .object({
      to: z.int(),
      from: z.int(),
      data: z
        .discriminatedUnion("how", [
          z.object({ how: z.literal("downgrade"), from: z.string(), revision: z.string() }),
          z.object({ how: z.literal("restore"), from: z.string(), revision: z.string(), backup: z.string() }),
        ])
        .optional(),
    })
    .optional(),
  /** The systemd unit that ran it, and the start of the system that this was under: a restart is told from a crash by it. */
  unit: z.string().optional(),
  boot: z.string().optional(),
  /** Address that the deploy was asked from, where it came over SSH. */
  from: z.string().optional(),
  startedAt: z.string(),
  endedAt: z.string().optional(),
  /** Where it runs, and what was live before it; known once the plan was found to be runnable. */
  slot: slotSchema.optional(),
  old: z
    .object({ number: z.int(), slot: slotSchema, answers: z.object({ all: z.number(), failed: z.number() }).optional() })
    .nullable()
    .optional(),
  /** Hashes of the base's definitions before it: what undoing it brings back. */
  base: z.record(z.string(), z.string()).optional(),
  /** How often it was taken up again after an interruption. */
  resumed: z.int().default(0),
  schema: z.object({ before: z.string().optional(), after: z.string().optional() }).optional(),
  /** The backup that was taken before its migration; `recoloca backups` lists it by this name. */
  backup: z.string().optional(),
  outcome: z.enum(Object.keys(OUTCOMES) as [Outcome, ...Outcome[]]).optional(),
  reason: z.string().optional(),
  /** Secrets that it brings another generation of than the release before it had. */
  rotated: z.array(rotationSchema).optional(),
  /** Whether the data was put back, by the backup above: never twice, because the old release has written since. */
  restored: z.boolean().default(false),
  /** Whether those who want to know how it ended have been told. */
  told: z.boolean().default(false),
  journal: z.array(journalLineSchema),
});
export type ReleaseRecord = z.infer<typeof recordSchema>;

/** The attempt at release `number`, unlike any other. */
export const attemptName = (number: number) => `${number}-${randomBytes(3).toString("hex")}`;

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
      generations: generationsSchema.optional(),
      since: z.string(),
      /** Names of other releases that were live before it, the newest first. */
      before: z.array(z.string()).optional(),
    })
    .nullable(),
  /** A name for the next attempt that no earlier one had, also where the records were removed or the machine is a new one: `14-7f3a`. */
  next: z.coerce.string(),
  /** A release that somebody left on purpose: a deploy of it is refused until it is named. */
  hold: z
    .object({
      number: z.int(),
      release: z.string(),
      identity: z.string(),
      images: z.record(z.string(), z.string()),
      by: z.string(),
      at: z.string(),
      how: z.enum(["rollback", "cancel"]),
      why: z.string().optional(),
    })
    .nullish(),
});
export type LiveAnswer = z.infer<typeof liveAnswerSchema>;

type Held = Pick<NonNullable<LiveAnswer["hold"]>, "identity" | "images">;

/**
 * Whether a plan is for the release on hold: also with other values in its environment, as after a rotated secret. Where the
 * live release has the same images, it was left for its definition or environment, and only that is held.
 */
export function isHeld(hold: Held, plan: Plan, live: { readonly images: Record<string, string> } | null): boolean {
  const same = (images: Record<string, string>) => canonical(images) === canonical(hold.images);
  return hold.identity === identityOf(plan) || (same(plan.images) && !(live && same(live.images)));
}
