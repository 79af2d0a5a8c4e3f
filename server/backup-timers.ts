/** The stack's own times for backups and drills: systemd's timers, one of each kind a stack. */
import type { Backup } from "../release/backup.ts";
import { lastLines, run } from "./process.ts";
import { placeUnits, startTimers } from "./units.ts";

const KINDS = { backup: "every", drill: "drill" } as const;
type Kind = keyof typeof KINDS;

export const timerOf = (kind: Kind, stack: string) => `recoloca-${kind}@${stack}.timer`;

/**
 * Several servers do not knock at the same moment, and each always at its own; one that was off at its time makes up for it when
 * it is on again.
 */
const timer = (kind: Kind, stack: string, when: string) => `[Unit]
Description=When a ${kind} of ${stack} is due

[Timer]
OnCalendar=${when}
RandomizedDelaySec=5m
FixedRandomDelay=true
Persistent=true

[Install]
WantedBy=timers.target
`;

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
  /** When it went off last, and will next. */
  readonly last?: string | undefined;
  readonly next?: string | undefined;
}

export async function timesOf(kind: Kind, stack: string): Promise<Times> {
  const { stdout } = await run("systemctl", [
    "show", timerOf(kind, stack), "--timestamp=unix", "--property=ActiveState,LastTriggerUSec,NextElapseUSecRealtime",
  ]); // prettier-ignore
  const seconds = (name: string) => new RegExp(`^${name}=@(\\d+)$`, "m").exec(stdout)?.[1];
  const at = (name: string) => (seconds(name) === undefined ? undefined : new Date(Number(seconds(name)) * 1000).toISOString());
  return { active: /^ActiveState=active$/m.test(stdout), last: at("LastTriggerUSec"), next: at("NextElapseUSecRealtime") };
}
