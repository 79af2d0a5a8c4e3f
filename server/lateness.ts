/** Whether a backup, or a drill, was due and has not been: what no failure tells, because nothing ran. */
import type { Backup } from "../release/backup.ts";
import { lastFailure } from "./backup-failure.ts";
import { backupsOf } from "./backup-note.ts";
import { KINDS, TIMED_WAIT_SECONDS, dueAfter, timesOf, type Kind } from "./backup-timers.ts";
import { lastDrill } from "./drill.ts";
import type { Finding } from "./finding.ts";
import { isTaken } from "./lock.ts";
import { ago } from "./render.ts";
import type { Store } from "./store.ts";

/** Milliseconds after its time within which one that goes off is still at it. */
const LATE_MILLISECONDS = 2 * 3600_000;

/**
 * It goes by the first time that came after the last one, and not by when the timer last went off: of a timer that goes off each
 * hour, or in vain, that is never long ago. One that failed is no late one; that was told when it did.
 */
export async function lateOnes(store: Store, backup: Backup, kind: Kind, now = Date.now()): Promise<Finding[]> {
  const when = backup[KINDS[kind]];
  if (when === undefined) return [];
  const { stack } = store;
  const unit = `recoloca-${kind}@${stack}`;
  const { active, placed, since } = await timesOf(kind, stack);
  if (!active) return [{ what: `${stack}: the timer of the ${kind}s does not run`, fix: `systemctl enable --now ${unit}.timer` }];
  const last = latest([...endsOf(store, kind), placed], now) ?? latest([since], now);
  const due = last === undefined ? undefined : await dueAfter(when, last);
  if (due === undefined) return [];
  // A host that was off at that time makes up for it once it is on.
  const could = Math.max(due, latest([since], now) ?? due);
  const patience = LATE_MILLISECONDS + ((await isTaken(store.lockFile)) ? TIMED_WAIT_SECONDS * 1000 : 0);
  if (now - could < patience) return [];
  return [
    {
      what: `${stack}: a ${kind} was due ${ago(new Date(due).toISOString(), now)} ago, and there is none since`,
      fix: `journalctl --unit ${unit}; recoloca ${kind}`,
    },
  ];
}

/** When each of them ended, well or not. */
const endsOf = (store: Store, kind: Kind): (string | undefined)[] =>
  kind === "drill"
    ? [lastDrill(store)?.at]
    : [...backupsOf(store.stack).flatMap(({ at, volume }) => (volume === undefined ? [at] : [])), lastFailure(store)?.at];

/** Milliseconds since 1970. A time that has not come yet was written by a clock that was ahead, and says nothing. */
function latest(times: readonly (string | undefined)[], now: number): number | undefined {
  const past = times.map((at) => Date.parse(at ?? "")).filter((at) => at <= now);
  return past.length === 0 ? undefined : Math.max(...past);
}
