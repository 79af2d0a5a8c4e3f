/** The stack's own times for backups and drills: systemd's timers, one of each kind a stack. */
import type { Backup } from "../release/backup.ts";
import { lastLines, run } from "./process.ts";
import { placeUnits, startTimers, timerUnit, writtenAt } from "./units.ts";

/** And the key of the settings that says when. */
export const KINDS = { backup: "every", drill: "drill" } as const;
export type Kind = keyof typeof KINDS;

/** Seconds that one by timer waits for a deploy: longer than any takes. */
export const TIMED_WAIT_SECONDS = 6 * 3600;

export const timerOf = (kind: Kind, stack: string) => `recoloca-${kind}@${stack}.timer`;

/**
 * Several servers do not knock at the same moment, and each always at its own; one that was off at its time makes up for it when
 * it is on again.
 */
const timer = (kind: Kind, stack: string, when: string) =>
  timerUnit(`When a ${kind} of ${stack} is due`, when, "RandomizedDelaySec=5m", "FixedRandomDelay=true", "Persistent=true");

/** As the plan says; nothing is touched where it is so already. */
export async function placeTimers(stack: string, backup: Backup | undefined): Promise<void> {
  const wanted = (Object.entries(KINDS) as [Kind, (typeof KINDS)[Kind]][]).map(([kind, key]) => {
    const when = backup?.[key];
    return [timerOf(kind, stack), when === undefined ? undefined : timer(kind, stack, when)] as const;
  });
  await startTimers(await placeUnits(Object.fromEntries(wanted)));
}

/** What systemd makes of the times, before anything is done; empty where it understands them. */
export async function problemsOfTimes(backup: Backup | undefined): Promise<string[]> {
  const all = Object.values(KINDS).map(async (key) => {
    const when = backup?.[key];
    if (when === undefined) return [];
    const { code, stderr } = await run("systemd-analyze", ["calendar", when]);
    return code === 0 ? [] : [`recoloca:backup.${key} got "${when}": ${lastLines(stderr, 1)}\n   pulumi config set --path recoloca:backup.${key} daily`];
  });
  return (await Promise.all(all)).flat();
}

export interface Times {
  readonly active: boolean;
  /** When its time was written, and since when it runs: since then, or since this host's last start. ISO 8601. */
  readonly placed?: string | undefined;
  readonly since?: string | undefined;
}

export async function timesOf(kind: Kind, stack: string): Promise<Times> {
  const name = timerOf(kind, stack);
  const { stdout } = await run("systemctl", ["show", name, "--timestamp=unix", "--property=ActiveState,ActiveEnterTimestamp"]);
  const seconds = /^ActiveEnterTimestamp=@(\d+)$/m.exec(stdout)?.[1];
  return {
    active: /^ActiveState=active$/m.test(stdout),
    placed: writtenAt(name),
    ...(seconds !== undefined && { since: new Date(Number(seconds) * 1000).toISOString() }),
  };
}

/** The first time after that one at which a calendar expression goes off, both in milliseconds since 1970; undefined where there is none. */
export async function dueAfter(when: string, after: number): Promise<number | undefined> {
  const { stdout } = await run("systemd-analyze", ["calendar", `--base-time=@${Math.floor(after / 1000)}`, when]);
  // In this host's own time, and where that is not UTC, in that too.
  const at = /^ *\(in UTC\): \S+ (.+ UTC)$/m.exec(stdout) ?? /^ *Next elapse: \S+ (.+ UTC)$/m.exec(stdout);
  return at ? Date.parse(at[1]!) : undefined;
}
