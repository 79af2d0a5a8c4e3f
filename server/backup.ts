/**
 * Backups of what the base keeps: streamed to a file, checksummed, and read back before anybody relies on them. Below
 * `/var/lib/recoloca/backups/<stack>/`, where removing the stack leaves them. The folder is root's alone; the files in it are
 * readable, for the containers that they are given to.
 */
import { createHash } from "node:crypto";
import * as fs from "node:fs";
import * as path from "node:path";
import { Transform, type TransformCallback } from "node:stream";
import { pipeline } from "node:stream/promises";
import { sayDuration } from "../release/duration.ts";
import type { Backup } from "../release/plan.ts";
import type { ComposeDocument } from "./compose-split.ts";
import { Failure, type Context } from "./context.ts";
import { finish, pour, type Job } from "./job.ts";
import { sayBytes } from "./render.ts";
import { ROOT, readJson, writeWhole, type Store } from "./store.ts";

/** What is known of a backup, beside it. */
export interface BackupNote {
  /** `release-13`, `manual-2026-11-24-031502`: names it for people and for `recoloca restore`. */
  readonly name: string;
  readonly service: string;
  readonly at: string;
  readonly bytes: number;
  readonly sha256: string;
  /** Seconds that taking it took. */
  readonly seconds: number;
  /** Number of the release that was live. */
  readonly live?: number | undefined;
}

export const backupsFolder = (stack: string) => path.join(ROOT, "backups", stack);
export const backupFile = (stack: string, name: string) => path.join(backupsFolder(stack), `${name}.backup`);

/** Newest first. */
export function backupsOf(stack: string): BackupNote[] {
  const folder = backupsFolder(stack);
  const names = fs.existsSync(folder) ? fs.readdirSync(folder).filter((name) => name.endsWith(".json")) : [];
  return names.flatMap((name) => readJson<BackupNote>(path.join(folder, name)) ?? []).sort((a, b) => (a.at < b.at ? 1 : -1));
}

/** Which project and network a backup's commands run in. */
export interface Place {
  readonly store: Store;
  readonly number: number;
  readonly document: ComposeDocument;
  readonly environment: Record<string, string>;
}

export const backupJob = (place: Place, backup: Backup, kind: string, command: readonly string[], variables: Record<string, string> = {}): Job => ({
  kind,
  stack: place.store.stack,
  number: place.number,
  document: place.document,
  service: backup.service,
  network: "blue",
  command,
  environment: place.environment,
  variables,
  file: place.store.file(place.number, `${kind}.compose.json`),
});

/** Takes one and reads it back; a partial or unreadable one never gets the name. Throws a `Failure` that says what the command said. */
export async function takeBackup(place: Place, backup: Backup, name: string): Promise<BackupNote> {
  const { stack } = place.store;
  const file = backupFile(stack, name);
  const partial = `${file}.partial`;
  fs.mkdirSync(path.dirname(file), { recursive: true, mode: 0o700 });
  const began = performance.now();
  const counted = new Counted();
  const written = pipeline(counted, fs.createWriteStream(partial, { mode: 0o444 }));
  const explain = (error: NodeJS.ErrnoException) => ({ code: 1, said: error.code === "ENOSPC" ? "no space is left for it" : error.message });
  const ran = await pour(backupJob(place, backup, "backup", backup.command), counted, backup.timeout).catch(explain);
  counted.end();
  const stored = await written.then(() => undefined, explain);
  const { bytes } = counted;
  if (ran.code !== 0 || stored || bytes === 0) {
    fs.rmSync(partial, { force: true });
    const how = stored ? "cannot be kept" : ran.code !== 0 ? `failed with exit code ${ran.code}` : "wrote nothing";
    throw new Failure(`BACKUP FAILED: "${backup.service}" ${how}`, [["its output", stored?.said || ran.said || "(empty)"]]);
  }
  sync(partial);
  const seconds = (performance.now() - began) / 1000;
  await checkReadable(place, backup, partial);
  fs.renameSync(partial, file);
  const live = place.store.state().live?.number;
  const note: BackupNote = { name, service: backup.service, at: new Date().toISOString(), bytes, sha256: counted.sha256(), seconds, live };
  writeWhole(path.join(backupsFolder(stack), `${name}.json`), JSON.stringify(note, null, 2));
  return note;
}

/** Passes on what comes, and knows how much that was and its checksum. */
class Counted extends Transform {
  bytes = 0;
  private readonly hash = createHash("sha256");

  override _transform(chunk: Buffer, _encoding: string, done: TransformCallback): void {
    this.bytes += chunk.length;
    this.hash.update(chunk);
    done(null, chunk);
  }

  sha256(): string {
    return this.hash.digest("hex");
  }
}

function sync(file: string): void {
  const handle = fs.openSync(file, "r");
  try {
    fs.fsyncSync(handle);
  } finally {
    fs.closeSync(handle);
  }
}

