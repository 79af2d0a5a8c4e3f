/**
 * What a person began by hand has no unit of systemd's that would notice its end: somebody waits for this process, and has what it
 * left taken up, containers and services that it had stopped, where it was killed.
 */
import { run } from "./process.ts";

/** Where there is no systemd nobody waits, and the next one that has the stack's lock finds it. */
export async function whileGuarded<T>(stack: string, work: () => Promise<T>): Promise<T> {
  const unit = `recoloca-guard-${process.pid}`;
  const then = `tail --pid=${process.pid} --follow /dev/null; exec systemctl start --no-block recoloca-resume@${stack}.service`;
  const placed = await run("systemd-run", ["--quiet", "--collect", `--unit=${unit}`, "sh", "-c", then]);
  try {
    return await work();
  } finally {
    if (placed.code === 0) await run("systemctl", ["stop", `${unit}.service`]);
  }
}
