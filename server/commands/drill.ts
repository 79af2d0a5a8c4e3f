/** `recoloca drill`: whether the latest backup can be restored, and holds what was there. By hand, by timer, or where the private key is. */
import * as fs from "node:fs";
import { identityOf } from "../backup-key.ts";
import { sayDrill } from "../backup-health.ts";
import { removePartialBackups } from "../backup-note.ts";
import { KeyProblem, asFailure } from "../bucket.ts";
import type { Given } from "../command-line.ts";
import { chooseForDrill, drill, keepDrill, type Drilled } from "../drill.ts";
import { say } from "../follow.ts";
import { signLock } from "../lock.ts";
import { writeMetrics } from "../metrics.ts";
import { tellTrouble } from "../notify.ts";
import { Store } from "../store.ts";
import { TIMED_WAIT, liveBase, sayFailure } from "./backup.ts";
import { locked, refuse, sayRunning } from "./deploy.ts";
import { theStack, whoAmI } from "./which.ts";

const SEALED = "\n   the bucket's copy is encrypted, and was not opened: make drill STACK=… IDENTITY=KEY_FILE   from where age's private key is";

export async function drillCommand(given: Given): Promise<number> {
  const store = new Store(theStack(given));
  const timed = given.options["timed"] === true;
  const identity = await identityOf(given, "drill");
  const running = await locked(store, timed ? TIMED_WAIT : 0);
  if (running) {
    if (timed) await tellTrouble(store, "drill", sayRunning(running));
    return refuse(sayRunning(running));
  }
  const base = liveBase(store);
  if (typeof base === "string") return refuse(base);
  const { backup, place } = base;
  if (!backup.restore || !backup.count || !backup.drop)
    return refuse(
      `the stack does not say how "${backup.service}" is restored, counted and dropped\n   in the stack's file: recoloca:backup: { ..., restore: [COMMAND], count: [COMMAND], drop: [COMMAND] }. Nothing was changed.`,
    );
  signLock(store.lockFile, { what: "drill", number: place.number, by: timed ? "its timer" : whoAmI() });
  removePartialBackups(store.stack);
  let chosen: Drilled | undefined;
  try {
    chosen = await chooseForDrill(store, backup, identity);
    const result = await drill(place, backup, chosen);
    keepDrill(store, result);
    if (given.options["json"]) process.stdout.write(`${JSON.stringify(result, null, 2)}\n`);
    else say(` drill ${sayDrill(result)}${timed || !backup.bucket || chosen.from === "bucket" ? "" : SEALED}`);
    return 0;
  } catch (thrown) {
    if (thrown instanceof KeyProblem && !timed) return refuse(`${thrown.message}. The last drill stays what it was.\n   ${thrown.fix}`);
    const error = thrown instanceof KeyProblem ? asFailure("DRILL FAILED", thrown) : (thrown as Error);
    const reason = error.message;
    keepDrill(store, { at: new Date().toISOString(), passed: false, backup: chosen?.note.name, from: chosen?.from, reason });
    if (timed) await tellTrouble(store, "drill", reason);
    return sayFailure(error);
  } finally {
    if (chosen?.from === "bucket") fs.rmSync(chosen.file, { force: true });
    writeMetrics(store);
  }
}
