/** `recoloca backup`, `backups` and `restore`: by hand, under the same lock as a deploy. */
import { OUTCOMES } from "../../release/outcome.ts";
import { sayDuration } from "../../release/duration.ts";
import type { Backup } from "../../release/plan.ts";
import { backupFile, backupJob, baseOf, backupsOf, damageOf, takeBackup, type BackupNote, type Place } from "../backup.ts";
import { Wrong, type Given } from "../command-line.ts";
import { Failure } from "../context.ts";
import { say } from "../follow.ts";
import { finish } from "../job.ts";
import { signLock } from "../lock.ts";
import { ago, sayBytes } from "../render.ts";
import { Store } from "../store.ts";
import { locked, refuse, sayRunning } from "./deploy.ts";
import { theStack, whoAmI } from "./which.ts";

/** The base as the live release brought it up, and how it is backed up. */
function liveBase(store: Store): { place: Place; backup: Backup } | string {
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
  const base = liveBase(store);
  if (typeof base === "string") return refuse(base);
  const running = await locked(store, 0);
  if (running) return refuse(sayRunning(running));
  signLock(store.lockFile, { what: "backup", number: base.place.number, by: whoAmI() });
  const name = `manual-${new Date().toISOString().replace(/[:T]/g, "-").replace(/\..*/, "")}`;
  try {
    const note = await takeBackup(base.place, base.backup, name);
    if (given.options["json"]) process.stdout.write(`${JSON.stringify(note, null, 2)}\n`);
    else say(` backed up ${note.service} → ${note.name} (${sayBytes(note.bytes)}, ${sayDuration(note.seconds)}, read back)`);
    return 0;
  } catch (error) {
    return sayFailure(error);
  }
}

function sayFailure(error: unknown): number {
  if (!(error instanceof Failure)) throw error;
  say(` ${error.message}`);
  for (const [label, text] of error.evidence)
    say(
      text
        .split("\n")
        .map((line, index) => `   ${(index === 0 ? label : "").padEnd(12)}${line}`)
        .join("\n"),
    );
  return OUTCOMES.failed.exit;
}

export function backups(given: Given): Promise<number> {
  const stack = theStack(given);
  const notes = backupsOf(stack);
  if (given.options["json"]) process.stdout.write(`${JSON.stringify(notes, null, 2)}\n`);
  else if (notes.length === 0) say(` ${stack} has no backup on this host; recoloca backup takes one`);
  else notes.forEach((note) => say(row(note)));
  return Promise.resolve(0);
}

const row = (note: BackupNote) =>
  ` ${note.name.padEnd(30)}${note.service.padEnd(14)}${sayBytes(note.bytes).padStart(9)}   ${`${ago(note.at)} ago`.padEnd(10)}${note.live === undefined ? "" : `release ${note.live} was live`}`;

const DATABASE = /^[a-z_][a-z0-9_]{0,62}$/;

/** Beside what is there, never over it: into a new database, which a person then looks at and takes. */
export async function restore(given: Given): Promise<number> {
  const store = new Store(theStack(given));
  const [word = ""] = given.words;
  const into = given.options["into"];
  if (typeof into !== "string") throw new Wrong("--into is missing: the name of a new database. What is there is never written over");
  if (!DATABASE.test(into)) throw new Wrong(`--into got "${into}", wants lower-case letters, digits and underscores`);
  const note = backupsOf(store.stack).find((one) => one.name === word);
  if (!note) throw new Wrong(`${store.stack} has no backup ${word}; recoloca backups lists them`);
  const base = liveBase(store);
  if (typeof base === "string") return refuse(base);
  const { restore: command, service, timeout } = base.backup;
  if (!command)
    return refuse(
      `the stack does not say how "${service}" is restored\n   in the stack's file: recoloca:backup: { ..., restore: [COMMAND] }, then pulumi up. Nothing was changed.`,
    );
  if (note.service !== service) return refuse(`${note.name} is of "${note.service}", the stack backs up "${service}". Nothing was changed.`);
  const damage = await damageOf(store.stack, note);
  if (damage !== undefined) return refuse(`${note.name} cannot be trusted: ${damage}. Nothing was changed.`);
  const running = await locked(store, 0);
  if (running) return refuse(sayRunning(running));
  signLock(store.lockFile, { what: "restore", number: base.place.number, by: whoAmI() });
  const began = performance.now();
  const ran = await finish({ ...backupJob(base.place, base.backup, "restore", command, { INTO: into }), input: backupFile(store.stack, note.name) }, timeout);
  if (ran.code !== 0)
    return sayFailure(
      new Failure(`RESTORE FAILED: "${into}" could not be filled; what was there before is as it was`, [["its output", ran.output || "(empty)"]]),
    );
  say(` restored ${note.name} into ${into} (${sayDuration((performance.now() - began) / 1000)}); the application's own database is as it was`);
  return 0;
}
