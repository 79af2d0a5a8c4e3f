/** `recoloca remove`: what `pulumi destroy` does on the host. Data volumes stay unless told otherwise. */
import * as fs from "node:fs";
import { forgetGiven } from "../certificates.ts";
import { placeTimers } from "../backup-timers.ts";
import type { Given } from "../command-line.ts";
import { Edge, storedEdge } from "../edge.ts";
import * as engine from "../engine.ts";
import { removeMetrics } from "../prometheus-textfile.ts";
import { pruneImages } from "../prune.ts";
import { locked, sayRunning } from "../stack-lock.ts";
import { Store } from "../store.ts";
import { refuse } from "./refuse.ts";
import { namedStack } from "./which.ts";

export async function remove(given: Given): Promise<number> {
  const stack = namedStack(given);
  const store = new Store(stack);
  const known = fs.existsSync(store.folder);
  if (known) {
    const busy = await locked(store, 0);
    if (busy) return refuse(sayRunning(busy));
  }
  const edge = storedEdge(stack);
  if (edge) await new Edge(edge).remove();
  forgetGiven(stack);
  const ids = (await engine.stackContainers(stack)).map((one) => one.id);
  await engine.stopContainers(ids);
  // With their data go volumes that only a container knows.
  const whole = given.options["volumes"] === true;
  await engine.removeContainers(ids, whole);
  for (const slot of ["blue", "green"] as const) await engine.removeNetwork(stack, slot);
  const volumes = await engine.stackVolumes(stack);
  if (whole && volumes.length > 0) await engine.removeVolumes(volumes);
  const others = Store.stacks().filter((one) => one !== stack);
  if (whole && known) await pruneImages(store, others);
  await placeTimers(stack, undefined);
  removeMetrics(stack);
  fs.rmSync(store.folder, { recursive: true, force: true });
  if (!known && ids.length === 0 && volumes.length === 0) {
    process.stdout.write(` nothing of ${stack} is on this host${others.length > 0 ? `; there is ${others.join(", ")}` : ""}\n`);
    return 0;
  }
  const data = volumes.length === 0 ? "" : whole ? `, and its data (${volumes.join(", ")})` : `; its data stays: ${volumes.join(", ")}`;
  process.stdout.write(` ${stack} removed: ${ids.length} containers, networks, routes and records${data}\n`);
  return 0;
}
