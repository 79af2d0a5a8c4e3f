/**
 * That a stack is measured, and what became of it: its order, its timer, and what has to be known from one minute to the next.
 * Below `/var/lib/recoloca/observation/<stack>/`, beside the stack's own folder: it is measured before anything is deployed, too.
 */
import * as fs from "node:fs";
import * as path from "node:path";
import type { Metric } from "../release/metrics.ts";
import type { Observation, Sink } from "../release/observation.ts";
import type { News } from "./alarms.ts";
import type { Finding } from "./finding.ts";
import { ago } from "./render.ts";
import { ROOT, readJson, writeWhole, type Slot } from "./store.ts";
import { placeUnits, startTimers, timerUnit } from "./units.ts";

/** Carried from one look to the next. */
export interface Memory {
  /** When the last look was, ISO 8601. */
  readonly at: string;
  /** What the edge had counted for the live slot, and what it answered in each of the last minutes, newest first. */
  readonly counted?: { readonly slot: Slot; readonly all: number; readonly failed: number } | undefined;
  readonly minutes: readonly { readonly all: number; readonly failed: number }[];
  /** Number of the newest release whose end was told. */
  readonly told: number;
  /** Up to which line each container's output has arrived: its time, as the engine writes it. */
  readonly lines: Readonly<Record<string, string>>;
  /** For how many looks in a row it was too much, and whether somebody has heard of it. */
  readonly alarms: Readonly<Partial<Record<Metric, { readonly looks: number; readonly told: boolean }>>>;
  /** Told to the other side, and taken by none of those who want to hear of it. */
  readonly unheard?: readonly News[] | undefined;
  /** When the other side last took everything; why it did not since. */
  readonly arrivedAt?: string | undefined;
  readonly problem?: string | undefined;
}

const folderOf = (stack: string) => path.join(ROOT, "observation", stack);
const orderFile = (stack: string) => path.join(folderOf(stack), "order.json");
const memoryFile = (stack: string) => path.join(folderOf(stack), "memory.json");
/** One look at a time: a timer's and a person's would both tell. */
export const lookLock = (stack: string) => path.join(folderOf(stack), "lock");

/** Undefined where the stack is not measured. Holds the endpoint's token. */
export const observationOf = (stack: string): Observation | undefined => readJson<Observation>(orderFile(stack));
export const memoryOf = (stack: string): Memory | undefined => readJson<Memory>(memoryFile(stack));
export const setMemory = (stack: string, memory: Memory): void => writeWhole(memoryFile(stack), JSON.stringify(memory));

const timerOf = (stack: string) => `recoloca-measure@${stack}.timer`;

/** Each server at a second of its own, so that not all of them knock at once. */
const timer = (stack: string) => timerUnit(`Measures ${stack} once a minute`, "minutely", "AccuracySec=1s", "RandomizedDelaySec=50s", "FixedRandomDelay=true");

/** From now on, or not any more. */
export async function observe(stack: string, order: Observation | undefined): Promise<void> {
  if (order) writeWhole(orderFile(stack), JSON.stringify(order, null, 2));
  await startTimers(await placeUnits({ [timerOf(stack)]: order && timer(stack) }));
  if (!order) fs.rmSync(folderOf(stack), { recursive: true, force: true });
}

/** For people: never the whole URL, which may hold a token. */
export const saySink = (sink: Sink): string => (sink.to === "otlp" ? new URL(sink.endpoint).host : `CloudWatch in ${sink.region}, log group ${sink.group}`);

/** Milliseconds; a restart of the other side is no news. */
const PATIENCE_MILLISECONDS = 10 * 60_000;

/** What `doctor` says of it. */
export function observationFindings(stack: string): Finding[] {
  const order = observationOf(stack);
  const memory = memoryOf(stack);
  if (!order || !memory) return [];
  const silent = Date.now() - Date.parse(memory.at) > PATIENCE_MILLISECONDS;
  if (silent) return [{ what: `${stack}: nothing was measured since ${ago(memory.at)}`, fix: `systemctl enable --now ${timerOf(stack)}` }];
  if (memory.problem === undefined || Date.now() - Date.parse(memory.arrivedAt ?? "1970-01-01") < PATIENCE_MILLISECONDS) return [];
  const since = memory.arrivedAt === undefined ? "never" : `not since ${ago(memory.arrivedAt)}`;
  return [
    { what: `${stack}: what is measured has ${since} arrived at ${saySink(order.sink)}: ${memory.problem}`, fix: `recoloca measure --send --stack ${stack}` },
  ];
}
