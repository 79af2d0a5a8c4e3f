/** What every step of a transaction works on. Made once the plan is known to be runnable. */
import type { Plan } from "../release/plan.ts";
import type { ReleaseRecord } from "../release/record.ts";
import type { Split } from "./compose-split.ts";
import type { Answers, Edge } from "./edge.ts";
import type { Evidence } from "./evidence.ts";
import type { Journal } from "./journal.ts";
import type { LiveRelease, Slot, Store } from "./store.ts";

/** What is done to the data while nobody may write: a migration that the old release cannot run on, or the way back from one. */
export type Window = "migrate" | "downgrade" | "restore";

export interface Context {
  readonly stack: string;
  readonly store: Store;
  readonly number: number;
  readonly plan: Plan;
  readonly record: ReleaseRecord;
  readonly journal: Journal;
  readonly slot: Slot;
  readonly old: LiveRelease | null;
  /** Why visitors are shut out while this release is made; undefined where the old one serves meanwhile. */
  readonly window: Window | undefined;
  /** Set by the switch. */
  answersAtSwitch?: Answers;
  readonly split: Split;
  readonly edge: Edge;
  /** Address of each service of the new release. */
  readonly addresses: Record<string, string>;
  readonly environment: Record<string, string>;
}

/** Nothing was changed: the plan cannot run on this host as it is. */
export class Refusal extends Error {}

/** The release failed; `evidence` says what a person would look up next. */
export class Failure extends Error {
  readonly evidence: Evidence;

  constructor(message: string, evidence: Evidence = []) {
    super(message);
    this.evidence = evidence;
  }
}
