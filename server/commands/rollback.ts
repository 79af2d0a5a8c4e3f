/**
 * `recoloca rollback [RELEASE]`: back to an older release by the same transaction, gated the same way. Where the schema has moved
 * since, it says what each way back would cost, and goes one only when told which.
 */
import { OUTCOMES } from "../../release/outcome.ts";
import { provenanceSchema, type Plan } from "../../release/plan.ts";
import type { ReleaseRecord } from "../../release/record.ts";
import { Wrong, type Given } from "../command-line.ts";
import { say } from "../follow.ts";
import { baseMoved, isAnother, loginMoved, planToGoBack, releaseBefore, sayMoved, schemaMoved, type Moved } from "../going-back.ts";
import { downgradeSql } from "../migration.ts";
import { ago, firstLine } from "../render.ts";
import { runPlan } from "../run-release.ts";
import { locked, sayRunning } from "../stack-lock.ts";
import { Store } from "../store.ts";
import { refuse } from "./refuse.ts";
import { theStack, whoAmI } from "./which.ts";

type Data = NonNullable<NonNullable<ReleaseRecord["rollback"]>["data"]>;

export async function rollback(given: Given): Promise<number> {
  const { downgrade, restore } = given.options;
  const reason = reasonOf(given);
  if (downgrade && restore) throw new Wrong("--downgrade and --restore are two ways: choose one");
  const store = new Store(theStack(given));
  const running = await locked(store, 0);
  if (running) return refuse(sayRunning(running));
  const { live } = store.state();
  const now = live && store.record(live.number);
  if (!now) return refuse(`nothing is live on ${store.stack}: there is nothing to go back from. Nothing was changed.`);
  const target = given.words[0] === undefined ? releaseBefore(store, now) : namedBy(store, given.words[0]);
  if (typeof target === "string") return refuse(target);
  if (target.number === now.number) return refuse(`release ${now.number} (${now.release}) is the live one. Nothing was changed.`);
  if (!isAnother(store, target, now)) return refuse(sayTheSame(target, now));
  const today = store.plan(now.number);
  const moved = schemaMoved(store, target);
  let data: Data | undefined;
  if (moved) {
    const way = downgrade ? downgradeTo(moved, today, now) : restore ? restoreTo(moved, today) : await sayWays(store, moved, target, now);
    if (typeof way === "string") return refuse(way);
    data = way;
  } else if (downgrade || restore)
    return refuse(`the schema is what release ${target.number} knows: recoloca rollback ${target.number} needs neither. Nothing was changed.`);
  const stands = loginMoved(store, target, now) ?? baseMoved(store, target, now);
  if (stands !== undefined) return refuse(stands);
  const plan = planToGoBack(store.plan(target.number), today);
  const from = given.options["from"];
  // Its code is that commit's, whoever brings it back.
  const { commit } = plan.provenance;
  const provenance = { ...(commit !== undefined && { commit }), actor: whoAmI(), ...(reason !== undefined && { reason }) };
  const code = await runPlan(store, { ...plan, provenance }, "rollback", {
    rollback: { to: target.number, from: now.number, ...(data && { data }) },
    ...(typeof from === "string" && from !== "" && { from }),
  });
  if (code !== OUTCOMES.live.exit) return code;
  say(`
 release ${now.number} (${now.release}) is on hold: the next "pulumi up" does not bring it back. What settles it, on the stack's side:
   stay here                pulumi config rm recoloca:images; pulumi config rm recoloca:release
   release ${now.number} again          pulumi config set recoloca:lift ${now.number}`);
  return code;
}

/** Values are the stack's, and a rollback takes today's. */
const sayTheSame = (target: ReleaseRecord, now: ReleaseRecord) =>
  target.identity === now.identity
    ? `release ${target.number} (${target.release}) is what is live. Nothing was changed.`
    : `release ${target.number} (${target.release}) differs from what is live in values of its variables alone, and a rollback takes today's
   on the stack's side: pulumi config set --path recoloca:variables.NAME VALUE, then pulumi up. Nothing was changed.`;

