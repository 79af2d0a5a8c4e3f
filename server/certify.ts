/**
 * Certificates of all stacks on this host: asked for where there is none, renewed in time, and never asked for in vain too often.
 * What the authority does not give leaves what is there.
 */
import { certificateProblems } from "../release/certificate.ts";
import type { Acme, GivenCertificate } from "../release/tls.ts";
import { NotIssued, issuedBefore, obtain } from "./acme.ts";
import { isServed, putInPlace } from "./certificate-swap.ts";
import {
  CERTIFICATES_LOCK,
  OVERDUE,
  certificateOf,
  forgetExpired,
  left,
  lifeIn,
  lifeOf,
  sayCertificate,
  setState,
  stateOf,
  type CertificateState,
  type Life,
} from "./certificates.ts";
import { applyConfiguration, storedEdge } from "./edge.ts";
import { say } from "./follow.ts";
import { whileOurs } from "./lock.ts";
import { whyNotHere } from "./name-check.ts";
import { tellTrouble } from "./notify.ts";
import { takeOnWhatIsLeft } from "./stack-tls.ts";
import { Store } from "./store.ts";

/** Share of a certificate's life below which the next one is asked for: 36 of 90 days. */
const RENEW = 0.4;
const HOUR = 3_600_000;
/** Of waiting after failures in a row: an hour, two, four, up to a day. Authorities allow five in an hour. */
const LONGEST_WAIT_MILLISECONDS = 24 * HOUR;

/** Whether a name wants a certificate, or the next one. */
export const isDue = (state: CertificateState | undefined, life: Life | undefined, { directory }: Acme, now = Date.now()): boolean =>
  life === undefined || state?.directory !== directory || left(life, now) < RENEW;

/** Whether it has to wait, because it failed. */
export const waits = (state: CertificateState | undefined, now = Date.now()): boolean => state?.nextTry !== undefined && Date.parse(state.nextTry) > now;

/** A name is tried where nothing is lost, before the authority that counts is asked for its first certificate. */
export const wantsRehearsal = (state: CertificateState | undefined, { directory, rehearsal }: Acme): boolean =>
  rehearsal !== undefined && state?.directory !== directory && state?.rehearsed !== rehearsal;

/** What is remembered of a failure. */
export function afterFailure(state: CertificateState, error: Error, now = Date.now()): CertificateState {
  const failures = (state.failures ?? 0) + 1;
  const wait = Math.min(LONGEST_WAIT_MILLISECONDS, HOUR * 2 ** (failures - 1));
  const said = error instanceof NotIssued && error.retryAt !== undefined ? Date.parse(error.retryAt) : 0;
  return { ...state, failures, problem: error.message, triedAt: iso(now), nextTry: iso(Math.max(now + wait, said)) };
}

const iso = (time: number) => new Date(time).toISOString();

interface Certified {
  readonly name: string;
  readonly stack: string;
  readonly acme: Acme | undefined;
}

/** Names with their stacks, and what certifies them. `unread`: is told of each stack whose files are damaged. */
export function certifiedHere(unread: (stack: string, error: Error) => void = () => undefined): Certified[] {
  return Store.stacks().flatMap((stack) => {
    try {
      const store = new Store(stack);
      const { live } = store.state();
      const tls = live && store.plan(live.number).tls;
      return tls ? (storedEdge(stack)?.tls?.names ?? []).map((name) => ({ name, stack, acme: tls.acme })) : [];
    } catch (error) {
      unread(stack, error as Error);
      return [];
    }
  });
}

/** Seconds that another one may take before this one gives up. */
const WAIT_SECONDS = "600";

