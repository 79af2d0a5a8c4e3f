/**
 * `recoloca upgrade`: newer packages of what everything here runs on, one at a time, without a refused connection. They are held
 * otherwise, because their own scripts restart what they belong to (design D21).
 */
import * as fs from "node:fs";
import { OUTCOMES } from "../../release/outcome.ts";
import { apt } from "../apt.ts";
import type { Given } from "../command-line.ts";
import { Edge, storedEdge } from "../edge.ts";
import * as engine from "../engine.ts";
import { say } from "../follow.ts";
import { signLock } from "../lock.ts";
import { must, sleep } from "../process.ts";
import { locked, sayRunning } from "../stack-lock.ts";
import { Store } from "../store.ts";
import { refuse } from "./refuse.ts";
import { whoAmI } from "./which.ts";

interface Ground {
  readonly package: string;
  /** Brings the new one into use while the old one's connections, or containers, go on. */
  readonly renew: readonly [string, ...string[]];
}

const GROUND: readonly Ground[] = [
  // Its master starts itself anew from the file on disk and takes the listening sockets along.
  { package: "haproxy", renew: ["systemctl", "reload", "haproxy"] },
  // Containers go on without their engine (live-restore).
  { package: "docker.io", renew: ["systemctl", "restart", "docker"] },
];

/** How long a window waits for a deploy that runs when it begins. */
const WINDOW_WAIT_SECONDS = 7200;
/** Made by the distribution's packages, with their names in the second one, where only a restart brings them into use. */
const REBOOT = "/run/reboot-required";
const REBOOT_FOR = "/run/reboot-required.pkgs";

export async function upgrade(given: Given): Promise<number> {
  const again = given.options["again"] === true;
  const reboot = given.options["reboot"] === true;
  for (const stack of Store.stacks()) {
    const store = new Store(stack);
    const busy = await locked(store, reboot ? WINDOW_WAIT_SECONDS : 0);
    if (busy) return refuse(sayRunning(busy));
    signLock(store.lockFile, { what: "upgrade", number: store.state().live?.number ?? 0, by: whoAmI() });
  }
  try {
    await apt(["update"]);
  } catch (error) {
    return refuse(`what is the newest cannot be asked: ${(error as Error).message}. Nothing was changed.`);
  }
  for (const ground of GROUND) {
    const problem = await renewed(ground, again).catch((error: Error) => `the upgrade of ${ground.package} has not come to its end: ${error.message}`);
    if (problem === undefined) continue;
    say(` ${problem}\n   look at it now: systemctl status ${ground.package.replace(".io", "")}; recoloca doctor`);
    return OUTCOMES.stuck.exit;
  }
  if (reboot && fs.existsSync(REBOOT)) {
    const packages = fs.existsSync(REBOOT_FOR) ? [...new Set(fs.readFileSync(REBOOT_FOR, "utf8").trim().split("\n"))].join(", ") : "newer packages";
    say(` restarting the server for ${packages}; what is live comes up again by itself`);
    // The locks are held until the very end: no deploy begins that the restart would interrupt.
    await must("systemctl", ["reboot"]);
    await sleep(REBOOT_TAKES);
  }
  return 0;
}

/** Milliseconds. */
const REBOOT_TAKES = 120_000;

async function renewed({ package: name, renew }: Ground, again: boolean): Promise<string | undefined> {
  const before = await version(name);
  if (before === (await candidate(name)) && !again) {
    say(` ${name} ${before} is the newest`);
    return undefined;
  }
  const running = await serving();
  await withoutRestarts(() => install(name, again));
  await must(renew[0], renew.slice(1), { timeout: 120 });
  const lost = await until(30, async () => {
    const now = await serving().catch((): string[] => []);
    return running.filter((one) => !now.includes(one));
  });
  if (lost.length > 0) return `after the upgrade of ${name} this does not serve any more: ${lost.join(", ")}`;
  const after = await version(name);
  say(` ${name} ${before === after ? `${after} installed again` : `${before} → ${after}`}; all that served serves`);
  return undefined;
}

const version = async (name: string) => (await must("dpkg-query", ["--show", "--showformat=${Version}", name])).trim();
/** In English, whatever the server's language is. */
async function candidate(name: string): Promise<string> {
  const said = await must("apt-cache", ["policy", name], { env: { LC_ALL: "C" } });
  const found = /Candidate: (\S+)/.exec(said)?.[1];
  if (found === undefined) throw new Error(`apt knows no newest ${name}`);
  return found;
}

/** Live containers, and the routes on which the edge reaches them. */
async function serving(): Promise<string[]> {
  const all = Store.stacks().map(async (stack) => {
    const { live } = new Store(stack).state();
    const stored = storedEdge(stack);
    if (!live || !stored) return [];
    const up = (await engine.slotContainers(stack, live.slot)).filter((one) => one.status === "running").map((one) => `${stack} ${one.service}`);
    const unreached = (await new Edge(stored).unreached(live.slot)).map((one) => `${one.service}:${one.port}`);
    const routes = stored.routes[live.slot].map((route) => `${route.service}:${route.port}`).filter((one) => !unreached.includes(one));
    return [...up, ...routes.map((one) => `${stack} ${one} at the edge`)];
  });
  return (await Promise.all(all)).flat();
}

async function until(seconds: number, look: () => Promise<string[]>): Promise<string[]> {
  for (const limit = performance.now() + seconds * 1000; ;) {
    const lost = await look();
    if (lost.length === 0 || performance.now() > limit) return lost;
    await sleep(500);
  }
}

async function install(name: string, again: boolean): Promise<void> {
  await must("apt-mark", ["unhold", name]);
  try {
    await apt(["install", "-y", again ? "--reinstall" : "--only-upgrade", "-o", "Dpkg::Options::=--force-confold", name]);
  } finally {
    await must("apt-mark", ["hold", name]);
  }
}

/** Debian's own way to keep a package's scripts from restarting its service. */
const POLICY = "/usr/sbin/policy-rc.d";
const NO_RESTARTS = "#!/bin/sh\n# recoloca upgrade: it restarts them itself\nexit 101\n";

async function withoutRestarts(work: () => Promise<void>): Promise<void> {
  const there = fs.existsSync(POLICY) ? fs.readFileSync(POLICY, "utf8") : undefined;
  // Ours, where an earlier upgrade was cut off.
  const before = there === NO_RESTARTS ? undefined : there;
  fs.writeFileSync(POLICY, NO_RESTARTS, { mode: 0o755 });
  try {
    await work();
  } finally {
    if (before === undefined) fs.rmSync(POLICY);
    else fs.writeFileSync(POLICY, before, { mode: 0o755 });
  }
}
