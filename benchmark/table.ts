/** The measures as the table that stands in the README. */
import * as fs from "node:fs";
import * as path from "node:path";
import { checkout } from "../tools/cache.ts";
import { median } from "./answers.ts";
import type { BackupMeasure } from "./backups.ts";
import type { PlainRun } from "./other-ways.ts";
import { backupRows, environmentRows, renewalRow, reviewRow, tlsRows, type Row } from "./rows.ts";
import type { Renewal } from "./renewal.ts";
import type { Review } from "./reviews.ts";
import type { LoadedGraph } from "./staging-graph.ts";
import type { StagingUp } from "./staging-up.ts";
import type { TlsMeasure } from "./tls.ts";
import { CONNECTIONS, IDLE, type Held } from "./connections.ts";
import type { Grown } from "./growth.ts";
import type { TimedRollback } from "./rollback.ts";
import type { TimedDeploy } from "./times.ts";
import type { Visited } from "./under-load.ts";

export interface Measured {
  readonly taken: string;
  readonly machine: string;
  /** Seconds. */
  readonly gateTimeout: number;
  /** Milliseconds. */
  readonly quietGap: number;
  readonly good: readonly Visited[];
  readonly back: readonly Visited[];
  readonly broken: readonly Visited[];
  readonly crashing: readonly Visited[];
  /** Milliseconds. */
  readonly pairs: readonly { readonly floor: number; readonly deploy: TimedDeploy }[];
  /** Seconds. */
  readonly ups: readonly { readonly empty: number; readonly whole: number; readonly watched: number; readonly noop: number }[];
  /** Milliseconds. */
  readonly loads: readonly { readonly sdk: number; readonly program: number }[];
  readonly rollbacks: { readonly present: readonly TimedRollback[]; readonly pruned: readonly TimedRollback[] };
  readonly connections: Held;
  readonly growth: readonly Grown[];
  readonly renewals: readonly Renewal[];
  readonly reviews: readonly Review[];
  readonly tls: TlsMeasure;
  readonly graphs: readonly LoadedGraph[];
  readonly stagingUps: readonly StagingUp[];
  readonly backups: BackupMeasure;
  readonly plain: readonly PlainRun[];
  readonly rollout: readonly PlainRun[];
}

const sum = (values: readonly number[]) => values.reduce((all, one) => all + one, 0);
const most = (values: readonly number[]) => Math.max(...values);
const seconds = (value: number) => `${value.toFixed(2)} s`;
const count = (value: number) => value.toLocaleString("en");

