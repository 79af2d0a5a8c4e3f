/**
 * A rotation of a database's password that is interrupted where its logins are made or closed: the release that lives is let in, before and
 * after, and the next deploy needs no hand on the server. A lock of the table of roles holds the deploy there: roles are read and not written.
 */
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { FAULTS, type Fault } from "../chaos/faults.ts";
import { ended, newest, reached } from "../held-release.ts";
import { deployAfterAll, deployPlan, installHostProgram, removeStack, startDeploy } from "../host.ts";
import { generation, LET_IN, opens, plain } from "../rotated-database.ts";
import { visited } from "../rotated-logins.ts";
import { mustServer, server } from "../site.ts";

beforeAll(async () => {
  await installHostProgram();
  for (const number of [1, 2]) {
    const ran = await deployPlan(generation(number));
    expect(ran.code, ran.output).toBe(0);
  }
});
afterEach(async () => void (await psql(LET_GO)));
afterAll(() => removeStack(plain));

/** Whatever became of the case before. */
async function liveGeneration(): Promise<number> {
  const { stdout } = await server("recoloca live --application shapes --environment test --json");
  const { live } = JSON.parse(stdout) as { live: { generations: Record<string, { generation: number }> } };
  return live.generations["POSTGRES_PASSWORD"]!.generation;
}

const LET_GO = "select pg_terminate_backend(pid) from pg_stat_activity where wait_event = 'PgSleep'";
const psql = (...commands: string[]) =>
  server(`recoloca exec postgres -- psql --username shop --tuples-only --no-align ${commands.map((one) => `--command "${one}"`).join(" ")} shop`);

/** Nobody writes a role until it is let go; held for longer than any fault takes. */
function lockRoles(): { readonly letGo: () => Promise<void> } {
  const held = psql("begin", "lock table pg_authid in share mode", "select pg_sleep(60)");
  return {
    letGo: async () => {
      await psql(LET_GO);
      await held;
    },
  };
}

async function untilOnRoles(granted: boolean): Promise<void> {
  const count = () =>
    psql(
      `select count(*) from pg_locks where relation = 'pg_authid'::regclass and mode ${granted ? "=" : "<>"} 'ShareLock' and ${granted ? "" : "not "}granted`,
    );
  await expect.poll(async () => (await count()).stdout.trim(), { timeout: 60_000, interval: 50 }).toBe("1");
}

const UNSEEN: readonly Fault[] = ["its connection is cut", "its process is killed", "it is cancelled"];

test.each<["made" | "closed", Fault, "before" | "new"]>([
  ["made", "its connection is cut", "new"],
  ["made", "its process is killed", "before"],
  ["made", "it is cancelled", "before"],
  ["made", "the power is cut", "before"],
  ["closed", "its connection is cut", "new"],
  ["closed", "its process is killed", "new"],
  ["closed", "the power is cut", "new"],
])("while a login is being %s, %s: the one of %s opens, and only that one once it is live", async (what, fault, lives) => {
  const live = await liveGeneration();
  const number = live + 1;
  const { answers, wrong } = await visited(LET_IN, async () => {
    const rolls = () => startDeploy(generation(number, { watch: what === "closed" ? 300 : 1 }));
    const first = what === "closed" ? rolls() : undefined;
    if (first) await reached(`generation-${number}`, "watched");
    const lock = lockRoles();
    await untilOnRoles(true);
    // The window ends by a word: nothing is closed before the lock is there, however long that takes.
    if (first) await mustServer("recoloca accept");
    const deploying = first ?? rolls();
    await untilOnRoles(false);
    const faulted = FAULTS[fault](deploying);
    // What is cancelled ends at once or with its step: that one ends now.
    if (fault === "it is cancelled") await lock.letGo();
    await faulted;
    await lock.letGo();
    await ended();
    deploying.cut();
    await deploying.ended;
    expect((await newest()).outcome === "live").toBe(lives === "new");
    expect(await opens(lives === "new" ? number : live)).toBe(true);
    if (lives === "before") {
      const again = await deployAfterAll(generation(number, { release: `generation-${number}-again` }));
      expect(again.code, again.output).toBe(0);
    }
  });
  expect(answers).toBeGreaterThan(100);
  if (UNSEEN.includes(fault)) expect(wrong).toEqual([]);
  expect((await newest()).rotated).toMatchObject([{ secret: "POSTGRES_PASSWORD", to: number, verified: "login", closed: true }]);
  expect([await opens(live), await opens(number)]).toEqual([false, true]);
});
