/** Migrations that go wrong: the old release serves on, and it is said where the schema was left. */
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Plan } from "../../release/plan.ts";
import { isWhole, release } from "../held-release.ts";
import { deployPlan, installHostProgram, removeStack } from "../host.ts";
import { server } from "../site.ts";

const REVISION = ["sh", "-c", "cat /data/schema 2>/dev/null || true"];
const migrating = (name: string, command: string, timeout = 60): Plan => ({
  ...release(name),
  migration: { service: "web", command: ["sh", "-c", command], revision: REVISION, timeout },
});

const first = migrating("first", "echo one > /data/schema");
beforeAll(async () => {
  await installHostProgram();
  const ran = await deployPlan(first);
  expect(ran.code, ran.output).toBe(0);
});
afterAll(() => removeStack(first));

test.each([
  ["hangs", "sleep 600", 2, /MIGRATION FAILED: "sh -c sleep 600" took longer than 2s and was ended; the schema is as it was \(one\)/],
  [
    "fails and has changed nothing",
    "echo no such column; exit 1",
    60,
    /failed with exit code 1; the schema is as it was \(one\)\n\s+its output\s+no such column/,
  ],
  ["fails half way", "echo half > /data/schema; exit 1", 60, /failed with exit code 1; the schema was left at half, it was one/],
])("one that %s", async (_how, command, timeout, says) => {
  const ran = await deployPlan(migrating("second", command, timeout));
  expect(ran.code, ran.output).toBe(21);
  expect(ran.output).toMatch(says);
  expect(ran.output).toContain("release 1 was never touched");
  expect((await server("docker ps --all --quiet --filter label=recoloca.job")).stdout).toBe("");
  await isWhole("first");
});

test("and the next good one goes through", async () => {
  const ran = await deployPlan(migrating("third", "echo two > /data/schema"));
  expect(ran.code, ran.output).toBe(0);
  expect(ran.output).toContain("migrated half → two");
  await isWhole("third");
});
