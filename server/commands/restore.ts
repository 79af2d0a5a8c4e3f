/** `recoloca restore`: from this server or from the bucket, beside what is there; in its place only where visitors are shut out. */
import * as fs from "node:fs";
import type { Backup } from "../../release/backup.ts";
import { sayDuration } from "../../release/duration.ts";
import { identityOf } from "../backup-key.ts";
import { backupFile, backupsOf, damageOf, removePartialBackups, type BackupNote } from "../backup-note.ts";
import { asFailure, backupsInBucket, fetchFromBucket, noteInBucket, type Remote } from "../bucket.ts";
import { Wrong, type Given } from "../command-line.ts";
import { Failure } from "../context.ts";
import { say } from "../follow.ts";
import { signLock } from "../lock.ts";
import { putInPlace, restoreBeside } from "../restore.ts";
import { whileGuarded } from "../resume-guard.ts";
import { locked, sayRunning } from "../stack-lock.ts";
import { Store } from "../store.ts";
import { restoreVolume } from "../volume-backup.ts";
import { liveBase, sayFailure, type LiveBase } from "./backup.ts";
import { refuse } from "./refuse.ts";
import { theStack, whoAmI } from "./which.ts";

const DATABASE = /^[a-z_][a-z0-9_]{0,62}$/;

export async function restore(given: Given): Promise<number> {
  const store = new Store(theStack(given));
  const [word = ""] = given.words;
  const into = given.options["into"];
  const take = given.options["take"] === true;
  if (typeof into !== "string" && !take)
    throw new Wrong("--into is missing: the name of a new database. What is there is never written over; --take puts the backup in its place, and keeps it");
  if (typeof into === "string" && take) throw new Wrong("--into and --take do not go together: beside what is there, or in its place");
  if (typeof into === "string" && !DATABASE.test(into)) throw new Wrong(`--into got "${into}", wants lower-case letters, digits and underscores`);
  const identity = await identityOf(given, "restore");
  const base = liveBase(store);
  if (typeof base === "string") return refuse(base);
  const { backup, place } = base;
  const running = await locked(store, 0);
  if (running) return refuse(sayRunning(running));
  removePartialBackups(store.stack);
  const found = await find(store, backup, word);
  if (typeof found === "string") return refuse(`${found}. Nothing was changed.`);
  const why = against(store, backup, found.note, take);
  if (why !== undefined) return refuse(`${why}. Nothing was changed.`);
  signLock(store.lockFile, { what: "restore", number: place.number, by: whoAmI(), ...(take && { closed: true }) });
  const name = typeof into === "string" ? into : undefined;
  return whileGuarded(store.stack, () => fill(store, base, found, identity, name).catch(sayFailure));
}

/** Says what it has done. `into`: a new one of that name; undefined: in the place of what is there. */
async function fill(store: Store, { place, backup }: LiveBase, { note, here }: Found, identity: string | undefined, into: string | undefined): Promise<number> {
  const began = performance.now();
  const took = () => sayDuration((performance.now() - began) / 1000);
  const file = here ? backupFile(store.stack, note.name) : await fetched(note, backup, identity);
  try {
    if (into === undefined) {
      const kept = await putInPlace(place, backup, { name: note.name, file }, String(Math.floor(Date.now() / 1000)), () => store.maintenance() !== undefined);
      say(` restored ${note.name} in the place of what was there (${took()}), which is kept as ${kept}`);
      saySchema(store, note);
    } else if (note.volume !== undefined) {
      const problem = await restoreVolume(store.stack, into, file, backup.timeout);
      if (problem !== undefined) throw new Failure(`RESTORE FAILED: the volume "${into}" could not be filled: ${problem}`);
      say(` restored ${note.name} into the volume ${into} (${took()}); the application's own volume is as it was`);
    } else {
      await restoreBeside(place, backup, file, into).catch((error: Error) => {
        throw error instanceof Failure ? new Failure(error.message, [...error.evidence, ["then", wayOn(store.stack, backup, into)]]) : error;
      });
      say(` restored ${note.name} into ${into} (${took()}); the application's own database is as it was`);
    }
    return 0;
  } finally {
    if (!here) fs.rmSync(file, { force: true });
  }
}

