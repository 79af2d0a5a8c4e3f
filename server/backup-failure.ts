/** The last backup that was asked for by a person or a timer, where it failed: until one succeeds. */
import * as fs from "node:fs";
import { readJsonOr, writeWhole, type Store } from "./store.ts";

export interface BackupFailure {
  readonly at: string;
  readonly reason: string;
}

const file = (store: Store) => `${store.folder}/backup-failed.json`;

/** What cannot be read any more was one all the same. */
export const lastFailure = (store: Store): BackupFailure | undefined => readJsonOr<BackupFailure>(file(store), (reason, at) => ({ at, reason }));
export const keepFailure = (store: Store, reason: string) => writeWhole(file(store), JSON.stringify({ at: new Date().toISOString(), reason }, null, 2));
export const forgetFailure = (store: Store) => fs.rmSync(file(store), { force: true });
