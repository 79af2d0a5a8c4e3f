/** `recoloca drill`: whether the latest backup can be restored, and holds what was there. By hand, by timer, or where the private key is. */
import * as fs from "node:fs";
import type { Backup } from "../../release/backup.ts";
import { identityOf } from "../backup-key.ts";
import { sayDrill } from "../backup-health.ts";
import { removePartialBackups } from "../backup-note.ts";
import type { Place } from "../backup-place.ts";
import { TIMED_WAIT_SECONDS } from "../backup-timers.ts";
import { KeyProblem, asFailure } from "../bucket.ts";
import type { Given } from "../command-line.ts";
import { chooseForDrill, drill, keepDrill, type Drilled } from "../drill.ts";
import { say } from "../follow.ts";
import { ended } from "../interrupted-backups.ts";
import { signLock } from "../lock.ts";
import { tellTrouble } from "../notify.ts";
import { writeMetrics } from "../prometheus-textfile.ts";
import { locked, sayRunning } from "../stack-lock.ts";
import { Store } from "../store.ts";
import { liveBase, sayFailure, whileBegun } from "./backup.ts";
import { refuse } from "./refuse.ts";
import { theStack, whoAmI } from "./which.ts";

const SEALED = "\n   the bucket's copy is encrypted, and was not opened: make drill STACK=… IDENTITY=KEY_FILE   from where age's private key is";

export async function drillCommand(given: Given): Promise<number> {
  const store = new Store(theStack(given));
  const timed = given.options["timed"] === true;
  const identity = await identityOf(given, "drill");
  const running = await locked(store, timed ? TIMED_WAIT_SECONDS : 0);
  if (running) {
    if (timed) await tellTrouble(store, "drill", sayRunning(running));
    return refuse(sayRunning(running));
  }
  const base = liveBase(store);
  const refused = (why: string) => {
    // There is nothing to be started again, either.
    ended(store, "drill");
    return refuse(why);
  };
  if (typeof base === "string") return refused(base);
  const why = cannot(base.backup);
  if (why !== undefined) return refused(why);
  const by = timed ? "its timer" : whoAmI();
  let begun = false;
  try {
    signLock(store.lockFile, { what: "drill", number: base.place.number, by });
    return await whileBegun(store, "drill", { by, timed }, () => {
      begun = true;
      return drilled(store, base, { timed, json: given.options["json"] === true, identity });
    });
  } catch (error) {
    // On a disk that is full it does not get as far as that, and nobody looks at a timer.
    if (timed && !begun) await tellTrouble(store, "drill", (error as Error).message);
    throw error;
  }
}

const cannot = ({ service, restore, count, drop }: Backup): string | undefined =>
  restore && count && drop
    ? undefined
    : `the stack does not say how "${service}" is restored, counted and dropped\n   in the stack's file: recoloca:backup: { ..., restore: [COMMAND], count: [COMMAND], drop: [COMMAND] }. Nothing was changed.`;

interface Asked {
  readonly timed: boolean;
  readonly json: boolean;
  readonly identity: string | undefined;
}

async function drilled(store: Store, { place, backup }: { place: Place; backup: Backup }, { timed, json, identity }: Asked): Promise<number> {
  removePartialBackups(store.stack);
  let chosen: Drilled | undefined;
  try {
    chosen = await chooseForDrill(store, backup, identity);
    const result = await drill(place, backup, chosen);
    keepDrill(store, result);
    if (json) process.stdout.write(`${JSON.stringify(result, null, 2)}\n`);
    else say(` drill ${sayDrill(result)}${timed || !backup.bucket || chosen.from === "bucket" ? "" : SEALED}`);
    return 0;
  } catch (thrown) {
    if (thrown instanceof KeyProblem && !timed) return refuse(`${thrown.message}. The last drill stays what it was.\n   ${thrown.fix}`);
    const error = thrown instanceof KeyProblem ? asFailure("DRILL FAILED", thrown) : (thrown as Error);
    const reason = error.message;
    // Told first: on a disk that is full nothing can be kept.
    if (timed) await tellTrouble(store, "drill", reason);
    keepDrill(store, { at: new Date().toISOString(), passed: false, backup: chosen?.note.name, from: chosen?.from, reason });
    return sayFailure(error);
  } finally {
    if (chosen?.from === "bucket") fs.rmSync(chosen.file, { force: true });
    writeMetrics(store);
  }
}
