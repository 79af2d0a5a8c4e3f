/**
 * `recoloca resume`: finishes or undoes what an interruption left. Started by systemd, at the start of the system and when a
 * deploy's process dies; `recoloca cancel` is the same, on purpose.
 */
import { OUTCOMES } from "../../release/outcome.ts";
import type { Given } from "../command-line.ts";
import { follow, say } from "../follow.ts";
import { begunHere, pickUpCut } from "../interrupted-backups.ts";
import { closeLeftOpen, leftOpen } from "../left-open.ts";
import { keepLiveAnswer } from "../live-answer.ts";
import { take } from "../lock.ts";
import { isUntold, tellOthers } from "../notify.ts";
import { run, sleep } from "../process.ts";
import { resumeHere } from "../run-release.ts";
import { Damaged, Store } from "../store.ts";
import { hasStopped, startAgain } from "../volume-backup.ts";

/** In a unit of its own, which takes up whatever of the stack was interrupted, and nothing where somebody is at it. */
export const startResume = (stack: string) => run("systemctl", ["start", "--no-block", `recoloca-resume@${stack}.service`]);

const WAIT_SECONDS = 900;

export async function resumeCommand(given: Given): Promise<number> {
  const named = given.options["stack"];
  if (typeof named !== "string") {
    // One unit each: they do not wait for each other.
    for (const stack of Store.stacks()) {
      try {
        if (hasLeftSomething(new Store(stack))) await startResume(stack);
      } catch (error) {
        // Nobody else's release waits for that.
        say(` ${stack}: ${(error as Error).message}`);
      }
    }
    return 0;
  }
  const store = new Store(named);
  // Whoever has it may be pruning, or upgrading; a deploy has settled what was left before it began.
  for (let waited = 0; !take(store.lockFile); waited++) {
    if (waited > WAIT_SECONDS || !hasLeftSomething(store)) return 0;
    await sleep(1000);
  }
  await startAgain(store);
  // Visitors first.
  const code = await resumeRelease(store).catch((error: unknown) => {
    // It would be damaged at the next try, too.
    if (!(error instanceof Damaged)) throw error;
    say(` ${error.message}: recoloca doctor`);
    return 0;
  });
  await pickUpCut(store);
  try {
    keepLiveAnswer(store);
  } catch (error) {
    say(` ${(error as Error).message}: recoloca doctor`);
  }
  return code;
}

async function resumeRelease(store: Store): Promise<number> {
  const number = store.unfinished();
  if (number !== undefined) return resumeHere(store, number);
  const newest = store.numbers().at(-1);
  if (newest !== undefined) await tellOthers(store, newest);
  if (leftOpen(store).length > 0) say(` ${await closeLeftOpen(store)}`);
  return 0;
}

/** A release without an end, or one whose end nobody was told of; a login that it replaced and could not close; a backup or a drill that was killed, or services that one had stopped. A damaged record is doctor's to tell. */
export function hasLeftSomething(store: Store): boolean {
  if (hasStopped(store) || begunHere(store).length > 0) return true;
  const newest = store.readings().at(-1);
  if (newest === undefined || newest.damage !== undefined) return false;
  return newest.record?.outcome === undefined || isUntold(store, newest.number) || leftOpen(store).length > 0;
}

/** For the starter, when a deploy's process ended without a word: what becomes of its release, to the end. */
export async function followUnit(given: Given): Promise<number> {
  const unit = `${String(given.options["unit"])}.service`;
  for (const stack of Store.stacks()) {
    const store = new Store(stack);
    const record = store.records().findLast((one) => one.unit === unit);
    if (!record) continue;
    const { number } = record;
    if (record.outcome === undefined) {
      say(" the deploy's process ended without a word; what it left is finished or taken back now");
      await startResume(stack);
    }
    return follow(store, number, store.journal(number).length);
  }
  say(" the deploy's process ended before it began; nothing was changed");
  return OUTCOMES.refused.exit;
}
