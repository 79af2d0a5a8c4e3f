/**
 * A release as one transaction. The table is the whole story: steps in order, and what a restart does that finds one of them
 * begun and not ended. Taking a release back is the same from everywhere: the map of the edge says whether visitors have it.
 */
import type { Outcome } from "../release/outcome.ts";
import { RECORD_FORMAT, type JournalLine, type ReleaseRecord, type State } from "../release/record.ts";
import { identityOf, type Plan } from "../release/plan.ts";
import { backUp } from "./backup.ts";
import { baseUp, mayRecreate } from "./base.ts";
import { Failure, Refusal, type Context } from "./context.ts";
import { end, hold, maskerOf, settle, stay, undo } from "./endings.ts";
import { Journal } from "./journal.ts";
import { canBeTakenBack, closeForRelease, openAfterRelease } from "./maintenance.ts";
import { admitLogins } from "./logins.ts";
import { changeData, settleChange } from "./migration.ts";
import { checkRoom, prepare, readCompose } from "./prepare.ts";
import { againstRotation, rotationsOf } from "./rotation.ts";
import * as steps from "./steps.ts";
import type { Store } from "./store.ts";
import { ownBoot, ownUnit } from "./this-process.ts";
import { watch } from "./watch.ts";

/** Where to go on after an interruption, or back to the old release. */
type Way = State | "undo";

interface Step {
  readonly state: State;
  readonly does: (context: Context) => Promise<void>;
  readonly interrupted: (context: Context) => Promise<Way>;
  /** Whether this release has it. @default each has */
  readonly where?: (context: Context) => boolean;
}

/** Visitors are shut out while the data is changed. */
const closed = ({ window }: Context) => window !== undefined;
const withLogins = ({ plan }: Context) => (plan.logins ?? []).length > 0;

const always = (way: Way) => () => Promise.resolve(way);

/** Up to the migration nothing is lost by going back; from there on the database fits the new release, so it goes on, once. */
const STEPS: readonly Step[] = [
  { state: "pulled", does: steps.pullImages, interrupted: always("undo") },
  { state: "closed", does: closeForRelease, interrupted: always("undo"), where: closed },
  { state: "backed-up", does: backUp, interrupted: always("undo") },
  { state: "based", does: baseUp, interrupted: always("undo") },
  { state: "admitted", does: admitLogins, interrupted: always("undo"), where: withLogins },
  { state: "migrated", does: changeData, interrupted: migrationFirst },
  { state: "started", does: steps.startRelease, interrupted: always("started") },
  { state: "healthy", does: steps.gateDirectly, interrupted: always("started") },
  { state: "switched", does: steps.switchOver, interrupted: asTheMapSays },
  { state: "verified", does: steps.verifyThroughEdge, interrupted: asTheMapSays },
  { state: "opened", does: openAfterRelease, interrupted: asTheMapSays, where: closed },
  { state: "workers", does: steps.swapWorkers, interrupted: asTheMapSays },
  { state: "watched", does: watch, interrupted: asTheMapSays },
];

async function migrationFirst(context: Context): Promise<Way> {
  return (await settleChange(context)) ? "started" : "migrated";
}

const stepsOf = (context: Context) => STEPS.filter(({ where }) => where?.(context) ?? true);

/** Containers that a restart of the system has stopped are started; the window begins anew, whole. */
async function asTheMapSays({ edge, stack, slot }: Context): Promise<Way> {
  if (edge.serving() !== slot) return "started";
  await steps.startStopped(stack, slot, "routed");
  return "switched";
}

/** Who asks for a release, and how it is to be known. */
export interface Caller {
  readonly attempt?: string;
  readonly from?: string;
  readonly rollback?: ReleaseRecord["rollback"];
}

type Hear = (line: JournalLine) => void;

/** Runs a plan of the store to one of its ends, under the stack's lock; `hear` gets each line as it is written. */
export async function transact(store: Store, number: number, caller: Caller, hear: Hear): Promise<Outcome> {
  const plan = store.plan(number);
  const reading = readCompose(store.file(number, "project"), plan, store.keptReading);
  const live = store.state().live;
  const before = live ? store.plan(live.number) : undefined;
  const record = newRecord(number, caller, plan, before);
  store.setRecord(record);
  const journal = new Journal(store, number, maskerOf(store, plan), hear);
  journal.tell("locked", { state: "received" });
  let context: Context;
  try {
    const older = againstRotation(plan, before);
    if (older !== undefined) throw new Refusal(older);
    await checkRoom();
    context = await prepare(store, number, plan, record, journal, reading);
    await mayRecreate(context);
    await edgeAsTold(context);
  } catch (error) {
    journal.tell(`refused: ${(error as Error).message}`, { state: "refused" });
    return end(store, record, error instanceof Refusal ? "refused" : "failed", (error as Error).message);
  }
  for (const note of context.split.notes) journal.tell(note);
  return run(context, 0);
}

