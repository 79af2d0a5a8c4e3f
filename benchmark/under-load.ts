/** Deploys while visitors are there: good ones, ones that are broken, ones that crash once they are live; and going back. */
import * as path from "node:path";
import { sleep } from "../local/command.ts";
import { step } from "../local/steps.ts";
import { failed, inFlight, longestGap } from "./answers.ts";
import { onServer } from "../local/server.ts";
import { benchmarkSite as site } from "../local/site.ts";
import { DRAIN, configure, edge, folder, imagesOf, moment, newestRecord, type Place } from "./place.ts";
import { Visitors, type Addresses, type Seen } from "./visitors.ts";

export interface Visited {
  readonly version: string;
  readonly outcome: string;
  readonly requests: number;
  readonly failed: readonly { readonly status: number; readonly error: string; readonly url: string }[];
  /** Requests that were being answered when the first one failed. */
  readonly inFlight: number;
  /** Acknowledged writes that are not there afterwards. */
  readonly lost: number;
  /** Milliseconds without an answer, within a second of the switch, and at any time of the deploy. */
  readonly gapAtSwitch?: number;
  readonly gap: number;
  /** Seconds from the containers' creation to the verdict. */
  readonly verdict?: number;
  readonly streams: { readonly cutByDrain: number; readonly cut: number; readonly refused: number };
}

/** Work under load, with some calm before and after it. */
export async function visited<T>(name: string, program: string, addresses: Addresses, work: () => Promise<T>): Promise<{ result: T; seen: Seen }> {
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

async function underLoad({ loadClient }: Place, version: string, name: string, work: () => Promise<unknown>): Promise<Visited> {
  const { seen } = await visited(name, loadClient, edge, work);
  const said = await newestRecord();
  const wrong = failed(seen.answers);
  const switched = moment(said, "switched");
  const verdictAt = Date.parse(said.journal.find((line) => line.text.startsWith("NOT HEALTHY"))?.at ?? "");
  const drained = Number.isNaN(switched) ? [] : seen.streams.cuts.filter((at) => at >= switched + DRAIN * 1000 - 200);
  return {
    version,
    outcome: said.outcome ?? "not finished",
    requests: seen.answers.length,
    failed: wrong.map(({ status, error, url }) => ({ status, error, url })),
    inFlight: wrong.length === 0 ? 0 : inFlight(seen.answers, wrong[0]!.answered),
    lost: seen.lost.length,
    ...(!Number.isNaN(switched) && { gapAtSwitch: longestGap(seen.answers, switched - 1000, switched + 1000) }),
    gap: longestGap(seen.answers),
    // The step before ends where the containers are made.
    ...(!Number.isNaN(verdictAt) && { verdict: (verdictAt - moment(said, "migrated")) / 1000 }),
    streams: { cutByDrain: drained.length, cut: seen.streams.cuts.length - drained.length, refused: seen.streams.refused },
  };
}

const brief = ({ outcome, failed: wrong, requests, gapAtSwitch, gap, verdict }: Visited) =>
  `${outcome}, ${wrong.length} of ${requests} failed, gap ${(gapAtSwitch ?? gap).toFixed(0)} ms${verdict === undefined ? "" : `, verdict ${verdict.toFixed(1)}s`}`;

async function series(place: Place, kind: string, versions: readonly string[]): Promise<Visited[]> {
  const runs: Visited[] = [];
  for (const [index, version] of versions.entries()) {
    const name = `${kind}-${index + 1}`;
    const work = async () => {
      await configure(place.stack, version, true);
      return underLoad(place, version, name, () => place.stack.up());
    };
    runs.push(await step(name, work, brief));
  }
  return runs;
}

/** There and back between the two releases that are live last; none of them has brought a schema of its own. */
async function rollbacks(place: Place, times: number): Promise<Visited[]> {
  const runs: Visited[] = [];
  for (let index = 1; index <= times; index++) {
    const name = `back-${index}`;
    const work = async () => {
      const ran = await onServer(site, "recoloca rollback");
      if (ran.code !== 0) throw new Error(ran.output);
    };
    runs.push(await step(name, () => underLoad(place, "the one before", name, work), brief));
  }
  return runs;
}

const times = <T>(count: number, items: readonly T[]): T[] => Array.from({ length: count }, () => items).flat();

export async function measureUnderLoad(place: Place) {
  const versions = ["3", "4", "5", "6", "7"];
  for (const version of [...versions, "broken", "crashing"]) await imagesOf(version);
  const quiet = await step(
    "quiet",
    () => visited("quiet", place.loadClient, edge, () => sleep(20_000)),
    ({ seen }) => `${seen.answers.length} requests, longest gap ${longestGap(seen.answers).toFixed(0)} ms`,
  );
  return {
    quietGap: longestGap(quiet.seen.answers),
    good: await series(place, "good", times(2, versions)),
    back: await rollbacks(place, 6),
    broken: await series(place, "broken", times(5, ["broken"])),
    crashing: await series(place, "crashing", times(3, ["crashing"])),
  };
}
