/** Prints a release's journal to whoever waits for it. Never silent for long: silence hides a dead connection. */
import { sayDuration } from "../release/duration.ts";
import { OUTCOMES } from "../release/outcome.ts";
import type { JournalLine, ReleaseRecord } from "../release/record.ts";
import { wasAbout } from "./json-answer.ts";
import { isTaken } from "./lock.ts";
import { sleep } from "./process.ts";
import { renderEnd, renderHead, renderLine } from "./render.ts";
import type { Store } from "./store.ts";

const SILENCE_MILLISECONDS = 10_000;

/** One line, or several; nothing for an empty text. */
export const say = (text: string) => void (text !== "" && process.stdout.write(`${text}\n`));

/** A release's lines on standard output, and a sign of life where they are far apart. */
export class Telling {
  private readonly timer: NodeJS.Timeout;
  private spoken = performance.now();

  constructor(release: Pick<ReleaseRecord, "number" | "release" | "provenance" | "startedAt">, head = true) {
    if (head) say(renderHead(release));
    this.timer = setInterval(() => {
      if (performance.now() - this.spoken < SILENCE_MILLISECONDS) return;
      this.spoken = performance.now();
      say(`        … still at it, ${sayDuration((Date.now() - Date.parse(release.startedAt)) / 1000)}`);
    }, 1000);
  }

  line(line: JournalLine): void {
    if (line.text === "") return;
    this.spoken = performance.now();
    say(renderLine(line));
  }

  /** Gives the exit code. */
  end(record: ReleaseRecord): number {
    clearInterval(this.timer);
    wasAbout(record);
    const outcome = record.outcome ?? "stuck";
    say(renderEnd(record, outcome));
    return OUTCOMES[outcome].exit;
  }

  stop(): void {
    clearInterval(this.timer);
  }
}

/** How long a release without an end may have nobody at it: systemd starts what takes it up again. */
const TAKE_UP_SECONDS = 20;

/** Follows a deploy that another process runs, to its end; from a line on that the caller has not told yet. */
export async function follow(store: Store, number: number, from = 0): Promise<number> {
  const first = store.record(number);
  const telling = first && new Telling(first, from === 0);
  let shown = from;
  let nobody = 0;
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
      const alone = !(await isTaken(store.lockFile)) && !store.record(number)?.outcome;
      nobody = alone ? nobody + 1 : 0;
      if (nobody > TAKE_UP_SECONDS) break;
    }
    await sleep(50);
  }
  telling?.stop();
  say(` the deploy of release ${number} ended without a word; look: recoloca show ${number}; journalctl -u 'recoloca-deploy-*'`);
  return OUTCOMES.stuck.exit;
}
