/** Whether the live release is as it should be: for `doctor`, and for what is measured each minute. */
import { Edge, storedEdge } from "./edge.ts";
import * as engine from "./engine.ts";
import type { Finding } from "./finding.ts";
import type { Slot } from "./store.ts";

export async function releaseFindings(stack: string, slot: Slot): Promise<Finding[]> {
  const findings: Finding[] = [];
  const containers = [...(await engine.slotContainers(stack, slot)), ...(await engine.baseContainers(stack))];
  for (const one of containers)
    if ((one.status !== "running" && (one.lasting || one.exitCode !== 0)) || one.health === "unhealthy")
      findings.push({ what: `${stack}: "${one.service}" is ${one.health === "unhealthy" ? "unhealthy" : one.status}`, fix: `recoloca logs ${one.service}` });
  const stored = storedEdge(stack);
  if (!stored) return findings;
  const at = new Edge(stored);
  if (at.serving() !== slot)
    findings.push({
      what: `${stack}: the edge serves slot ${at.serving()}, live is ${slot}`,
      fix: "the next deploy or recoloca rollback switches it back",
    });
  for (const { service, port, status } of await at.unreached(slot).catch(() => []))
    findings.push({ what: `${stack}: the edge does not reach "${service}" on port ${port} (${status})`, fix: `recoloca logs ${service}` });
  return findings;
}
