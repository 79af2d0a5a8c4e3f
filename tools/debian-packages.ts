/** What a machine lacks of the distribution's own packages. As root, which is who runs this. */
import { execFile } from "node:child_process";
import { promisify } from "node:util";

const run = promisify(execFile);

/** `wanted`: for each package a command line that succeeds where it is there. Throws with what apt-get says. */
export async function ensureDebianPackages(wanted: Readonly<Record<string, string>>): Promise<void> {
  const lacks = ([name, there]: [string, string]) => run("sh", ["-c", there]).then(() => [], () => [name]); // prettier-ignore
  const missing = (await Promise.all(Object.entries(wanted).map(lacks))).flat();
  if (missing.length === 0) return;
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  for (const args of [["update"], ["install", "-y", "--no-install-recommends", ...missing]])
    await run("apt-get", ["-qq", ...args], { env, maxBuffer: 1 << 26 });
}
