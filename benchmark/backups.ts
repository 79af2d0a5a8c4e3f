/**
 * How fast a database is backed up and restored, here and by the bucket, and what memory that takes: the host program beside the same
 * work by hand, in turns.
 */
import * as fs from "node:fs";
import * as path from "node:path";
import { bucketOf, ensureObjectStore, removeObjectStore } from "../local/object-store.ts";
import { benchmarkSite as site } from "../local/site.ts";
import { settingsOf, withImages } from "../local/stack.ts";
import { step } from "../local/steps.ts";
import { imagesOf, server, type Place } from "./place.ts";

/** Seconds, each from the beginning of its command. */
export interface BackupRound {
  /** Of the backup's file. */
  readonly bytes: number;
  /** Until the file is whole and on the disk; until it has been read back as well; until the bucket has it, too. */
  readonly written: number;
  readonly checked: number;
  readonly sent: number;
  /** Into a new database: from the file that is here, and from the bucket. */
  readonly restored: number;
  readonly fetched: number;
}

/** Of the host program: the most KiB that its unit's Node processes of one moment came to, and all of the unit's, Docker's client among them. */
export type OwnRound = BackupRound & { readonly kib: number; readonly kibOfAll: number };

export interface BackupMeasure {
  /** Of the database. */
  readonly bytes: number;
  readonly ours: readonly OwnRound[];
  readonly byHand: readonly BackupRound[];
}

const ROUNDS = 3;
/** 1.1 GB and more of one table. */
const BYTES = 1.1e9;

const SCRIPT = fs.readFileSync(path.join(import.meta.dirname, "backups-server-side.cjs"), "utf8");
const serverSide = <T>(words: string) => server<T>(`node - ${words}`, SCRIPT);

/** The stack with a bucket; its own backups are taken only when they are asked for. */
async function configure({ stack }: Place): Promise<void> {
  const store = await ensureObjectStore(site, () => undefined);
  const { accessKeyId, secretAccessKey, ...place } = bucketOf(store);
  const { migration: _migration, ...all } = settingsOf(site);
  const settings = { ...all, backup: { service: "postgres", before: "never" }, backupBucket: place, watch: "1s", drain: "1s" };
  await stack.configure(withImages(settings, await imagesOf("2"), "2"));
  for (const [key, value] of Object.entries({ accessKeyId, secretAccessKey })) {
    const set = await stack.pulumi(["config", "set", "--path", "--secret", `recoloca:backupBucketKeys.${key}`], { input: value });
    if (set.code !== 0) throw new Error(set.output);
  }
  const ran = await stack.up();
  if (ran.code !== 0) throw new Error(ran.output);
}

const say = ({ written, checked, sent, restored, fetched }: BackupRound) =>
  `written ${written.toFixed(1)} s, read back ${checked.toFixed(1)}, sent ${sent.toFixed(1)}; restored ${restored.toFixed(1)}, fetched ${fetched.toFixed(1)}`;

export async function measureBackups(place: Place): Promise<{ backups: BackupMeasure }> {
  try {
    await step(
      "bucket",
      () => configure(place),
      () => "of a store that speaks S3, beside the server",
    );
    const { bytes } = await step(
      "database",
      () => serverSide<{ bytes: number }>(`fill ${BYTES}`),
      (one) => `${(one.bytes / 1e9).toFixed(2)} GB`,
    );
    const rounds = { ours: [] as OwnRound[], byHand: [] as BackupRound[] };
    for (let round = 1; round <= ROUNDS; round++) {
      const one = () => serverSide<OwnRound>("round ours");
      rounds.ours.push(await step(`backup ${round}`, one, (ran) => `${say(ran)}; ${(ran.kib / 1024).toFixed(0)} MB`));
      rounds.byHand.push(await step(`by hand ${round}`, () => serverSide<BackupRound>("round byHand"), say));
    }
    return { backups: { bytes, ...rounds } };
  } finally {
    await removeObjectStore(site);
  }
}
