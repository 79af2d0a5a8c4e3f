/** Whether the backups of a stack are as they should be: for `status`, for `doctor`, and for whoever is told when they are not. */
import type { Backup } from "../release/backup.ts";
import { lastFailure } from "./backup-failure.ts";
import { damagedNotes, newestOf, type BackupNote } from "./backup-note.ts";
import { unguarded } from "./bucket-protection.ts";
import { lastDrill, type DrillResult } from "./drill.ts";
import type { Finding } from "./finding.ts";
import { cutFindings, sayCut } from "./interrupted-backups.ts";
import { lateOnes } from "./lateness.ts";
import { ago, firstLine, sayBytes } from "./render.ts";
import type { Store } from "./store.ts";

export function sayDrill({ at, passed, backup, from, compared, tables, rows, reason }: DrillResult): string {
  if (!passed) return `FAILED ${ago(at)} ago: ${firstLine(reason)}`;
  const copy = from === "bucket" ? "the bucket's copy of " : "this server's copy of ";
  const how = compared ? "as when it was taken" : "with no numbers to compare with";
  return `passed ${ago(at)} ago: ${copy}${backup}, ${tables} tables, ${rows} rows, ${how}`;
}

/** A line for `status`; undefined where the stack backs nothing up. */
export async function backupLine(store: Store): Promise<string | undefined> {
  const newest = newestOf(store.stack);
  const failed = lastFailure(store);
  const drilled = lastDrill(store);
  const parts = [
    newest && `${newest.name}, ${sayBytes(newest.bytes)}, ${ago(newest.at)} ago, read back${whereOf(newest)}`,
    failed && `the last one FAILED ${ago(failed.at)} ago: ${firstLine(failed.reason)}`,
    drilled && `drill ${sayDrill(drilled)}`,
    ...(await sayCut(store)).map(({ text }) => text),
  ].filter(Boolean);
  return parts.length === 0 ? undefined : parts.join(" · ");
}

const whereOf = ({ bucket, bucketProblem }: BackupNote) => (bucket ? ", in the bucket" : bucketProblem === undefined ? "" : ", not in the bucket");

/** What `doctor` says of them. */
export async function backupFindings(store: Store, backup: Backup): Promise<Finding[]> {
  const { stack } = store;
  const failed = lastFailure(store);
  const newest = newestOf(stack);
  const drilled = lastDrill(store);
  const found: Finding[] = [];
  if (failed) found.push({ what: `${stack}: the last backup failed ${ago(failed.at)} ago: ${failed.reason}`, fix: "recoloca backup, once that is mended" });
  if (newest?.bucketProblem !== undefined && !failed)
    found.push({ what: `${stack}: ${newest.name} is on this server alone: ${firstLine(newest.bucketProblem)}`, fix: "recoloca backup, once that is mended" });
  found.push(...exposed(stack, backup, newest));
  for (const file of damagedNotes(stack))
    found.push({
      what: `${stack}: ${file} cannot be read: nobody knows any more what the backup beside it is`,
      fix: `rm ${file} ${file.replace(/json$/, "backup")}`,
    });
  if (drilled && !drilled.passed) found.push({ what: `${stack}: the last drill failed ${ago(drilled.at)} ago: ${drilled.reason}`, fix: "recoloca drill" });
  found.push(...(await cutFindings(store)), ...(await lateOnes(store, backup, "backup")), ...(await lateOnes(store, backup, "drill")));
  return found;
}

/** Its newest copy shows it. */
function exposed(stack: string, { bucket }: Backup, newest: BackupNote | undefined): Finding[] {
  const copy = newest?.bucket;
  const found = bucket && copy && unguarded(bucket.name, { versions: copy.version !== undefined, locks: copy.lock !== undefined });
  return found ? [{ ...found, what: `${stack}: ${found.what}` }] : [];
}
