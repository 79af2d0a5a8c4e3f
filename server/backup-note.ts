/**
 * The backups of a stack on this host: each a file, and beside it a note of what is known of it. Below
 * `/var/lib/recoloca/backups/<stack>/`, where removing the stack leaves them. The folder is root's alone; the files in it are
 * readable, for the containers that they are given to.
 */
import { createHash } from "node:crypto";
import * as fs from "node:fs";
import * as path from "node:path";
import type { InBucket } from "./bucket/order.ts";
import { ROOT, readJson, writeWhole, type Store } from "./store.ts";

/** What is known of a backup: beside it here, and beside its copy in the bucket. */
export interface BackupNote {
  /** `release-13`, `manual-2026-11-24-031502`, of a volume `release-13.uploads`: names it for people and for `recoloca restore`. */
  readonly name: string;
  readonly stack: string;
  readonly service: string;
  /** Of which volume it is, where it is of one. */
  readonly volume?: string | undefined;
  readonly at: string;
  readonly bytes: number;
  readonly sha256: string;
  /** Seconds that taking it took, without its check and its way to the bucket. */
  readonly seconds: number;
  /** Number and name of the release that was live, and the schema's revision that it knew. */
  readonly live?: number | undefined;
  readonly release?: string | undefined;
  readonly schema?: string | undefined;
  /** Which version of this program took it: the hash that its folder is called after. */
  readonly program: string;
  /** Rows of each table at that moment, where the command counts them. */
  readonly counts?: Readonly<Record<string, number>> | undefined;
  /** Bytes that it takes once it is restored, where the command says so. */
  readonly restoredBytes?: number | undefined;
  /** Its copy, once that is there. */
  readonly bucket?: InBucket | undefined;
  /** In the bucket's note: age's public key, for which the copy is encrypted. */
  readonly recipient?: string | undefined;
  /** Why there is none, where one was wanted. */
  readonly bucketProblem?: string | undefined;
}

export const backupsFolder = (stack: string) => path.join(ROOT, "backups", stack);
export const backupFile = (stack: string, name: string) => path.join(backupsFolder(stack), `${name}.backup`);
const noteFile = (stack: string, name: string) => path.join(backupsFolder(stack), `${name}.json`);

/** Newest first, those of volumes among them. */
export function backupsOf(stack: string): BackupNote[] {
  const folder = backupsFolder(stack);
  const names = fs.existsSync(folder) ? fs.readdirSync(folder).filter((name) => name.endsWith(".json")) : [];
  return names.flatMap((name) => readJson<BackupNote>(path.join(folder, name)) ?? []).sort((a, b) => (a.at < b.at ? 1 : -1));
}

/** Of the database, not of a volume. */
export const newestOf = (stack: string): BackupNote | undefined => backupsOf(stack).find((note) => note.volume === undefined);

export const writeNote = (note: BackupNote) => writeWhole(noteFile(note.stack, note.name), JSON.stringify(note, null, 2));

export async function checksumOf(file: string): Promise<string> {
  const hash = createHash("sha256");
  for await (const chunk of fs.createReadStream(file)) hash.update(chunk as Buffer);
  return hash.digest("hex");
}

/** Whether the bytes are those that were written; undefined when they are. */
export async function damageOf(stack: string, note: BackupNote): Promise<string | undefined> {
  const file = backupFile(stack, note.name);
  if (!fs.existsSync(file)) return `its file is gone: ${file}`;
  return (await checksumOf(file)) === note.sha256 ? undefined : `its checksum is not the one that was written down: ${file} was changed or is damaged`;
}

/** What an interruption has left. */
export function removePartialBackups(stack: string): void {
  const folder = backupsFolder(stack);
  if (!fs.existsSync(folder)) return;
  for (const name of fs.readdirSync(folder).filter((one) => one.endsWith(".partial"))) fs.rmSync(path.join(folder, name));
}

/** Removes the oldest of each kind beyond what is to be kept, never one that a release needs that can be gone back to. */
export function pruneBackups(store: Store, keep: number, needed: readonly string[]): string[] {
  const all = backupsOf(store.stack);
  const kinds = [...new Set(all.map((note) => note.volume))];
  const old = kinds
    .flatMap((volume) => all.filter((note) => note.volume === volume).slice(keep))
    .filter((note) => !needed.some((name) => note.name === name || note.name === `${name}.${note.volume}`));
  for (const { name } of old) for (const end of ["backup", "json"]) fs.rmSync(path.join(backupsFolder(store.stack), `${name}.${end}`), { force: true });
  return old.map(({ name }) => name);
}
