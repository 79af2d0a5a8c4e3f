/** `make benchmark`: every measure of the README's table in one run against one server; raw answers and a JSON file are kept. */
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { sleep } from "../local/command";
import { removeSite } from "../local/down";
import { ensureEngine } from "../local/engine";
import { ensureImages, type Images } from "../local/images";
import { ensureRegistry } from "../local/registry";
import { ensureServer, onServer } from "../local/server";
import { benchmarkSite as site, inSite } from "../local/site";
import { LocalStack, settingsOf, withImages } from "../local/stack";
import { step } from "../local/steps";
import { checkout, localFolder } from "../tools/cache";
import { ensureToolchain } from "../tools/toolchain";
import type { ReleaseRecord } from "../release/record";
import { failed, inFlight, longestGap, type Answer } from "./answers";
import * as composeUp from "./compose-up";
import { emptyProgram, loadProgram, loadSdk, seconds } from "./programs";
import { tableOf, writeTable, type Measured } from "./table";
import { Visitors, vegeta, type Addresses, type Seen } from "./visitors";

const GATE_TIMEOUT = 10;
const WATCH = 5;
const DRAIN = 5;
const folder = localFolder("benchmark");
const edge: Addresses = { api: `http://127.0.0.1:${site.httpPort}`, page: `http://127.0.0.1:${site.httpPort}` };

const settings = (migrates: boolean) => {
  const { migration, ...all } = settingsOf(site);
  const gates = (all["gates"] as object[]).map((gate) => ({ ...gate, timeout: `${GATE_TIMEOUT}s` }));
  return { ...all, ...(migrates && { migration }), gates, watch: `${WATCH}s`, drain: `${DRAIN}s` };
};

const built = new Map<string, Promise<Images>>();
const imagesOf = (version: string) => {
  if (!built.has(version)) built.set(version, ensureImages(site, version));
  return built.get(version)!;
};

const server = async <T>(command: string, input?: string): Promise<T> => {
  const ran = await onServer(site, command, input);
  if (ran.code !== 0) throw new Error(`${command}: ${ran.output}`);
  return JSON.parse(ran.stdout) as T;
};

const record = (number: number) => server<ReleaseRecord>(`recoloca show ${number} --json`);
const newest = async () => Math.max(...(await server<{ number: number }[]>("recoloca history --json")).map((one) => one.number));

interface Timed {
  readonly code: number;
  readonly switched: number;
  readonly verified: number;
  readonly watched: number;
  readonly workers: number;
  readonly ended: number;
  readonly peaks: { readonly transaction: number; readonly receiver: number };
}

const script = fs.readFileSync(path.join(__dirname, "server-side.js"), "utf8");
const floor = async () => (await server<{ milliseconds: number }>("node - floor", script)).milliseconds;
const deployThere = async (version: string) => {
  const { backend, frontend } = await imagesOf(version);
  return server<Timed>(`node - deploy ${version} '${JSON.stringify({ backend, worker: backend, frontend })}'`, script);
};

/** Work under load, with some calm before and after it. */
async function visited<T>(name: string, program: string, addresses: Addresses, work: () => Promise<T>): Promise<{ result: T; seen: Seen }> {
  const visitors = new Visitors(program, addresses, path.join(folder, `${name}.bin`));
  await sleep(2000);
  try {
    const result = await work();
    await sleep(2000);
    return { result, seen: await visitors.end() };
  } catch (error) {
    await visitors.end().catch(() => undefined);
    throw error;
  }
}

const moment = (one: ReleaseRecord, state: string) => Date.parse(one.journal.find((line) => line.state === state)?.at ?? "");

interface Run {
  readonly version: string;
  readonly outcome: string;
  readonly requests: number;
  readonly failed: { readonly status: number; readonly error: string; readonly url: string }[];
  readonly inFlight: number;
  readonly lost: number;
  readonly gapAtSwitch?: number;
  readonly gap: number;
  readonly verdict?: number;
  readonly streams: { readonly cutByDrain: number; readonly cut: number; readonly refused: number };
}

