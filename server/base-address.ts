/** Where a service of the base is reached from this host: as the release reaches it, over the network. */
import * as api from "./docker-api.ts";
import { networkName } from "./compose-split.ts";

/** Undefined where it does not run. */
export async function baseAddress(stack: string, service: string): Promise<string | undefined> {
  const label = [`com.docker.compose.project=${stack}`, `recoloca.service=${service}`];
  const [one] = JSON.parse((await api.must("GET", `/containers/json?${api.filters({ label })}`)).body) as {
    NetworkSettings?: { Networks?: Record<string, { IPAddress?: string }> };
  }[];
  return one?.NetworkSettings?.Networks?.[networkName(stack, "blue")]?.IPAddress || undefined;
}
