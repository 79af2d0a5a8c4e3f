/**
 * Whatever comes in whichever state of a deploy: one release is live and whole afterwards, nothing that was acknowledged is lost,
 * and the next deploy needs no hand on the host. `make chaos SEED=7` does every case, in the order of the seed; `make test` a part
 * in which every fault and every state comes once.
 */
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { attempt } from "../../local/command.ts";
import { registryContainer } from "../../local/server.ts";
import { testSite } from "../../local/site.ts";
import type { Plan } from "../../release/plan.ts";
import { fakeClock, realClock } from "../fake-clock.ts";
import { ended, forgetImage, isWhole, reached, release, type Held } from "../held-release.ts";
import { deployAfterAll, installHostProgram, lifting, removeStack, startDeploy } from "../host.ts";
import { server } from "../site.ts";
import { SEED, WHOLE } from "../whole.ts";
import { FAULTS, STORE, type Fault } from "./faults.ts";
import { STATES, everyCase, eachOnce, seeded, shuffled, type Case, type Holding, type StateName } from "./matrix.ts";
import { Visitors, openStream } from "./visitors.ts";

const random = seeded(SEED);
const all = everyCase();
const chosen: Case[] = WHOLE ? shuffled(all, random) : eachOnce(all, random);
// A disk that fills is a file system of its own, and begins and ends with nothing.
const cases = [...chosen].sort((a, b) => Number(a.fault === "the disk is full") - Number(b.fault === "the disk is full"));

/** Visitors see nothing of these. */
const UNSEEN: readonly Fault[] = [
  "its connection is cut",
  "its process is killed",
  "its journal is torn",
  "the engine is restarted",
  "it is cancelled",
  "the clock goes a day ahead",
  "the clock goes a day back",
  "another deploy comes",
  "its gate flaps",
];

/** Every second case, so that two servers have half of them each. */
export function chaos(half: 0 | 1): void {
  const numbered = cases
    .filter((_, index) => index % 2 === half)
    .map((one, number, mine) => ({ ...one, number, next: holdingOf(mine[number + 1]?.state ?? "based") }));
  beforeAll(installHostProgram);
  afterEach(async ({ task }) => {
    await realClock();
    await registry("unpause");
    await engine("CONT");
    if (task.result?.state === "pass") return;
    told.push(
      `   ${task.name}:\n${(await server("recoloca history; for one in $(recoloca history | awk '{print $1}' | head -2); do recoloca show $one; done")).output}`,
    );
    await forget();
  });
  afterAll(async () => {
    await forget();
    process.stdout.write(`\nchaos, seed ${SEED}, half ${half + 1}: ${numbered.length} of ${all.length} cases\n${told.join("\n")}\n`);
  });
  test.each(numbered)("while it is being $state, $fault: the $lives one lives", happens);
}

const holdingOf = (state: StateName): Holding => STATES[state];
const told: string[] = [];
const plan: Plan = release("first");
/** Name of the release that the last case left; the next one begins with it, where it holds what that needs. */
let left: { readonly name: string; readonly holding: Held | undefined } | undefined;

async function forget(): Promise<void> {
  left = undefined;
  await removeStack(plan);
  await server(`umount ${STORE}; rm -rf ${STORE} /var/lib/recoloca/backups/shapes-test`);
}

/** What an earlier case cancelled had the same images, too. */
const good = async (next: Plan) => {
  const ran = await deployAfterAll(next);
  expect(ran.code, ran.output).toBe(0);
};

/** The release that a case begins with, live. */
async function begin(number: number, { old: holding }: Holding, fault: Fault): Promise<string> {
  const full = fault === "the disk is full";
  if (full) {
    await forget();
    await server(`mkdir -p ${STORE} && mount -t tmpfs -o size=4m tmpfs ${STORE}`);
  }
  if (left && left.holding === holding) return left.name;
  await good(release(`first-${number}`, { backup: 0, ...holding }));
  return `first-${number}`;
}

/** Stopped, it takes questions and answers none. */
const engine = (signal: "STOP" | "CONT") => server(`pkill -${signal} -x dockerd`);
const registry = (word: "pause" | "unpause") => attempt("docker", [word, registryContainer(testSite)]);

async function happens({ state, fault, lives, number, next }: Case & { readonly number: number; readonly next: Holding }): Promise<void> {
  const began = performance.now();
  const holding = holdingOf(state);
  const first = await begin(number, holding, fault);
  if (fault.startsWith("the clock")) await fakeClock();
  const lift = await lifting(plan);
  if (holding.registry === "silent") {
    await forgetImage();
    await registry("pause");
  }
  if (holding.engine === "silent") await engine("STOP");
  const visitors = new Visitors();
  const stream = holding.stream ? openStream() : undefined;
  const name = `second-${number}`;
  const deploying = startDeploy(release(name, { backup: 0, ...holding.held }), lift);
  await reached(name, holding.doing, state === "base recreated").catch((error: Error) => {
    throw new Error(`${error.message}\nits caller read:\n${deploying.said()}`);
  });
  await FAULTS[fault](deploying);
  await registry("unpause");
  await engine("CONT");
  // A full disk keeps also the end from being written: then whoever comes next, its own restart or the next deploy, takes it back first.
  const full = fault === "the disk is full";
  if (!full) await ended();
  if (!full) await isWhole(lives === "first" ? first : name);
  deploying.cut();
  await deploying.ended;
  stream?.close();
  const third = `third-${number}`;
  await good(release(third, { backup: 0, ...next.old }));
  await visitors.stop();
  await isWhole(third);
  const written = new Set((await server("recoloca exec store -- cat /data/written")).stdout.split("\n"));
  expect([...visitors.acknowledged].filter((one) => !written.has(one))).toEqual([]);
  expect((await server("find /var/lib/recoloca /etc/haproxy -name '*.new' -o -name '*.partial' -o -name '*.proposed'")).stdout).toBe("");
  const { asked, failed } = visitors;
  told.push(
    ` ${failed.toString().padStart(5)} of ${String(asked).padEnd(5)} failed  ${((performance.now() - began) / 1000).toFixed(0).padStart(3)} s  ${state}, ${fault}`,
  );
  if (UNSEEN.includes(fault)) expect(failed).toBe(0);
  if (full) await forget();
  else left = { name: third, holding: next.old };
}
