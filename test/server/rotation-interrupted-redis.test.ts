/**
 * A rotation of Redis's password that is interrupted before each command by which a login is made or closed and Redis is another one than before, and where
 * only the answer has not come: the release that lives is let in by its login, before and after, and the next deploy needs no hand on the server.
 */
import { afterAll, beforeAll, expect, test } from "vitest";
import { FAULTS, type Fault } from "../chaos/faults.ts";
import { ended, newest } from "../held-release.ts";
import { hold, type Held } from "../held-redis.ts";
import { deployAfterAll, deployPlan, installHostProgram, removeStack, startDeploy } from "../host.ts";
import { visit, visited } from "../rotated-logins.ts";
import { generation, LET_IN, opens, plain, userOf } from "../rotated-redis.ts";
import { mustServer, server } from "../site.ts";

beforeAll(async () => {
  await installHostProgram();
  for (const number of [1, 2]) {
    const ran = await deployPlan(generation(number));
    expect(ran.code, ran.output).toBe(0);
  }
});
afterAll(() => removeStack(plain));

/** Whatever became of the case before. */
async function liveGeneration(): Promise<number> {
  const { live } = JSON.parse((await server("recoloca live --application shapes --environment test --json")).stdout) as {
    live: { generations: Record<string, { generation: number }> };
  };
  return live.generations["REDIS_PASSWORD"]!.generation;
}

/** What is kept is all that it knows then. */
async function restartRedis(): Promise<void> {
  await mustServer("docker restart $(docker ps --quiet --filter label=recoloca.service=cache)");
  await expect.poll(visit, { timeout: 20_000 }).toMatch(LET_IN);
}

/**
 * Between two of these Redis is the same: that somebody logs in changes nothing; before the first command of a login that is made nothing has been done, and
 * after the last one of a login that is closed nothing is left to do. Without its power Redis forgets what it has not saved.
 */
test.each<["made" | "closed", Held["when"], string, Fault, "before" | "new"]>([
  ["made", "before", "ACL SAVE", "its process is killed", "before"],
  ["made", "before", "ACL SAVE", "the power is cut", "before"],
  ["made", "after", "ACL SAVE", "its process is killed", "before"],
  ["closed", "before", "ACL SETUSER OTHER", "its process is killed", "new"],
  ["closed", "before", "CLIENT KILL USER OTHER", "its process is killed", "new"],
  ["closed", "before", "ACL SAVE", "its process is killed", "new"],
  ["closed", "before", "ACL SAVE", "the power is cut", "new"],
])("a login that is being %s, %s %s: %s, and the one of %s opens, and only that one once it is live", async (what, when, words, fault, lives) => {
  const live = await liveGeneration();
  const number = live + 1;
  const command = words.replace("OTHER", userOf(live));
  const { answers, wrong } = await visited(LET_IN, async () => {
    const held = await hold({ when, command, since: what === "closed" ? "ACL LIST" : "AUTH" });
    const deploying = startDeploy(generation(number));
    await held.reached().catch((error: Error) => {
      throw new Error(`${error.message}\n${deploying.said()}`);
    });
    await FAULTS[fault](deploying);
    await ended();
    await held.end();
    deploying.cut();
    await deploying.ended;
    expect((await newest()).outcome === "live").toBe(lives === "new");
    expect(await opens(lives === "new" ? number : live)).toBe(true);
    if (lives === "before") {
      const again = await deployAfterAll(generation(number, { release: `redis-${number}-again` }));
      expect(again.code, again.output).toBe(0);
    }
  });
  expect(answers).toBeGreaterThan(100);
  if (fault === "its process is killed") expect(wrong).toEqual([]);
  expect((await newest()).rotated).toMatchObject([{ secret: "REDIS_PASSWORD", to: number, verified: "login", closed: true }]);
  expect([await opens(live), await opens(number)]).toEqual([false, true]);
  await restartRedis();
  expect([await opens(live), await opens(number)]).toEqual([false, true]);
});
