/**
 * A named volume as a compressed tar of what is in it, made on the host: the image of a service that mounts it need not have
 * tar. Only volumes of the engine's own driver, whose files are on this host.
 */
import { spawn } from "node:child_process";
import * as fs from "node:fs";
import type { Writable } from "node:stream";
import type { VolumeBackup } from "../release/backup.ts";
import type { Source } from "./backup.ts";
import type { Place } from "./backup-place.ts";
import * as engine from "./engine.ts";
import { lastLines, run } from "./process.ts";
import { readJson, writeWhole, type Store } from "./store.ts";

/** Numbers and not names of owners: those in the containers are not the host's. */
const KEEP_ALL = ["--numeric-owner", "--xattrs", "--acls"];
/** tar's word for a file that changed while it was read; the rest is whole. */
const CHANGED = 1;

export function volumeSource(place: Place, { volume, stop }: VolumeBackup, seconds: number): Source {
  return {
    what: `volume ${volume}`,
    volume,
    write: async (output) => {
      const { folder, name } = await placeOf(place, volume);
      return stop ? whileStopped(place.store, await runningOn(place, name), () => tar(folder, output, seconds)) : tar(folder, output, seconds);
    },
    verify: async (file) => {
      const { code, stderr } = await run("tar", ["--list", "--gzip", "--file", file], { timeout: seconds });
      return { code, late: code === 124, output: lastLines(stderr, 5) };
    },
  };
}

/** The engine's name for a volume of the Compose file, and where it is. */
async function placeOf({ document }: Place, volume: string): Promise<{ name: string; folder: string }> {
  const name = document.volumes?.[volume]?.name;
  if (name === undefined) throw new Error(`the Compose file has no volume "${volume}"; it has ${Object.keys(document.volumes ?? {}).join(", ") || "none"}`);
  const folder = await engine.volumeFolder(name);
  if (folder === undefined) throw new Error(`the volume ${name} is not on this host, or not of the engine's own driver`);
  return { name, folder };
}

function tar(folder: string, output: Writable, seconds: number): Promise<{ code: number; said: string }> {
  return new Promise((done) => {
    const child = spawn("tar", ["--create", ...KEEP_ALL, "--use-compress-program", "gzip -1", "--directory", folder, "."], {
      stdio: ["ignore", "pipe", "pipe"],
      timeout: seconds * 1000,
      env: { ...process.env, LC_ALL: "C" },
    });
    let said = "";
    child.stderr.setEncoding("utf8").on("data", (text: string) => (said = lastLines(said + text, 15)));
    child.stdout.pipe(
      output.on("error", () => child.kill()),
      { end: false },
    );
    child.on("error", (error) => done({ code: 1, said: error.message }));
    child.on("close", (code) => done({ code: code === CHANGED && /changed as we read it|removed before we read it/.test(said) ? 0 : (code ?? 1), said }));
  });
}

/** Services of the base that mount it and run. */
async function runningOn({ store, document }: Place, volume: string): Promise<string[]> {
  const names = Object.entries(document.services).flatMap(([service, { volumes = [] }]) =>
    volumes.some((mount) => mount.type === "volume" && document.volumes?.[mount.source ?? ""]?.name === volume) ? [service] : [],
  );
  return (await engine.baseContainers(store.stack)).filter((one) => names.includes(one.service) && one.status === "running").map((one) => one.id);
}

const stoppedFile = (store: Store) => `${store.folder}/stopped-for-backup.json`;

/** Written down before they stop, so that they start again also where this process is killed in between. */
async function whileStopped<T>(store: Store, ids: readonly string[], work: () => Promise<T>): Promise<T> {
  writeWhole(stoppedFile(store), JSON.stringify(ids));
  await engine.stopContainers([...ids]);
  try {
    return await work();
  } finally {
    await startAgain(store);
  }
}

export const hasStopped = (store: Store): boolean => fs.existsSync(stoppedFile(store));

/** What a backup has stopped, and its end, or whoever comes after it, starts. */
export async function startAgain(store: Store): Promise<void> {
  const ids = readJson<string[]>(stoppedFile(store));
  if (!ids) return;
  const there = (await engine.baseContainers(store.stack)).map((one) => one.id);
  await engine.startContainers(ids.filter((id) => there.includes(id)));
  fs.rmSync(stoppedFile(store));
}

/** Fills a new volume, which nobody mounts yet. */
export async function restoreVolume(stack: string, into: string, file: string, seconds: number): Promise<string | undefined> {
  if ((await engine.volumeFolder(into)) !== undefined) return `there is a volume "${into}" already`;
  await engine.ensureVolume(stack, { name: into });
  const folder = await engine.volumeFolder(into);
  const { code, stderr } = await run("tar", ["--extract", "--gzip", ...KEEP_ALL, "--same-permissions", "--file", file, "--directory", folder!], {
    timeout: seconds,
  });
  if (code === 0) return undefined;
  await engine.removeVolumes([into]);
  return lastLines(stderr, 5) || `tar ended with ${code}`;
}
