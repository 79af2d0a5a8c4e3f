/** Our units of systemd: written where they differ, removed where none is wanted any more. */
import * as fs from "node:fs";
import { must, run } from "./process.ts";
import { writeWhole } from "./store.ts";

const file = (name: string) => `/etc/systemd/system/${name}`;
const textOf = (name: string) => (fs.existsSync(file(name)) ? fs.readFileSync(file(name), "utf8") : undefined);

/** When it was written as it is now; ISO 8601. */
export const writtenAt = (name: string): string | undefined => fs.statSync(file(name), { throwIfNoEntry: false })?.mtime.toISOString();

/** Name to text, or to undefined where it is to go. Gives the names of those that are new or another than before. */
export async function placeUnits(wanted: Readonly<Record<string, string | undefined>>): Promise<string[]> {
  const changed = Object.entries(wanted).filter(([name, text]) => textOf(name) !== text);
  for (const [name, text] of changed) {
    if (text !== undefined) writeWhole(file(name), text, 0o644);
    else {
      if (name.endsWith(".timer")) await run("systemctl", ["disable", "--quiet", "--now", name]);
      fs.rmSync(file(name), { force: true });
    }
  }
  if (changed.length > 0) await must("systemctl", ["daemon-reload"]);
  return changed.flatMap(([name, text]) => (text === undefined ? [] : [name]));
}

/** Timers that go off at the time that is written now: one that runs keeps its old time until it is started anew. */
export async function startTimers(names: readonly string[]): Promise<void> {
  const timers = names.filter((name) => name.endsWith(".timer"));
  if (timers.length === 0) return;
  await must("systemctl", ["enable", "--quiet", ...timers]);
  await must("systemctl", ["restart", ...timers]);
}

/** A timer's file. `when`: a calendar expression of systemd's; `more`: other lines of its section. */
export const timerUnit = (says: string, when: string, ...more: string[]): string => `[Unit]
Description=${says}

[Timer]
${[`OnCalendar=${when}`, ...more].join("\n")}

[Install]
WantedBy=timers.target
`;
