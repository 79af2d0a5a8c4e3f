/** A killed `pulumi` leaves its stack locked on a file backend. Whose process is gone on this very machine, nobody waits for. */
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";

interface Lock {
  readonly pid: number;
  readonly hostname: string;
}

/** Removes the locks of dead processes of this machine below a file backend's folder; gives how many. */
export function clearDeadLocks(state: string): number {
  const folder = path.join(state, ".pulumi", "locks");
  if (!fs.existsSync(folder)) return 0;
  const dead = fs
    .readdirSync(folder, { recursive: true, encoding: "utf8" })
    .map((name) => path.join(folder, name))
    .filter((file) => file.endsWith(".json") && isDead(file));
  for (const file of dead) fs.rmSync(file, { force: true });
  return dead.length;
}

function isDead(file: string): boolean {
  try {
    const { pid, hostname } = JSON.parse(fs.readFileSync(file, "utf8")) as Lock;
    return hostname === os.hostname() && !fs.existsSync(`/proc/${pid}`);
  } catch {
    return false;
  }
}
