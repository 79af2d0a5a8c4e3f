/** `recoloca rollback [RELEASE]`: back to an older release by the same transaction, gated the same way. It knows the schema. */
import { OUTCOMES } from "../../release/outcome.ts";
import type { Plan } from "../../release/plan.ts";
import type { ReleaseRecord } from "../../release/record.ts";
import { Wrong, type Given } from "../command-line.ts";
import { say } from "../follow.ts";
import { against, previousOf } from "../going-back.ts";
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
  const moved = against(store, target, now);
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

/** The old release with today's values for every variable that still exists, its own for those that are gone (design D22). */
export function planToGoBack(target: Plan, now: Plan): Plan {
  const variables = Object.fromEntries(Object.entries(target.variables).map(([name, value]) => [name, now.variables[name] ?? value]));
  return { ...target, variables, migrate: false, masked: [...new Set([...target.masked, ...now.masked])], watch: now.watch, drain: now.drain, keep: now.keep };
}
