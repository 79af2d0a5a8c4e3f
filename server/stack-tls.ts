/**
 * A stack's TLS as its plan has it. It is the stack's and not a release's: taken on when a release of that plan is live, and what
 * cannot be had of it is said, and takes nobody's release away.
 */
import * as fs from "node:fs";
import type { Plan } from "../release/plan.ts";
import { certifiedNames } from "../release/tls.ts";
import { putInPlace } from "./certificate-swap.ts";
import { asOneFile, certificateOf, hasCertificate, sayCertificate, setState, stateOf } from "./certificates.ts";
import { Edge, storedEdge } from "./edge.ts";
import { certificateFile } from "./edge-tls.ts";
import { say } from "./follow.ts";
import { run } from "./process.ts";
import type { Store } from "./store.ts";

/** Seconds that a deploy waits for an authority; its unit goes on. */
const LIMIT = 180;

/** The unit that asks for what is due, by its timer or now. */
export const CERTIFY_UNIT = "recoloca-certify.service";

export async function takeOnTls(store: Store, plan: Plan): Promise<void> {
  const { tls } = plan;
  const edge = storedEdge(store.stack);
  if (!edge || (!tls && !edge.tls)) return;
  const names = tls ? certifiedNames(plan) : [];
  try {
    const challenge = tls?.acme !== undefined && tls.acme.dns === undefined;
    await new Edge({ ...edge, tls: tls && { names, hsts: tls.hsts, challenge } }).configure();
    if (tls?.given) for (const name of names) await give(name, store.stack, tls.given);
    if (tls?.acme) await certifyNow(names);
  } catch (error) {
    say(` TLS is not as the configuration wants it: ${(error as Error).message}\n   look at it: recoloca doctor; what was there before serves`);
  }
  for (const name of names)
    say(
      ` certificate ${sayCertificate(certificateOf(name))}${hasCertificate(name) ? "" : "\n   tried again every hour, or now: recoloca certificate --renew"}`,
    );
}

/** Where the unit was at it already, it may have begun before this name was there: once more then. */
async function certifyNow(names: readonly string[]): Promise<void> {
  const untried = () => names.filter((name) => !hasCertificate(name) && stateOf(name)?.triedAt === undefined);
  if (untried().length > 0) say(` asking for the certificate of ${untried().join(", ")}`);
  await run("systemctl", ["start", CERTIFY_UNIT], { timeout: LIMIT });
  if (untried().length > 0) await run("systemctl", ["start", CERTIFY_UNIT], { timeout: LIMIT });
}

async function give(name: string, stack: string, pair: NonNullable<NonNullable<Plan["tls"]>["given"]>): Promise<void> {
  const same = hasCertificate(name) && fs.readFileSync(certificateFile(name), "utf8") === asOneFile(pair);
  if (!same) await putInPlace(name, pair);
  setState(name, { stack, by: "given", installedAt: same ? (certificateOf(name).installedAt ?? new Date().toISOString()) : new Date().toISOString() });
}
