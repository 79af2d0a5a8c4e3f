/** What every step of a transaction works on. Made once the plan is known to be runnable. */
import type { Plan } from "../release/plan.ts";
import type { ReleaseRecord } from "../release/record.ts";
import type { Split } from "./compose-split.ts";
import type { Edge } from "./edge.ts";
import type { Evidence } from "./evidence.ts";
import type { Journal } from "./journal.ts";
import type { Slot, Store } from "./store.ts";

export interface Context {
  readonly stack: string;
  readonly store: Store;
  readonly number: number;
  readonly plan: Plan;
  readonly record: ReleaseRecord;
  readonly journal: Journal;
  readonly slot: Slot;
  readonly old: { number: number; slot: Slot } | null;
  readonly split: Split;
  readonly edge: Edge;
  /** Address of each service of the new release. */
  readonly addresses: Record<string, string>;
  /** Set by the step that pulls, read by the one that says so. */
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
