/** One look at a stack: measured, told where it is too much, sent where the stack wants it, and remembered for the next one. */
import * as fs from "node:fs";
import * as os from "node:os";
import type { Observation } from "../release/observation.ts";
import { newsOf, withUnheard, type News } from "./alarms.ts";
import { outputOf, type Output } from "./container-output.ts";
import { say } from "./follow.ts";
import { whileOurs } from "./lock.ts";
import { measure, type Measured } from "./measured.ts";
import type { Answer, Occurrence, Order } from "./measurements/order.ts";
import { inWords, tellAlarm } from "./notify.ts";
import { lookLock, memoryOf, setMemory, type Memory } from "./observation.ts";
import { lastLines, run } from "./process.ts";
import { Store } from "./store.ts";

/** Put there by the stack, where it is measured. */
export const MEASUREMENTS_PROGRAM = "/opt/recoloca/recoloca-measurements.js";
const SECONDS = 40;

export const look = (store: Store): Promise<Measured> => measure(store, memoryOf(store.stack));

/** Why it did not arrive; undefined where it did, or somebody else is at it. */
export const lookAndSend = (stack: string, order: Observation): Promise<string | undefined> =>
  whileOurs(lookLock(stack), async () => {
    const store = new Store(stack);
    const before = memoryOf(stack);
    const at = new Date().toISOString();
    const measured = await measure(store, before);
    const { news, alarms } = order.tells ? newsOf(stack, measured, order.limits, before?.alarms ?? {}) : { news: [], alarms: {} };
    const unheard = order.tells ? await tell(store, withUnheard(before?.unheard ?? [], news)) : [];
    const ended = endedReleases(store, before?.told);
    const occurrences: Occurrence[] = [
      ...ended.occurrences,
      ...news.map(({ metric, over, text }): Occurrence => ({ at, name: "alarm", text, attributes: { metric, over: String(over) } })),
    ];
    const output = await newOutput(stack, order, before, at);
    const answer = await send(orderOf(store, order, { at, measured, occurrences, output }));
    const problem = answer.figures ?? answer.lines;
    const taken = answer.lines === undefined;
    setMemory(stack, {
      at,
      counted: measured.counted,
      minutes: measured.minutes,
      // What did not arrive is sent again with the next look, as long as it is there.
      told: taken ? ended.told : (before?.told ?? ended.told),
      lines: taken ? output.until : (before?.lines ?? {}),
      alarms,
      unheard,
      arrivedAt: problem === undefined ? at : before?.arrivedAt,
      problem,
    });
    return problem;
  });

/** Which of them nobody has taken. At once: a webhook that is down holds up each for a while. */
async function tell(store: Store, news: readonly News[]): Promise<News[]> {
  const heard = await Promise.all(news.map(({ metric, over, text }) => tellAlarm(store, metric, over, text)));
  return news.filter((_, index) => heard[index] === false);
}

/** Containers that were not there at the last look are read from then on; at the very first one nothing is: it may be years. */
async function newOutput(stack: string, { logs }: Observation, before: Memory | undefined, at: string): Promise<Output> {
  const nothing: Output = { lines: [], until: before?.lines ?? {} };
  if (!logs) return nothing;
  return outputOf(stack, before?.lines ?? {}, asEngineTime(before?.at ?? at)).catch((error: Error) => {
    say(` what the containers print could not be read: ${error.message}`);
    return nothing;
  });
}

/** With nine digits of a second, as the engine writes it. */
const asEngineTime = (at: string) => at.replace(/\.(\d{3})Z$/, ".$1000000Z");

/** What became of each release that has ended since; before the first look is history. */
export function endedReleases(store: Store, told: number | undefined): { occurrences: Occurrence[]; told: number } {
  const newest = store.numbers().at(-1) ?? 0;
  if (told === undefined) return { occurrences: [], told: (store.unfinished() ?? newest + 1) - 1 };
  // Where the stack was removed and came again its numbers begin anew.
  const since = told > newest ? 0 : told;
  const ended = store
    .readings()
    .filter(({ number }) => number > since)
    .flatMap(({ record }) => (record?.outcome ? [{ ...record, outcome: record.outcome }] : []));
  return {
    occurrences: ended.map((record) => {
      const { number, release, outcome, endedAt, startedAt } = record;
      return { at: endedAt ?? startedAt, name: "release", text: inWords(store.stack, record), attributes: { number, release, outcome } };
    }),
    told: Math.max(since, ...ended.map(({ number }) => number)),
  };
}

interface Seen {
  readonly at: string;
  readonly measured: Measured;
  readonly occurrences: readonly Occurrence[];
  readonly output: Output;
}

function orderOf(store: Store, { sink, application, environment }: Observation, { at, measured, occurrences, output }: Seen): Order {
  const { live } = store.state();
  const record = live && store.record(live.number);
  const { stack } = store;
  return {
    sink,
    application,
    environment,
    stack,
    host: os.hostname(),
    at,
    figures: measured.figures,
    ...(record && { release: { number: record.number, name: record.release } }),
    occurrences,
    lines: output.lines,
  };
}

async function send(order: Order): Promise<Answer> {
  const failed = (why: string): Answer => ({ figures: why, lines: why });
  if (!fs.existsSync(MEASUREMENTS_PROGRAM)) return failed(`${MEASUREMENTS_PROGRAM} is not on this host; pulumi up puts it there`);
  const ran = await run(process.execPath, ["--max-semi-space-size=2", MEASUREMENTS_PROGRAM], { input: JSON.stringify(order), timeout: SECONDS });
  return ran.code === 0 ? (JSON.parse(ran.stdout) as Answer) : failed(lastLines(ran.stderr, 1));
}
