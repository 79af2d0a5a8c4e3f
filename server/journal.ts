/** Tells what happens, once: to the journal file, from which everyone who follows or asks reads it. */
import { RECORD_FORMAT, type Doing, type JournalLine, type State } from "../release/record.ts";
import type { Evidence } from "./evidence.ts";
import type { Store } from "./store.ts";

export class Journal {
  private readonly moments = new Map<State, number>();
  private readonly start: number;
  private readonly store: Store;
  private readonly number: number;
  private readonly mask: (text: string) => string;
  private readonly hear: (line: JournalLine) => void;

  constructor(store: Store, number: number, mask: (text: string) => string, hear: (line: JournalLine) => void) {
    this.store = store;
    this.number = number;
    this.mask = mask;
    this.hear = hear;
    this.start = performance.now() - 1000 * secondsSoFar(store.journal(number));
  }

  /** Since the plan was received. */
  get seconds(): number {
    return (performance.now() - this.start) / 1000;
  }

  /** Seconds at which a state was reached by this process; now, where it was not. */
  at(state: State): number {
    return this.moments.get(state) ?? this.seconds;
  }

  /** Whether a state was ever reached, also before an interruption. */
  reached(state: State): boolean {
    return this.store.journal(this.number).some((line) => line.state === state);
  }

  /** Whether a step was ever begun, ended or not. */
  begun(doing: Doing): boolean {
    return this.store.journal(this.number).some((line) => line.doing === doing);
  }

  tell(text: string, also: { state?: State; more?: Evidence } = {}): void {
    if (also.state) this.moments.set(also.state, this.seconds);
    this.append({
      ...(also.state && { state: also.state }),
      text: this.mask(text),
      ...(also.more && { more: also.more.map(([label, value]): [string, string] => [label, this.mask(value)]) }),
    });
  }

  /** For whoever has to go on after an interruption; people do not see it. */
  begin(doing: Doing): void {
    this.append({ doing, text: "" });
  }

  private append(what: Omit<JournalLine, "format" | "at" | "after">): void {
    const line: JournalLine = { format: RECORD_FORMAT, at: new Date().toISOString(), after: Math.round(this.seconds * 1000) / 1000, ...what };
    this.store.appendJournal(this.number, line);
    this.hear(line);
  }
}

/** By the wall clock where the process is another one: not below what was said already, whatever the clock did. */
function secondsSoFar(lines: readonly JournalLine[]): number {
  const [first, last] = [lines[0], lines.at(-1)];
  if (!first || !last) return 0;
  const gone = (Date.now() - Date.parse(last.at)) / 1000;
  return last.after + (gone > 0 && gone < 3600 ? gone : 0);
}
