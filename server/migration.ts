/** Runs the stack's migration once, in the new release's image, as a named container that outlives this process. */
import { projectName } from "./compose-split.ts";
import { Failure, type Context } from "./context.ts";
import { compose } from "./compose.ts";
import * as engine from "./engine.ts";
import type { Evidence } from "./evidence.ts";
import { run } from "./process.ts";
import { writeWhole } from "./store.ts";

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
  const name = jobName(context, "migration");
  if (!(await engine.exists(name))) return false;
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

interface Ended {
  readonly code: number;
  readonly stdout: string;
  /** Both outputs' last lines. */
  readonly output: string;
  readonly late: boolean;
}

const jobName = ({ stack, number }: Context, kind: string) => `${stack}-${kind}-${number}`;

/**
 * Never `docker exec`, never in the foreground: a killed client would leave the job running with nobody to wait for it.
 * Its service is written as a project of its own, so that it joins the slot's network with an address of the base's range.
 */
async function startJob(context: Context, kind: string, command: readonly string[]): Promise<string> {
  const { stack, slot, store, number, split, environment, plan } = context;
  const service = plan.migration!.service;
  const { healthcheck: _healthcheck, networks: _networks, depends_on: _dependsOn, labels: _labels, ...definition } = split.release.services[service]!;
  const name = jobName(context, kind);
  const file = store.file(number, `${kind}.compose.json`);
  writeWhole(
    file,
    JSON.stringify({
      ...split.release,
      services: {
        [kind]: {
          ...definition,
          container_name: name,
          command: command.map((word) => word.replaceAll("$", "$$$$")),
          entrypoint: [],
          labels: { "recoloca.stack": stack, "recoloca.job": kind },
          networks: { slot: {} },
        },
      },
    }),
  );
  await engine.removeContainers([name]);
  await compose({ project: `${projectName(stack, slot)}-${kind}`, file, environment }, ["up", "--detach"]).catch((error: Error) => {
    throw new Failure(`the ${kind} does not start: ${error.message}`);
  });
  return name;
}

async function endOf(name: string, seconds: number): Promise<Ended> {
  const code = await engine.waitForEnd(name, seconds);
  if (code === undefined) await engine.stopContainers([name]);
  const { stdout } = await run("docker", ["logs", name]);
  return { code: code ?? 124, stdout, output: await engine.logTail(name, 15), late: code === undefined };
}