async function deployUnderLoad(stack: LocalStack, program: string, version: string, name: string): Promise<Run> {
  const images = await imagesOf(version);
  await stack.configure(withImages(settings(true), images, version));
  const { seen } = await visited(name, program, edge, () => stack.up());
  const number = await newest();
  const said = await record(number);
  const wrong = failed(seen.answers);
  const switched = moment(said, "switched");
  // The verdict's clock starts with the containers, that is at the end of the step before.
  const [before, verdictAt] = [moment(said, "migrated"), Date.parse(said.journal.find((line) => line.text.startsWith("NOT HEALTHY"))?.at ?? "")];
  const drained = Number.isNaN(switched) ? [] : seen.streams.cuts.filter((at) => at >= switched + DRAIN * 1000 - 200);
  return {
    version,
    outcome: said.outcome ?? "?",
    requests: seen.answers.length,
    failed: wrong.map(({ status, error, url }) => ({ status, error, url })),
    inFlight: atCrash(seen.answers, wrong),
    lost: seen.lost.length,
    ...(!Number.isNaN(switched) && { gapAtSwitch: longestGap(seen.answers, switched - 1000, switched + 1000) }),
    gap: longestGap(seen.answers),
    ...(!Number.isNaN(verdictAt) && { verdict: (verdictAt - before) / 1000 }),
    streams: { cutByDrain: drained.length, cut: seen.streams.cuts.length - drained.length, refused: seen.streams.refused },
  };
}

const atCrash = (answers: readonly Answer[], wrong: readonly Answer[]) => (wrong.length === 0 ? 0 : inFlight(answers, wrong[0]!.answered));

async function several<T>(count: number, work: (index: number) => Promise<T>): Promise<T[]> {
  const results: T[] = [];
  for (let index = 0; index < count; index++) results.push(await work(index));
  return results;
}

async function measure(): Promise<Measured> {
  const say = (line: string) => process.stdout.write(`   ${line}\n`);
  const tools = await step("tools", ensureToolchain, (all) => all.says);
  const program = await step("load client", () => vegeta(say), () => "vegeta 12.13.0"); // prettier-ignore
  await step("docker engine", ensureEngine, (says) => says);
  await removeSite(site);
  fs.mkdirSync(site.folder, { recursive: true, mode: 0o700 });
  await step("registry", () => ensureRegistry(site), (says) => says); // prettier-ignore
  await step("server", () => ensureServer(site), (says) => says); // prettier-ignore
  const versions = ["2", "3", "4", "5", "6", "7", "8", "9", "broken", "crashing"];
  await step("images", async () => { for (const version of versions) await imagesOf(version); }, () => `${versions.length} versions`); // prettier-ignore
  const stack = new LocalStack(site, tools);
  const up = async (version: string, migrates: boolean) => {
    await stack.configure(withImages(settings(migrates), await imagesOf(version), version));
    const ran = await stack.up();
    if (ran.code !== 0) throw new Error(`version ${version} does not come live:\n${ran.output}`);
  };
  await step("first release", () => up("2", true), () => "version 2"); // prettier-ignore

  const quiet = await step("quiet", () => visited("quiet", program, edge, () => sleep(20_000)), ({ seen }) => `${seen.answers.length} requests`); // prettier-ignore
  const good: Run[] = [];
  const broken: Run[] = [];
  const crashing: Run[] = [];
  const brief = (run: Run) =>
    `${run.outcome}, ${run.failed.length} of ${run.requests} failed, gap ${(run.gapAtSwitch ?? run.gap).toFixed(0)} ms${run.verdict === undefined ? "" : `, verdict ${run.verdict.toFixed(1)}s`}`;
  for (const version of ["3", "4", "5", "6", "7"])
    good.push(await step(`good ${good.length + 1}`, () => deployUnderLoad(stack, program, version, `good-${version}`), brief));
  for (const index of [1, 2, 3]) broken.push(await step(`broken ${index}`, () => deployUnderLoad(stack, program, "broken", `broken-${index}`), brief));
  for (const index of [1, 2, 3]) crashing.push(await step(`crashing ${index}`, () => deployUnderLoad(stack, program, "crashing", `crashing-${index}`), brief));

  await up("8", false);
  await up("9", false);
  const milliseconds = (value: number) => `${(value / 1000).toFixed(2)} s`;
  const pairs = await several(5, async (index) => ({
    floor: await step(`floor ${index + 1}`, floor, milliseconds),
    deploy: await step(`deploy ${index + 1}`, () => deployThere(index % 2 === 0 ? "8" : "9"), (one) => `serving after ${milliseconds(one.verified)}`), // prettier-ignore
  }));
  // The host has moved on beside Pulumi; one update brings both together.
  await up("8", false);
  const empty = await emptyProgram(inSite(site, "empty"), tools.pulumi, tools.env);
  const ups = await several(5, async (index) => {
    const version = index % 2 === 0 ? "9" : "8";
    await stack.configure(withImages(settings(false), await imagesOf(version), version));
    const emptyUp = await seconds(empty);
    const whole = await seconds(() => stack.up());
    const said = await record(await newest());
    const watched = (moment(said, "watched") - moment(said, "workers")) / 1000;
    const noop = await step(`up ${index + 1}`, () => seconds(() => stack.up()), (again) => `deploys in ${whole.toFixed(1)} s (watched ${watched.toFixed(1)}), again ${again.toFixed(1)}, empty ${emptyUp.toFixed(1)}`); // prettier-ignore
    return { empty: emptyUp, whole, watched, noop };
  });
  const config = JSON.parse((await stack.pulumi(["config", "--json", "--show-secrets"])).stdout) as Record<string, { value: string }>;
  const values = Object.fromEntries(Object.entries(config).map(([key, { value }]) => [key, value]));
  values["recoloca:hostPort"] = "9";
  const loads = await several(7, async () => ({ sdk: loadSdk(), program: loadProgram(values) }));

  await onServer(site, "recoloca remove --application recoloca --environment local --volumes");
  const plain = await plainRuns(program);
  return { taken: new Date().toISOString(), machine: `${os.cpus().length} × ${os.cpus()[0]?.model ?? "?"}`, gateTimeout: GATE_TIMEOUT, quietGap: longestGap(quiet.seen.answers), good, broken, crashing, pairs, ups, loads, plain }; // prettier-ignore
}

