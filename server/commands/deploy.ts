/**
 * `recoloca deploy`: receives a plan and runs it. The program's starter makes it a systemd unit of its own from the first
 * moment, so that a cut connection changes nothing; the same plan sent again finds its way back here (design D1).
 */
import * as fs from "node:fs";
import * as z from "zod";
import { OUTCOMES } from "../../release/outcome.ts";
import { PLAN_FORMAT, identityOf, planSchema, stackName, type Plan } from "../../release/plan.ts";
import type { ReleaseRecord } from "../../release/record.ts";
import { readInput, type Given } from "../command-line.ts";
import { Telling, follow } from "../follow.ts";
import { keepLiveAnswer } from "../live-answer.ts";
import { isTaken, take } from "../lock.ts";
import { sleep } from "../process.ts";
import { ago } from "../render.ts";
import { Store } from "../store.ts";
import { transact } from "../transaction.ts";

const refuse = (text: string): number => {
  process.stdout.write(` refused: ${text}\n`);
  return OUTCOMES.refused.exit;
};

export async function deploy(given: Given): Promise<number> {
  // Who started this may be gone before it ends.
  process.stdout.on("error", () => undefined);
  const text = await readInput();
  if (text.trim() === "") {
    process.stdout.write(" no release is named yet: this server is ready for one\n");
    return 0;
  }
  const plan = readPlan(text);
  if (typeof plan === "string") return refuse(plan);
  if (!fs.existsSync("/run/systemd/system")) return refuse("this host has no systemd, which keeps a deploy going when the connection is cut");
  const store = new Store(stackName(plan));
  const identity = identityOf(plan);
  while (!take(store.lockFile)) {
    const running = await runningDeploy(store);
    const record = running === undefined ? undefined : store.record(running);
    if (record?.identity === identity) return follow(store, record.number);
    if (record) return refuse(sayRunning(record));
    // Whoever has the lock has not written a record yet, or has just ended.
    await sleep(100);
  }
  const live = store.state().live;
  if (live && store.record(live.number)?.identity === identity) {
    process.stdout.write(` release ${live.number}  ${plan.release} is live already; nothing to do\n`);
    return 0;
  }
  const number = store.create(plan);
  keepLiveAnswer(store);
  const telling = new Telling({ number, release: plan.release, provenance: plan.provenance, startedAt: new Date().toISOString() });
  const attempt = String(given.options["attempt"] ?? number);
  await transact(store, number, attempt, (line) => telling.line(line)).finally(() => {
    telling.stop();
    keepLiveAnswer(store);
  });
  return telling.end(store.record(number)!);
}

function sayRunning({ number, release, provenance, startedAt }: ReleaseRecord): string {
  const who = [provenance.actor && `by ${provenance.actor}`, provenance.run && `run ${provenance.run}`].filter(Boolean).join(", ");
  return `release ${number} (${release}) is being deployed${who ? ` ${who}` : ""}, since ${ago(startedAt)}\n  wait for it, or look: recoloca show ${number}. Nothing was changed.`;
}

function readPlan(text: string): Plan | string {
  let given: unknown;
  try {
    given = JSON.parse(text);
  } catch (error) {
    return `the plan is not JSON: ${(error as Error).message}`;
  }
  const format = (given as { format?: unknown } | null)?.format;
  if (typeof format === "number" && format > PLAN_FORMAT)
    return `the plan has format ${format}, this host's program knows ${PLAN_FORMAT}: run "pulumi up" with the newer program, which brings its host program along`;
  const parsed = planSchema.safeParse(given);
  if (!parsed.success) return `the plan is not understood:\n${z.prettifyError(parsed.error)}`;
  const gate = parsed.data.gates.find((one) => parsed.data.routes.every((route) => route.path !== "/" && !one.path.startsWith(route.path)));
  if (gate) return `gate "${gate.name}" asks ${gate.path}, and no route leads there`;
  return parsed.data;
}

/** The release that somebody deploys now. Nobody waits for a dead one: the lock died with its process. */
export async function runningDeploy(store: Store): Promise<number | undefined> {
  if (!(await isTaken(store.lockFile))) return undefined;
  const newest = store.numbers().at(-1);
  return newest !== undefined && store.record(newest)?.outcome === undefined ? newest : undefined;
}