/** What a failed undo may have left: visitors on another release than the one that is live. */
async function edgeAsTold({ edge, old, journal }: Context): Promise<void> {
  if (!old || edge.serving() === old.slot) return;
  journal.tell(`the edge served slot ${edge.serving()}, live is release ${old.number}: switched to it`);
  await edge.switchTo(old.slot);
}

/** Finishes or undoes what an earlier process has left, under the stack's lock. */
export async function resume(store: Store, number: number, hear: Hear): Promise<Outcome> {
  const plan = store.plan(number);
  const found = store.record(number) ?? newRecord(number, {}, plan);
  const doing = store.doing(number);
  const journal = new Journal(store, number, maskerOf(store, plan, found), hear);
  const cancelled = store.cancelled(number);
  const why = found.boot === ownBoot() ? "its process had ended" : "the server was restarted";
  const record: ReleaseRecord = { ...found, journal: [], resumed: found.resumed + 1, boot: ownBoot() };
  store.setRecord(record);
  journal.tell(cancelled ? `cancelled by ${cancelled.by}` : `taken up again: ${why}`);
  const reason = cancelled ? `cancelled by ${cancelled.by}` : `interrupted: ${why}`;
  if (!record.slot) {
    journal.tell("nothing was done yet", { state: "failed" });
    return end(store, record, "failed", reason);
  }
  let context: Context;
  try {
    context = await prepare(store, number, plan, record, journal, readCompose(store.file(number, "project"), plan, store.keptReading));
  } catch (error) {
    journal.tell(`it cannot be taken up: ${(error as Error).message}`, { state: "stuck", more: [["look at", "recoloca doctor"]] });
    return end(store, record, "stuck", (error as Error).message);
  }
  if (doing === "stuck") return stay(context, reason);
  // It was decided with the first of these; a power cut may have come before the second.
  if (doing === "live" || store.state().live?.number === number) {
    await steps.startStopped(context.stack, context.slot);
    return settle(context);
  }
  const step = stepsOf(context).find((one) => one.state === doing);
  if (cancelled || found.resumed > 0 || !step) return takeBack(context, reason);
  let way: Way;
  try {
    way = await step.interrupted(context);
  } catch (error) {
    return failed(context, error);
  }
  if (way === "undo") return takeBack(context, reason);
  return run(
    context,
    stepsOf(context).findIndex((one) => one.state === way),
  );
}

async function run(context: Context, first: number): Promise<Outcome> {
  for (const step of stepsOf(context).slice(first)) {
    context.journal.begin(step.state);
    try {
      await step.does(context);
    } catch (error) {
      return failed(context, error);
    }
  }
  return settle(context);
}

function failed(context: Context, error: unknown): Promise<Outcome> {
  const failure = error instanceof Failure ? error : new Failure((error as Error).message);
  context.journal.tell(failure.message, { more: failure.evidence });
  return takeBack(context, failure.message);
}

async function takeBack(context: Context, reason: string): Promise<Outcome> {
  const { journal, store, record } = context;
  if (!canBeTakenBack(context)) return stay(context, reason);
  journal.begin("undoing");
  try {
    const outcome = await undo(context);
    const cancelled = store.cancelled(record.number);
    if (cancelled) hold(store, record, { ...cancelled, how: "cancel" });
    return end(store, record, outcome, reason);
  } catch (error) {
    journal.tell(`going back failed too: ${(error as Error).message}`, {
      state: "stuck",
      more: [["look at", `recoloca status; docker ps; systemctl status haproxy`]],
    });
    return end(store, record, "stuck", reason);
  }
}

function newRecord(number: number, { attempt, ...caller }: Caller, plan: Plan, before?: Plan): ReleaseRecord {
  const { application, environment, release, images, provenance } = plan;
  const unit = ownUnit();
  const rotated = rotationsOf(plan, before);
  return {
    format: RECORD_FORMAT,
    number,
    application,
    environment,
    release,
    identity: identityOf(plan),
    images,
    provenance,
    attempt: attempt ?? String(number),
    ...caller,
    ...(unit !== undefined && { unit }),
    ...(rotated.length > 0 && { rotated }),
    boot: ownBoot(),
    startedAt: new Date().toISOString(),
    resumed: 0,
    told: false,
    restored: false,
    journal: [],
  };
}
