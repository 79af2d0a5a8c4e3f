/** Logins of before that stayed open, as their service did not answer when the release came live: closed as soon as it does. */
import type { Login } from "../release/logins.ts";
import type { ReleaseRecord } from "../release/record.ts";
import { baseOf } from "./backup-place.ts";
import { closeLogins } from "./logins.ts";
import { Damaged, type Store } from "./store.ts";

/** The secret that was renewed, and the number of the release that it was renewed by. */
export interface LeftOpen {
  readonly secret: string;
  readonly release: number;
}

/** Secrets whose login of before opens its service still, whichever release renewed them; none where nobody can tell. */
export function leftOpen(store: Store): LeftOpen[] {
  const { live } = store.state();
  const been = live ? liveOnes(store).filter(({ number }) => number <= live.number) : [];
  if (!live || been.at(-1)?.number !== live.number) return [];
  return loginsOf(store, live.number).flatMap(({ first }) => {
    // The newest alone: it has closed what those before it had left.
    const renewal = been.findLast((record) => entryOf(record, first));
    return renewal && !entryOf(renewal, first)!.closed ? [{ secret: first, release: renewal.number }] : [];
  });
}

const liveOnes = (store: Store) => store.records().filter(({ outcome }) => outcome === "live");
const entryOf = ({ rotated }: ReleaseRecord, secret: string) => rotated?.find((one) => one.secret === secret);

function loginsOf(store: Store, number: number): readonly Login[] {
  try {
    return store.plan(number).logins ?? [];
  } catch (error) {
    if (error instanceof Damaged) return [];
    throw error;
  }
}

/** Gives what a person reads; empty where nothing was open. */
export async function closeLeftOpen(store: Store): Promise<string> {
  const { live } = store.state();
  const base = live && baseOf(store, live.number);
  if (!base) return "";
  const plan = store.plan(live.number);
  const { said, open } = await closeLogins(store.stack, plan, base.document);
  noteClosed(store, plan.logins ?? [], open);
  return said;
}

/** In the records of releases that have come live: that the logins before are closed, but for those that are still open. */
export function noteClosed(store: Store, logins: readonly Login[], open: readonly string[]): void {
  const closed = logins.map(({ first }) => first).filter((one) => !open.includes(one));
  // Most stacks have none, and every release ends here.
  if (closed.length === 0) return;
  for (const record of liveOnes(store)) {
    const { rotated = [] } = record;
    const late = rotated.filter((one) => !one.closed && closed.includes(one.secret));
    if (late.length > 0) store.setRecord({ ...record, rotated: rotated.map((one) => (late.includes(one) ? { ...one, closed: true } : one)) });
  }
}
