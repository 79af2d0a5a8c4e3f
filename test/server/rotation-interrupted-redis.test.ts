/**
 * A rotation of Redis's password that is interrupted before each command by which a login is made or closed and Redis is another one than before, and where
 * only the answer has not come: the release that lives is let in by its login, before and after, and the next deploy needs no hand on the server.
 */
import { expect, test } from "vitest";
import { FAULTS, type Fault } from "../chaos/faults.ts";
import { ended } from "../held-release.ts";
import { hold, type Held } from "../held-redis.ts";
import { startDeploy } from "../host.ts";
import { isInterrupted, isRotated, type Rotated } from "../interrupted-rotation.ts";
import { visit } from "../rotated-logins.ts";
import { generation, LET_IN, opens, plain, userOf } from "../rotated-redis.ts";
import { mustServer } from "../site.ts";

const rotated: Rotated = { secret: "REDIS_PASSWORD", letIn: LET_IN, plain, generation, opens };
isRotated(rotated);

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
  let logins: { readonly number: number; readonly live: number };
  await isInterrupted(rotated, {
    lives,
    unseen: fault === "its process is killed",
    interrupt: async (next) => {
      logins = next;
      const held = await hold({ when, command: words.replace("OTHER", userOf(next.live)), since: what === "closed" ? "ACL LIST" : "AUTH" });
      const deploying = startDeploy(generation(next.number));
      await held.reached().catch((error: Error) => {
        throw new Error(`${error.message}\n${deploying.said()}`);
      });
      await FAULTS[fault](deploying);
      await ended();
      await held.end();
      return deploying;
    },
  });
  await restartRedis();
  expect([await opens(logins!.live), await opens(logins!.number)]).toEqual([false, true]);
});
