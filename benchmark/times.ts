/** How long it takes, without visitors: deploys beside their floor, whole updates beside an empty program's, loading. */
import { benchmarkSite as site, inSite } from "../local/site.ts";
import { step } from "../local/steps.ts";
import { configure, deploy, imagesOf, moment, newestRecord, serverSide, type Place } from "./place.ts";
import { emptyProgram, loadProgram, loadSdk, seconds } from "./programs.ts";

/** Milliseconds since `recoloca deploy` was started; memory in KiB. */
export interface TimedDeploy {
  readonly switched: number;
  readonly verified: number;
  readonly ended: number;
  readonly kib: number;
}

const TIMES = 5;
const say = (milliseconds: number) => `${(milliseconds / 1000).toFixed(2)} s`;

async function several<T>(work: (index: number) => Promise<T>): Promise<T[]> {
  const results: T[] = [];
  for (let index = 0; index < TIMES; index++) results.push(await work(index));
  return results;
}

async function deployBesideFloor(index: number) {
  const version = index % 2 === 0 ? "8" : "9";
  const floor = (await serverSide<{ milliseconds: number }>("floor")).milliseconds;
  const { backend, frontend } = await imagesOf(version);
  const images = JSON.stringify({ backend, worker: backend, frontend });
  const run = () => serverSide<TimedDeploy>(`deploy ${version} '${images}'`);
  return {
    floor,
    deploy: await step(`deploy ${index + 1}`, run, (one) => `serving after ${say(one.verified)}, floor ${say(floor)}, ${(one.kib / 1024).toFixed(0)} MB`),
  };
}

export async function measureTimes({ stack, tools }: Place) {
  await deploy(stack, "8", false);
  await deploy(stack, "9", false);
  const pairs = await several(deployBesideFloor);
  // The host has moved on beside Pulumi; one update brings both together.
  await deploy(stack, "8", false);
  const empty = await emptyProgram(inSite(site, "empty"), tools.pulumi, tools.env);
  const ups = await several(async (index) => {
    await configure(stack, index % 2 === 0 ? "9" : "8", false);
    const work = async () => {
      const emptyUp = await seconds(empty);
      const whole = await seconds(() => stack.up());
      const record = await newestRecord();
      const watched = (moment(record, "watched") - moment(record, "workers")) / 1000;
      return { empty: emptyUp, whole, watched, noop: await seconds(() => stack.up()) };
    };
    return step(
      `up ${index + 1}`,
      work,
      (one) => `${one.whole.toFixed(1)} s, watched ${one.watched.toFixed(1)}, again ${one.noop.toFixed(2)}, empty ${one.empty.toFixed(2)}`,
    );
  });
  const config = JSON.parse((await stack.pulumi(["config", "--json", "--show-secrets"])).stdout) as Record<string, { value: string; secret: boolean }>;
  const loads = await step(
    "load",
    () => {
      const both = () => ({ sdk: loadSdk(tools.env), program: loadProgram(tools.env, config) });
      both();
      return several(async () => both());
    },
    (all) => all.map((one) => `${one.program.toFixed(0)}/${one.sdk.toFixed(0)}`).join(" "),
  );
  return { pairs, ups, loads };
}
