/**
 * `recoloca deploy`: receives a plan and runs it. The program's starter makes it a systemd unit of its own from the first
 * moment, so that a cut connection changes nothing; the same plan sent again finds its way back here (design D1).
 */
import * as fs from "node:fs";
import { parseDuration } from "../../release/duration.ts";
import { OUTCOMES } from "../../release/outcome.ts";
import { identityOf, stackName, type Plan } from "../../release/plan.ts";
import { placeTimers, problemsOfTimes } from "../backup-timers.ts";
import { unguardedAnew } from "../bucket-protection.ts";
import { againstKeys } from "../bucket.ts";
import { Wrong, type Given } from "../command-line.ts";
import { Edge, storedEdge } from "../edge.ts";
import { follow, say } from "../follow.ts";
import { keepLiveAnswer } from "../live-answer.ts";
import { closeLeftOpen } from "../left-open.ts";
import { whileClosed } from "../prepare.ts";
import { sleep } from "../process.ts";
import { readPlan } from "../read-plan.ts";
import { ago, firstLine } from "../render.ts";
import { runPlan } from "../run-release.ts";
import { locked, sayRunning } from "../stack-lock.ts";
import { takeOnTls } from "../stack-tls.ts";
import { readInput } from "../standard-input.ts";
import { EDGE_LIMIT_SECONDS, startStopped } from "../steps.ts";
import { Store, type LiveRelease, type Slot } from "../store.ts";
import { holdOf } from "./hold.ts";
import { refuse } from "./refuse.ts";

export async function deploy(given: Given): Promise<number> {
  const wait = secondsOf(given.options["wait"]);
  const text = await readInput();
  if (text.trim() === "") {
    say(" no release is named yet: this server is ready for one");
    return 0;
  }
  const plan = readPlan(text);
  if (typeof plan === "string") return refuse(plan);
  if (!fs.existsSync("/run/systemd/system")) return refuse("this host has no systemd, which keeps a deploy going when the connection is cut");
  const times = await problemsOfTimes(plan.backup);
  if (times.length > 0) return refuse(`${times.join("\n   ")}\n   Nothing was changed.`);
  const store = new Store(stackName(plan));
  const identity = identityOf(plan);
  const running = await locked(store, wait, (record) => record.identity === identity);
  if (running?.record?.identity === identity) return follow(store, running.record.number);
  if (running) return refuse(sayRunning(running));
  const attempt = typeof given.options["attempt"] === "string" ? given.options["attempt"] : undefined;
  const live = store.state().live;
  const before = live ? store.plan(live.number) : undefined;
  const keys = await againstKeys(store.stack, plan, before);
  if (keys !== undefined) return refuse(`${keys}\n   backups go on by those before. Nothing was changed.`);
  const exposed = await unguardedAnew(plan, before);
  if (exposed) say(` warning: ${exposed.what}\n     ${exposed.fix}`);
  if (live && store.record(live.number)?.identity === identity) return stayLive(store, live, plan, attempt);
  const held = holdOf(store, plan, given.options["lift"]);
  if (held !== undefined) return refuse(held);
  const tried = lastTry(store, identity);
  if (tried !== undefined) say(tried);
  return runPlan(store, plan, "deploy", {
    ...(attempt !== undefined && { attempt }),
    ...(typeof given.options["from"] === "string" && given.options["from"] !== "" && { from: given.options["from"] }),
  });
}

/** Nothing is released; what is not part of a release's identity (gates, backups, times) is for the next command and the next deploy. */
async function stayLive(store: Store, live: LiveRelease, plan: Plan, attempt: string | undefined): Promise<number> {
  const { release, provenance } = store.plan(live.number);
  store.setPlan(live.number, { ...plan, release, provenance });
  // Whoever asks next what is live finds his own attempt: on a server that was made anew he had none to ask for before.
  if (attempt !== undefined) {
    store.setRecord({ ...store.record(live.number)!, attempt });
    keepLiveAnswer(store);
  }
  const stored = storedEdge(store.stack);
  await placeTimers(store.stack, plan.backup);
  const edge = stored && new Edge({ ...stored, page: undefined, ...whileClosed(plan) });
  await edge?.configure();
  const silent = edge && (await unserved(edge, live.slot));
  if (silent !== undefined) return needsHuman(live.number, release, silent);
  const closed = await closeLeftOpen(store);
  if (closed !== "") say(` ${closed}`);
  say(` release ${live.number}  ${release} is live already; nothing to do`);
  await takeOnTls(store, plan);
  return 0;
}

/** On a server that was made anew the containers are still starting, or were never started. Undefined once the edge reaches all of them. */
async function unserved(edge: Edge, slot: Slot): Promise<string | undefined> {
  if (edge.serving() !== slot) return undefined;
  for (const limit = performance.now() + EDGE_LIMIT_SECONDS * 1000; ;) {
    const [first] = await edge.unreached(slot);
    if (!first) return undefined;
    if (performance.now() > limit) return `the edge does not reach port ${first.port} of "${first.service}" (${first.status})`;
    await startStopped(edge.stack.stack, slot);
    await sleep(200);
  }
}

function needsHuman(number: number, release: string, why: string): number {
  say(` release ${number}  ${release} is live, but does not serve: ${why} after ${EDGE_LIMIT_SECONDS}s`);
  say("   look at it: recoloca status; recoloca logs; recoloca doctor");
  return OUTCOMES.stuck.exit;
}

function secondsOf(wait: string | boolean | undefined): number {
  if (typeof wait !== "string") return 0;
  const seconds = /^\d+$/.test(wait) ? Number(wait) : parseDuration(wait);
  if (seconds === undefined) throw new Wrong(`--wait got "${wait}", wants seconds or a duration such as 5m`);
  return seconds;
}

/** The same release, tried before: how it ended, before it is tried anew. */
function lastTry(store: Store, identity: string): string | undefined {
  const record = store.records().findLast((one) => one.identity === identity);
  if (!record?.outcome || record.outcome === "live") return undefined;
  return ` release ${record.number} was the same and ${OUTCOMES[record.outcome].was}, ${ago(record.startedAt)} ago: ${firstLine(record.reason)}; trying anew`;
}
