/**
 * What a release does to the data: a migration in the new release's image, or, on the way back, a downgrade in the image of the
 * live one, which alone knows the newer schema, or a restore. Commands run once, as named containers that outlive this process.
 */
import { sayDuration } from "../release/duration.ts";
import type { Migration } from "../release/plan.ts";
import type { ComposeDocument } from "./compose-split.ts";
import { baseOf, withUrl } from "./backup-place.ts";
import { Failure, type Context } from "./context.ts";
import * as engine from "./engine.ts";
import type { Evidence } from "./evidence.ts";
import { endOf, finish, jobName, start, type Ended, type Job } from "./job.ts";
import { sayRevision } from "./render.ts";
import { restoreInPlace } from "./restore.ts";
import { readJson, type Store } from "./store.ts";

/** A command that changes the schema, and where it runs. */
interface Change {
  readonly kind: "migration" | "downgrade";
  readonly command: readonly string[];
  readonly migration: Migration;
  readonly place: Where;
  readonly variables: Record<string, string>;
}

/** The release whose image, environment and network a command gets. */
interface Where {
  readonly document: ComposeDocument;
  readonly environment: Record<string, string>;
}

const inRelease = (store: Store, number: number): Where | undefined => {
  const document = readJson<ComposeDocument>(store.file(number, "release.compose.json"));
  return document && { document, environment: store.plan(number).variables };
};

function changeOf(context: Context): Change | undefined {
  const { plan, record, store, old, split, environment } = context;
  const data = record.rollback?.data;
  if (data?.how === "downgrade") {
    const place = inRelease(store, old!.number);
    const { migration } = store.plan(old!.number);
    if (!place || !migration?.downgrade) throw new Failure(`release ${old!.number} does not say how its schema is downgraded`);
    return { kind: "downgrade", command: migration.downgrade, migration, place, variables: { TO_REVISION: data.revision } };
  }
  const { migration } = plan;
  if (!migration || !plan.migrate) return undefined;
  return { kind: "migration", command: migration.command, migration, place: { document: split.release, environment }, variables: {} };
}

/** The step of a release. */
export async function changeData(context: Context): Promise<void> {
  if (context.record.rollback?.data?.how === "restore") return putBack(context);
  const { record, store } = context;
  const change = changeOf(context);
  if (!change) return;
  const before = await revisionNow(context, change);
  // Kept before anything changes: after an interruption it tells whether something has.
  record.schema = before === undefined ? {} : { before };
  store.setRecord(record);
  const name = await startJob(context, change, change.kind, change.command);
  await conclude(context, change, await endOf(name, change.migration.timeout));
  await engine.removeJob(name);
}

/** After an interruption: false where the change was never begun, or begins anew without harm; else as it ended. */
export async function settleChange(context: Context): Promise<boolean> {
  if (context.record.rollback?.data?.how === "restore") return false;
  const change = changeOf(context);
  if (!change) return true;
  const name = jobName({ ...context, kind: change.kind });
  // Created and not started is as good as not there: starting it again makes it anew.
  if (!(await engine.wasStarted(name))) return false;
  await conclude(context, change, await endOf(name, change.migration.timeout));
  await engine.removeJob(name);
  return true;
}

/** The way back by a backup: beside what is there first, then in its place. */
async function putBack(context: Context): Promise<void> {
  const { record, store, old, plan, number, journal } = context;
  const data = record.rollback?.data;
  const place = baseOf(store, old!.number);
  if (data?.how !== "restore" || !plan.backup || !place) throw new Failure("there is nothing to restore by");
  const began = performance.now();
  const kept = await restoreInPlace(withUrl({ ...place, number }, plan.backup, plan.variables), plan.backup, data.backup, `${number}_${record.resumed}`);
  record.schema = { before: data.from, after: data.revision };
  store.setRecord(record);
  const took = sayDuration((performance.now() - began) / 1000);
  journal.tell(`restored ${data.backup} (${took}); schema ${sayRevision(data.revision)}. What was there is kept as ${kept}`, { state: "migrated" });
}

