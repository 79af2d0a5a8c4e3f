/** What an environment may take of the server, and what it takes. */
import * as fs from "node:fs";
import * as os from "node:os";
import type { ReviewPolicy } from "../../release/review.ts";
import { freeBytes, memoryNow } from "../host-figures.ts";
import { must, run } from "../process.ts";
import { ROOT } from "../store.ts";

const MIB = 2 ** 20;
/** MiB that stay for what lives on the server for longer: a deploy of it wants 2 GiB. */
const RESERVE = 3072;

/** MiB that are free, as the kernel counts what can be freed as well. */
export interface Room {
  readonly memory: number;
  readonly disk: number;
}

export function roomNow(): Room {
  return { memory: memoryNow().available / MIB, disk: freeBytes(fs.existsSync(ROOT) ? ROOT : os.tmpdir()) / MIB };
}

/** Why one more would be too much, or undefined. */
export function tooFull({ memory, disk }: Pick<ReviewPolicy, "memory" | "disk">, room: Room): string | undefined {
  const wants = disk + RESERVE;
  const short = [
    ...(room.memory < memory ? [`${Math.floor(room.memory)} MiB of memory are free, and one may use ${memory}`] : []),
    ...(room.disk < wants ? [`${Math.floor(room.disk)} MiB of the disk are free, and one wants ${wants}, ${RESERVE} of them for what else lives here`] : []),
  ];
  return short.length === 0 ? undefined : short.join("; ");
}

/** MiB that a stack's containers and volumes have written. */
export async function writtenBy(stack: string): Promise<number> {
  const label = `label=recoloca.stack=${stack}`;
  const lines = async (...args: string[]) => (await must("docker", args)).split("\n").filter(Boolean);
  const ids = await lines("ps", "--all", "--quiet", "--filter", label);
  const layers = ids.length === 0 ? [] : await lines("inspect", "--size", "--format", "{{.SizeRw}}", ...ids);
  const volumes = await lines("volume", "ls", "--quiet", "--filter", label);
  const named = volumes.length === 0 ? [] : await lines("volume", "inspect", "--format", "{{.Mountpoint}}", ...volumes);
  // An image may bring some that have no name and no label.
  const mounted =
    ids.length === 0 ? [] : await lines("inspect", "--format", '{{range .Mounts}}{{if eq .Type "volume"}}{{println .Source}}{{end}}{{end}}', ...ids);
  const places = [...new Set([...named, ...mounted])];
  const looked = places.length === 0 ? { code: 0, stdout: "" } : await run("du", ["--summarize", "--block-size=1", "--", ...places], { timeout: 300 });
  // So many files that nobody can count them are too much as well. A file that goes while it looks is an error to du too, which has counted the others.
  if (looked.code > 1) return Infinity;
  const sizes = looked.stdout;
  const bytes = [...layers.map(Number), ...sizes.split("\n").map((line) => Number.parseInt(line, 10) || 0)];
  return bytes.reduce((sum, one) => sum + (Number.isFinite(one) ? one : 0), 0) / MIB;
}
