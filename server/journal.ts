/** Tells what happens, once: to the journal file, from which everyone who follows or asks reads it. */
import { RECORD_FORMAT, type JournalLine, type State } from "../release/record.ts";
import type { Evidence } from "./evidence.ts";
import type { Store } from "./store.ts";

export class Journal {
  private readonly moments = new Map<State, number>();
  private readonly start = performance.now();
  private readonly store: Store;
  private readonly number: number;
  private readonly mask: (text: string) => string;
  private readonly hear: (line: JournalLine) => void;

  constructor(store: Store, number: number, mask: (text: string) => string, hear: (line: JournalLine) => void) {
    this.store = store;
    this.number = number;
    this.mask = mask;
    this.hear = hear;
  }

  get seconds(): number {
    return (performance.now() - this.start) / 1000;
  }

  /** Seconds at which a state was reached. */
  at(state: State): number {
    return this.moments.get(state) ?? this.seconds;
  }

  tell(text: string, also: { state?: State; more?: Evidence } = {}): void {
    if (also.state) this.moments.set(also.state, this.seconds);
    const line: JournalLine = {
      format: RECORD_FORMAT,
      at: new Date().toISOString(),
      after: Math.round(this.seconds * 1000) / 1000,
      ...(also.state && { state: also.state }),
      text: this.mask(text),
      ...(also.more && { more: also.more.map(([label, value]): [string, string] => [label, this.mask(value)]) }),
    };
    this.store.appendJournal(this.number, line);
    this.hear(line);
  }
}
