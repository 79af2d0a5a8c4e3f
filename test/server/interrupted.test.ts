/**
 * A deploy that is interrupted: its process killed, the engine or the server restarted, the power cut, in each state in which
 * a deploy spends its time. Whatever comes, one release is live and whole afterwards, without a hand on the host. The
 * application holds a deploy in the state that a test wants, so that no test depends on how fast anything is.
 */
import { afterEach, beforeAll, describe, expect, test } from "vitest";
import { must } from "../../local/command.ts";
import { ensureServer, serverName } from "../../local/server.ts";
import { testSite } from "../../local/site.ts";
import type { Plan } from "../../release/plan.ts";
import type { Doing } from "../../release/record.ts";
import { interrupt, isWhole, release, type Held } from "../held-release.ts";
import { deployPlan, installHostProgram, removeStack } from "../host.ts";
import { server } from "../site.ts";

let plan: Plan;
beforeAll(installHostProgram);
afterEach(() => removeStack(plan));

const KILL = "systemctl kill --signal=SIGKILL --kill-whom=all 'recoloca-deploy-*.service'";
const interruptions = {
  "its process is killed": async () => void (await server(KILL)),
  "the engine is restarted": async () => void (await server("systemctl restart docker")),
  "the server is restarted": async () => {
    await must("docker", ["restart", serverName(testSite)]);
    await ensureServer(testSite);
  },
  "the power is cut": async () => {
    await must("docker", ["kill", serverName(testSite)]);
    await must("docker", ["start", serverName(testSite)]);
    await ensureServer(testSite);
  },
};
type Interruption = keyof typeof interruptions;

/** And the next one goes through. */
async function nextGoesThrough(): Promise<void> {
  const ran = await deployPlan(release("third"));
  expect(ran.code, ran.output).toBe(0);
  await isWhole("third");
}

const HELD: Record<string, { held: Held; state: Doing }> = {
  "while the base starts": { held: { base: 4 }, state: "based" },
  "while it migrates": { held: { migration: 4 }, state: "migrated" },
  "while it gets healthy": { held: { boot: 4 }, state: "healthy" },
  "while the old worker finishes": { held: { boot: 0 }, state: "workers" },
  "while it is watched": { held: { watch: 6 }, state: "watched" },
};

/** Which release is live in the end: the old one where the interruption came before the migration was through, or ended it. */
const CASES: [when: string, what: Interruption, lives: "first" | "second"][] = [
  ["while the base starts", "its process is killed", "first"],
  ["while the base starts", "the server is restarted", "first"],
  ["while it migrates", "its process is killed", "second"],
  ["while it migrates", "the engine is restarted", "second"],
  ["while it migrates", "the power is cut", "first"],
  ["while it gets healthy", "its process is killed", "second"],
  ["while it gets healthy", "the engine is restarted", "second"],
  ["while it gets healthy", "the server is restarted", "second"],
  ["while the old worker finishes", "its process is killed", "second"],
  ["while the old worker finishes", "the power is cut", "second"],
  ["while it is watched", "its process is killed", "second"],
  ["while it is watched", "the engine is restarted", "second"],
  ["while it is watched", "the server is restarted", "second"],
  ["while it is watched", "the power is cut", "second"],
];

describe("one release is live and whole, and the next deploy needs no hand", () => {
  test.each(CASES)("%s, %s: the %s one lives", async (when, what, lives) => {
    const { held, state } = HELD[when]!;
    plan = release("first", { stop: when.includes("worker") ? 4 : 0 });
    const first = await deployPlan(plan);
    expect(first.code, first.output).toBe(0);
    const { ran, record } = await interrupt(release("second", held), state, interruptions[what]);
    await isWhole(lives);
    expect(record.outcome, JSON.stringify(record.journal, null, 1)).toBe(lives === "second" ? "live" : "failed");
    // Whoever still listens is told how it really ended.
    if (what === "its process is killed" || what === "the engine is restarted") expect(ran.code, ran.output).toBe(lives === "second" ? 0 : 21);
    await nextGoesThrough();
  });
});
