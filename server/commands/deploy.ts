/**
 * `recoloca deploy`: receives a plan, hands it to a unit of its own, and follows the journal. The deploy does not hang on
 * this process: a cut connection changes nothing, and the same plan sent again finds its way back here (design D1).
 */
import * as fs from "node:fs";
import * as z from "zod";
import { OUTCOMES } from "../../release/outcome";
import { PLAN_FORMAT, identityOf, planSchema, stackName, type Plan } from "../../release/plan";
import { readInput, type Given } from "../command-line";
import { follow } from "../follow";
import { must, run } from "../process";
import { ago } from "../render";
import { Store } from "../store";

const refuse = (text: string): number => {
  process.stdout.write(` refused: ${text}\n`);
  return OUTCOMES.refused.exit;
};

export async function deploy(_given: Given): Promise<number> {
  const text = await readInput();
  if (text.trim() === "") {
    process.stdout.write(" no release is named yet: this server is ready for one\n");
    return 0;
  }
  const plan = readPlan(text);
  if (typeof plan === "string") return refuse(plan);
  if (!fs.existsSync("/run/systemd/system")) return refuse("this host has no systemd, which keeps a deploy going when the connection is cut");
  const store = new Store(stackName(plan));
  const identity = identityOf(plan);
  const running = await runningDeploy(store);
  if (running !== undefined) {
    const record = store.record(running);
    if (record?.identity === identity) return follow(store, running);
    const { actor, run: runUrl } = record?.provenance ?? {};
    const who = [actor && `by ${actor}`, runUrl && `run ${runUrl}`].filter(Boolean).join(", ");
    return refuse(
      `release ${running} (${record?.release ?? "unknown"}) is being deployed${who ? ` ${who}` : ""}, since ${ago(record?.startedAt ?? new Date().toISOString())}\n  wait for it, or look: recoloca show ${running}. Nothing was changed.`,
    );
  }
  const live = store.state().live;
  if (live && store.record(live.number)?.identity === identity) {
    process.stdout.write(` release ${live.number}  ${plan.release} is live already; nothing to do\n`);
    return 0;
  }
  const number = store.create(plan);
  fs.closeSync(fs.openSync(store.lockFile, "a", 0o600));
  await must("systemd-run", [
    `--unit=recoloca-${store.stack}-${number}`,
    "--collect",
    "--quiet",
    "--property=TimeoutStopSec=30",
    "--",
    "flock",
    "-F",
    // Those who only look hold the lock for a moment; whoever deploys holds it for longer than this.
    "--timeout=5",
    "--conflict-exit-code=75",
    store.lockFile,
    process.execPath,
    "--max-semi-space-size=2",
    fs.realpathSync(process.argv[1]!),
    "run",
    store.stack,
    String(number),
  ]);
  return follow(store, number);
}

function readPlan(text: string): Plan | string {
  let given: unknown;
  try {
    given = JSON.parse(text);
  } catch (error) {
    return `the plan is not JSON: ${(error as Error).message}`;
  }
  const format = (given as { format?: unknown } | null)?.format;
  if (typeof format === "number" && format > PLAN_FORMAT)
    return `the plan has format ${format}, this host's program knows ${PLAN_FORMAT}: run "pulumi up" with the newer program, which brings its host program along`;
  const parsed = planSchema.safeParse(given);
  if (!parsed.success) return `the plan is not understood:\n${z.prettifyError(parsed.error)}`;
  const gate = parsed.data.gates.find((one) => parsed.data.routes.every((route) => route.path !== "/" && !one.path.startsWith(route.path)));
  if (gate) return `gate "${gate.name}" asks ${gate.path}, and no route leads there`;
  return parsed.data;
}

/** The release that holds the lock; looking is shared, so that two who look do not take each other for a deploy. Nobody waits for a dead one: the lock dies with its process. */
export async function runningDeploy(store: Store): Promise<number | undefined> {
  if (!fs.existsSync(store.lockFile)) return undefined;
  const free = await run("flock", ["--shared", "--nonblock", store.lockFile, "true"]);
  if (free.code === 0) return undefined;
  return (
    store
      .numbers()
      .reverse()
      .find((number) => store.record(number) !== undefined && store.record(number)?.outcome === undefined) ?? store.numbers().at(-1)
  );
}
