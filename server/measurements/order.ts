/** What the host program and the one that sends measurements say to each other: one document each way. */
import type { Figures } from "../../release/metrics.ts";
import type { Sink } from "../../release/observation.ts";
import type { OutputLine } from "../container-output.ts";

/** What happened at one moment: a release has ended, an alarm was told. */
export interface Occurrence {
  readonly at: string;
  readonly name: "release" | "alarm";
  readonly text: string;
  readonly attributes: Readonly<Record<string, string | number>>;
}

export interface Order {
  readonly sink: Sink;
  readonly application: string;
  readonly environment: string;
  readonly stack: string;
  /** Name of the machine. */
  readonly host: string;
  readonly at: string;
  readonly figures: Figures;
  /** What was live meanwhile. */
  readonly release?: { readonly number: number; readonly name: string } | undefined;
  readonly occurrences: readonly Occurrence[];
  readonly lines: readonly OutputLine[];
}

/** Why it was not taken; absent where it was. */
export interface Answer {
  readonly figures?: string;
  readonly lines?: string;
}
