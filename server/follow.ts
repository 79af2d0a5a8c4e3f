/** Prints a release's journal to whoever waits for it. Never silent for long: silence hides a dead connection. */
import { sayDuration } from "../release/duration.ts";
import { OUTCOMES } from "../release/outcome.ts";
import type { JournalLine, ReleaseRecord } from "../release/record.ts";
import { isTaken } from "./lock.ts";
import { sleep } from "./process.ts";
import { renderEnd, renderHead, renderLine } from "./render.ts";
import type { Store } from "./store.ts";

const SILENCE = 10_000;

const write = (text: string) => void (text !== "" && process.stdout.write(`${text}\n`));

/** A release's lines on standard output, and a sign of life where they are far apart. */
export class Telling {
  private readonly timer: NodeJS.Timeout;
  private spoken = performance.now();

  constructor(release: Pick<ReleaseRecord, "number" | "release" | "provenance" | "startedAt">) {
    write(renderHead(release));
    this.timer = setInterval(() => {
      if (performance.now() - this.spoken < SILENCE) return;
      this.spoken = performance.now();
      write(`        … still at it, ${sayDuration((Date.now() - Date.parse(release.startedAt)) / 1000)}`);
    }, 1000);
  }

  line(line: JournalLine): void {
    this.spoken = performance.now();
    write(renderLine(line));
  }

  /** Gives the exit code. */
  end(record: ReleaseRecord): number {
    clearInterval(this.timer);
    const outcome = record.outcome ?? "stuck";
    write(renderEnd(record, outcome));
    return OUTCOMES[outcome].exit;
  }

  stop(): void {
    clearInterval(this.timer);
  }
}

/** Follows a deploy that another process runs, to its end. */
export async function follow(store: Store, number: number): Promise<number> {
  const first = store.record(number);
  const telling = first && new Telling(first);
  let shown = 0;
  for (let asked = performance.now(); telling;) {
    // The record is read before the journal: an outcome then comes with all of its lines.
    const record = store.record(number);
    const journal = store.journal(number);
    for (const line of journal.slice(shown)) telling.line(line);
    shown = journal.length;
    if (record?.outcome) return telling.end(record);
    if (performance.now() - asked > 1000) {
      asked = performance.now();
      // Asked after the lock: the record may have got its outcome between the two.
      if (!(await isTaken(store.lockFile)) && !store.record(number)?.outcome) break;
    }
    await sleep(50);
  }
  telling?.stop();
  write(` the deploy of release ${number} ended without a word; look: recoloca show ${number}; journalctl -u 'recoloca-deploy-*'`);
  return OUTCOMES.stuck.exit;
}
