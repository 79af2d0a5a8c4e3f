/**
 * Taking a backup: streamed to a file, checksummed, read back before anybody relies on it, and then sent to the bucket, where the
 * stack has one. It counts as taken when all of that has happened.
 */
import * as fs from "node:fs";
import * as path from "node:path";
import type { Writable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { Backup } from "../release/backup.ts";
import { sayDuration } from "../release/duration.ts";
import { askBucket, asFailure, upload } from "./bucket.ts";
import { announce, backupFile, backupsFolder, removePartialBackups, unusedName, writeNote, type BackupNote } from "./backup-note.ts";
import { backupJob, baseOf, canBackUp, withUrl, type Place } from "./backup-place.ts";
import { checkBackupRoom, whileThereIsRoom } from "./backup-room.ts";
import { olderClient } from "./client-version.ts";
import { Failure, type Context } from "./context.ts";
import { HashingStream } from "./hashing-stream.ts";
import { finish } from "./job.ts";
import { writeMetrics } from "./prometheus-textfile.ts";
import { sayBytes } from "./render.ts";
import { streamJob } from "./streamed-job.ts";
import { readCounts } from "./table-counts.ts";
import { programVersion } from "./this-process.ts";
import { volumeSource } from "./volume-backup.ts";

/** What is backed up, and how it is read back. */
export interface Source {
  /** For people: `"postgres"`, `volume uploads`. */
  readonly what: string;
  readonly volume?: string;
  /** Writes it to the stream, without ending that, and gives what it said. */
  readonly write: (output: Writable) => Promise<{ code: number; said: string }>;
  readonly verify: (file: string) => Promise<{ code: number; late: boolean; output: string }>;
  readonly counted?: () => string;
}

/**
 * The database first, then the volumes. Throws a `Failure` that says what the command said. `strict`: also where it is only the
 * bucket that has not got it; else that is in the note.
 */
export async function takeBackup(place: Place, backup: Backup, name: string, strict: boolean): Promise<BackupNote[]> {
  const { stack } = place.store;
  removePartialBackups(stack);
  const free = unusedName(stack, name);
  // Before the work is done rather than after it.
  const silence = await askBucket(stack, backup).then(
    () => undefined,
    (error: Error) => error,
  );
  if (silence && strict) throw asFailure(`BACKUP FAILED: it would not leave this server`, silence);
  const notes: BackupNote[] = [];
  for (const source of [commandSource(place, backup), ...(backup.volumes ?? []).map((one) => volumeSource(place, one, backup.timeout))]) {
    const note = await keep(place, backup, source.volume === undefined ? free : `${free}.${source.volume}`, source);
    notes.push(backup.bucket ? await copied(note, backup, strict, silence) : note);
  }
  writeMetrics(place.store);
  return notes;
}

/** The stack's own command, in the image and the environment of the service that it is about. */
function commandSource(place: Place, backup: Backup): Source {
  const folder = backupsFolder(place.store.stack);
  const counts = path.join(folder, "counts.partial");
  return {
    what: `"${backup.service}"`,
    write: async (output) => {
      // Whoever runs in the container may write it; on the host nobody else gets into the folder.
      fs.writeFileSync(counts, "");
      fs.chmodSync(counts, 0o666);
      return streamJob({ ...backupJob(place, backup, "backup", backup.command), counts }, path.join(folder, "output.partial"), output, backup.timeout);
    },
    verify: (file) => finish({ ...backupJob(place, backup, "backup-check", backup.verify), input: file }, backup.timeout),
    counted: () => {
      const text = fs.readFileSync(counts, "utf8");
      fs.rmSync(counts);
      return text;
    },
  };
}

/** A partial or unreadable one never gets the name. */
async function keep(place: Place, backup: Backup, name: string, source: Source): Promise<BackupNote> {
  const { store } = place;
  const file = backupFile(store.stack, name);
  const partial = `${file}.partial`;
  fs.mkdirSync(path.dirname(file), { recursive: true, mode: 0o700 });
  checkBackupRoom(store.stack, source.what, source.volume);
  const began = performance.now();
  const counted = new HashingStream();
  const explain = (error: NodeJS.ErrnoException) => ({ code: undefined, said: error.code === "ENOSPC" ? "no space is left for it" : error.message });
  // Heard from the first byte on: a disk that fills says so while the command still writes.
  const storing = pipeline(counted, whileThereIsRoom(store.stack), fs.createWriteStream(partial, { mode: 0o444 })).then(() => undefined, explain);
  const ran = await source.write(counted).catch(explain);
  counted.end();
  const stored = await storing;
  const { bytes } = counted;
  if (ran.code !== 0 || stored || bytes === 0) {
    removePartialBackups(store.stack);
    const older = stored ? undefined : olderClient(ran.said, backup);
    if (older) throw older;
    const ended = ran.code === undefined ? "could not be run to its end" : `failed with exit code ${ran.code}`;
    const how = stored ? "cannot be kept" : ran.code !== 0 ? ended : "wrote nothing";
    throw new Failure(`BACKUP FAILED: ${source.what} ${how}`, [["its output", stored?.said || ran.said || "(empty)"]]);
  }
  sync(partial);
  const seconds = (performance.now() - began) / 1000;
  const counts = await whole(partial, async () => {
    const counted = countsOf(source);
    await checkReadable(source, backup, partial);
    return counted;
  });
  const live = store.state().live?.number;
  const record = live === undefined ? undefined : store.record(live);
  const note: BackupNote = {
    name,
    stack: store.stack,
    service: backup.service,
    ...(source.volume !== undefined && { volume: source.volume }),
    at: new Date().toISOString(),
    bytes,
    sha256: counted.sha256(),
    seconds,
    live,
    release: record?.release,
    schema: record?.schema?.after,
    program: programVersion(),
    ...(counts && { counts: counts.tables, restoredBytes: counts.bytes }),
  };
  const announced = announce(note);
  fs.renameSync(partial, file);
  writeNote(note);
  announced.done();
  return note;
}

/** What is not right does not stay. */
async function whole<T>(file: string, check: () => Promise<T>): Promise<T> {
  try {
    return await check();
  } catch (error) {
    fs.rmSync(file, { force: true });
    throw error;
  }
}

function countsOf(source: Source) {
  try {
    return readCounts(source.counted?.() ?? "");
  } catch (error) {
    throw new Failure(`BACKUP FAILED: what ${source.what} counted is not understood: ${(error as Error).message}`, [
      ["what is wanted", 'a line for each table, written to the file in $COUNTS: ["public.orders", 120]'],
    ]);
  }
}

/** Where it cannot be sent it stays here all the same: better than none. */
async function copied(note: BackupNote, backup: Backup, strict: boolean, silence: Error | undefined): Promise<BackupNote> {
  const sent = silence ?? (await upload(note, backup).catch((error: Error) => error));
  const known: BackupNote = sent instanceof Error ? { ...note, bucketProblem: sent.message } : { ...note, bucket: sent };
  writeNote(known);
  if (sent instanceof Error && strict) throw asFailure(`BACKUP FAILED: ${note.name} is on this server alone, ${backup.bucket!.name} has not got it`, sent);
  return known;
}

function sync(file: string): void {
  const handle = fs.openSync(file, "r");
  try {
    fs.fsyncSync(handle);
  } finally {
    fs.closeSync(handle);
  }
}

async function checkReadable(source: Source, backup: Backup, file: string): Promise<void> {
  const ran = await source.verify(file);
  if (ran.code === 0) return;
  const how = ran.late ? `not within ${backup.timeout}s` : `exit code ${ran.code}`;
  throw new Failure(`BACKUP FAILED: what ${source.what} wrote cannot be read back (${how})`, [["its output", ran.output || "(empty)"]]);
}

/** One line a backup, as a deploy and a person's own command tell it. */
export function sayTaken({ service, volume, name, bytes, seconds, bucket, bucketProblem }: BackupNote): string {
  const where = bucket ? `, in the bucket` : bucketProblem === undefined ? "" : `, NOT in the bucket: ${bucketProblem}`;
  return `backed up ${volume === undefined ? service : `volume ${volume}`} → ${name} (${sayBytes(bytes)}, ${sayDuration(seconds)}, read back${where})`;
}

/** The step of a release: before its migration, or before everything where the stack says so. */
export async function backUp(context: Context): Promise<void> {
  const { plan, journal, record, store, number, old, window } = context;
  const { backup } = plan;
  // Of what is there now, before anything of it is recreated; where nothing is live yet there is nothing to lose.
  const running = old && baseOf(store, old.number);
  const possible = backup && running && canBackUp(backup, running);
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
  const notes = await takeBackup(withUrl({ ...running, number }, backup, plan.variables), backup, `release-${number}`, !backup.localIsEnough);
  record.backup = notes[0]!.name;
  store.setRecord(record);
  for (const note of notes) journal.tell(sayTaken(note), { state: "backed-up" });
}
