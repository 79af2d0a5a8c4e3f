/** A stack's lock: `flock` on an open file. It lives exactly as long as whoever holds it; there is none to clear away. */
import { spawnSync } from "node:child_process";
import * as fs from "node:fs";
import * as path from "node:path";
import { run } from "./process.ts";

/** Those who only look hold it, shared, for a moment: waiting a little longer tells them from a deploy. */
const MOMENT = "0.5";

/** Takes the lock for the rest of this process's life; false when somebody else has it. */
export function take(file: string): boolean {
  fs.mkdirSync(path.dirname(file), { recursive: true, mode: 0o700 });
  const handle = fs.openSync(file, "a", 0o600);
  // The lock belongs to the open file, which is ours: it stays when `flock` itself has ended. No other child inherits it.
  const { status } = spawnSync("flock", ["--exclusive", "--timeout", MOMENT, "3"], { stdio: ["ignore", "ignore", "ignore", handle] });
  if (status !== 0) fs.closeSync(handle);
  return status === 0;
}

/** Whether somebody deploys. Looking is shared, so that two who look do not take each other for a deploy. */
export async function isTaken(file: string): Promise<boolean> {
  return fs.existsSync(file) && (await run("flock", ["--shared", "--nonblock", file, "true"])).code !== 0;
}
