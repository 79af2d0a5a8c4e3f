/** Newer packages of the edge and the engine, under visitors. The same version stands in for a newer one: its scripts are what would cut them. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { Visitors } from "../chaos/visitors.ts";
import { isWhole, release } from "../held-release.ts";
import { deployPlan, installHostProgram, removeStack } from "../host.ts";
import { server } from "../site.ts";

const plan = release("first");
beforeAll(async () => {
  await installHostProgram();
  const ran = await deployPlan(plan);
  expect(ran.code, ran.output).toBe(0);
});
afterAll(() => removeStack(plan));

const started = async () => (await server("systemctl show haproxy docker --property=ExecMainPID; pgrep --full 'haproxy .*-sf' | head -1")).stdout;

test("the edge and the engine run the installed files, and nobody was refused", async () => {
  const before = await started();
  const visitors = new Visitors();
  const ran = await server("recoloca upgrade --again");
  await visitors.stop();
  expect(ran.code, ran.output).toBe(0);
  expect(ran.output).toMatch(/haproxy \S+ installed again; all that served serves\n.*docker\.io \S+ installed again; all that served serves/);
  expect(visitors.asked).toBeGreaterThan(50);
  expect(visitors.failed).toBe(0);
  expect(await started()).not.toBe(before);
  expect((await server("apt-mark showhold")).stdout.split("\n")).toEqual(expect.arrayContaining(["docker.io", "haproxy"]));
  expect((await server("test -e /usr/sbin/policy-rc.d")).code).toBe(1);
  await isWhole("first");
});

test("what is the newest already is left alone", async () => {
  const before = await started();
  const ran = await server("recoloca upgrade");
  expect(ran.code, ran.output).toBe(0);
  expect(ran.output).toMatch(/haproxy \S+ is the newest\n docker\.io \S+ is the newest/);
  expect(await started()).toBe(before);
});
