/** Whether the backups of a stack are as they should be: for `status`, for `doctor`, and for whoever is told when they are not. */
import * as fs from "node:fs";
import type { Backup } from "../release/backup.ts";
import { newestOf, type BackupNote } from "./backup-note.ts";
import { timesOf } from "./backup-timers.ts";
import { lastDrill, type DrillResult } from "./drill.ts";
import type { Finding } from "./finding.ts";
import { isTaken } from "./lock.ts";
import { ago, firstLine, sayBytes } from "./render.ts";
import { readJson, writeWhole, type Store } from "./store.ts";

/** The last backup that was asked for by a person or a timer, where it failed. */
export interface BackupFailure {
  readonly at: string;
  readonly reason: string;
}

const file = (store: Store) => `${store.folder}/backup-failed.json`;
export const lastFailure = (store: Store): BackupFailure | undefined => readJson<BackupFailure>(file(store));
export const keepFailure = (store: Store, reason: string) => writeWhole(file(store), JSON.stringify({ at: new Date().toISOString(), reason }, null, 2));
export const forgetFailure = (store: Store) => fs.rmSync(file(store), { force: true });

export function sayDrill({ at, passed, backup, from, compared, tables, rows, reason }: DrillResult): string {
  if (!passed) return `FAILED ${ago(at)} ago: ${firstLine(reason)}`;
  const copy = from === "bucket" ? "the bucket's copy of " : "this server's copy of ";
  const how = compared ? "as when it was taken" : "with no numbers to compare with";
  return `passed ${ago(at)} ago: ${copy}${backup}, ${tables} tables, ${rows} rows, ${how}`;
}

/** A line for `status`; undefined where the stack backs nothing up. */
export function backupLine(store: Store): string | undefined {
  const newest = newestOf(store.stack);
  const failed = lastFailure(store);
  const drilled = lastDrill(store);
  const parts = [
    newest && `${newest.name}, ${sayBytes(newest.bytes)}, ${ago(newest.at)} ago, read back${whereOf(newest)}`,
    failed && `the last one FAILED ${ago(failed.at)} ago: ${firstLine(failed.reason)}`,
    drilled && `drill ${sayDrill(drilled)}`,
  ].filter(Boolean);
  return parts.length === 0 ? undefined : parts.join(" · ");
}

const whereOf = ({ bucket, bucketProblem }: BackupNote) => (bucket ? ", in the bucket" : bucketProblem === undefined ? "" : ", not in the bucket");

/** Milliseconds after its time within which a backup or a drill that goes off is still at it. */
const LATE = 2 * 3600_000;

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
  found.push(...unguarded(stack, backup, newest));
  if (drilled && !drilled.passed) found.push({ what: `${stack}: the last drill failed ${ago(drilled.at)} ago: ${drilled.reason}`, fix: "recoloca drill" });
  found.push(...(await lateOnes(store, backup, "backup")), ...(await lateOnes(store, backup, "drill")));
  return found;
}

/** Whether a backup, or a drill, was due and has not been: what no failure tells, because nothing ran. */
export const lateOnes = (store: Store, backup: Backup, kind: "backup" | "drill"): Promise<Finding[]> =>
  kind === "backup" ? late(store, kind, backup.every, newestOf(store.stack)?.at) : late(store, kind, backup.drill, lastDrill(store)?.at);

/** Whether what is in the bucket can be removed or written over by whoever has this server's keys: its newest copy shows it. */
function unguarded(stack: string, { bucket }: Backup, newest: BackupNote | undefined): Finding[] {
  const copy = newest?.bucket;
  if (!bucket || !copy) return [];
  const { name } = bucket;
  if (copy.version === undefined)
    return [
      {
        what: `${stack}: the bucket ${name} keeps no versions: what is removed from it, or written over, is gone`,
        fix: `aws s3api put-bucket-versioning --bucket ${name} --versioning-configuration Status=Enabled`,
      },
    ];
  if (copy.lock === undefined)
    return [
      {
        what: `${stack}: the bucket ${name} locks nothing, as far as this server may see: its backups can be removed before their time`,
        fix: `a default retention on it, and s3:GetBucketObjectLockConfiguration for this server: aws s3api get-object-lock-configuration --bucket ${name}`,
      },
    ];
  return [];
}

async function late(store: Store, kind: "backup" | "drill", when: string | undefined, done: string | undefined): Promise<Finding[]> {
  if (when === undefined) return [];
  const { stack } = store;
  const unit = `recoloca-${kind}@${stack}`;
  const { active, last } = await timesOf(kind, stack);
  if (!active) return [{ what: `${stack}: the timer of the ${kind}s does not run`, fix: `systemctl enable --now ${unit}.timer` }];
  if (last === undefined || (done !== undefined && done >= last) || Date.now() - Date.parse(last) < LATE || (await isTaken(store.lockFile))) return [];
  return [{ what: `${stack}: a ${kind} was due ${ago(last)} ago, and there is none since`, fix: `journalctl --unit ${unit}; recoloca ${kind}` }];
}
