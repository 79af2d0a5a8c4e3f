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
import { measureBackups } from "./backups.ts";
import { measureConnections } from "./connections.ts";
import { measureGrowth } from "./growth.ts";
import { GATE_TIMEOUT, deploy, folder, makePlace } from "./place.ts";
import { measureOtherWays } from "./other-ways.ts";
import { measureRollback } from "./rollback.ts";
import { measureStagingGraph } from "./staging-graph.ts";
import { measureStagingUp } from "./staging-up.ts";
import { tableOf, writeTable } from "./table.ts";
import { measureTimes } from "./times.ts";
import { measureTls } from "./tls.ts";
import { measureUnderLoad } from "./under-load.ts";

const PARTS = ["load", "times", "rollback", "connections", "growth", "tls", "backups", "others", "graph", "staging"];

async function measure(parts: readonly string[]): Promise<void> {
  const place = await makePlace();
  await step(
    "first release",
    () => deploy(place.stack, "2", true),
    () => "version 2",
  );
  const underLoad = parts.includes("load") ? await measureUnderLoad(place) : undefined;
  const times = parts.includes("times") ? await measureTimes(place) : undefined;
  const rolled = parts.includes("rollback") ? await measureRollback(place) : undefined;
  const held = parts.includes("connections") ? await measureConnections(place) : undefined;
  const grown = parts.includes("growth") ? await measureGrowth(place) : undefined;
  const secured = parts.includes("tls") ? await measureTls(place) : undefined;
  const kept = parts.includes("backups") ? await measureBackups(place) : undefined;
  const others = parts.includes("others") ? await measureOtherWays(place) : undefined;
  const built = parts.includes("graph") ? await measureStagingGraph(place) : undefined;
  // Last, as its own server takes the place of the other one.
  const whole = parts.includes("staging") ? await measureStagingUp(place) : undefined;
  const about = { taken: new Date().toISOString(), machine: `${os.cpus().length} × ${os.cpus()[0]?.model ?? "?"}`, gateTimeout: GATE_TIMEOUT };
  fs.writeFileSync(
    path.join(folder, "result.json"),
    JSON.stringify({ ...about, ...underLoad, ...times, ...rolled, ...held, ...grown, ...secured, ...kept, ...others, ...built, ...whole }, null, 2),
  );
  if (!underLoad || !times || !rolled || !held || !grown || !secured || !kept || !others || !built || !whole) return;
  const measured = { ...about, ...underLoad, ...times, ...rolled, ...held, ...grown, ...secured, ...kept, ...others, ...built, ...whole };
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
  try {
    await measure(parts);
    const minutes = ((performance.now() - start) / 60_000).toFixed(1);
    process.stdout.write(`\n raw answers and result.json   ${path.relative(checkout, folder)}\n took ${minutes} minutes\n`);
  } finally {
    await removeSite(benchmarkSite);
  }
}

main().catch((error: unknown) => {
  process.stderr.write(`error: ${(error as Error).message}\n`);
  process.exitCode = 1;
});
