/** How a release ends: taken back, live, or left as it is for a person to decide; each may be done twice. */
import { sayDuration } from "../release/duration.ts";
import { previousOf } from "../release/logins.ts";
import type { Outcome } from "../release/outcome.ts";
import type { Plan } from "../release/plan.ts";
import type { ReleaseRecord } from "../release/record.ts";
import { removePartialBackups } from "./backup-note.ts";
import { placeTimers } from "./backup-timers.ts";
import { baseBack, removeGone } from "./base.ts";
import type { Context } from "./context.ts";
import { KEPT_OPEN } from "./edge-configuration.ts";
import * as engine from "./engine.ts";
import { masker } from "./evidence.ts";
import { noteClosed } from "./left-open.ts";
import { closeLogins } from "./logins.ts";
import { dataBack, openAgain } from "./maintenance.ts";
import { sleep } from "./process.ts";
import { prune } from "./prune.ts";
import { sayPruned } from "./render.ts";
import { forgetOlder } from "./rotation.ts";
import * as steps from "./steps.ts";
import { startAgain } from "./volume-backup.ts";
import type { Hold, Slot, Store } from "./store.ts";

/** To the old release, whole, from anywhere. Every part of it may be done twice. */
export async function undo(context: Context): Promise<Outcome> {
  const { stack, slot, number, old, edge, journal, plan } = context;
  const switched = edge.serving() === slot || journal.reached("switched");
  // Visitors first. Also where the file says so already: whoever wrote it may have ended before the edge was told.
  if (switched || journal.begun("switched")) {
    await edge.switchTo(old?.slot ?? "none");
    if (old) await edge.reset(old.slot);
  }
  // What it was asked already it still answers, where it can.
  if (switched && old) await drained(context, slot, journal.seconds + plan.drain);
  await baseBack(context);
  await steps.removeSlot(stack, slot, switched);
  await engine.removeJobs(stack);
  removePartialBackups(stack);
  await startAgain(context.store);
  await dataBack(context);
  if (old) {
    await endedWhatWasTold(context, old.slot);
    await steps.startStopped(stack, old.slot);
    await engine.keepRunning(stack, old.slot);
  }
  await openAgain(context);
  const untouched = context.window ? "serves again" : "was never touched and serves";
  const left = old ? (switched ? "" : `. release ${old.number} ${untouched}`) : ". nothing is live";
  const text = switched && old ? `switched back to release ${old.number}; release ${number} removed` : `release ${number} removed${left}`;
  const outcome = switched ? "rolled-back" : "failed";
  journal.tell(text, { state: outcome });
  return outcome;
}

/** What was told to end before an interruption does so, however late, and counts as running until then: nobody would start it again. */
async function endedWhatWasTold({ stack, journal }: Context, slot: Slot): Promise<void> {
  if (journal.begun("closed")) await engine.stopContainers((await engine.slotContainers(stack, slot)).map((one) => one.id));
  else if (journal.begun("workers")) await steps.stopWorkers(stack, slot);
}

/** The data is the new release's, and visitors have written to it: going back would take that from them, which is for a person to decide. */
export async function stay(context: Context, reason: string): Promise<Outcome> {
  const { stack, slot, number, old, store, journal, record } = context;
  journal.begin("stuck");
  await steps.startStopped(stack, slot);
  await engine.keepRunning(stack, slot);
  store.setState({ live: { number, slot } });
  if (old) await steps.removeSlot(stack, old.slot, true);
  journal.tell(`NOT TAKEN BACK: release ${number} has changed the data, and visitors have written since. It stays`, {
    state: "stuck",
    more: [
      ["roll forward", "deploy a release that mends it"],
      ["or go back", `recoloca rollback ${old?.number ?? ""} --restore   loses what was written since`],
      ["meanwhile", "recoloca maintenance on   shuts visitors out"],
    ],
  });
  return end(store, record, "stuck", reason);
}

