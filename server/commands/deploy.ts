/**
 * `recoloca deploy`: receives a plan and runs it. The program's starter makes it a systemd unit of its own from the first
 * moment, so that a cut connection changes nothing; the same plan sent again finds its way back here (design D1).
 */
import * as fs from "node:fs";
import * as z from "zod";
import { parseDuration, sayDuration } from "../../release/duration.ts";
import { OUTCOMES } from "../../release/outcome.ts";
import { PLAN_FORMAT, identityOf, planSchema, stackName, type Plan } from "../../release/plan.ts";
import type { ReleaseRecord } from "../../release/record.ts";
import { Wrong, readInput, type Given } from "../command-line.ts";
import { Edge, storedEdge } from "../edge.ts";
import { routeFor } from "../edge-configuration.ts";
import { hostOf } from "../gates.ts";
import { Telling, follow, say } from "../follow.ts";
import { keepLiveAnswer } from "../live-answer.ts";
import { closeLogins } from "../logins.ts";
import { isTaken, ownerOf, signLock, take, type Owner } from "../lock.ts";
import { sleep } from "../process.ts";
import { whileClosed } from "../prepare.ts";
import { baseOf } from "../backup-place.ts";
import { againstKeys } from "../bucket.ts";
import { placeTimers, problemsOfTimes } from "../backup-timers.ts";
import { tellOthers } from "../notify.ts";
import { ago, byWhom, firstLine } from "../render.ts";
import { holdOf } from "./hold.ts";
import { takeOnTls } from "../stack-tls.ts";
import { EDGE_LIMIT, startStopped } from "../steps.ts";
import { Store, type Slot } from "../store.ts";
import { transact, type Caller } from "../transaction.ts";
import { unguardedAnew } from "../unguarded.ts";

/** One clear error, nothing changed. */
export const refuse = (text: string): number => {
  say(` refused: ${text}`);
  return OUTCOMES.refused.exit;
};

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
  if (live && store.record(live.number)?.identity === identity) {
    // What is not part of a release's identity (gates, backups, times) is for the next command and the next deploy.
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
    await closeAgain(store, live.number);
    say(` release ${live.number}  ${release} is live already; nothing to do`);
    await takeOnTls(store, plan);
    return 0;
  }
  const held = holdOf(store, plan, given.options["lift"]);
  if (held !== undefined) return refuse(held);
  const tried = lastTry(store, identity);
  if (tried !== undefined) say(tried);
  return runPlan(store, plan, "deploy", {
    ...(attempt !== undefined && { attempt }),
    ...(typeof given.options["from"] === "string" && given.options["from"] !== "" && { from: given.options["from"] }),
  });
}

/** A login that could not be closed when the release came live, as the database did not answer then. */
async function closeAgain(store: Store, number: number): Promise<void> {
  const base = baseOf(store, number);
  if (!base) return;
  const said = await closeLogins(store.stack, store.plan(number), base.document).catch((error: Error) => `a login before is still open: ${error.message}`);
  if (said !== "") say(` ${said}`);
}

/** On a server that was made anew the containers are still starting, or were never started. Undefined once the edge reaches all of them. */
async function unserved(edge: Edge, slot: Slot): Promise<string | undefined> {
  if (edge.serving() !== slot) return undefined;
  for (const limit = performance.now() + EDGE_LIMIT * 1000; ;) {
    const [first] = await edge.unreached(slot);
    if (!first) return undefined;
    if (performance.now() > limit) return `the edge does not reach port ${first.port} of "${first.service}" (${first.status})`;
    await startStopped(edge.stack.stack, slot);
    await sleep(200);
  }
}

function needsHuman(number: number, release: string, why: string): number {
  say(` release ${number}  ${release} is live, but does not serve: ${why} after ${EDGE_LIMIT}s`);
  say("   look at it: recoloca status; recoloca logs; recoloca doctor");
  return OUTCOMES.stuck.exit;
}

/** Takes a plan's release to one of its ends, under the lock that the caller has taken. */
export async function runPlan(store: Store, plan: Plan, what: "deploy" | "rollback", caller: Caller): Promise<number> {
  const number = store.create(plan);
  signLock(store.lockFile, { what, number, by: plan.provenance.actor, run: plan.provenance.run, from: caller.from });
  keepLiveAnswer(store);
  const telling = new Telling({ number, release: plan.release, provenance: plan.provenance, startedAt: new Date().toISOString() });
  await transact(store, number, caller, (line) => telling.line(line)).finally(() => {
    telling.stop();
    keepLiveAnswer(store);
  });
  const record = store.record(number)!;
  if (record.outcome === "live") await takeOnTls(store, plan);
  await tellOthers(store, number);
  return telling.end(store.record(number)!);
}

