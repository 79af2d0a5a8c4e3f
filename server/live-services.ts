/** What runs on a stack, by the names in its Compose file. */
import { Wrong } from "./command-line.ts";
import { baseContainers, slotContainers, type ContainerState } from "./engine.ts";
import type { Store } from "./store.ts";

/** Containers of the live release and of the base, by name; of one service where that is `wanted`. Throws with the names that there are where it has none. */
export async function liveServices(store: Store, wanted?: string): Promise<ContainerState[]> {
  const { live } = store.state();
  const all = [...(live ? await slotContainers(store.stack, live.slot) : []), ...(await baseContainers(store.stack))];
  const found = all.filter((one) => wanted === undefined || one.service === wanted).sort((a, b) => (a.service < b.service ? -1 : 1));
  if (found.length === 0) {
    const names = [...new Set(all.map((one) => one.service))].sort().join(", ");
    throw new Wrong(wanted === undefined ? `nothing runs on ${store.stack}` : `${store.stack} has no service "${wanted}" that is live; it has ${names}`);
  }
  return found;
}
