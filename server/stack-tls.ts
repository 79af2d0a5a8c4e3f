/**
 * A stack's TLS as its plan has it. It is the stack's and not a release's: taken on when a release of that plan is live, and what
 * cannot be had of it is said, and takes nobody's release away.
 */
import * as fs from "node:fs";
import { canonical, type Plan } from "../release/plan.ts";
import { certifiedNames, type GivenCertificate } from "../release/tls.ts";
import { putInPlace } from "./certificate-swap.ts";
import { asOneFile, certificateOf, hasCertificate, sayCertificate, setState, stateOf } from "./certificates.ts";
import { Edge, storedEdge } from "./edge.ts";
import { certificateFile, type EdgeTls } from "./edge-tls.ts";
import { say } from "./follow.ts";
import { run } from "./process.ts";
import { Store } from "./store.ts";

/** Seconds that a deploy waits for an authority; its unit goes on. */
const LIMIT_SECONDS = 180;

/** The unit that asks for what is due, by its timer or now. */
const CERTIFY_UNIT = "recoloca-certify.service";

export async function takeOnTls(store: Store, plan: Plan): Promise<void> {
  const { tls } = plan;
  const names = tls ? certifiedNames(plan) : [];
  try {
    await configureTls(store, plan);
    if (tls?.acme) await certifyNow(names);
  } catch (error) {
    say(` TLS is not as the configuration wants it: ${(error as Error).message}\n   look at it: recoloca doctor; what was there before serves`);
  }
  for (const name of names)
    say(
      ` certificate ${sayCertificate(certificateOf(name))}${hasCertificate(name) ? "" : "\n   tried again every hour, or now: recoloca certificate --renew"}`,
    );
}

/** The edge knows the names, and has the certificates that are given. Whatever is so already stays as it is. */
async function configureTls(store: Store, plan: Plan): Promise<void> {
  const edge = storedEdge(store.stack);
  if (!edge) return;
  const tls = edgeTlsOf(plan);
  if (canonical(tls) !== canonical(edge.tls)) await new Edge({ ...edge, tls }).configure();
  const { given } = plan.tls ?? {};
  if (given) for (const name of certifiedNames(plan)) await give(name, store.stack, given);
}

const edgeTlsOf = (plan: Plan): EdgeTls | undefined =>
  plan.tls && { names: certifiedNames(plan), hsts: plan.tls.hsts, challenge: plan.tls.acme !== undefined && plan.tls.acme.dns === undefined };

/** What a deploy that was cut off right at its end has left: its release is live, and its TLS is not taken on. */
export async function takeOnWhatIsLeft(): Promise<void> {
  for (const stack of Store.stacks()) {
    // A stack whose files are damaged keeps no other one from its certificates.
    await takeOn(new Store(stack)).catch((error: Error) => say(` ${stack}: ${error.message}`));
  }
}

async function takeOn(store: Store): Promise<void> {
  const { live } = store.state();
  if (live && store.unfinished() === undefined) await configureTls(store, store.plan(live.number));
}

/** Where the unit was at it already, it may have begun before this name was there: once more then. */
async function certifyNow(names: readonly string[]): Promise<void> {
  const untried = () => names.filter((name) => !hasCertificate(name) && stateOf(name)?.triedAt === undefined);
  if (untried().length > 0) say(` asking for the certificate of ${untried().join(", ")}`);
  await run("systemctl", ["start", CERTIFY_UNIT], { timeout: LIMIT_SECONDS });
  if (untried().length > 0) await run("systemctl", ["start", CERTIFY_UNIT], { timeout: LIMIT_SECONDS });
}

async function give(name: string, stack: string, pair: GivenCertificate): Promise<void> {
  if (hasCertificate(name) && stateOf(name)?.by === "given" && fs.readFileSync(certificateFile(name), "utf8") === asOneFile(pair)) return;
  await putInPlace(name, pair);
  setState(name, { stack, by: "given", installedAt: new Date().toISOString() });
}