/** Its container is removed after this, so that an interruption in between finds it again. */
async function conclude(context: Context, change: Change, { code, output, late }: Ended): Promise<void> {
  const { journal, record, store } = context;
  const { migration, kind, command } = change;
  const before = record.schema?.before;
  const after = await (code === 0 ? revisionNow(context, change) : revisionNow(context, change).catch(() => undefined));
  record.schema = { ...record.schema, ...(after !== undefined && { after }) };
  store.setRecord(record);
  if (code !== 0) {
    const how = late ? `took longer than ${migration.timeout}s and was ended` : `failed with exit code ${code}`;
    throw new Failure(`${kind.toUpperCase()} FAILED: "${command.join(" ")}" ${how}; ${sayLeft(before, after)}`, [["its output", output], ...hint(output)]);
  }
  const wanted = change.variables["TO_REVISION"];
  if (wanted !== undefined && after !== undefined && after !== wanted)
    throw new Failure(`DOWNGRADE FAILED: "${command.join(" ")}" left the schema at ${sayRevision(after)}, wanted was ${sayRevision(wanted)}`, [
      ["its output", output],
    ]);
  const verb = kind === "migration" ? "migrated" : "downgraded";
  const moved = `${verb} ${before === undefined ? "" : `${sayRevision(before)} `}→ ${after === undefined ? "" : sayRevision(after)}`;
  const text = migration.revision === undefined ? verb : before === after ? `schema unchanged (${sayRevision(after ?? "")})` : moved;
  journal.tell(text, { state: "migrated" });
}

async function revisionNow(context: Context, change: Change): Promise<string | undefined> {
  const command = change.migration.revision;
  if (!command) return undefined;
  const ask = async () => {
    const name = await startJob(context, change, "revision", command);
    const { code, stdout } = await endOf(name, 60);
    await engine.removeJob(name);
    return code === 0 ? lastLine(stdout) : undefined;
  };
  // Nothing is believed when it is said twice: it is an empty database's answer, and what is left of one that a busy engine gave up.
  const first = await ask();
  return first === "" ? ask() : first;
}

/** Where a failed migration left the schema. Unknown without a revision command, or when that one fails too. */
function sayLeft(before: string | undefined, after: string | undefined): string {
  if (before !== undefined && before === after) return `the schema is as it was (${sayRevision(before)})`;
  if (before !== undefined && after !== undefined) return `the schema was left at ${sayRevision(after)}, it was ${sayRevision(before)}`;
  return "the schema's revision is not known";
}

/** The cause that alembic's words give away by themselves. */
const hint = (output: string): Evidence =>
  /Can't locate revision/.test(output)
    ? [["hint", "the database was migrated by a newer release than this one, which does not know that schema: deploy a newer release"]]
    : [];

/** The last line, without alembic's remark that it is the newest one: `9d40 (head)`. */
const lastLine = (text: string) => (text.trim().split("\n").at(-1) ?? "").trim().replace(/ \((?:head|mergepoint|branchpoint)\)/g, "");

type Home = Pick<Context, "stack" | "store" | "number">;

const jobOf = (
  { stack, store, number }: Home,
  { place, migration, variables }: Omit<Change, "kind" | "command">,
  kind: string,
  command: readonly string[],
): Job => ({
  kind,
  stack,
  number,
  document: place.document,
  service: migration.service,
  network: "slot",
  command,
  environment: place.environment,
  variables,
  file: store.file(number, `${kind}.compose.json`),
});

const startJob = (home: Home, change: Change, kind: string, command: readonly string[]) =>
  start(jobOf(home, change, kind, command)).catch((error: Error) => {
    throw new Failure(`the ${kind} does not start: ${error.message}`);
  });

/** What going back from the live release's schema would do, in the migration tool's own words; undefined where it has none. */
export async function downgradeSql(store: Store, live: number, from: string, to: string): Promise<string | undefined> {
  const { migration } = store.plan(live);
  const place = inRelease(store, live);
  if (!migration?.downgradeSql || !place) return undefined;
  const change = { place, migration, variables: { FROM_REVISION: from, TO_REVISION: to } };
  const ran = await finish(jobOf({ stack: store.stack, store, number: live }, change, "downgrade-sql", migration.downgradeSql), 60);
  return ran.code === 0 ? ran.stdout.trim() : undefined;
}
