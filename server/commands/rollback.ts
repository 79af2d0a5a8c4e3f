/** `recoloca rollback [RELEASE]`: back to an older release by the same transaction, gated the same way. It knows the schema. */
import { OUTCOMES } from "../../release/outcome.ts";
import { canonical, type Plan } from "../../release/plan.ts";
import type { ReleaseRecord } from "../../release/record.ts";
import { baseOf } from "../backup.ts";
import { Wrong, type Given } from "../command-line.ts";
import { ago } from "../render.ts";
import { say } from "../follow.ts";
import { Store } from "../store.ts";
import { locked, refuse, runPlan, sayRunning } from "./deploy.ts";
import { theStack, whoAmI } from "./which.ts";

export async function rollback(given: Given): Promise<number> {
  process.stdout.on("error", () => undefined);
  const store = new Store(theStack(given));
  const running = await locked(store, 0);
  if (running) return refuse(sayRunning(running));
  const { live } = store.state();
  const now = live && store.record(live.number);
  if (!now) return refuse(`nothing is live on ${store.stack}: there is nothing to go back from. Nothing was changed.`);
  const target = given.words[0] === undefined ? previousOf(store, now) : namedBy(store, given.words[0]);
  if (typeof target === "string") return refuse(target);
  if (target.number === now.number) return refuse(`release ${now.number} (${now.release}) is the live one. Nothing was changed.`);
  const moved = schemaMoved(store, target) ?? baseMoved(store, target, now);
  if (moved !== undefined) return refuse(moved);
  const plan = planToGoBack(store.plan(target.number), store.plan(now.number));
  const from = given.options["from"];
  const code = await runPlan(store, { ...plan, provenance: { actor: whoAmI() } }, "rollback", {
    rollback: { to: target.number, from: now.number },
    ...(typeof from === "string" && from !== "" && { from }),
  });
  if (code !== OUTCOMES.live.exit) return code;
  say(`
 release ${now.number} (${now.release}) is on hold: the next "pulumi up" does not bring it back. What settles it, on the stack's side:
   stay here                pulumi config rm recoloca:images; pulumi config rm recoloca:release
   release ${now.number} again          pulumi config set recoloca:lift ${now.number}`);
  return code;
}

const good = (store: Store) => store.numbers().filter((number) => store.record(number)?.outcome === "live");

/** The release that was live before this one; after a rollback, the one before that which was gone back to. */
function previousOf(store: Store, now: ReleaseRecord): ReleaseRecord | string {
  const start = now.rollback?.to ?? now.number;
  const { hold } = store.state();
  const fits = (record: ReleaseRecord) => !record.rollback && record.identity !== now.identity && record.identity !== hold?.identity;
  const number = good(store).findLast((one) => one < start && fits(store.record(one)!));
  return number === undefined ? `there is no older release that was live; recoloca history lists what happened. Nothing was changed.` : store.record(number)!;
}

/** By its number, or by its name where only one has it. */
function namedBy(store: Store, word: string): ReleaseRecord | string {
  const records = store.numbers().flatMap((number) => store.record(number) ?? []);
  const byNumber = records.find((record) => String(record.number) === word);
  const byName = records.filter((record) => record.release === word && record.outcome === "live");
  const found = byNumber ?? byName.at(-1);
  if (!found) throw new Wrong(`there is no release ${word} on this host; recoloca history lists them`);
  if (found.outcome !== "live")
    return `release ${found.number} (${found.release}) ${found.outcome ? OUTCOMES[found.outcome].was : "has not ended"}, it never was live: only one that was can be gone back to. Nothing was changed.`;
  return found;
}

/** What its code would meet in the database: another schema than the one it knows. */
function schemaMoved(store: Store, target: ReleaseRecord): string | undefined {
  const original = (target.rollback && store.record(target.rollback.to)) ?? target;
  const knows = original.schema?.after;
  // Also those that failed: a migration stays when its release goes.
  const since = store.numbers().filter((number) => number > original.number);
  const records = since.flatMap((number) => store.record(number) ?? []);
  const is = records.findLast((record) => record.schema?.after !== undefined)?.schema?.after;
  if (knows === undefined || is === undefined || knows === is) return undefined;
  const mover = records.find((record) => record.schema?.after !== undefined && record.schema.before !== record.schema.after) ?? records.at(-1)!;
  return `release ${mover.number} (${mover.release}) migrated the schema past release ${target.number}, ${ago(mover.startedAt)} ago (${is} now; release ${target.number} knows up to ${knows})
   ${target.release} would run on a schema that it does not know. Roll forward: deploy a release that undoes what is wrong,
   or, where the migration was only an expansion, deploy ${target.release}'s code again on top of it.
   Nothing was changed.`;
}

/** A database that would get an older definition over newer data is nothing to do by the way. */
function baseMoved(store: Store, target: ReleaseRecord, now: ReleaseRecord): string | undefined {
  const [then, today] = [baseOf(store, target.number)?.document.services ?? {}, baseOf(store, now.number)?.document.services ?? {}];
  const differs = [...new Set([...Object.keys(then), ...Object.keys(today)])].filter((name) => canonical(then[name]) !== canonical(today[name])).sort();
  if (differs.length === 0) return undefined;
  return `release ${target.number} has another definition of ${differs.join(", ")} than what runs now, and would recreate it
   Deploy ${target.release}'s images with today's Compose file instead.
   Nothing was changed.`;
}

/** The old release with today's values for every variable that still exists, its own for those that are gone (design D22). */
export function planToGoBack(target: Plan, now: Plan): Plan {
  const variables = Object.fromEntries(Object.entries(target.variables).map(([name, value]) => [name, now.variables[name] ?? value]));
  return { ...target, variables, migrate: false, masked: [...new Set([...target.masked, ...now.masked])], watch: now.watch, drain: now.drain, keep: now.keep };
}
