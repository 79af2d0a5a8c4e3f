/**
 * The backups of a stack on this host: each a file, and beside it a note of what is known of it. Below
 * `/var/lib/recoloca/backups/<stack>/`, where removing the stack leaves them. The folder is root's alone; the files in it are
 * readable, for the containers that they are given to.
 */
import { createHash } from "node:crypto";
import * as fs from "node:fs";
import * as path from "node:path";
import type { InBucket } from "./bucket/order.ts";
import { ROOT, readJsonOr, writeWhole, type Store } from "./store.ts";

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

/** Newest first, those of volumes among them. One whose note is damaged is none: it must not keep the next one from being taken. */
export const backupsOf = (stack: string): BackupNote[] =>
  notesOf(stack)
    .flatMap(({ note }) => note ?? [])
    .sort((a, b) => (a.at < b.at ? 1 : -1));

/** Files of notes that nobody can read. Nothing removes them, nor what they are of. */
export const damagedNotes = (stack: string): string[] => notesOf(stack).flatMap(({ file, note }) => (note ? [] : [file]));

function notesOf(stack: string): { file: string; note: BackupNote | undefined }[] {
  const folder = backupsFolder(stack);
  const names = fs.existsSync(folder) ? fs.readdirSync(folder).filter((name) => name.endsWith(".json")) : [];
  return names.map((name) => {
    const file = path.join(folder, name);
    const note = readJsonOr<BackupNote>(file, () => undefined);
    return { file, note: note && `${note.name}.json` === name && !Number.isNaN(Date.parse(note.at)) ? note : undefined };
  });
}

/** Whether a clock that was ahead wrote the time: one that has not come yet says nothing of what is newer. */
const isAhead = ({ at }: Pick<BackupNote, "at">, now: number) => Date.parse(at) > now;

/** Of the database, not of a volume. */
export function newestOf(stack: string, now = Date.now()): BackupNote | undefined {
  const all = backupsOf(stack).filter((note) => note.volume === undefined);
  return all.find((note) => !isAhead(note, now)) ?? all[0];
}

/** Nothing is written over: a stack that was removed and came again counts its releases from one, and the backups of its earlier life are there still. */
export function unusedName(stack: string, wanted: string): string {
  const folder = backupsFolder(stack);
  const there = fs.existsSync(folder) ? fs.readdirSync(folder) : [];
  for (let count = 1; ; count++) {
    const name = count === 1 ? wanted : `${wanted}-${count}`;
    if (!there.some((one) => one.startsWith(`${name}.`))) return name;
  }
}

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

/** Written before the backup has its name, and gone once its note is there: what has the name and no note was cut off in between. */
export function announce(note: BackupNote): { done: () => void } {
  const file = `${noteFile(note.stack, note.name)}.partial`;
  writeWhole(file, JSON.stringify(note, null, 2));
  return { done: () => fs.rmSync(file) };
}

/** What an interruption has left. */
export function removePartialBackups(stack: string): void {
  const folder = backupsFolder(stack);
  if (!fs.existsSync(folder)) return;
  for (const one of fs.readdirSync(folder).filter((name) => name.endsWith(".partial"))) {
    const name = /^(.+)\.json\.partial$/.exec(one)?.[1];
    if (name !== undefined && !fs.existsSync(noteFile(stack, name))) fs.rmSync(backupFile(stack, name), { force: true });
    fs.rmSync(path.join(folder, one));
  }
}

/** By a look at its size: reading gigabytes each day would tell more. */
function isWhole(stack: string, { name, bytes }: BackupNote): boolean {
  return fs.statSync(backupFile(stack, name), { throwIfNoEntry: false })?.size === bytes;
}

/**
 * Removes those that are older than the newest `keep` whole ones of their kind. What is damaged takes the place of none, and neither
 * does what a clock that was ahead has dated; and one that a release needs that can be gone back to stays whatever its age.
 */
export function pruneBackups(store: Store, keep: number, needed: readonly string[], now = Date.now()): string[] {
  const { stack } = store;
  const all = backupsOf(stack).filter((note) => !isAhead(note, now));
  const kinds = [...new Set(all.map((note) => note.volume))];
  const old = kinds
    .flatMap((volume) => {
      const kind = all.filter((note) => note.volume === volume);
      const last = kind.filter((note) => isWhole(stack, note))[keep - 1];
      return last ? kind.slice(kind.indexOf(last) + 1) : [];
    })
    .filter((note) => !needed.some((name) => note.name === name || note.name === `${name}.${note.volume}`));
  for (const { name } of old) for (const end of ["backup", "json"]) fs.rmSync(path.join(backupsFolder(stack), `${name}.${end}`), { force: true });
  return old.map(({ name }) => name);
}
