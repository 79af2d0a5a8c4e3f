/**
 * Closed to visitors: they get a page, and nobody writes. By a person (`recoloca maintenance on`), or by a release that does
 * to the data what the old release cannot run on; only there may what it did be taken back by a restore (design D6).
 */
import { randomBytes } from "node:crypto";
import { sayDuration } from "../release/duration.ts";
import { baseOf, withUrl } from "./backup-place.ts";
import { Failure, type Context } from "./context.ts";
import type { Edge } from "./edge.ts";
import * as engine from "./engine.ts";
import { sleep } from "./process.ts";
import { restoreInPlace } from "./restore.ts";
import type { Maintenance, Store } from "./store.ts";
import { reachedByEdge } from "./steps.ts";

/** The word goes into HAProxy's map and into a header: letters and digits. */
const newWord = () => randomBytes(16).toString("hex");

/** Keeps the word of one that is closed already. What a person closed stays his; what an earlier release left closed is taken over. */
export async function shut(store: Store, edge: Edge, who: Omit<Maintenance, "word">): Promise<Maintenance> {
  const now = store.maintenance();
  const maintenance = now && now.release === undefined ? now : { ...who, word: now?.word ?? newWord() };
  store.setMaintenance(maintenance);
  await edge.closeTo(maintenance.word);
  return maintenance;
}

export async function letIn(store: Store, edge: Edge): Promise<void> {
  await edge.closeTo("off");
  store.setMaintenance(undefined);
}

/** The step of a release: the page is up, what was asked before is answered, and the old release does not run any more. */
export async function closeForRelease(context: Context): Promise<void> {
  const { store, edge, plan, record, journal, old, stack, number } = context;
  // Its own configuration first: an older program's knew nothing of a closed stack.
  await edge.configure();
  const by = record.provenance.actor ?? `release ${number}`;
  await shut(store, edge, { by, at: new Date().toISOString(), release: number });
  const limit = performance.now() + plan.drain * 1000;
  while ((await edge.sessions(old!.slot)) > 0 && performance.now() < limit) await sleep(100);
  // Also one that is being started again, or rests: it would write later.
  const writing = (await engine.slotContainers(stack, old!.slot)).filter((one) => !engine.hasEnded(one) && one.status !== "created");
  await engine.stopContainers(writing.map((one) => one.id));
  const names = writing.map((one) => one.service).sort();
  journal.tell(`maintenance page up; ${names.join(", ")} of release ${old!.number} stopped`, { state: "closed" });
}

/** Visitors are let in: from here on they write, and what they wrote is not taken from them. */
export async function openAfterRelease({ store, edge, journal }: Context): Promise<void> {
  const maintenance = store.maintenance();
  if (maintenance && maintenance.release === undefined) {
    journal.tell("the maintenance page stays up: a person closed this stack", { state: "opened" });
    return;
  }
  await letIn(store, edge);
  journal.tell("maintenance page down", { state: "opened" });
}

/**
 * Whether this release changed the data, and nobody has written since: then the backup it took is the whole truth. The edge's map
 * is asked too, because it may have let visitors in before that was written down.
 */
export const canBeTakenBack = ({ window, journal, edge }: Context): boolean =>
  window === undefined || !(journal.reached("opened") || (journal.begun("opened") && edge.closedWith() === undefined));

/** Undoes what the window did to the data, by the backup that was taken in it; once, because the old release runs after it. */
export async function dataBack(context: Context): Promise<void> {
  const { window, journal, record, store, old, plan, number } = context;
  if (!window || !old || record.restored || !journal.begun("migrated")) return;
  const place = baseOf(store, old.number);
  if (!plan.backup || record.backup === undefined || !place) throw new Failure("there is no backup of what the data was before");
  const began = performance.now();
  const kept = await restoreInPlace(withUrl({ ...place, number }, plan.backup, plan.variables), plan.backup, record.backup, `${number}_back_${record.resumed}`);
  const before = record.schema?.before;
  record.schema = before === undefined ? {} : { before, after: before };
  record.restored = true;
  store.setRecord(record);
  journal.tell(`data as it was: ${record.backup} restored (${sayDuration((performance.now() - began) / 1000)}); what the change left is kept as ${kept}`);
}

/** The end of a release, either way, which lets visitors in again where one had shut them out: this one, or one that could not end. */
export async function openAgain(context: Context): Promise<void> {
  const { store, edge, journal } = context;
  const live = store.state().live ?? context.old;
  if (!live || store.maintenance()?.release === undefined) return;
  await reachedByEdge(context, live.slot);
  await letIn(store, edge);
  journal.tell("maintenance page down");
}
