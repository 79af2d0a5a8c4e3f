/** Logins of before that stayed open, as their service did not answer when the release came live: closed as soon as it does. */
import type { Login } from "../release/logins.ts";
import type { ReleaseRecord } from "../release/record.ts";
import { baseOf } from "./backup-place.ts";
import { closeLogins } from "./logins.ts";
import { Damaged, type Store } from "./store.ts";

/** Secrets whose login of before opens its service still; none where nobody can tell. */
export function leftOpen(store: Store): string[] {
  const { live } = store.state();
  const reading = live && store.readings().find(({ number }) => number === live.number);
  const record = reading?.damage === undefined ? reading?.record : undefined;
  if (record?.outcome !== "live") return [];
  const kept = new Set(loginsOf(store, record.number).map(({ first }) => first));
  return (record.rotated ?? []).flatMap(({ secret, closed }) => (!closed && kept.has(secret) ? [secret] : []));
}

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
  const open = leftOpen(store);
  const { said, closed } = await closing(closeLogins(store.stack, store.plan(live.number), base.document));
  const record = store.record(live.number);
  if (closed && open.length > 0 && record) store.setRecord({ ...record, rotated: asClosed(record, open) });
  return said;
}

const asClosed = ({ rotated = [] }: ReleaseRecord, open: readonly string[]) =>
  rotated.map((one) => (open.includes(one.secret) ? { ...one, closed: true } : one));

/** What could not be closed is left for the next try, and fails nobody's release. */
export const closing = (work: Promise<string>): Promise<{ said: string; closed: boolean }> =>
  work.then(
    (said) => ({ said, closed: true }),
    (error: Error) => ({ said: `the login before is still open: ${error.message}`, closed: false }),
  );