async function checkReadable(place: Place, backup: Backup, file: string): Promise<void> {
  const ran = await finish({ ...backupJob(place, backup, "backup-check", backup.verify), input: file }, backup.timeout);
  if (ran.code === 0) return;
  fs.rmSync(file, { force: true });
  const how = ran.late ? `not within ${backup.timeout}s` : `exit code ${ran.code}`;
  throw new Failure(`BACKUP FAILED: what "${backup.service}" wrote cannot be read back (${how})`, [["its output", ran.output || "(empty)"]]);
}

/** Whether the bytes are those that were written; undefined when they are. */
export async function damageOf(stack: string, note: BackupNote): Promise<string | undefined> {
  const file = backupFile(stack, note.name);
  if (!fs.existsSync(file)) return `its file is gone: ${file}`;
  const hash = createHash("sha256");
  for await (const chunk of fs.createReadStream(file)) hash.update(chunk as Buffer);
  return hash.digest("hex") === note.sha256 ? undefined : `its checksum is not the one that was written down: ${file} was changed or is damaged`;
}

/**
 * Puts a backup in the place of what is there, which keeps its data under another name: the one that is given back. Restored
 * beside it first, so that a backup that cannot be restored changes nothing.
 */
export async function restoreInPlace(place: Place, backup: Backup, name: string, mark: string): Promise<string> {
  const { stack } = place.store;
  const note = backupsOf(stack).find((one) => one.name === name);
  const foreign = note && note.service !== backup.service ? `it is of "${note.service}", the stack backs up "${backup.service}"` : undefined;
  const damage = note ? (foreign ?? (await damageOf(stack, note))) : `${stack} has no backup ${name}`;
  if (damage !== undefined || !backup.restore || !backup.take) throw new Failure(`${name} cannot be restored: ${damage ?? "the stack does not say how"}`);
  // Names that tell whose they are; `take` removes what an earlier try left under the first.
  const [INTO, KEPT] = [`recoloca_in_${mark}`, `recoloca_kept_${mark}`];
  const run = async (kind: string, command: readonly string[], input?: string) => {
    const job = { ...backupJob(place, backup, kind, command, { INTO, KEPT }), ...(input !== undefined && { input }) };
    const ran = await finish(job, backup.timeout);
    if (ran.code !== 0)
      throw new Failure(`RESTORE FAILED: ${name} is not in place (${kind}, exit code ${ran.code})`, [["its output", ran.output || "(empty)"]]);
  };
  await run("restore", backup.restore, backupFile(stack, name));
  await run("take", backup.take);
  return KEPT;
}

/** The base as a release brought it up. */
export function baseOf(store: Store, number: number): Place | undefined {
  const document = readJson<ComposeDocument>(store.file(number, "base.compose.json"));
  return document && { store, number, document, environment: store.plan(number).variables };
}

/** The step of a release: before its migration, or before everything where the stack says so. */
export async function backUp(context: Context): Promise<void> {
  const { plan, journal, record, store, number, old, window } = context;
  const { backup } = plan;
  // Of what is there now, before anything of it is recreated; where nothing is live yet there is nothing to lose.
  const running = old && baseOf(store, old.number);
  const possible = backup && running?.document.services[backup.service];
  if (window && !possible)
    throw new Failure(
      backup
        ? `release ${old?.number ?? "–"} has no "${backup.service}" to be backed up, and without a backup nothing that happens now could be taken back`
        : "the stack does not say what is backed up, and without a backup nothing that happens now could be taken back",
    );
  if (!possible) return;
  // In a window it is the way back, whatever the stack says.
  const risky = plan.recreate.includes(backup.service) || (plan.migration && plan.migrate);
  const due = backup.before === "deploy" || (backup.before === "migration" && risky);
  if (!window && !due) return;
  const note = await takeBackup({ ...running, number }, backup, `release-${number}`);
  record.backup = note.name;
  store.setRecord(record);
  journal.tell(`backed up ${backup.service} → ${note.name} (${sayBytes(note.bytes)}, ${sayDuration(note.seconds)}, read back)`, { state: "backed-up" });
}

/** What an interruption has left. */
export function removePartialBackups(stack: string): void {
  const folder = backupsFolder(stack);
  if (!fs.existsSync(folder)) return;
  for (const name of fs.readdirSync(folder).filter((one) => one.endsWith(".partial"))) fs.rmSync(path.join(folder, name));
}

/** Removes the oldest beyond what is to be kept, never one that a release needs that can be gone back to. */
export function pruneBackups(store: Store, keep: number, needed: readonly string[]): string[] {
  const old = backupsOf(store.stack)
    .slice(keep)
    .filter((note) => !needed.includes(note.name));
  for (const { name } of old) for (const end of ["backup", "json"]) fs.rmSync(path.join(backupsFolder(store.stack), `${name}.${end}`), { force: true });
  return old.map(({ name }) => name);
}
