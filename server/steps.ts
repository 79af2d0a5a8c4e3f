/**
 * The steps of a release up to the switch and beyond, each a small function over the context. What runs in which order,
 * and what undoes it, is the table in `transaction.ts`.
 */
import * as fs from "node:fs";
import { sayDuration } from "../release/duration.ts";
import type { Gate } from "../release/plan.ts";
import { projectName } from "./compose-split.ts";
import { Failure, type Context } from "./context.ts";
import { compose } from "./compose.ts";
import { isSecured } from "./edge.ts";
import * as engine from "./engine.ts";
import { gateEvidence, serviceEvidence } from "./evidence.ts";
import { ask, hostOf, listens, pass, sayGates, targetOf, verdict, type GateFailure, type Question, type Target } from "./gates.ts";
import { sleep } from "./process.ts";
import { runTasks } from "./tasks.ts";
import { writeWhole, type Slot } from "./store.ts";

const plural = (names: readonly string[]) => names.join(", ");

export async function pullImages({ plan, journal }: Context): Promise<void> {
  const images = [...new Set(Object.values(plan.images))];
  const present = await architecturesOf(images);
  const missing = images.filter((image) => !present.has(image));
  const began = journal.seconds;
  for (const image of missing)
    await engine.pull(image).catch((error: Error) => {
      throw new Failure(`image ${image} cannot be had: ${error.message}`, pullHint(image, error.message));
    });
  await checkArchitecture(new Map([...present, ...(await architecturesOf(missing))]));
  const what = missing.length === 0 ? "" : ` (${missing.length} pulled, ${sayDuration(journal.seconds - began)})`;
  journal.tell(`images present: ${plural(Object.keys(plan.images).sort())}${what}`, { state: "pulled" });
}

/** Of those that are here; empty for one whose architecture its builder did not say. */
async function architecturesOf(images: readonly string[]): Promise<Map<string, string>> {
  const asked = await Promise.all(images.map(async (image) => [image, await engine.architectureOf(image)] as const));
  return new Map(asked.filter((one): one is readonly [string, string] => one[1] !== undefined));
}

/** Where something that runs other architectures is there, they may be. */
const EMULATORS = "/proc/sys/fs/binfmt_misc";

/** Before anything is backed up or migrated: a container of another one ends at its first instruction. */
async function checkArchitecture(images: ReadonlyMap<string, string>): Promise<void> {
  const here = await engine.architecture();
  const others = [...images].filter(([, architecture]) => architecture !== "" && architecture !== here);
  if (others.length === 0 || (fs.existsSync(EMULATORS) && fs.readdirSync(EMULATORS).some((name) => name.startsWith("qemu-")))) return;
  throw new Failure(others.map(([image, architecture]) => `image ${image} is for ${architecture}, and this server is ${here}`).join("; "), [
    ["hint", `build it for linux/${here}, or for both: docker buildx build --platform linux/amd64,linux/arm64`],
  ]);
}

/** What opens a registry to this server. At AWS's own it comes by its role, and has no password. */
export const letIn = (image: string): string =>
  /^[^/]*\.dkr\.ecr\.[a-z0-9-]+\.amazonaws\.com/.test(image)
    ? "its role may read the repositories of its own account alone; one of another account has to allow it in its policy"
    : "a login that may read it (packages: read, at GitHub): pulumi config set --secret recoloca:registryPassword";

export function pullHint(image: string, message: string): [string, string][] {
  const server = image.split("/")[0]!;
  // Of an image that was built for several, or by buildx, which writes a list of one.
  if (/no matching manifest|no match for platform/i.test(message)) {
    // An engine that keeps its images in containerd does not say which one that is.
    const here = /for (linux\/[a-z0-9/]+)/.exec(message)?.[1];
    const others = here === undefined ? "other architectures than this server's" : `others than ${here}, which this server is`;
    return [["hint", `it was built for ${others}: docker buildx build --platform linux/amd64,linux/arm64`]];
  }
  if (/manifest unknown|not found/i.test(message)) return [["hint", "the registry has no such digest: was it pushed, or pruned? Set images to one it has"]];
  if (/denied|unauthorized|authentication/i.test(message)) return [["hint", `${server} does not give it to this server: ${letIn(image)}`]];
  if (/refused|no such host|timeout|EOF|connection reset/i.test(message))
    return [["hint", `${server} does not answer from this host; deploy again when it does`]];
  return [];
}

const failed = (what: string) => (error: Error) => {
  throw new Failure(`${what}: ${error.message}`);
};

const releaseCall = ({ stack, slot, store, number, environment }: Context) => ({
  project: projectName(stack, slot),
  file: store.file(number, "release.compose.json"),
  environment,
});

