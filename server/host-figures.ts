/** How full this host is, and how busy: its disks, its memory, its processors. */
import * as fs from "node:fs";
import * as os from "node:os";
import { dataFolder } from "./engine.ts";
import { ROOT } from "./store.ts";

/** Folders of the disks that fill: the engine's, and our own. */
export const foldersThatFill = async (): Promise<string[]> =>
  [...new Set([await dataFolder().catch(() => ROOT), ROOT])].filter((folder) => fs.existsSync(folder));

/** What may still be written there. */
export function freeBytes(folder: string): number {
  const { bavail, bsize } = fs.statfsSync(folder);
  return bavail * bsize;
}

/** Percent, as `df` says it: of what may be written; of bytes or inodes, whichever ends first. */
export function usedOf(folder: string): number {
  const { blocks, bfree, bavail, files, ffree } = fs.statfsSync(folder);
  const used = blocks - bfree;
  const bytes = used / Math.max(1, used + bavail);
  const inodes = files > 0 ? 1 - ffree / files : 0;
  return 100 * Math.max(bytes, inodes);
}

/** Bytes. */
export function memoryNow(): { available: number; whole: number } {
  const available = Number(/MemAvailable:\s+(\d+)/.exec(fs.readFileSync("/proc/meminfo", "utf8"))?.[1] ?? 0) * 1024;
  return { available, whole: os.totalmem() };
}

/** Processes that run or wait for a processor, in the last minute, for each of them. */
export const loadNow = (): number => os.loadavg()[0]! / Math.max(1, os.cpus().length);
