/**
 * Whatever comes in whichever state of a deploy: one release is live and whole afterwards, nothing that was acknowledged is lost,
 * and the next deploy needs no hand on the host. `make chaos SEED=7` does every case, in the order of the seed; `make test` a part
 * in which every fault and every state comes twice.
 */
import { spawn } from "node:child_process";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { sshArguments } from "../../local/server.ts";
import { testSite } from "../../local/site.ts";
import type { Plan } from "../../release/plan.ts";
import { isWhole, newest, reached, release } from "../held-release.ts";
import { deployPlan, installHostProgram, removeStack } from "../host.ts";
import { server } from "../site.ts";
import { CLOCK, FAULTS, STORE, type Fault } from "./faults.ts";
import { STATES, everyCase, pairwise, seeded, shuffled, type Case, type Holding } from "./matrix.ts";
import { Visitors, openStream } from "./visitors.ts";

const SEED = Number(process.env["SEED"] ?? 1);
const random = seeded(SEED);
const all = everyCase();
const cases: Case[] = process.env["CHAOS"] === "all" ? shuffled(all, random) : pairwise(all, random);

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

const told: string[] = [];
const plan: Plan = release("first");
beforeAll(installHostProgram);
afterEach(async () => {
  await server("systemctl unset-environment LD_PRELOAD FAKETIME_TIMESTAMP_FILE FAKETIME_NO_CACHE FAKETIME_DONT_FAKE_MONOTONIC");
  await removeStack(plan);
  await server(`umount ${STORE}; rm -rf ${STORE} /var/lib/recoloca/backups/shapes-test`);
});
afterAll(() => process.stdout.write(`\nchaos, seed ${SEED}: ${cases.length} of ${all.length} cases\n${told.join("\n")}\n`));

/** What a fault needs to be there before the deploy begins. */
async function makeReady(fault: Fault): Promise<void> {
  if (fault === "the disk is full") await server(`mkdir -p ${STORE} && mount -t tmpfs -o size=4m tmpfs ${STORE}`);
  if (!fault.startsWith("the clock")) return;
  const ready = await server(
    `dpkg -s libfaketime > /dev/null 2>&1 || { apt-get update -qq && apt-get install --yes --no-install-recommends libfaketime > /dev/null; }; echo '+0' > ${CLOCK}
systemctl set-environment LD_PRELOAD=/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1 FAKETIME_TIMESTAMP_FILE=${CLOCK} FAKETIME_NO_CACHE=1 FAKETIME_DONT_FAKE_MONOTONIC=1`,
  );
  expect(ready.code, ready.output).toBe(0);
}

/** A deploy whose connection can be cut at the caller's end. */
function startDeploy(next: Plan) {
  const ssh = spawn("ssh", [...sshArguments(testSite), "recoloca deploy"], { stdio: ["pipe", "ignore", "ignore"] });
  ssh.stdin.on("error", () => undefined).end(JSON.stringify(next));
  return { cut: () => void ssh.kill("SIGKILL"), ended: new Promise((done) => ssh.on("close", done)) };
}

test.each(cases)("while it is being $state, $fault: the $lives one lives", async ({ state, fault, lives }) => {
  const began = performance.now();
  const holding: Holding = STATES[state];
  const first = await deployPlan(release("first", { backup: 0, ...holding.old }));
  expect(first.code, first.output).toBe(0);
  await makeReady(fault);
  const visitors = new Visitors();
  const stream = holding.stream ? openStream() : undefined;
  const deploying = startDeploy(release("second", { backup: 0, ...holding.held }));
  await reached("second", holding.doing);
  await FAULTS[fault](deploying);
  // A full disk keeps also the end from being written; then it is the next deploy that finds out.
  if (fault !== "the disk is full") await expect.poll(async () => (await newest()).outcome, { timeout: 90_000, interval: 200 }).toBeDefined();
  if (fault !== "the disk is full") await isWhole(lives);
  deploying.cut();
  await deploying.ended;
  stream?.close();
  const third = await deployPlan(release("third"));
  expect(third.code, third.output).toBe(0);
  if (fault === "the disk is full") expect(third.output).toContain("first it is finished or taken back");
  await visitors.stop();
  await isWhole("third");
  const written = new Set((await server("recoloca exec store -- cat /data/written")).stdout.split("\n"));
  expect([...visitors.acknowledged].filter((name) => !written.has(name))).toEqual([]);
  expect((await server("find /var/lib/recoloca /etc/haproxy -name '*.new' -o -name '*.partial' -o -name '*.proposed'")).stdout).toBe("");
  const { asked, failed } = visitors;
  told.push(
    ` ${failed.toString().padStart(5)} of ${String(asked).padEnd(5)} failed  ${((performance.now() - began) / 1000).toFixed(0).padStart(3)} s  ${state}, ${fault}`,
  );
  if (UNSEEN.includes(fault)) expect(failed).toBe(0);
});
