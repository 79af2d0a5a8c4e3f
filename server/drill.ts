/**
 * A drill: the latest backup is restored into a database of its own, counted, compared with what was counted when it was taken,
 * and dropped. The result is kept in the store. What it proves, and what it does not: docs/backups.md.
 */
import type { Backup } from "../release/backup.ts";
import { backupFile, damageOf, newestOf, type BackupNote } from "./backup-note.ts";
import { backupJob, type Place } from "./backup-place.ts";
import { KeyProblem, asFailure, backupsInBucket, fetchFromBucket, newestOfDatabase, noteInBucket } from "./bucket.ts";
import { Failure } from "./context.ts";
import { dataFolder } from "./engine.ts";
import type { Evidence } from "./evidence.ts";
import { freeBytes } from "./host-figures.ts";
import { finish } from "./job.ts";
import { restoreBeside } from "./restore.ts";
import { readJsonOr, writeWhole, type Store } from "./store.ts";
import { differences, readCounts } from "./table-counts.ts";

export interface DrillResult {
  readonly at: string;
  readonly passed: boolean;
  readonly backup?: string | undefined;
  /** Which copy was restored. */
  readonly from?: "bucket" | "server" | undefined;
  /** Whether there were numbers to compare with. */
  readonly compared?: boolean | undefined;
  readonly tables?: number | undefined;
  readonly rows?: number | undefined;
  readonly seconds?: number | undefined;
  readonly reason?: string | undefined;
}

const file = (store: Store) => `${store.folder}/drill.json`;
/** What cannot be read any more counts as one that failed: nobody knows better until the next. */
export const lastDrill = (store: Store): DrillResult | undefined => readJsonOr<DrillResult>(file(store), (reason, at) => ({ at, passed: false, reason }));
export const keepDrill = (store: Store, result: DrillResult) => writeWhole(file(store), JSON.stringify(result, null, 2));

/** Always the same, so that a drill that was killed leaves nothing that the next one does not remove. */
const SCRATCH = "recoloca_drill";
/** Beside the tables' own bytes: their log while they are filled. */
const ROOM = 1.5;

/** What a drill restores: its note, and a file that was checked against it. */
export interface Drilled {
  readonly note: BackupNote;
  readonly from: "bucket" | "server";
  readonly file: string;
}

/**
 * The newest copy in the bucket, since that is the one that is left when this server is not; where it is encrypted and no private
 * key is given, the one on this server.
 */
export async function chooseForDrill(store: Store, backup: Backup, identity?: string): Promise<Drilled> {
  const { stack } = store;
  if (backup.bucket && (backup.recipient === undefined || identity !== undefined)) {
    const all = await backupsInBucket(stack, backup.bucket).catch((error: Error) => {
      throw asFailure("DRILL FAILED", error);
    });
    const remote = newestOfDatabase(all);
    if (!remote) throw new Failure(`DRILL FAILED: ${backup.bucket.name} has no backup of ${stack}`);
    try {
      const note = await noteInBucket(stack, backup.bucket, remote);
      return { note, from: "bucket", file: await fetchFromBucket(note, backup, identity) };
    } catch (error) {
      // Says nothing of the backup.
      if (error instanceof KeyProblem) throw error;
      throw asFailure("DRILL FAILED", error as Error);
    }
  }
  const note = newestOf(stack);
  if (!note) throw new Failure(`DRILL FAILED: there is no backup of ${stack} on this server; recoloca backup takes one`);
  const damage = await damageOf(stack, note);
  if (damage !== undefined) throw new Failure(`DRILL FAILED: ${note.name} cannot be trusted: ${damage}`);
  return { note, from: "server", file: backupFile(stack, note.name) };
}

/** Throws a `Failure` that says what is wrong with the backup. */
export async function drill(place: Place, backup: Backup, { note, from, file: restored }: Drilled): Promise<DrillResult> {
  const began = performance.now();
  if (note.service !== backup.service) throw new Failure(`DRILL FAILED: ${note.name} is of "${note.service}", the stack backs up "${backup.service}"`);
  if (!backup.database) await checkRoom(note);
  const run = async (kind: "drill-count" | "drill-drop", command: readonly string[]) => {
    const ran = await finish(backupJob(place, backup, kind, command, { INTO: SCRATCH }), backup.timeout);
    if (ran.code !== 0) throw new Failure(`DRILL FAILED: ${kind} ended with ${ran.code}`, [["its output", ran.output || "(empty)"]]);
    return ran.stdout;
  };
  const compare = async (): Promise<DrillResult> => {
    await restoreBeside(place, backup, restored, SCRATCH).catch((error: Error) => {
      const evidence: Evidence = error instanceof Failure ? error.evidence : [["why", error.message]];
      throw new Failure(`DRILL FAILED: ${note.name} could not be restored`, evidence);
    });
    const found = readCounts(await run("drill-count", backup.count!))?.tables ?? {};
    const wrong = note.counts ? differences(note.counts, found) : [];
    if (wrong.length > 0)
      throw new Failure(`DRILL FAILED: ${note.name} is not what was there when it was taken: ${wrong[0]}`, [["all of it", wrong.slice(0, 20).join("\n")]]);
    return {
      at: new Date().toISOString(),
      passed: true,
      backup: note.name,
      from,
      compared: note.counts !== undefined,
      tables: Object.keys(found).length,
      rows: Object.values(found).reduce((sum, count) => sum + count, 0),
      seconds: (performance.now() - began) / 1000,
    };
  };
  await run("drill-drop", backup.drop!);
  const result = await compare().catch(async (error: Error) => {
    // What is wrong with the backup is the word; the next drill begins with dropping.
    await run("drill-drop", backup.drop!).catch(() => undefined);
    throw error;
  });
  await run("drill-drop", backup.drop!);
  return result;
}

/** A drill that fills the disk of the database that serves would be worse than none. */
async function checkRoom({ name, restoredBytes = 0 }: BackupNote): Promise<void> {
  const folder = await dataFolder();
  const free = freeBytes(folder);
  if (free < restoredBytes * ROOM)
    throw new Failure(`DRILL FAILED: ${name} takes ${restoredBytes} bytes once restored, and ${free} are free below ${folder}`, [
      ["to mend it", "a larger disk, or a drill on another server: docs/backups.md"],
    ]);
}