export async function startRelease(context: Context): Promise<void> {
  const { stack, slot, split, journal, old, edge } = context;
  // A slot that is not live is ours to clear: an undone deploy may have left something.
  await removeSlot(stack, slot);
  const call = releaseCall(context);
  writeWhole(call.file, JSON.stringify(split.release, null, 2));
  const failing = failed("the release does not start");
  // The workers are made too, and started after the switch. Making them while the others start takes longer: both want the processor.
  const made = compose(call, ["up", "--no-start", "--no-deps", ...split.routed, ...split.workers, ...Object.keys(split.tasks)]).catch(failing);
  await Promise.all([made, edge.configure()]);
  await runTasks(context);
  // Compose starts one after the other; at once is twice as fast, unless one waits for another's health.
  if (split.routed.some((name) => split.release.services[name]!.depends_on))
    await compose(call, ["up", "--detach", "--no-deps", ...split.routed]).catch(failing);
  else await engine.startContainers((await engine.slotContainers(stack, slot, "routed")).map((one) => one.id)).catch(failing);
  const beside = old && !context.window ? `, beside release ${old.number}` : "";
  journal.tell(`started ${plural(split.routed)} in slot ${slot}${beside}`, { state: "started" });
}

/** The container gate, then the HTTP gates on the new containers directly. */
export async function gateDirectly(context: Context): Promise<void> {
  const { stack, slot, plan, addresses, journal, split } = context;
  const began = await startTimes(context);
  const start = performance.now();
  const look = seldom(() => engine.slotContainers(stack, slot), LOOK_INTERVAL);
  const gone = (service: string) => async () => {
    const found = (await look()).find((one) => one.service === service);
    return !found || engine.hasEnded(found) ? `"${service}" exited with code ${found?.exitCode ?? "?"}` : undefined;
  };
  const knocks = new Map<string, Promise<void>>();
  const passing = plan.gates.map(async (gate) => {
    const to = targetOf(gate, plan.routes, addresses)!;
    const key = `${to.service}:${to.target.port}`;
    const spent = began[to.service] ?? 0;
    if (!knocks.has(key)) knocks.set(key, listens(to.target, Math.min(...plan.gates.map((one) => one.timeout)) - spent, gone(to.service)));
    await knocks.get(key);
    return pass(withHost(context, gate), to.service, to.target, gone(to.service), (performance.now() - start) / 1000 + spent);
  });
  const results = await Promise.all(passing);
  const failure = results.find((result) => result !== undefined);
  if (failure) throw await gateFailure(context, failure);
  await containersSettled(context, split.routed);
  const most = Math.max(0, ...plan.gates.map((gate) => gate.passes));
  journal.tell(plan.gates.length === 0 ? "running (no gates are set)" : `healthy: ${sayGates(plan.gates)} (${most} in a row)`, { state: "healthy" });
}

/** Milliseconds. Each gate that is not passed yet wants to know whether its container lives, and the engine is busy starting it. */
const LOOK_INTERVAL = 200;

/** Asks at most so often, and gives everyone the last answer meanwhile. */
function seldom<T>(ask: () => Promise<T>, interval: number): () => Promise<T> {
  let last: Promise<T> | undefined;
  let at = -Infinity;
  return () => {
    if (last && performance.now() - at < interval) return last;
    at = performance.now();
    return (last = ask());
  };
}

/** Seconds since each service's container started: a gate's time limit counts from there. Never longer than this deploy lasts: the clock may have been set. */
async function startTimes({ stack, slot, journal }: Context): Promise<Record<string, number>> {
  const now = Date.now();
  const since = (startedAt: string) => Math.min(journal.seconds, Math.max(0, now - Date.parse(startedAt)) / 1000);
  return Object.fromEntries((await engine.slotContainers(stack, slot)).map((one) => [one.service, since(one.startedAt)]));
}

async function gateFailure(context: Context, failure: GateFailure, where = ""): Promise<Failure> {
  const { gate, why, seconds } = failure;
  return new Failure(
    `NOT HEALTHY: gate "${gate.name}" wanted ${gate.status} at ${gate.path}${where}, ${why} for ${sayDuration(seconds)}`,
    await gateEvidence(context.stack, context.slot, failure),
  );
}

const CONTAINER_LIMIT_SECONDS = 120;

/** Compose's own health checks have the last word over containers; one without a check must be running. */
async function containersSettled({ stack, slot, journal }: Context, services: readonly string[]): Promise<void> {
  const limit = journal.seconds + CONTAINER_LIMIT_SECONDS;
  for (;;) {
    const found = (await engine.slotContainers(stack, slot)).filter((one) => services.includes(one.service));
    const dead = found.find((one) => one.status !== "running" || one.health === "unhealthy");
    if (dead)
      throw new Failure(
        `"${dead.service}" is ${dead.health === "unhealthy" ? "unhealthy by its own health check" : dead.status}`,
        await serviceEvidence(stack, slot, dead.service),
      );
    if (found.every((one) => one.health !== "starting")) return;
    if (journal.seconds > limit)
      throw new Failure(`"${found.find((one) => one.health === "starting")!.service}" still starting after ${CONTAINER_LIMIT_SECONDS}s`);
    await sleep(100);
  }
}