/** The new release is the live one from here on; the old one ends its requests and goes. */
export async function settle(context: Context): Promise<Outcome> {
  const { stack, slot, number, old, store, edge, journal, plan, record } = context;
  journal.begin("live");
  await engine.keepRunning(stack, slot);
  const held = record.rollback && store.record(record.rollback.from);
  const { actor, reason } = plan.provenance;
  if (held) hold(store, held, { by: actor ?? "somebody", at: new Date().toISOString(), how: "rollback", ...(reason !== undefined && { why: reason }) });
  store.setState({ live: { number, slot, ...(context.answersAtSwitch && { answers: context.answersAtSwitch }) } });
  await openAgain(context);
  await engine.removeJobs(stack);
  await removeGone(context);
  await placeTimers(stack, plan.backup).catch((error: Error) => journal.tell(`the timers of the backups are not in place: ${error.message}`));
  if (!old) {
    await concludeRotation(context);
    journal.tell("live", { state: "live" });
    return end(store, record, "live");
  }
  await edge.standBy(slot, false);
  // The drain time began with the switch.
  const cut = await drained(context, old.slot, journal.at("switched") + plan.drain);
  if (cut > 0) await edge.cut(old.slot);
  await steps.removeSlot(stack, old.slot, true);
  await concludeRotation(context);
  const pruned = await prune(store).then(sayPruned, (error: Error) => `nothing was pruned: ${error.message}`);
  const kept = plan.keep > 0;
  const streams = cut === 0 ? "drained" : `drained for ${sayDuration(plan.drain)}, ${cut} ${cut === 1 ? "stream" : "streams"} cut,`;
  journal.tell(`live. release ${old.number} ${streams} and removed${store.record(old.number) && kept ? "; its images are kept for rollback" : ""}`, {
    state: "live",
  });
  if (pruned !== "") journal.tell(pruned);
  return end(store, record, "live");
}

/** Nobody uses the values before any more: what they opened is closed to them, and they are forgotten here. A release that is live stays so whatever fails. */
async function concludeRotation({ stack, store, number, plan, split, record, journal }: Context): Promise<void> {
  const rotated = record.rotated ?? [];
  const { said, open } = await closeLogins(stack, plan, split.base);
  let left: string | false = false;
  try {
    forgetOlder(store, number);
  } catch (error) {
    left = `older releases still have the values before: ${(error as Error).message}`;
  }
  const logins = new Set((plan.logins ?? []).map(({ first }) => first));
  const isClosed = (secret: string) => (logins.has(secret) ? !open.includes(secret) : plan.variables[previousOf(secret)] === undefined);
  record.rotated = rotated.map((one) => ({
    ...one,
    verified: one.verified ?? "gates",
    closed: isClosed(one.secret),
    ...(left !== false && { forgotten: false }),
  }));
  if (rotated.length > 0) store.setRecord(record);
  // What an earlier release had left open.
  noteClosed(store, plan.logins ?? [], open);
  const renewed = rotated.map(({ secret, from, to }) => `${secret} ${from} → ${to}`);
  const text = [renewed.length > 0 && `renewed ${renewed.join(", ")}`, said, left].filter(Boolean).join("; ");
  if (text !== "") journal.tell(text);
}

/** It does not come back by the next update: see docs/decisions/0006-a-hold.md. */
export function hold(store: Store, { number, release, identity, images }: ReleaseRecord, who: Pick<Hold, "by" | "at" | "how" | "why">): void {
  store.setState({ hold: { number, release, identity, images, ...who } });
}

/**
 * Sessions of a slot that were still open at that second of the journal. Where the edge was reloaded before the switch, those who may ask once more by a
 * connection of before it are waited for as well, for as long as an idle one stays open: not where the doors were closed, as they have met the closed one.
 */
async function drained({ edge, journal, window }: Context, slot: Slot, limit: number): Promise<number> {
  const last = window ? 0 : Math.max(limit, journal.at("switched") + KEPT_OPEN);
  for (;;) {
    const open = await edge.sessions(slot);
    if ((open === 0 || journal.seconds >= limit) && (journal.seconds >= last || (await edge.waiting(slot)) === 0)) return open;
    await sleep(100);
  }
}

/** Values of this release, and of the one before it, in whose environment backups and downgrades run. */
export function maskerOf(store: Store, plan: Plan, record?: ReleaseRecord): (text: string) => string {
  const before = record?.old ?? store.state().live;
  const plans = [plan, ...(before ? [store.plan(before.number)] : [])];
  return masker([...new Set(plans.flatMap((one) => one.masked.map((name) => one.variables[name] ?? "")))]);
}

export function end(store: Store, record: ReleaseRecord, outcome: Outcome, reason?: string): Outcome {
  const masked = reason === undefined ? undefined : maskerOf(store, store.plan(record.number), record)(reason);
  Object.assign(record, { outcome, endedAt: new Date().toISOString(), ...(masked !== undefined && { reason: masked }) });
  store.setRecord(record);
  return outcome;
}
