/**
 * `make benchmark`: every measure of the README's table in one run against one server. Raw answers and a JSON file are kept.
 * PARTS=times (or load, rollback and so on, with commas) takes some of them, without a table.
 */
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { removeSite } from "../local/down.ts";
import { benchmarkSite } from "../local/site.ts";
import { step } from "../local/steps.ts";
import { checkout } from "../tools/cache.ts";
import { ensureToolchain } from "../tools/toolchain.ts";
import { measureBackups } from "./backups.ts";
import { measureConnections } from "./connections.ts";
import { measureGrowth } from "./growth.ts";
import { GATE_TIMEOUT, deploy, folder, makePlace, say, type Place } from "./place.ts";
import { measureOtherWays } from "./other-ways.ts";
import { measureRenewal } from "./renewal.ts";
import { measureReviews } from "./reviews.ts";
import { measureRollback } from "./rollback.ts";
import { measureStagingGraph } from "./staging-graph.ts";
import { measureStagingUp } from "./staging-up.ts";
import { tableOf, writeTable, type Measured } from "./table.ts";
import { measureTimes } from "./times.ts";
import { measureTls } from "./tls.ts";
import { measureUnderLoad } from "./under-load.ts";

/** By the parts' names, in their order: each on the server that the one before has left, which the last one's own server takes the place of. */
const ON_SERVER: Readonly<Record<string, (place: Place) => Promise<Partial<Measured>>>> = {
  load: measureUnderLoad,
  times: measureTimes,
  rollback: measureRollback,
  connections: measureConnections,
  growth: measureGrowth,
  renewal: measureRenewal,
  reviews: measureReviews,
  tls: measureTls,
  backups: measureBackups,
  others: measureOtherWays,
  staging: measureStagingUp,
};
const PARTS = ["graph", ...Object.keys(ON_SERVER)];

/** The measures of some parts. What is known so far is written down after each, for where a later one fails. */
async function measure(parts: readonly string[]): Promise<Partial<Measured>> {
  let known: Partial<Measured> = {
    taken: new Date().toISOString(),
    machine: `${os.cpus().length} × ${os.cpus()[0]?.model ?? "?"}`,
    gateTimeout: GATE_TIMEOUT,
  };
  const keep = (more: Partial<Measured>) => {
    known = { ...known, ...more };
    fs.writeFileSync(path.join(folder, "result.json"), JSON.stringify(known, null, 2));
  };
  if (parts.includes("graph")) keep(await measureStagingGraph(await ensureToolchain(say)));
  const there = Object.entries(ON_SERVER).filter(([part]) => parts.includes(part));
  if (there.length === 0) return known;
  try {
    const place = await makePlace();
    await step(
      "first release",
      () => deploy(place.stack, "2", true),
      () => "version 2",
    );
    for (const [, measured] of there) keep(await measured(place));
  } finally {
    await removeSite(benchmarkSite);
  }
  return known;
}

function tell(measured: Measured): void {
  process.stdout.write(`\n${tableOf(measured)}\n`);
  if (process.argv.includes("--write")) writeTable(measured);
}

async function main(): Promise<void> {
  const parts = process.env["PARTS"]?.split(",") ?? PARTS;
  const unknown = parts.filter((part) => !PARTS.includes(part));
  if (unknown.length > 0) throw new Error(`PARTS has ${unknown.join(", ")}; there are ${PARTS.join(", ")}`);
  fs.rmSync(folder, { recursive: true, force: true });
  fs.mkdirSync(folder, { recursive: true });
  const start = performance.now();
  const measured = await measure(parts);
  if (PARTS.every((part) => parts.includes(part))) tell(measured as Measured);
  const minutes = ((performance.now() - start) / 60_000).toFixed(1);
  process.stdout.write(`\n raw answers and result.json   ${path.relative(checkout, folder)}\n took ${minutes} minutes\n`);
}

main().catch((error: unknown) => {
  process.stderr.write(`error: ${(error as Error).message}\n`);
  process.exitCode = 1;
});
