/** `recoloca backup` and `backups`: by hand and by timer, under the same lock as a deploy. */
import type { Backup } from "../../release/backup.ts";
import { OUTCOMES } from "../../release/outcome.ts";
import { sayTaken, takeBackup } from "../backup.ts";
import { forgetFailure, keepFailure } from "../backup-failure.ts";
import { backupsOf, type BackupNote } from "../backup-note.ts";
import { baseOf, type Place } from "../backup-place.ts";
import { TIMED_WAIT_SECONDS, type Kind } from "../backup-timers.ts";
import { backupsInBucket, type Remote } from "../bucket.ts";
import type { Given } from "../command-line.ts";
import { Failure } from "../context.ts";
import { say } from "../follow.ts";
import { begin, drop, ended, type Begun } from "../interrupted-backups.ts";
import { signLock } from "../lock.ts";
import { tellTrouble } from "../notify.ts";
import { ago, sayBytes } from "../render.ts";
import { whileGuarded } from "../resume-guard.ts";
import { locked, sayRunning } from "../stack-lock.ts";
import { Store } from "../store.ts";
import { startAgain } from "../volume-backup.ts";
import { refuse } from "./refuse.ts";
import { theStack, whoAmI } from "./which.ts";

export interface LiveBase {
  readonly place: Place;
  readonly backup: Backup;
}

/** The base as the live release brought it up, and how it is backed up. */
export function liveBase(store: Store): LiveBase | string {
  const { live } = store.state();
  if (!live) return `nothing is live on ${store.stack}. Nothing was changed.`;
  const { backup } = store.plan(live.number);
  if (!backup)
    return `the stack does not say what is backed up\n   pulumi config set --path recoloca:backup.service SERVICE, then pulumi up. Nothing was changed.`;
  const place = baseOf(store, live.number);
  return place ? { place, backup } : `${store.stack} has no base services. Nothing was changed.`;
}

export async function backup(given: Given): Promise<number> {
  const store = new Store(theStack(given));
  const timed = given.options["timed"] === true;
  const running = await locked(store, timed ? TIMED_WAIT_SECONDS : 0);
  if (running) {
    // Nobody reads what a timer is refused for.
    if (timed) await failed(store, timed, sayRunning(running));
    return refuse(sayRunning(running));
  }
  // Read under the lock: the deploy that was waited for may have changed it.
  const base = liveBase(store);
  if (typeof base === "string") {
    // There is nothing to be started again, either.
    ended(store, "backup");
    return refuse(base);
  }
  const by = timed ? "its timer" : whoAmI();
  try {
    // On a disk that is full this is as far as it gets, and nobody looks at a timer.
    signLock(store.lockFile, { what: "backup", number: base.place.number, by });
    return await whileBegun(store, "backup", { by, timed }, async () => {
      await startAgain(store);
      const name = `${timed ? "timed" : "manual"}-${new Date().toISOString().replace(/[:T]/g, "-").replace(/\..*/, "")}`;
      const notes = await takeBackup(base.place, base.backup, name, true);
      const [database, ...volumes] = notes;
      forgetFailure(store);
      if (given.options["json"]) process.stdout.write(`${JSON.stringify({ ...database, ...(volumes.length > 0 && { volumes }) }, null, 2)}\n`);
      else for (const note of notes) say(` ${sayTaken(note)}`);
      return 0;
    });
  } catch (error) {
    await failed(store, timed, (error as Error).message);
    return sayFailure(error);
  }
}

/** Told first: on a disk that is full nothing can be kept. */
async function failed(store: Store, timed: boolean, reason: string): Promise<void> {
  if (timed) await tellTrouble(store, "backup", reason);
  keepFailure(store, reason);
}

/** Known as begun until it has ended. A person may end his own by Ctrl-C: what it leaves is taken away, and it is no failure. */
export async function whileBegun<T>(store: Store, kind: Kind, who: Pick<Begun, "by" | "timed">, work: () => Promise<T>): Promise<T> {
  begin(store, kind, who);
  const stop = () => {
    drop(store, kind);
    process.exit(130);
  };
  if (!who.timed) process.once("SIGINT", stop);
  try {
    return await (who.timed ? work() : whileGuarded(store.stack, work));
  } finally {
    process.off("SIGINT", stop);
    ended(store, kind);
  }
}

export function sayFailure(error: unknown): number {
  if (!(error instanceof Failure)) throw error;
  say(` ${error.message}`);
  for (const [label, text] of error.evidence) {
    const width = Math.max(12, label.length + 2);
    const lines = text.split("\n").map((line, index) => `   ${(index === 0 ? label : "").padEnd(width)}${line}`);
    say(lines.join("\n"));
  }
  return OUTCOMES.failed.exit;
}

/** Both places side by side: what is on this server, and what the bucket has. */
export async function backups(given: Given): Promise<number> {
  const stack = theStack(given);
  const { live } = new Store(stack).state();
  const bucket = live ? new Store(stack).plan(live.number).backup?.bucket : undefined;
  const here = backupsOf(stack);
  const silence = { why: "" };
  const there = bucket
    ? await backupsInBucket(stack, bucket).catch((error: Error): Remote[] => {
        silence.why = error.message;
        return [];
      })
    : [];
  const alone = there.filter(({ key }) => !here.some((note) => note.bucket?.key === key));
  const known = new Set(there.map(({ key }) => key));
  const isThere = (note: BackupNote) => note.bucket !== undefined && (silence.why !== "" || known.has(note.bucket.key));
  if (given.options["json"]) {
    const all = [
      ...here.map((note) => ({ ...note, places: isThere(note) ? ["server", "bucket"] : ["server"] })),
      ...alone.map(({ id, name, at, bytes, encrypted }) => ({ id, name, at, bytes, encrypted, places: ["bucket"] })),
    ];
    process.stdout.write(`${JSON.stringify(all, null, 2)}\n`);
    return 0;
  }
  if (here.length === 0 && alone.length === 0) say(` ${stack} has no backup on this host; recoloca backup takes one`);
  for (const note of here)
    say(
      ` ${note.name.padEnd(32)}${(note.volume === undefined ? note.service : "volume").padEnd(12)}${size(note)}   read back   ${isThere(note) ? "here, bucket" : "here        "}  ${note.release === undefined ? "" : `release ${note.live}, ${note.release}, was live`}`.trimEnd(),
    );
  for (const one of alone) say(` ${one.id.padEnd(44)}${size(one)}   read back   bucket${one.encrypted ? ", encrypted" : ""}`);
  if (silence.why !== "") say(` ${bucket!.name} was not asked: ${silence.why}`);
  return 0;
}

const size = ({ bytes, at }: { bytes: number; at: string }) => `${sayBytes(bytes).padStart(10)}   ${`${ago(at)} ago`.padEnd(9)}`;
