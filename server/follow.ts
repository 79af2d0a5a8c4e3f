/** Prints a release's journal as it grows, until it ends. Never silent for long: silence hides a dead connection. */
import { sayDuration } from "../release/duration";
import { OUTCOMES } from "../release/outcome";
import { run, sleep } from "./process";
import { renderEnd, renderHead, renderLine } from "./render";
import type { Store } from "./store";

const SILENCE = 10_000;
const UNIT_GRACE = 3_000;

export async function follow(store: Store, number: number): Promise<number> {
  const write = (text: string) => text !== "" && process.stdout.write(`${text}\n`);
  let shown = 0;
  let head = false;
  let spoken = performance.now();
  let alone: number | undefined;
  for (;;) {
    // The record is read before the journal: an outcome then comes with all of its lines.
    const record = store.record(number);
    const journal = store.journal(number);
    if (record && !head) {
      head = true;
      write(renderHead(record));
    }
    for (const line of journal.slice(shown)) {
      write(renderLine(line));
      spoken = performance.now();
    }
    shown = journal.length;
    if (record?.outcome) {
      const rest = store.journal(number).slice(shown);
      rest.forEach((line) => write(renderLine(line)));
      write(renderEnd(record, record.outcome));
      return OUTCOMES[record.outcome].exit;
    }
    if (performance.now() - spoken > SILENCE) {
      spoken = performance.now();
      write(`        … still at it, ${sayDuration((Date.now() - Date.parse(record?.startedAt ?? new Date().toISOString())) / 1000)}`);
    }
    const active = await unitRuns(store.stack, number, performance.now());
    alone = active ? undefined : (alone ?? performance.now());
    if (alone !== undefined && performance.now() - alone > UNIT_GRACE) return lost(store, number);
    await sleep(30);
  }
}

let asked = -Infinity;
let answer = true;

/** Asked once a second at most: each question costs a process. */
async function unitRuns(stack: string, number: number, now: number): Promise<boolean> {
  if (now - asked > 1000) {
    asked = now;
    const state = (await run("systemctl", ["is-active", `recoloca-${stack}-${number}.service`])).stdout.trim();
    answer = state === "active" || state === "activating" || state === "deactivating";
  }
  return answer;
}

function lost(store: Store, number: number): number {
  const record = store.record(number);
  if (!record) {
    process.stdout.write(` refused: another deploy of ${store.stack} took the lock first; look: recoloca status. Nothing was changed.\n`);
    return OUTCOMES.refused.exit;
  }
  process.stdout.write(` the transaction of release ${number} ended without a word; look: journalctl -u recoloca-${store.stack}-${number}\n`);
  return OUTCOMES.stuck.exit;
}
