/** Why a release failed, for a person: the last answer, the container's state, its log, and what to look at. */
import { logTail, slotContainers, stackContainers, type ContainerState } from "./engine.ts";
import type { GateFailure } from "./gates.ts";
import type { Slot } from "./store.ts";

export type Evidence = [label: string, text: string][];

/** Hides the values that must not be printed, the longest first, so that one inside another leaves nothing behind. */
export function masker(values: readonly string[]): (text: string) => string {
  const hidden = [...new Set(values)].filter((value) => value.length >= 4).sort((a, b) => b.length - a.length);
  return (text) => hidden.reduce((rest, value) => rest.replaceAll(value, "••••"), text);
}

const LOG_LINES = 50;

export const describe = (container: ContainerState): string =>
  [
    container.status,
    `${container.restarts} restarts`,
    `exit code ${container.status === "running" ? "–" : container.exitCode}`,
    container.oomKilled && "killed for lack of memory (OOM)",
    container.health !== "none" && `health ${container.health}`,
  ]
    .filter(Boolean)
    .join(", ");

export async function serviceEvidence(stack: string, slot: Slot, service: string): Promise<Evidence> {
  const found = (await slotContainers(stack, slot)).find((container) => container.service === service);
  if (!found) return [[service, "has no container"]];
  const log = await logTail(found.id, LOG_LINES);
  return [[service, describe(found)], ["its log", log === "" ? "(empty)" : log], ...hint(found, log, await serviceNames(stack))];
}

export async function gateEvidence(stack: string, slot: Slot, failure: GateFailure): Promise<Evidence> {
  const { body, status, error } = failure.last;
  const answer = error ?? (`${status} ${body.trim().slice(0, 300)}`.trim() || "(empty)");
  return [["last answer", answer], ...(await serviceEvidence(stack, slot, failure.service))];
}

async function serviceNames(stack: string): Promise<string[]> {
  return [...new Set((await stackContainers(stack)).map((container) => container.service))].sort();
}

const NAME_FAILURE = /(?:connecting to|could not translate host name|getaddrinfo (?:ENOTFOUND|EAI_AGAIN)|lookup|resolve host:?)\s+"?([a-zA-Z0-9._-]+)"?/;

/** The few causes that a log gives away by itself. */
function hint(container: ContainerState, log: string, services: readonly string[]): Evidence {
  if (container.oomKilled || container.exitCode === 137) return [["hint", "raise the service's memory limit, or find what grew: docker stats"]];
  const host = NAME_FAILURE.exec(log)?.[1];
  if (host && !services.includes(host) && !host.includes("."))
    return [["hint", `no service of this application is called "${host}"; there is ${services.join(", ")}`]];
  if (/exec format error/.test(log)) return [["hint", "the image was built for another processor architecture than this host's"]];
  return [];
}