/** `asked`: a person wants new ones now, whether or not they are due, and whatever failed before. Undefined where somebody else is at it too long. */
export async function certify({ asked = false, stack }: { asked?: boolean; stack?: string | undefined } = {}): Promise<true | undefined> {
  return whileOurs(
    CERTIFICATES_LOCK,
    async () => {
      await takeOnWhatIsLeft();
      let whole = true;
      const all = certifiedHere((damaged, error) => {
        whole = false;
        say(` ${damaged}: ${error.message}`);
      });
      for (const one of all.filter((each) => stack === undefined || each.stack === stack)) {
        if (one.acme) await bring(one.name, one.stack, one.acme, asked);
        if (lifeOf(one.name) && !(await isServed(one.name)))
          await applyConfiguration(true).catch((error: Error) => say(` the edge does not show the certificate of ${one.name}: ${error.message}`));
        await tellIfOverdue(one.name, one.stack);
      }
      // Whose names they are is not known of all then.
      if (whole) forgetExpired(all.map(({ name }) => name));
      return true as const;
    },
    WAIT_SECONDS,
  );
}

/** Whether a certificate is good for a name, and not due for renewal. */
export const serves = (pair: GivenCertificate, name: string, now = Date.now()): boolean => {
  const life = lifeIn(pair.certificate);
  return life !== undefined && left(life, now) >= RENEW && certificateProblems(pair, [name], new Date(now)).length === 0;
};

async function bring(name: string, stack: string, acme: Acme, asked: boolean): Promise<void> {
  const before = stateOf(name);
  if (!asked && !isDue(before, lifeOf(name), acme)) return forgetFailure(name, before);
  if (!asked && waits(before)) return;
  const had = asked || lifeOf(name) ? undefined : issuedBefore(acme.directory, name);
  if (had && serves(had, name)) {
    await putInPlace(name, had);
    return setState(name, { stack, by: "acme", directory: acme.directory, installedAt: iso(Date.now()) });
  }
  let state: CertificateState = { ...before, stack, by: "acme" };
  const elsewhere = acme.dns ? undefined : await whyNotHere(name, acme.addresses);
  // Nobody else was asked: looked at again within the hour.
  if (elsewhere !== undefined) return setState(name, { ...state, problem: elsewhere, triedAt: iso(Date.now()) });
  try {
    if (wantsRehearsal(before, acme)) {
      await obtain(acme, acme.rehearsal!, name);
      state = { ...state, rehearsed: acme.rehearsal! };
    }
    const pair = await obtain(acme, acme.directory, name);
    const [wrong] = certificateProblems(pair, [name]);
    if (wrong) throw new NotIssued(`the authority's answer is of no use: ${wrong.of === "certificate" ? "the certificate" : "the key"} ${wrong.says}`);
    await putInPlace(name, pair);
    const { rehearsed } = state;
    setState(name, { stack, by: "acme", directory: acme.directory, installedAt: iso(Date.now()), ...(rehearsed !== undefined && { rehearsed }) });
  } catch (error) {
    setState(name, afterFailure(state, error as Error));
  }
}

/** Of a certificate that nobody has to ask for: what kept somebody from a newer one before its time is no trouble any more. */
function forgetFailure(name: string, state: CertificateState | undefined): void {
  if (state?.problem === undefined) return;
  const { problem: _problem, failures: _failures, nextTry: _nextTry, triedAt: _triedAt, ...kept } = state;
  setState(name, kept);
}

/** Twice in a certificate's life: when it should have been renewed, and when it is urgent. */
const TELL = [OVERDUE, 0.1];

/** The step that was passed and nobody has heard of. */
export const untoldStep = (share: number, told = 1): number | undefined => TELL.findLast((step) => share < step && told > step);

async function tellIfOverdue(name: string, stack: string): Promise<void> {
  const life = lifeOf(name);
  const state = stateOf(name);
  const step = life && untoldStep(left(life), state?.told);
  if (step === undefined || !state) return;
  const store = new Store(stack);
  const { live } = store.state();
  if (live) await tellTrouble(store, "certificate", sayCertificate(certificateOf(name)));
  setState(name, { ...state, told: step });
}
