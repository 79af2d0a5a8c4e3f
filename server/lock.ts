/** A stack's lock: `flock` on an open file. It lives exactly as long as whoever holds it; there is none to clear away. */
import { spawnSync } from "node:child_process";
import * as fs from "node:fs";
import * as path from "node:path";
import { run } from "./process.ts";
import { readJson, writeWhole } from "./store.ts";
import { ownUnit } from "./this-process.ts";

/** Those who only look hold it, shared, for a moment: waiting a little longer tells them from a deploy. */
const MOMENT_SECONDS = "0.5";

/**
 * The open file that holds the lock, or undefined where somebody else has it. The lock belongs to the file, which is ours: it stays
 * when `flock` itself has ended, and no other child inherits it.
 */
function acquire(file: string, seconds: string): number | undefined {
  fs.mkdirSync(path.dirname(file), { recursive: true, mode: 0o700 });
  const handle = fs.openSync(file, "a", 0o600);
  const { status } = spawnSync("flock", ["--exclusive", "--timeout", seconds, "3"], { stdio: ["ignore", "ignore", "ignore", handle] });
  if (status === 0) return handle;
  fs.closeSync(handle);
  return undefined;
}

/** Takes the lock for the rest of this process's life; false when somebody else has it. */
export const take = (file: string): boolean => acquire(file, MOMENT_SECONDS) !== undefined;

/** Holds a stack's lock while something is done; undefined, and nothing done, where somebody else has it. */
export async function whileOurs<T>(file: string, work: () => Promise<T>, seconds = MOMENT_SECONDS): Promise<T | undefined> {
  const handle = acquire(file, seconds);
  if (handle === undefined) return undefined;
  try {
    return await work();
  } finally {
    fs.closeSync(handle);
  }
}

/** Seconds that somebody else may hold what is shared by all stacks: a reload of the edge takes less than one. */
const SHARED_LIMIT_SECONDS = "30";

/** Does something that only one process on this host may do at a time. */
export async function alone<T>(file: string, work: () => Promise<T>): Promise<T> {
  const done = await whileOurs(file, async () => ({ result: await work() }), SHARED_LIMIT_SECONDS);
  if (!done) throw new Error(`somebody has held ${file} for ${SHARED_LIMIT_SECONDS}s`);
  return done.result;
}

/** Who has the lock: written beside it for people, and touched every few seconds while he is at it. The lock itself is flock's. */
export interface Owner {
  readonly what: "deploy" | "rollback" | "resume" | "backup" | "restore" | "drill" | "upgrade" | "prune";
  readonly number: number;
  readonly by?: string | undefined;
  readonly run?: string | undefined;
  readonly from?: string | undefined;
  /** Nobody may be let in while he is at it: what visitors write would be in what is put aside. */
  readonly closed?: boolean | undefined;
  readonly since: string;
  readonly pid: number;
  readonly unit?: string | undefined;
}

const HEARTBEAT_MILLISECONDS = 5_000;

/** To be called once the lock is taken. */
export function signLock(file: string, owner: Omit<Owner, "since" | "pid" | "unit">): void {
  const unit = ownUnit();
  writeWhole(ownerFile(file), JSON.stringify({ ...owner, since: new Date().toISOString(), pid: process.pid, unit } satisfies Owner));
  const beat = () => fs.utimesSync(ownerFile(file), new Date(), new Date());
  setInterval(() => void (fs.existsSync(ownerFile(file)) && beat()), HEARTBEAT_MILLISECONDS).unref();
}

const ownerFile = (file: string) => path.join(path.dirname(file), "owner.json");

/** Of the lock as it is now, or as it was last. */
export function ownerOf(file: string): (Owner & { readonly beat: string }) | undefined {
  const owner = readJson<Owner>(ownerFile(file));
  return owner && { ...owner, beat: fs.statSync(ownerFile(file)).mtime.toISOString() };
}

/** Whether somebody deploys. Looking is shared, so that two who look do not take each other for a deploy. */
export async function isTaken(file: string): Promise<boolean> {
  return fs.existsSync(file) && (await run("flock", ["--shared", "--nonblock", file, "true"])).code !== 0;
}
