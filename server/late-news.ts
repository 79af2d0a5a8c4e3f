/**
 * Tells `recoloca:notify` of a backup or a drill that is late, and when that is over. Only where nobody measures the stack: what it
 * is measured for tells that already (docs/observability.md).
 */
import * as fs from "node:fs";
import type { Limits } from "../release/observation.ts";
import { newsOf } from "./alarms.ts";
import { backupFigures } from "./backup-figures.ts";
import { tellAlarm } from "./notify.ts";
import { observationOf, type Memory } from "./observation.ts";
import { readJsonOr, writeWhole, type Store } from "./store.ts";

type Told = Memory["alarms"];

const file = (store: Store) => `${store.folder}/late.json`;
/** No figure of a backup has one of its own. */
const LIMITS: Limits = { disk: 100, memory: 100, errors: 100 };

/** Once each; what nobody has taken is told again with the next look. */
export async function tellLate(store: Store, now = Date.now()): Promise<void> {
  const { live } = store.state();
  const backup = live && store.plan(live.number).backup;
  if (!backup || observationOf(store.stack)) return fs.rmSync(file(store), { force: true });
  const before = readJsonOr<Told>(file(store), () => undefined) ?? {};
  const { news, alarms } = newsOf(store.stack, await backupFigures(store, backup, now), LIMITS, before);
  const told: Record<string, Told[keyof Told]> = { ...alarms };
  for (const { metric, over, text } of news) if (!(await tellAlarm(store, metric, over, text))) told[metric] = before[metric];
  writeWhole(file(store), JSON.stringify(told));
}
