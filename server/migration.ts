/** Runs the stack's migration once, in the new release's image, as a named container that outlives this process. */
import { Failure, type Context } from "./context.ts";
import * as engine from "./engine.ts";
import type { Evidence } from "./evidence.ts";
import { endOf, jobName, start, type Ended, type Job } from "./job.ts";

export async function migrate(context: Context): Promise<void> {
  const { plan, record, store } = context;
  const { migration } = plan;
  if (!migration || !plan.migrate) return;
  const before = await revisionNow(context);
  // Kept before anything changes: after an interruption it tells whether something has.
  record.schema = before === undefined ? {} : { before };
  store.setRecord(record);
  const name = await startJob(context, "migration", migration.command);
  await conclude(context, await endOf(name, migration.timeout));
  await engine.removeContainers([name]);
}

/** After an interruption: false where the migration was never started, else as it ended. */
export async function settleMigration(context: Context): Promise<boolean> {
  const { migration, migrate: wanted } = context.plan;
  if (!migration || !wanted) return true;
  const name = jobName({ ...context, kind: "migration" });
  // Created and not started is as good as not there: starting it again makes it anew.
  if (!(await engine.wasStarted(name))) return false;
  await conclude(context, await endOf(name, migration.timeout));
  await engine.removeContainers([name]);
  return true;
}

/** Its container is removed after this, so that an interruption in between finds it again. */
async function conclude(context: Context, { code, output, late }: Ended): Promise<void> {
  const { journal, record, store } = context;
  const migration = context.plan.migration!;
  const before = record.schema?.before;
  const after = await (code === 0 ? revisionNow(context) : revisionNow(context).catch(() => undefined));
  record.schema = { ...record.schema, ...(after !== undefined && { after }) };
  store.setRecord(record);
  if (code !== 0) {
    const how = late ? `took longer than ${migration.timeout}s and was ended` : `failed with exit code ${code}`;
    throw new Failure(`MIGRATION FAILED: "${migration.command.join(" ")}" ${how}; ${sayLeft(before, after)}`, [["its output", output], ...hint(output)]);
  }
  const moved = `migrated ${before === undefined ? "" : `${orEmpty(before)} `}→ ${after}`;
  const text = migration.revision === undefined ? "migrated" : before === after ? `schema unchanged (${after})` : moved;
  journal.tell(text, { state: "migrated" });
}

async function revisionNow(context: Context): Promise<string | undefined> {
  const command = context.plan.migration?.revision;
  if (!command) return undefined;
  const name = await startJob(context, "revision", command);
  const { code, stdout } = await endOf(name, 60);
  await engine.removeContainers([name]);
  return code === 0 ? lastLine(stdout) : undefined;
}

const orEmpty = (revision: string) => (revision === "" ? "empty" : revision);

/** Where a failed migration left the schema. Unknown without a revision command, or when that one fails too. */
function sayLeft(before: string | undefined, after: string | undefined): string {
  if (before !== undefined && before === after) return `the schema is as it was (${orEmpty(before)})`;
  if (before !== undefined && after !== undefined) return `the schema was left at ${orEmpty(after)}, it was ${orEmpty(before)}`;
  return "the schema's revision is not known";
}

/** The cause that alembic's words give away by themselves. */
const hint = (output: string): Evidence =>
  /Can't locate revision/.test(output)
    ? [["hint", "the database was migrated by a newer release than this one, which does not know that schema: deploy a newer release"]]
    : [];

/** The last line, without alembic's remark that it is the newest one: `9d40 (head)`. */
const lastLine = (text: string) => (text.trim().split("\n").at(-1) ?? "").trim().replace(/ \((?:head|mergepoint|branchpoint)\)/g, "");

const jobOf = ({ stack, store, number, split, environment, plan }: Context, kind: string, command: readonly string[]): Job => ({
  kind,
  stack,
  number,
  document: split.release,
  service: plan.migration!.service,
  network: "slot",
  command,
  environment,
  file: store.file(number, `${kind}.compose.json`),
});

const startJob = (context: Context, kind: string, command: readonly string[]) =>
  start(jobOf(context, kind, command)).catch((error: Error) => {
    throw new Failure(`the ${kind} does not start: ${error.message}`);
  });
