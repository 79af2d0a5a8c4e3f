/**
 * What may go: images that no release of any stack on this host needs any more, backups beyond those that are kept, and what is
 * known of releases that nobody will ask for. Never a volume, never an image that this program did not deploy.
 */
import * as fs from "node:fs";
import { pruneBackups } from "./backup-note.ts";
import { schemaMoved } from "./going-back.ts";
import type { Plan } from "../release/plan.ts";
import { imageBytes, imagesHere, removeImage } from "./engine.ts";
import { oneName } from "./image-name.ts";
import { Store } from "./store.ts";

/** Newest releases of a stack whose records stay, beyond those that are kept; each has the environment's values in its plan. */
const RECORDS = 100;

export interface Pruned {
  readonly images: number;
  /** What the engine's images took less afterwards. */
  readonly bytes: number;
  readonly backups: readonly string[];
  readonly records: number;
}

export async function prune(store: Store): Promise<Pruned> {
  const backups = prunedBackups(store);
  const images = await pruneImages(store);
  const records = pruneRecords(store);
  return { ...images, backups, records };
}

/** `staying`: stacks whose images are needed; without its own, of one that is going. @default all */
export async function pruneImages(store: Store, staying = Store.stacks()): Promise<Pick<Pruned, "images" | "bytes">> {
  const needed = new Set(staying.flatMap((name) => keptImages(new Store(name))).map(oneName));
  const old = new Set(
    imagesOf(store, store.numbers())
      .map(oneName)
      .filter((image) => !needed.has(image)),
  );
  // By the name that the engine has it under.
  const going = (await imagesHere()).filter((image) => old.has(oneName(image)));
  if (going.length === 0) return { images: 0, bytes: 0 };
  const before = await imageBytes();
  const removed = (await Promise.all(going.map(removeImage))).filter(Boolean).length;
  return { images: removed, bytes: removed === 0 ? 0 : Math.max(0, before - (await imageBytes())) };
}

function prunedBackups(store: Store): string[] {
  const { live } = store.state();
  const backup = live && store.plan(live.number).backup;
  if (!backup) return [];
  // What a release would need whose record nobody can read is not known.
  const readings = store.readings();
  if (readings.some(({ damage }) => damage !== undefined)) return [];
  // Also what going back to one of them would restore, whoever took it: it may be of a release that failed.
  const those = keptReleases(store);
  const kept = readings.flatMap(({ number, record }) => (record && those.includes(number) ? [record] : []));
  const needed = kept.flatMap((record) => [record.backup, schemaMoved(store, record)?.backup].filter((name) => name !== undefined));
  return pruneBackups(store, backup.keep, needed);
}

function pruneRecords(store: Store): number {
  const kept = new Set([...keptReleases(store), ...store.numbers().slice(-RECORDS)]);
  const old = store.numbers().filter((number) => !kept.has(number));
  for (const number of old) fs.rmSync(store.file(number, ""), { recursive: true, force: true });
  return old.length;
}

/** How many superseded releases a stack keeps is the live one's to say. */
const keepOf = (store: Store, live: number | undefined) => (live === undefined ? 0 : store.plan(live).keep);

/** Those that can be gone back to, the live one, and the newest whatever became of it. */
function keptReleases(store: Store): number[] {
  const live = store.state().live?.number;
  const readings = store.readings();
  const good = readings.flatMap(({ number, record }) => (record?.outcome === "live" || number === live ? [number] : []));
  // May have been live: what is of it stays until somebody has seen to its record.
  const damaged = readings.flatMap(({ number, damage }) => (damage === undefined ? [] : [number]));
  return [...new Set([...good.slice(-keepOf(store, live) - 1), ...damaged, ...store.numbers().slice(-1), ...(live === undefined ? [] : [live])])];
}

const imagesOf = (store: Store, numbers: readonly number[]) =>
  store
    .readings()
    .filter(({ number }) => numbers.includes(number))
    .flatMap(({ number, record }) => Object.values(record ? record.images : plannedImages(store, number)));
const keptImages = (store: Store) => imagesOf(store, keptReleases(store));

/** Of one whose record is damaged: its plan has them too, where that is whole. */
function plannedImages(store: Store, number: number): Plan["images"] {
  try {
    return store.plan(number).images;
  } catch {
    return {};
  }
}
