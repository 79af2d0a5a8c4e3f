/**
 * A release as one transaction. The table is the whole story: steps in order, and what undoes a failure among them.
 * Before the switch the old release was never touched; after it, going back is one flip, because the old one is warm.
 */
import { sayDuration } from "../release/duration.ts";
import type { Outcome } from "../release/outcome.ts";
import { RECORD_FORMAT, type JournalLine, type ReleaseRecord, type State } from "../release/record.ts";
import { identityOf, type Plan } from "../release/plan.ts";
import { baseUp } from "./base.ts";
import { Failure, Refusal, type Context } from "./context.ts";
import * as engine from "./engine.ts";
import { masker } from "./evidence.ts";
import { Journal } from "./journal.ts";
import { migrate } from "./migration.ts";
import { prepare } from "./prepare.ts";
import { sleep } from "./process.ts";
import { prune } from "./prune.ts";
import * as steps from "./steps.ts";
import type { Slot, Store } from "./store.ts";
import { watch } from "./watch.ts";

interface Step {
  readonly state: State;
  readonly does: (context: Context) => Promise<void>;
  readonly undo: (context: Context) => Promise<Outcome>;
}

const STEPS: readonly Step[] = [
  { state: "pulled", does: steps.pullImages, undo: removeNew },
  { state: "based", does: baseUp, undo: removeNew },
  { state: "migrated", does: migrate, undo: removeNew },
  { state: "started", does: steps.startRelease, undo: removeNew },
  { state: "healthy", does: steps.gateDirectly, undo: removeNew },
  { state: "switched", does: steps.switchOver, undo: switchBack },
  { state: "verified", does: steps.verifyThroughEdge, undo: switchBack },
  { state: "workers", does: steps.swapWorkers, undo: switchBack },
  { state: "watched", does: watch, undo: switchBack },
];

/** Runs a plan of the store to one of its ends, under the stack's lock; `hear` gets each line as it is written. */
export async function transact(store: Store, number: number, attempt: string, hear: (line: JournalLine) => void): Promise<Outcome> {
  const plan = store.plan(number);
  const hidden = plan.masked.map((name) => plan.variables[name] ?? "");
  const journal = new Journal(store, number, masker(hidden), hear);
  const record = newRecord(number, attempt, plan);
  store.setRecord(record);
  const end = (outcome: Outcome, reason?: string) => {
    Object.assign(record, { outcome, endedAt: new Date().toISOString(), ...(reason !== undefined && { reason: masker(hidden)(reason) }) });
    store.setRecord(record);
    return outcome;
  };
  journal.tell("locked", { state: "received" });
  let context: Context;
  try {
    context = await prepare(store, number, plan, record, journal);
  } catch (error) {
    journal.tell(`refused: ${(error as Error).message}`, { state: "refused" });
    return end(error instanceof Refusal ? "refused" : "failed", (error as Error).message);
  }
  record.slot = context.slot;
  for (const note of context.split.notes) journal.tell(note);
  for (const step of STEPS) {
    try {
      await step.does(context);
    } catch (error) {
      const failure = error instanceof Failure ? error : new Failure((error as Error).message);
      journal.tell(failure.message, { more: failure.evidence });
      try {
        return end(await step.undo(context), failure.message);
      } catch (second) {
        journal.tell(`going back failed too: ${(second as Error).message}`, {
          state: "stuck",
          more: [["look at", `recoloca status; docker ps; systemctl status haproxy`]],
        });
        return end("stuck", failure.message);
      }
    }
  }
  await settle(context);
  return end("live");
}

function newRecord(number: number, attempt: string, plan: Plan): ReleaseRecord {
  const { application, environment, release, images, provenance } = plan;
  return {
    format: RECORD_FORMAT,
    number,
    application,
    environment,
    release,
    identity: identityOf(plan),
    images,
    provenance,
    attempt,
    startedAt: new Date().toISOString(),
    journal: [],
  };
}

async function removeNew({ stack, slot, number, old, journal }: Context): Promise<Outcome> {
  await steps.removeSlot(stack, slot);
  journal.tell(old ? `release ${number} removed. release ${old.number} was never touched and serves` : `release ${number} removed. nothing is live`, {
    state: "failed",
  });
  return "failed";
}

async function switchBack(context: Context): Promise<Outcome> {
  const { stack, slot, number, old, edge, journal } = context;
  // The switch itself may be what failed: then no visitor has seen the new release.
  if (edge.serving() !== slot) return removeNew(context);
  if (old) {
    await edge.reset(old.slot);
    await edge.switchTo(old.slot);
    await steps.removeSlot(stack, slot, true);
    await steps.startOldWorkers(context);
    await engine.keepRunning(stack, old.slot);
    journal.tell(`switched back to release ${old.number}; release ${number} removed`, { state: "rolled-back" });
  } else {
    await edge.switchTo("none");
    await steps.removeSlot(stack, slot, true);
    journal.tell(`release ${number} removed. there was none before it: nothing is live`, { state: "rolled-back" });
  }
  return "rolled-back";
}

/** The new release becomes the one that starts with the engine; the old one ends its requests and goes. */
async function settle(context: Context): Promise<void> {
  const { stack, slot, number, old, store, edge, journal, plan } = context;
  await engine.keepRunning(stack, slot);
  store.setState({ live: { number, slot, ...(context.answersAtSwitch && { answers: context.answersAtSwitch }) } });
  if (!old) return journal.tell("live", { state: "live" });
  await edge.standBy(slot, false);
  const cut = await drained(context, old.slot);
  if (cut > 0) await edge.cut(old.slot);
  await steps.removeSlot(stack, old.slot, true);
  const superseded = store.record(old.number);
  const kept = await prune(store, plan.keep);
  const streams = cut === 0 ? "drained" : `drained for ${sayDuration(plan.drain)}, ${cut} ${cut === 1 ? "stream" : "streams"} cut,`;
  journal.tell(`live. release ${old.number} ${streams} and removed${superseded && kept ? "; its images are kept for rollback" : ""}`, { state: "live" });
}

/** Sessions that were still open when the drain time, which began with the switch, was over. */
async function drained({ edge, plan, journal }: Context, slot: Slot): Promise<number> {
  const limit = journal.at("switched") + plan.drain;
  for (;;) {
    const open = await edge.sessions(slot);
    if (open === 0 || journal.seconds >= limit) return open;
    await sleep(100);
  }
}