/** `docker compose up --detach` of the same versions under the same load. */
async function plainRuns(program: string): Promise<Measured["plain"]> {
  const compose = fs.readFileSync(path.join(checkout, "application", "compose.yaml"), "utf8");
  const addresses = await step("compose up", async () => composeUp.prepare(compose, await imagesOf("2")), () => "version 2, without an edge"); // prettier-ignore
  await sleep(5000);
  const runs: Measured["plain"] = [];
  for (const version of ["3", "4", "5", "6", "7", "broken"]) {
    const images = await imagesOf(version);
    await composeUp.write(images);
    await composeUp.pull();
    const run = async () => {
      const { result: began, seen } = await visited(`compose-${version}`, program, addresses, async () => {
        const at = await composeUp.up(images);
        await sleep(6000);
        return at;
      });
      const after = seen.answers.filter((one) => one.sent >= began);
      const lastWrong = failed(after).at(-1);
      const back = lastWrong && after.find((one) => one.answered > lastWrong.answered && one.status === 200);
      return {
        version,
        failed: failed(seen.answers).length,
        requests: seen.answers.length,
        gap: longestGap(seen.answers, began - 1000),
        ...(back && { serving: (back.answered - began) / 1000 }),
      };
    };
    runs.push(await step(`compose ${version}`, run, (one) => `${one.failed} of ${one.requests} failed, gap ${one.gap.toFixed(0)} ms`));
  }
  await composeUp.remove();
  return runs;
}

async function main(): Promise<void> {
  fs.rmSync(folder, { recursive: true, force: true });
  fs.mkdirSync(folder, { recursive: true });
  const start = performance.now();
  try {
    const measured = await measure();
    fs.writeFileSync(path.join(folder, "result.json"), JSON.stringify(measured, null, 2));
    process.stdout.write(`\n${tableOf(measured)}\n\n`);
    if (process.argv.includes("--write")) writeTable(measured);
    process.stdout.write(
      ` raw answers and result.json   ${path.relative(checkout, folder)}\n took ${((performance.now() - start) / 60_000).toFixed(1)} minutes\n`,
    );
  } finally {
    await removeSite(site);
  }
}

main().catch((error: unknown) => {
  process.stderr.write(`error: ${(error as Error).message}\n`);
  process.exitCode = 1;
});
