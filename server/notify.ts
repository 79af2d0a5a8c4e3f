/** Tells others how a release ended, whoever asked for it: a pipeline, a person, or nobody, after an interruption; and of trouble beside it. */
import * as fs from "node:fs";
import { OUTCOMES, type Outcome } from "../release/outcome.ts";
import type { Notify, Telemetry } from "../release/plan.ts";
import type { ReleaseRecord } from "../release/record.ts";
import { lastLines, run, sleep } from "./process.ts";
import { say } from "./follow.ts";
import { byWhom, firstLine } from "./render.ts";
import type { Store } from "./store.ts";

const SECONDS = 5;
const TRIES = 3;

/** Whether a release has ended and somebody who wants to know has not heard of it. */
export function isUntold(store: Store, number: number): boolean {
  const record = store.record(number);
  const { notify, telemetry } = store.plan(number);
  return record?.outcome !== undefined && !record.told && (notify.length > 0 || telemetry !== undefined);
}

/** Once per release, kept in its record; what cannot be told is said, and fails nobody's deploy. */
export async function tellOthers(store: Store, number: number): Promise<void> {
  const record = store.record(number);
  if (!record?.outcome || !isUntold(store, number)) return;
  const { notify, telemetry } = store.plan(number);
  const { outcome } = record;
  const due = notify.filter(({ on }) => on === undefined || on.includes(outcome));
  const ended = { ...record, outcome };
  const problems = await Promise.all([
    ...due.map((target) => send(target, inWords(store.stack, ended), asJson(store.stack, ended))),
    ...(telemetry ? [sendTrace(telemetry, store.stack, ended)] : []),
  ]);
  store.setRecord({ ...record, told: true });
  for (const problem of problems) if (problem !== undefined) say(` ${problem}`);
}

type Ended = ReleaseRecord & { readonly outcome: Outcome };

/** Of what went wrong with nobody there to read it, and is no release's: told to all who want to know of more than what went well. */
export async function tellTrouble(store: Store, what: "backup" | "drill" | "certificate", reason: string): Promise<void> {
  await tellBeside(store, `${store.stack}: ${what === "certificate" ? "certificate " : `the ${what} failed: `}${firstLine(reason)}`, { what, reason });
}

/** Of what has been too much for a while, and of its end; whether anybody has heard of it, undefined where nobody is to. */
export const tellAlarm = (store: Store, metric: string, over: boolean, text: string): Promise<boolean | undefined> =>
  tellBeside(store, text, { what: "alarm", metric, over });

async function tellBeside(store: Store, text: string, more: object): Promise<boolean | undefined> {
  const live = store.state().live;
  if (!live) return undefined;
  const due = store.plan(live.number).notify.filter(({ on }) => on === undefined || on.some((outcome) => outcome !== "live"));
  if (due.length === 0) return undefined;
  const problems = await Promise.all(due.map((target) => send(target, text, { stack: store.stack, ...more, at: new Date().toISOString(), text })));
  for (const problem of problems) if (problem !== undefined) say(` ${problem}`);
  return problems.includes(undefined);
}

/** Only the server's name is said: such URLs are secrets. */
async function send({ url, format }: Notify, text: string, json: object): Promise<string | undefined> {
  const body = JSON.stringify(format === "slack" ? { text } : json);
  let why = "";
  for (let tried = 1; tried <= TRIES; tried++) {
    try {
      const answer = await fetch(url, {
        method: "POST",
        headers: { "content-type": "application/json", "user-agent": "recoloca" },
        body,
        redirect: "error",
        signal: AbortSignal.timeout(SECONDS * 1000),
      });
      await answer.arrayBuffer();
      if (answer.ok) return undefined;
      why = `it answered with ${answer.status}`;
      if (answer.status < 500 && answer.status !== 429) break;
    } catch (error) {
      const { name, cause, message } = error as Error & { cause?: Error };
      why = name === "TimeoutError" ? `no answer in ${SECONDS}s` : (cause?.message ?? message);
    }
    if (tried < TRIES) await sleep(500 * tried);
  }
  return `${new URL(url).host} was not told: ${why}`;
}

/** Put there by the stack, where it wants traces. */
export const TRACE_PROGRAM = "/opt/recoloca/recoloca-trace.js";

async function sendTrace(telemetry: Telemetry, stack: string, record: Ended): Promise<string | undefined> {
  const { host } = new URL(telemetry.endpoint);
  if (!fs.existsSync(TRACE_PROGRAM)) return `${host} got no trace: ${TRACE_PROGRAM} is not on this host; pulumi up puts it there`;
  const ran = await run(process.execPath, [TRACE_PROGRAM], { input: JSON.stringify({ telemetry, stack, record }), timeout: 20 });
  return ran.code === 0 ? undefined : `${host} got no trace: ${lastLines(ran.stderr, 1)}`;
}

export function inWords(stack: string, record: Ended): string {
  const { number, release, outcome, rollback, provenance } = record;
  const reason = outcome === "live" ? provenance.reason : record.reason;
  const what = rollback ? `rollback to ${release} (release ${number})` : `release ${number} (${release})`;
  const why = reason === undefined ? "" : `: ${firstLine(reason)}`;
  return `${stack}: ${what}${byWhom(provenance)} ${OUTCOMES[outcome].was}${why}`;
}

/** The record as `recoloca show --json` prints it, without its journal. */
function asJson(stack: string, record: Ended): object {
  const { journal: _journal, told: _told, ...rest } = record;
  return { ...rest, stack, exit: OUTCOMES[record.outcome].exit, text: inWords(stack, record) };
}