function secondsOf(wait: string | boolean | undefined): number {
  if (typeof wait !== "string") return 0;
  const seconds = /^\d+$/.test(wait) ? Number(wait) : parseDuration(wait);
  if (seconds === undefined) throw new Wrong(`--wait got "${wait}", wants seconds or a duration such as 5m`);
  return seconds;
}

/** What keeps us from the lock: a release that is being deployed, or something else that its owner says. */
export interface Busy {
  readonly record?: ReleaseRecord;
  readonly owner?: Owner;
}

/** How long whoever has just taken the lock may need until it has said what for. */
const UNSAID = 2000;

/** Undefined once the lock is ours; else who has it, when it is for the release that we want, or when waiting took too long. */
export async function locked(store: Store, wait: number, same: (record: ReleaseRecord) => boolean = () => false): Promise<Busy | undefined> {
  const began = performance.now();
  const gone = () => performance.now() - began;
  for (let told = false; !take(store.lockFile);) {
    const number = await runningDeploy(store);
    const record = number === undefined ? undefined : store.record(number);
    const owner = ownerOf(store.lockFile);
    const busy: Busy = { ...(record && { record }), ...(owner && { owner }) };
    const due = gone() >= wait * 1000;
    if (record ? same(record) || due : due && gone() >= UNSAID) return busy;
    if (!told && wait > 0 && (record || gone() >= UNSAID)) {
      say(` waiting up to ${sayDuration(wait)}: ${whatRuns(busy)}`);
      told = true;
    }
    await sleep(100);
  }
  // A deploy whose process died: its lock is free, what it left is not.
  const left = store.numbers().at(-1);
  const record = left === undefined ? undefined : store.record(left);
  if (record && record.outcome === undefined) await settleFirst(store, record);
  return undefined;
}

/** The service that does so at a restart may not have come to it yet; the lock is ours now. */
async function settleFirst(store: Store, { number, release }: ReleaseRecord): Promise<void> {
  say(` release ${number} (${release}) was interrupted; first it is finished or taken back`);
  const { resumeHere } = await import("./resume.ts");
  await resumeHere(store, number);
}

const WORK: Record<Owner["what"], string> = {
  deploy: "a release is being deployed",
  rollback: "a release is being rolled back",
  resume: "an interrupted release is being finished or taken back",
  backup: "a backup is being taken",
  restore: "a backup is being restored",
  drill: "a backup is being restored to see whether it can be",
  prune: "what no release needs is being removed",
  upgrade: "the edge and the engine are being upgraded",
};

function whatRuns({ record, owner }: Busy): string {
  const from = owner?.from ? `, from ${owner.from}` : "";
  if (record) return `release ${record.number} (${record.release}) is being deployed${byWhom(record.provenance)}${from}, since ${ago(record.startedAt)}`;
  return owner ? `${WORK[owner.what]}${byWhom({ actor: owner.by })}${from}, since ${ago(owner.since)}` : "somebody has the stack's lock";
}

export function sayRunning(busy: Busy): string {
  const ways = [
    ...(busy.record ? [`see it         recoloca show ${busy.record.number}`] : []),
    "wait for it    pulumi config set recoloca:wait 10m; pulumi up",
    ...(busy.record ? ["end it         recoloca cancel"] : []),
  ];
  return `${whatRuns(busy)}
${ways.map((way) => `   ${way}`).join("\n")}
   Nothing was changed.`;
}

/** The same release, tried before: how it ended, before it is tried anew. */
function lastTry(store: Store, identity: string): string | undefined {
  const record = store.records().findLast((one) => one.identity === identity);
  if (!record?.outcome || record.outcome === "live") return undefined;
  return ` release ${record.number} was the same and ${OUTCOMES[record.outcome].was}, ${ago(record.startedAt)} ago: ${firstLine(record.reason)}; trying anew`;
}

export function readPlan(text: string): Plan | string {
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
  const { gates, routes } = parsed.data;
  const gate = gates.find((one) => !routeFor(routes, one.path.split("?")[0]!, hostOf(one, routes)));
  if (gate) return `gate "${gate.name}" asks ${gate.host ?? ""}${gate.path}, and no route leads there`;
  return parsed.data;
}

/** The release that somebody deploys now. Nobody waits for a dead one: the lock died with its process. */
export async function runningDeploy(store: Store): Promise<number | undefined> {
  return (await isTaken(store.lockFile)) ? store.unfinished() : undefined;
}
