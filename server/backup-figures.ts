/** Backups and drills as figures: how old, and whether there is trouble with them. */
import type { Backup } from "../release/backup.ts";
import type { Figures } from "../release/metrics.ts";
import { lastFailure } from "./backup-failure.ts";
import { newestOf } from "./backup-note.ts";
import { KINDS, type Kind } from "./backup-timers.ts";
import { lastDrill } from "./drill.ts";
import { lateOnes } from "./lateness.ts";
import type { Part } from "./measured.ts";
import type { Store } from "./store.ts";

/** There are words of what is late alone: what failed was told when it did. */
export async function backupFigures(store: Store, backup: Backup, now = Date.now()): Promise<Part> {
  const newest = newestOf(store.stack, now);
  const drilled = lastDrill(store);
  const late = Object.fromEntries(
    await Promise.all((Object.keys(KINDS) as Kind[]).map(async (kind) => [kind, (await lateOnes(store, backup, kind, now))[0]?.what] as const)),
  ) as Record<Kind, string | undefined>;
  const age = (at: string) => Math.max(0, Math.round((now - Date.parse(at)) / 1000));
  const figures: Figures = {
    ...(newest && { backupAge: age(newest.at) }),
    backup: Number(lastFailure(store) !== undefined || late.backup !== undefined),
    ...(backup.drill !== undefined && { drill: Number(drilled?.passed === false || late.drill !== undefined) }),
    ...(drilled?.passed && { drillAge: age(drilled.at) }),
  };
  return { figures, words: { ...(late.backup !== undefined && { backup: late.backup }), ...(late.drill !== undefined && { drill: late.drill }) } };
}