function reasonOf({ options: { reason } }: Given): string | undefined {
  if (reason === undefined) return undefined;
  if (!provenanceSchema.safeParse({ reason }).success) throw new Wrong(`--reason got ${JSON.stringify(reason)}, wants one line of at most 200 characters`);
  return String(reason);
}

const NOT_SAID =
  "the stack does not say how a backup is put back\n   in the stack's file: recoloca:backup: { ..., restore: [COMMAND], take: [COMMAND] }, then pulumi up. Nothing was changed.";

/** While nobody writes a backup is taken, which is what the live release goes back to if the older one does not come up. */
const canRestore = ({ backup }: Plan) => backup?.restore !== undefined && backup.take !== undefined;

function downgradeTo({ is, knows }: Moved, today: Plan, now: ReleaseRecord): Data | string {
  if (!canRestore(today)) return NOT_SAID;
  if (!today.migration?.downgrade)
    return `release ${now.number} does not say how its schema is downgraded\n   in the stack's file: recoloca:migration: { ..., downgrade: [COMMAND] }, then pulumi up. Nothing was changed.`;
  return { how: "downgrade", from: is, revision: knows };
}

function restoreTo({ backup, by, is, knows }: Moved, today: Plan): Data | string {
  if (!canRestore(today)) return NOT_SAID;
  return backup === undefined
    ? `no backup of before release ${by.number} (${by.release}) is on this host; recoloca backups lists those that are. Nothing was changed.`
    : { how: "restore", from: is, revision: knows, backup };
}

const LINES = 6;

async function sayWays(store: Store, moved: Moved, target: ReleaseRecord, now: ReleaseRecord): Promise<string> {
  const today = store.plan(now.number);
  const [down, back] = [downgradeTo(moved, today, now), restoreTo(moved, today)];
  const sql = typeof down === "string" ? undefined : await downgradeSql(store, now.number, moved.is, moved.knows);
  const statements = (sql ?? "").split("\n").filter((line) => /\S/.test(line) && !/^(--|BEGIN|COMMIT|INFO)/.test(line));
  const shown = statements.slice(0, LINES).map((line) => `                 ${line}`);
  const more = statements.length > LINES ? [`                 … ${statements.length - LINES} more`] : [];
  const row = (label: string, text: string) => `   ${label.padEnd(14)}${text}`;
  return [
    sayMoved(moved, target),
    typeof down === "string"
      ? row("--downgrade", firstLine(down))
      : row("--downgrade", `runs "${today.migration!.downgrade!.join(" ")}" in release ${now.number} first${shown.length > 0 ? "; its SQL:" : ""}`),
    ...(typeof down === "string" ? [] : [...shown, ...more]),
    typeof back === "string"
      ? row("--restore", firstLine(back))
      : row("--restore", `puts back ${moved.backup}; loses what was written in the ${ago(moved.by.startedAt)} since`),
    row("", "With either, visitors get the maintenance page meanwhile, and a backup is taken first."),
    row("or", "roll forward: deploy a release that undoes what is wrong, or the older code on top of today's schema."),
    "   Nothing was changed.",
  ].join("\n");
}

/** By its number, or by its name where only one has it. */
function namedBy(store: Store, word: string): ReleaseRecord | string {
  const records = store.records();
  const byNumber = records.find((record) => String(record.number) === word);
  const byName = records.filter((record) => record.release === word && record.outcome === "live");
  const found = byNumber ?? byName.at(-1);
  if (!found) throw new Wrong(`there is no release ${word} on this host; recoloca history lists them`);
  if (found.outcome !== "live")
    return `release ${found.number} (${found.release}) ${found.outcome ? OUTCOMES[found.outcome].was : "has not ended"}, it never was live: only one that was can be gone back to. Nothing was changed.`;
  return found;
}
