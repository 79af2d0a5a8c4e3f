/** The distribution's packages. Whoever else installs something just now is waited for: fixes come by themselves, at any time. */
import { lastLines, run, sleep } from "./process.ts";

/** Seconds that one call may take, and that another's lock is waited for. */
const LIMIT_SECONDS = 900;
const PATIENCE_SECONDS = 300;

/** apt-get, which asks nothing. Throws with its last lines. It waits for dpkg's lock by itself, but not for that of the lists. */
export async function apt(args: readonly string[]): Promise<void> {
  const env = { DEBIAN_FRONTEND: "noninteractive", LC_ALL: "C" };
  for (let waited = 0; ; waited += 5) {
    const ran = await run("apt-get", ["-qq", "-o", `DPkg::Lock::Timeout=${PATIENCE_SECONDS}`, ...args], { env, timeout: LIMIT_SECONDS });
    if (ran.code === 0) return;
    if (!ran.stderr.includes("E: Could not get lock") || waited >= PATIENCE_SECONDS)
      throw new Error(`apt-get ${args[0]} ${args.length > 1 ? args.at(-1) : "of the lists"}: ${lastLines(ran.stderr || ran.stdout, 5)}`);
    await sleep(5000);
  }
}
