/** Runs the stack's migration once, in the new release's image, as a named container that outlives this process. */
import { projectName } from "./compose-split.ts";
import { Failure, type Context } from "./context.ts";
import { compose } from "./compose.ts";
import * as engine from "./engine.ts";
import type { Evidence } from "./evidence.ts";
import { must, run } from "./process.ts";
import { writeWhole } from "./store.ts";

export async function migrate(context: Context): Promise<void> {
  const { plan, journal, record } = context;
  const migration = plan.migration;
  if (!migration) return;
  const revision = async () => {
    if (!migration.revision) return undefined;
    const asked = await job(context, "revision", migration.revision, 60);
    return asked.code === 0 ? lastLine(asked.output) : undefined;
  };
  const before = await revision();
  const { code, output, late } = await job(context, "migration", migration.command, migration.timeout);
  const after = code === 0 ? await revision() : await revision().catch(() => undefined);
  record.schema = { ...(before !== undefined && { before }), ...(after !== undefined && { after }) };
  if (code !== 0) {
    const how = late ? `took longer than ${migration.timeout}s and was ended` : `failed with exit code ${code}`;
    throw new Failure(`MIGRATION FAILED: "${migration.command.join(" ")}" ${how}; ${sayLeft(before, after)}`, [["its output", output], ...hint(output)]);
  }
  const text =
    migration.revision === undefined
      ? "migrated"
      : before === after
        ? `schema unchanged (${after})`
        : `migrated ${before === undefined ? "" : `${orEmpty(before)} `}→ ${after}`;
  journal.tell(text, { state: "migrated" });
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

interface Job {
  readonly code: number;
  readonly output: string;
  readonly late: boolean;
}

/**
 * Never `docker exec`, never in the foreground: a killed client would leave the job running with nobody to wait for it.
 * Its service is written as a project of its own, so that it joins the slot's network with an address of the base's range.
 */
async function job(context: Context, kind: string, command: readonly string[], timeout: number): Promise<Job> {
  const { stack, slot, store, number, split, environment, plan } = context;
  const service = plan.migration!.service;
  const { healthcheck: _healthcheck, networks: _networks, depends_on: _dependsOn, labels: _labels, ...definition } = split.release.services[service]!;
  const name = `${stack}-${kind}-${number}`;
  const file = store.file(number, `${kind}.compose.json`);
  const project = projectName(stack, slot);
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
  try {
    await compose({ project: `${project}-${kind}`, file, environment }, ["up", "--detach"]).catch((error: Error) => {
      throw new Failure(`the ${kind} does not start: ${error.message}`);
    });
    const waited = await run("docker", ["wait", name], { timeout });
    const late = waited.code === 124;
    if (late) await must("docker", ["stop", "--time", "5", name]);
    const [stdout, all] = [await run("docker", ["logs", name]), await engine.logTail(name, 15)];
    return { code: late ? 124 : Number(waited.stdout.trim()), output: kind === "revision" ? stdout.stdout : all, late };
  } finally {
    await engine.removeContainers([name]);
  }
}
