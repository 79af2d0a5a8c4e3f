/** The base project: databases and the like. A deploy starts what is missing and leaves alone what did not change. */
import * as fs from "node:fs";
import { Failure, Refusal, type Context } from "./context.ts";
import { compose } from "./compose.ts";
import { keepsData } from "./compose-split.ts";
import * as engine from "./engine.ts";
import { writeWhole } from "./store.ts";
import { sleep } from "./process.ts";

const BASE_LIMIT_SECONDS = 120;
/** So often a service may die until nobody waits for it any more: once or twice it may have come before what it needs. */
const DEATHS = 4;

/** What runs with another definition than this release has for it. Ours to compare: a newer Compose must not restart a database. */
function changedServices({ store, split }: Context): string[] {
  const { base: known } = store.state();
  return Object.keys(split.base.services)
    .filter((name) => known[name] !== undefined && known[name] !== split.baseHashes[name])
    .sort();
}

/** A database stops while it is recreated, and may not come back with its new definition: the stack has to say that it wants that. */
export async function mayRecreate(context: Context): Promise<void> {
  const { plan, split, stack } = context;
  const wanting = changedServices(context).filter((name) => keepsData(split.base, name) && !plan.recreate.includes(name));
  // One that is gone is made anew, and nothing of it stops.
  const there = wanting.length === 0 ? [] : (await engine.baseContainers(stack)).map((one) => one.service);
  const changed = wanting.filter((name) => there.includes(name));
  if (changed.length === 0) return;
  throw new Refusal(
    `${changed.map((name) => `"${name}"`).join(", ")} ${changed.length === 1 ? "keeps data, and its" : "keep data, and their"} definition changed: recreating stops ${changed.length === 1 ? "it" : "them"} for a moment
   if that is wanted   ${changed.map((name, index) => `pulumi config set --path 'recoloca:recreate[${index}]' ${name}`).join("; ")}
   else                give the service its old definition again`,
  );
}

export async function baseUp(context: Context): Promise<void> {
  const { stack, store, number, split, journal, environment, record } = context;
  const { networks, base: known } = store.state();
  // Kept before anything changes, and only once: after an interruption, what is known may be this release's own.
  record.base ??= known;
  store.setRecord(record);
  const [containers] = await Promise.all([
    engine.baseContainers(stack),
    ...(["blue", "green"] as const).map((slot) => engine.ensureNetwork(stack, slot, networks![slot])),
    ...split.volumes.map((volume) => engine.ensureVolume(stack, volume)),
  ]);
  const services = Object.keys(split.base.services).sort();
  if (services.length === 0) return journal.tell("no base services", { state: "based" });
  const call = { project: stack, file: store.file(number, "base.compose.json"), environment };
  writeWhole(call.file, JSON.stringify(split.base, null, 2));
  const changed = changedServices(context).filter((name) => containers.some((one) => one.service === name));
  const settled = containers.filter((one) => stands(split, one)).map((one) => one.service);
  const fresh = services.filter((name) => !settled.includes(name) && !changed.includes(name));
  const failing = (error: Error) => {
    throw new Failure(`the base does not start: ${error.message}`);
  };
  // Never without need: the definition's hash is ours, so a newer Compose does not restart a database.
  if (fresh.length > 0) await compose(call, ["up", "--detach", "--no-recreate", ...fresh]).catch(failing);
  // What they run with from here on, whatever becomes of it: else nobody would mend a recreation that failed.
  store.setState({ base: { ...known, ...pick(split.baseHashes, [...changed, ...fresh]) } });
  if (changed.length > 0) await recreate(stack, call, changed).catch(failing);
  // Where nothing was done, they were just seen running; one that is not well yet is waited for all the same.
  const well = containers.every(isWell);
  if (fresh.length > 0 || changed.length > 0 || !well) await waitForBase(context, services);
  store.setState({ base: split.baseHashes });
  const verbs = [fresh.length > 0 && `started ${fresh.join(", ")}`, changed.length > 0 && `recreated ${changed.join(", ")} (definition changed)`].filter(
    Boolean,
  );
  journal.tell(verbs.length > 0 ? verbs.join("; ") : `${services.join(", ")} untouched`, { state: "based" });
}