/** What has failed half way keeps the name that it was given. */
function wayOn(stack: string, { database, service, restore }: Backup, into: string): string {
  const isPostgres = !database && restore?.some((word) => word.includes("pg_restore"));
  const remove = isPostgres ? `: recoloca exec --stack ${stack} ${service} -- sh -c 'dropdb --username "$POSTGRES_USER" ${into}'` : ", remove that";
  return `another name; or, where "${into}" is only what this or an earlier try has half filled${remove}`;
}

const fetched = (note: BackupNote, backup: Backup, identity: string | undefined) =>
  fetchFromBucket(note, backup, identity).catch((error: Error) => {
    throw asFailure("RESTORE FAILED: nothing was changed", error);
  });

interface Found {
  readonly note: BackupNote;
  /** Whether its file is on this server, and right. */
  readonly here: boolean;
}

/** On this server where it is here whole, else in the bucket; or why it cannot be had. */
async function find(store: Store, backup: Backup, word: string): Promise<Found | string> {
  const { stack } = store;
  const here = backupsOf(stack).find((one) => one.name === word);
  const damage = here && (await damageOf(stack, here));
  if (here && damage === undefined) return { note: here, here: true };
  const lost = here ? `${word} cannot be trusted: ${damage}` : undefined;
  if (!backup.bucket) {
    if (lost === undefined) throw new Wrong(`${stack} has no backup ${word}; recoloca backups lists them`);
    return lost;
  }
  try {
    const all = await backupsInBucket(stack, backup.bucket);
    const same = all.filter(({ id, name, key }) => id === word || (here ? key === here.bucket?.key : name === word));
    if (same.length > 1) return `several backups are called ${word}: ${same.map(({ id }) => id).join(", ")}`;
    const [remote] = same as [Remote?];
    if (!remote) {
      if (lost === undefined) throw new Wrong(`${stack} has no backup ${word}, neither here nor in ${backup.bucket.name}; recoloca backups lists them`);
      return `${lost}, and ${backup.bucket.name} has no copy`;
    }
    if (lost !== undefined) say(` ${lost}; taking the bucket's copy`);
    return { note: await noteInBucket(stack, backup.bucket, remote), here: false };
  } catch (error) {
    if (error instanceof Wrong) throw error;
    return [lost, (error as Error).message].filter(Boolean).join(", and ");
  }
}

/** Why this one is not restored that way. */
function against(store: Store, backup: Backup, note: BackupNote, take: boolean): string | undefined {
  if (note.volume !== undefined) return take ? `${note.name} is of the volume ${note.volume}, which is restored into a new one: --into NAME` : undefined;
  const { service } = backup;
  if (!backup.restore || (take && !backup.take))
    return `the stack does not say how "${service}" is restored\n   in the stack's file: recoloca:backup: { ..., restore: [COMMAND]${take ? ", take: [COMMAND]" : ""} }, then pulumi up`;
  if (note.service !== service) return `${note.name} is of "${note.service}", the stack backs up "${service}"`;
  if (take && !store.maintenance()) return `${store.stack} is open to visitors, who write\n   recoloca maintenance on   then again`;
  return undefined;
}

/** What the live release makes of a schema that is not its own is for a person to see to. */
function saySchema(store: Store, { schema }: BackupNote): void {
  const knows = store.record(store.state().live!.number)?.schema?.after;
  if (schema !== undefined && knows !== undefined && schema !== knows)
    say(`   its schema is ${schema}, the live release's is ${knows}: deploy a release whose migration brings it along, then recoloca maintenance off`);
  else say("   look at it, then recoloca maintenance off");
}