export async function switchOver(context: Context): Promise<void> {
  const { edge, stack, slot, journal, old } = context;
  // The last release in this slot may have been taken out because it died: ready first, or it never comes up.
  // After an interruption it may serve already: then the one that stands by must not step back.
  if (edge.serving() !== slot) await edge.reset(slot);
  await reachedByEdge(context, slot);
  // Should the system restart from here on, both start again with it, and the map says which one serves.
  const warm = old && !context.window;
  await Promise.all([warm && edge.standBy(slot, true), engine.keepRunning(stack, slot, "routed")]);
  context.answersAtSwitch = await edge.answers(slot);
  await edge.switchTo(slot);
  journal.tell(warm ? `switched; release ${old.number} stays warm` : "switched", { state: "switched" });
}

export const EDGE_LIMIT_SECONDS = 60;

/** HAProxy's own checks have the last word over who gets visitors: also a service that no gate asks must listen. */
export async function reachedByEdge({ stack, edge, journal }: Context, slot: Slot): Promise<void> {
  const limit = journal.seconds + EDGE_LIMIT_SECONDS;
  for (;;) {
    const [first] = await edge.unreached(slot);
    if (!first) return;
    const dead = (await engine.slotContainers(stack, slot, "routed")).find(engine.hasEnded);
    if (dead) throw new Failure(`"${dead.service}" exited with code ${dead.exitCode}`, await serviceEvidence(stack, slot, dead.service));
    if (journal.seconds > limit)
      throw new Failure(`the edge does not reach port ${first.port} of "${first.service}" (${first.status}) after ${EDGE_LIMIT_SECONDS}s`, [
        ...(await serviceEvidence(stack, slot, first.service)),
        ["hint", `a route leads there: does it listen on port ${first.port}, on all addresses (0.0.0.0)?`],
      ]);
    await sleep(20);
  }
}

/** As visitors of the gate's host name come to it. */
const edgeFor = ({ host }: Question): Target => (isSecured(host) ? { address: "127.0.0.1", port: 443, secured: true } : { address: "127.0.0.1", port: 80 });

function withHost({ plan }: Context, gate: Gate): Gate {
  const host = hostOf(gate, plan.routes);
  return host === undefined ? gate : { ...gate, host };
}

/** With the word, where the edge is closed. The containers themselves never get to see it. */
function throughEdge(context: Context, gate: Gate): Gate & Question {
  const bypass = context.edge.closedWith();
  return { ...withHost(context, gate), ...(bypass !== undefined && { bypass }) };
}

export async function verifyThroughEdge(context: Context): Promise<void> {
  const { plan, journal } = context;
  const results = await Promise.all(
    plan.gates.map((gate) => {
      const to = targetOf(gate, plan.routes, context.addresses)!;
      const asked = throughEdge(context, gate);
      return pass({ ...asked, passes: 1, timeout: Math.min(gate.timeout, 10) }, to.service, edgeFor(asked), async () => undefined);
    }),
  );
  const failure = results.find((result) => result !== undefined);
  if (failure) throw await gateFailure(context, failure, " through the edge");
  if (plan.gates.length > 0) journal.tell("the same through the edge", { state: "verified" });
}

export async function swapWorkers(context: Context): Promise<void> {
  const { stack, slot, split, journal, old } = context;
  if (split.workers.length === 0) return;
  if (old) await stopWorkers(stack, old.slot);
  await engine.startContainers((await engine.slotContainers(stack, slot, "worker")).map((one) => one.id));
  // One that dies a moment later is seen by the watch, which begins now.
  const dead = (await engine.slotContainers(stack, slot, "worker")).find((one) => one.status !== "running");
  if (dead) throw new Failure(`"${dead.service}" exited with code ${dead.exitCode}`, await serviceEvidence(stack, slot, dead.service));
  journal.tell(`${plural(split.workers)} ${old ? "swapped (the old one finished first)" : "started"}`, { state: "workers" });
}

export async function stopWorkers(stack: string, slot: Slot): Promise<void> {
  await engine.stopContainers((await engine.slotContainers(stack, slot, "worker")).map((one) => one.id));
}

/** Containers of a slot that do not run, though they should. */
export async function startStopped(stack: string, slot: Slot, role?: "routed"): Promise<void> {
  const found = (await Promise.all((role ? [role] : (["routed", "worker"] as const)).map((one) => engine.slotContainers(stack, slot, one)))).flat();
  await engine.startContainers(found.filter((one) => one.status !== "running").map((one) => one.id));
}

export async function removeSlot(stack: string, slot: Slot, grace = false): Promise<void> {
  const ids = (await engine.slotContainers(stack, slot)).map((one) => one.id);
  if (grace) await engine.stopContainers(ids);
  await engine.removeContainers(ids, true);
}

/** One question a second per gate through the edge; three wrong answers in a row are a verdict, one is not. */
export async function probeOnce(context: Context, wrong: Map<string, number>): Promise<Failure | undefined> {
  for (const gate of context.plan.gates) {
    const asked = throughEdge(context, gate);
    const answer = await ask(edgeFor(asked), asked);
    const why = verdict(gate, answer);
    const count = why === undefined ? 0 : (wrong.get(gate.name) ?? 0) + 1;
    wrong.set(gate.name, count);
    if (count >= 3) {
      const to = targetOf(gate, context.plan.routes, context.addresses)!;
      return gateFailure(context, { gate, service: to.service, why: why!, last: answer, seconds: count }, " while watched");
    }
  }
  return undefined;
}