export function rowsOf(measured: Measured): Row[] {
  const { good, back, broken, crashing, quietGap, pairs, ups, loads, gateTimeout, rollbacks, connections, growth, plain, rollout } = measured;
  const lost = (runs: readonly Visited[]) => sum(runs.map((run) => run.failed.length));
  const of = (runs: readonly Visited[]) => `${lost(runs)} of ${count(sum(runs.map((run) => run.requests)))}`;
  const gap = most(good.map((run) => run.gapAtSwitch ?? Infinity));
  const crashed = most(crashing.map((run) => run.gap));
  const deploy = median(pairs.map((pair) => pair.deploy.verified)) / 1000;
  const floor = median(pairs.map((pair) => pair.floor)) / 1000;
  const empty = median(ups.map((one) => one.empty));
  const whole = median(ups.map((one) => one.whole - one.watched));
  const noop = median(ups.map((one) => one.noop));
  const verdict = most(broken.map((run) => run.verdict ?? Infinity));
  const [program, sdk] = [median(loads.map((one) => one.program)), median(loads.map((one) => one.sdk))];
  const memory = most(pairs.map((pair) => pair.deploy.kib)) / 1024;
  const all = [...good, ...back, ...broken, ...crashing];
  const [plainGood, plainBroken] = [plain.filter((one) => one.version !== "broken"), plain.filter((one) => one.version === "broken")];
  const plainOf = (runs: Measured["plain"]) => `${count(sum(runs.map((one) => one.failed)))} of ${count(sum(runs.map((one) => one.requests)))}`;
  return [
    {
      measure: `failed requests, ${good.length} good deploys`,
      want: "0",
      got: of(good),
      reached: lost(good) === 0,
      plain: `${plainOf(plainGood)} in ${plainGood.length}`,
      rollout: `${plainOf(rollout)} in ${rollout.length}`,
    },
    { measure: `failed requests, ${back.length} rollbacks`, want: "0", got: of(back), reached: lost(back) === 0 },
    {
      measure: `failed requests, ${broken.length} broken deploys`,
      want: "0",
      got: of(broken),
      reached: lost(broken) === 0,
      plain: `${plainOf(plainBroken)} in one, and down until someone acts`,
    },
    {
      measure: `failed requests, ${crashing.length} deploys that crash once live`,
      want: `≤ in flight at the crash (${crashing.map((run) => run.inFlight).join(", ")})`,
      got: of(crashing),
      reached: crashing.every((run) => run.failed.length <= run.inFlight),
    },
    {
      measure: "longest gap between answers when one crashes once live",
      want: "< 100 ms",
      got: `${crashed.toFixed(0)} ms`,
      reached: crashed < 100,
    },
    {
      measure: `acknowledged writes lost in all of these, ${count(sum(all.map((run) => run.requests)))} requests`,
      want: "0",
      got: String(sum(all.map((run) => run.lost))),
      reached: all.every((run) => run.lost === 0),
    },
    {
      measure: "longest gap between answers at a switch",
      want: `< 50 ms above the quiet maximum (${quietGap.toFixed(0)} ms)`,
      got: `${gap.toFixed(0)} ms`,
      reached: gap < quietGap + 50,
      plain: `${most(plainGood.map((one) => one.gap)).toFixed(0)} ms`,
      rollout: `${most(rollout.map((one) => one.gap)).toFixed(0)} ms`,
    },
    {
      measure: "deploy: `recoloca deploy` to serving through the edge",
      want: `≤ 1.5 × floor (${seconds(floor)})`,
      got: `${seconds(deploy)} (${(deploy / floor).toFixed(2)} ×)`,
      reached: deploy <= 1.5 * floor,
      plain: seconds(median(plainGood.map((one) => one.serving ?? Infinity))),
      rollout: seconds(median(rollout.map((one) => one.serving ?? Infinity))),
    },
    {
      measure: "whole `pulumi up` of a deploy, watch window apart",
      want: `≤ empty program's (${seconds(empty)}) + deploy + 2 s`,
      got: seconds(whole),
      reached: whole <= empty + deploy + 2,
    },
    {
      measure: "verdict on a broken release",
      want: `≤ gate timeout (${gateTimeout} s) + 1 s`,
      got: seconds(verdict),
      reached: verdict <= gateTimeout + 1,
      plain: "none",
    },
    {
      measure: "second `pulumi up`, nothing changed",
      want: "≤ 1.5 × an empty program's",
      got: `${seconds(noop)} (${(noop / empty).toFixed(2)} ×)`,
      reached: noop <= 1.5 * empty,
    },
    {
      measure: "load of the program",
      want: `≤ 1.3 × importing @pulumi/pulumi (${sdk.toFixed(0)} ms)`,
      got: `${program.toFixed(0)} ms (${(program / sdk).toFixed(2)} ×)`,
      reached: program <= 1.3 * sdk,
    },
    {
      measure: "rollback: `recoloca rollback` to the older release serving, images present",
      want: "< 3 s",
      got: seconds(most(rollbacks.present.map((one) => one.serving))),
      reached: rollbacks.present.every((one) => one.serving < 3),
    },
    {
      measure: "rollback, images gone",
      want: "< pull + 3 s",
      got: `${seconds(most(rollbacks.pruned.map((one) => one.serving)))}, of which pulling ${seconds(most(rollbacks.pruned.map((one) => one.pulled)))}`,
      reached: rollbacks.pruned.every((one) => one.serving < one.pulled + 3),
    },
    {
      measure: `switch with ${count(CONNECTIONS)} open connections, ${count(IDLE)} of them idle`,
      want: "0 reset",
      got: `${connections.lost} of ${count(connections.opened)}, ${count(connections.answered)} answers`,
      reached: connections.lost === 0,
    },
    {
      measure: "deploy of 1, 5, 20, 50 services",
      want: "linear",
      got: growth.map((one) => `${one.services}: ${one.serving.toFixed(1)} s`).join(", "),
      reached: isLinear(growth),
    },
    { measure: "host program's memory while deploying", want: "≤ 90 MB", got: `${memory.toFixed(0)} MB`, reached: memory <= 90 },
    ...environmentRows(measured.graphs, measured.stagingUps),
    ...backupRows(measured.backups),
    renewalRow(measured.renewals),
    reviewRow(measured.reviews),
    ...tlsRows(measured.tls),
  ];
}

/** A service more costs no more among many than among few. */
function isLinear(growth: readonly Grown[]): boolean {
  const costs = growth.slice(1).map((one, index) => (one.serving - growth[index]!.serving) / (one.services - growth[index]!.services));
  return costs.every((cost, index) => index === 0 || cost <= costs[0]! * 1.5);
}

export function tableOf(measured: Measured): string {
  const rows = rowsOf(measured).map(
    ({ measure, want, got, reached, plain, rollout }) => `| ${measure} | ${want} | ${reached ? "✓" : "✗"} ${got} | ${plain ?? ""} | ${rollout ?? ""} |`,
  );
  return [
    "| measure | must reach | measured | `docker compose up -d` | docker-rollout's method, without a drain hook |",
    "| --- | --- | --- | --- | --- |",
    ...rows,
  ].join("\n");
}

const [BEGIN, END] = ["<!-- benchmark -->", "<!-- /benchmark -->"];

export function writeTable(measured: Measured): void {
  const file = path.join(checkout, "README.md");
  const text = fs.readFileSync(file, "utf8");
  const all = [...measured.good, ...measured.back, ...measured.broken, ...measured.crashing];
  const streams = sum(all.map((run) => run.streams.cutByDrain));
  const note = `Taken ${measured.taken.slice(0, 10)}, ${measured.machine}, everything (load, registry, server) on that one machine: 200 requests a second, 10 event
streams and 10 WebSockets. ${streams} streams outlived the drain time and were cut at its end. Medians of five where it is a time, the worst of all otherwise.
The pipeline that this project replaces slept for 90 s at each deploy to staging and for 180 s at each to production, whatever the release did.`;
  fs.writeFileSync(file, `${text.slice(0, text.indexOf(BEGIN) + BEGIN.length)}\n${tableOf(measured)}\n\n${note}\n${text.slice(text.indexOf(END))}`);
}
