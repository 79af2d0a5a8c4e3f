/** `recoloca measure`: how this host and a stack are, in figures; the timer has them sent. `recoloca observe` is the stack's own. */
import * as os from "node:os";
import { stackName } from "../../release/plan.ts";
import { METRICS, type Metric } from "../../release/metrics.ts";
import { observationSchema, type Observation } from "../../release/observation.ts";
import type { Given } from "../command-line.ts";
import { say } from "../follow.ts";
import { look, lookAndSend } from "../look.ts";
import { memoryOf, observationOf, observe, saySink } from "../observation.ts";
import { sleep } from "../process.ts";
import { ago } from "../render.ts";
import { readInput } from "../standard-input.ts";
import { Store } from "../store.ts";
import { refuse } from "./refuse.ts";
import { namedStack, theStack } from "./which.ts";

export async function measureCommand(given: Given): Promise<number> {
  const timed = given.options["timed"] === true;
  // A stack is measured before anything was deployed to it.
  const named = given.options["stack"];
  const stack = typeof named === "string" && observationOf(named) ? named : theStack(given);
  const order = observationOf(stack);
  if (!timed && !given.options["send"]) return show(stack, order, given);
  if (!order) return refuse(`${stack} is not measured: recoloca:observability in the stack's configuration, docs/observability.md`);
  const before = memoryOf(stack)?.problem;
  const problem = await lookAndSend(stack, order);
  if (problem === undefined) {
    if (!timed) say(` ${saySink(order.sink)} has taken it`);
    return 0;
  }
  // The timer's journal says it once, doctor as long as it is so.
  if (!timed || problem !== before) say(` ${saySink(order.sink)} did not take it: ${problem}`);
  return timed ? 0 : 1;
}

async function show(stack: string, order: Observation | undefined, given: Given): Promise<number> {
  const store = new Store(stack);
  const { figures, words } = await look(store);
  const memory = memoryOf(stack);
  if (given.options["json"]) {
    process.stdout.write(`${JSON.stringify({ stack, figures, words, ...(memory && { arrivedAt: memory.arrivedAt, problem: memory.problem }) }, null, 2)}\n`);
    return 0;
  }
  const arrived = memory?.arrivedAt === undefined ? "nothing has arrived there yet" : `arrived ${ago(memory.arrivedAt)} ago`;
  say(` ${stack} on ${os.hostname()}${order ? `, sent each minute to ${saySink(order.sink)}; ${arrived}` : ", not sent anywhere"}`);
  for (const [key, { unit, says }] of Object.entries(METRICS) as [Metric, (typeof METRICS)[Metric]][]) {
    const figure = figures[key];
    if (figure !== undefined) say(` ${sayFigure(unit, figure).padStart(8)}  ${says}`);
  }
  for (const text of Object.values(words)) say(` ${text}`);
  return 0;
}

function sayFigure(unit: (typeof METRICS)[Metric]["unit"], figure: number): string {
  if (unit === "Percent") return `${figure.toFixed(1)} %`;
  if (unit === "Seconds") return figure < 0 ? "over" : ago(new Date(Date.now() - figure * 1000).toISOString());
  return unit === "None" ? figure.toFixed(2) : String(figure);
}

/** A right that was given a moment ago takes some seconds to be one. */
const TRIES = 4;
const PAUSE = 5000;

/** What the stack wants of it, on standard input; `--off`: nothing any more. */
export async function observeCommand(given: Given): Promise<number> {
  if (given.options["off"]) {
    const stack = namedStack(given);
    await observe(stack, undefined);
    say(` ${stack} is not measured any more`);
    return 0;
  }
  const read = observationSchema.safeParse(JSON.parse(await readInput()));
  if (!read.success)
    return refuse(
      `what the stack wants of its measuring is not understood: ${read.error.issues.map(({ path, message }) => `${path.join(".")}: ${message}`).join("; ")}`,
    );
  const order = read.data;
  const stack = stackName(order);
  await observe(stack, order);
  let problem = await lookAndSend(stack, order);
  for (let tries = 1; problem !== undefined && order.sink.to === "cloudwatch" && tries < TRIES; tries++) {
    await sleep(PAUSE);
    problem = await lookAndSend(stack, order);
  }
  // What is measured elsewhere is no reason for a deploy not to be: doctor goes on saying it.
  say(
    ` ${stack} is measured once a minute; ${saySink(order.sink)} ${problem === undefined ? "has taken the first look" : `DID NOT take the first look: ${problem}`}`,
  );
  return 0;
}
