/** Restoring a backup: into a database of its own, and only then, where that is wanted, in the place of what is there. */
import type { Backup } from "../release/backup.ts";
import { backupFile, backupsOf, damageOf } from "./backup-note.ts";
import { backupJob, type Place } from "./backup-place.ts";
import { Failure } from "./context.ts";
import { finish } from "./job.ts";

/** Puts a backup of this host in the place of what is there, which keeps its data under another name: the one that is given back. */
export async function restoreInPlace(place: Place, backup: Backup, name: string, mark: string): Promise<string> {
  const { stack } = place.store;
  const note = backupsOf(stack).find((one) => one.name === name);
  const foreign = note && note.service !== backup.service ? `it is of "${note.service}", the stack backs up "${backup.service}"` : undefined;
  const damage = note ? (foreign ?? (await damageOf(stack, note))) : `${stack} has no backup ${name}`;
  if (damage !== undefined) throw new Failure(`${name} cannot be restored: ${damage}`);
  return putInPlace(place, backup, { name, file: backupFile(stack, name) }, mark);
}

/**
 * Restored beside it first, so that a backup that cannot be restored changes nothing. Both files and checksums are the caller's to check.
 * `mayTake` is asked last, when that is done, and before anything of what is there is touched.
 */
export async function putInPlace(
  place: Place,
  backup: Backup,
  { name, file }: { name: string; file: string },
  mark: string,
  mayTake: () => boolean = () => true,
): Promise<string> {
  if (!backup.restore || !backup.take) throw new Failure(`${name} cannot be restored: the stack does not say how`);
  // Names that tell whose they are; `take` removes what an earlier try left under the first.
  const [INTO, KEPT] = [`recoloca_in_${mark}`, `recoloca_kept_${mark}`];
  const run = async (kind: "restore" | "take", command: readonly string[], input?: string) => {
    const job = { ...backupJob(place, backup, kind, command, { INTO, KEPT }), ...(input !== undefined && { input }) };
    const ran = await finish(job, backup.timeout);
    if (ran.code !== 0)
      throw new Failure(`RESTORE FAILED: ${name} is not in place (${kind}, exit code ${ran.code})`, [["its output", ran.output || "(empty)"]]);
  };
  await run("restore", backup.restore, file);
  if (!mayTake())
    throw new Failure(`RESTORE FAILED: ${name} is not in place: the stack was opened meanwhile, and what visitors write would be lost. What is there stays`);
  await run("take", backup.take);
  return KEPT;
}

/** Into a new database, beside what is there; what cannot be filled is said. */
export async function restoreBeside(place: Place, backup: Backup, file: string, into: string): Promise<void> {
  const ran = await finish({ ...backupJob(place, backup, "restore", backup.restore!, { INTO: into }), input: file }, backup.timeout);
  if (ran.code !== 0)
    throw new Failure(`RESTORE FAILED: "${into}" could not be filled; what was there before is as it was`, [["its output", ran.output || "(empty)"]]);
}