const pick = (hashes: Record<string, string>, names: readonly string[]) => Object.fromEntries(names.map((name) => [name, hashes[name]!]));

/** Undoes it: services that were recreated for a release that is taken back get the definition of the live one again. */
export async function baseBack(context: Context): Promise<void> {
  const { stack, store, old, journal, record, split } = context;
  const { base: now } = store.state();
  const before = record.base;
  if (!old || !before) return;
  const file = store.file(old.number, "base.compose.json");
  const changed = Object.keys(before).filter((name) => now[name] !== undefined && now[name] !== before[name]);
  // Also what an interruption left stopped: whoever was to start it again is gone.
  const there = await engine.baseContainers(stack);
  const missing = Object.keys(before).filter((name) => !there.some((one) => one.service === name && stands(split, one)));
  const names = [...new Set([...changed, ...missing])].sort();
  if (names.length === 0 || !fs.existsSync(file)) return;
  await recreate(stack, { project: stack, file, environment: store.plan(old.number).variables }, names);
  store.setState({ base: before });
  await waitForBase(context, names);
  journal.tell(`${names.join(", ")} as in release ${old.number} again`);
}

/**
 * Compose makes the new container under a name of passage, stops and removes the old one, and gives the new one its name. Where that
 * was interrupted, by whoever ended this process or the engine, both are there, and Compose fails at the name.
 */
async function recreate(stack: string, call: Parameters<typeof compose>[0], names: readonly string[]): Promise<void> {
  const up = async () => {
    const unfinished = await engine.unfinishedReplacements(stack);
    await engine.stopContainers(unfinished);
    await engine.removeContainers(unfinished);
    await compose(call, ["up", "--detach", "--no-deps", "--force-recreate", ...names]);
  };
  // The engine may still be making one that it was asked for before the interruption.
  await up().catch(up);
}

/** Services that this release's file has no longer in its base: they would go on beside their successors. */
export async function removeGone({ stack, split, journal }: Context): Promise<void> {
  const gone = (await engine.baseContainers(stack)).filter((one) => !(one.service in split.base.services));
  if (gone.length === 0) return;
  const ids = gone.map((one) => one.id);
  await engine.stopContainers(ids);
  await engine.removeContainers(ids);
  journal.tell(`${gone.map((one) => one.service).join(", ")} removed: no longer in the base`);
}

const isWell = ({ health }: engine.ContainerState) => health !== "starting" && health !== "unhealthy";
const hasEndedWell = ({ status, exitCode }: engine.ContainerState) => status === "exited" && exitCode === 0;
/** It runs, well or not; or it is a task that has done its work. */
const stands = ({ baseTasks }: Context["split"], one: engine.ContainerState) =>
  one.status === "running" || (baseTasks.includes(one.service) && hasEndedWell(one));

async function waitForBase({ stack, journal, split }: Context, services: readonly string[]): Promise<void> {
  const limit = journal.seconds + BASE_LIMIT_SECONDS;
  const ready = (one: engine.ContainerState) => (split.baseTasks.includes(one.service) ? hasEndedWell(one) : one.status === "running" && isWell(one));
  for (;;) {
    const found = await engine.baseContainers(stack);
    const ended = (one: engine.ContainerState) => split.baseTasks.includes(one.service) && one.status === "exited" && one.exitCode !== 0;
    const failed = found.find((one) => services.includes(one.service) && (ended(one) || one.restarts >= DEATHS));
    const waiting = services.filter((name) => !found.some((one) => one.service === name && ready(one)));
    if (waiting.length === 0) return;
    if (!failed && journal.seconds <= limit) {
      await sleep(100);
      continue;
    }
    const one = failed ?? found.find((container) => container.service === waiting[0]);
    const how = failed
      ? `"${failed.service}" ${ended(failed) ? "ended" : `died ${failed.restarts} times, last`} with exit code ${failed.exitCode}`
      : `${waiting.join(", ")} not healthy after ${BASE_LIMIT_SECONDS}s`;
    throw new Failure(how, one ? [["its log", await engine.logTail(one.id, 50)]] : []);
  }
}
