/** `recoloca rollback`: to which release it goes, what it refuses, and what the next update may then do. */
import { afterEach, beforeAll, expect, test } from "vitest";
import type { Plan } from "../../release/plan.ts";
import { isWhole, release } from "../held-release.ts";
import { deployPlan, installHostProgram, mustDeploy, records, removeStack } from "../host.ts";
import { server } from "../site.ts";

let plan: Plan;
beforeAll(installHostProgram);
afterEach(() => removeStack(plan));

test("goes back to the release before, gated and switched like any other, and holds the one it leaves", async () => {
  const same = { migration: { service: "web", command: ["true"], revision: ["echo", "same"], timeout: 60 } };
  plan = { ...release("first"), ...same, provenance: { commit: "1a2b3c4d", actor: "ana" } };
  await mustDeploy(plan);
  const second = { ...release("second"), ...same };
  await mustDeploy(second);
  for (const way of ["restore", "downgrade"])
    expect(await server(`recoloca rollback --${way}`)).toMatchObject({
      code: 20,
      output: expect.stringContaining("the schema is what release 1 knows: recoloca rollback 1 needs neither. Nothing was changed.") as string,
    });
  const wrong = await server(`recoloca rollback --reason "$(printf 'two\\nlines')"`);
  expect(wrong).toMatchObject({ code: 2, output: expect.stringContaining('--reason got "two\\nlines", wants one line of at most 200 characters') as string });
  const ran = await server(`recoloca rollback --reason "it's slow since noon"`);
  expect(ran.code, ran.output).toBe(0);
  expect(ran.output).toMatch(/release 3 {2}first {2}by root@\S+, commit 1a2b3c4d: it's slow since noon/);
  expect(ran.output).toContain("started web in slot blue, beside release 2");
  expect(ran.output).toContain("release 2 (second) is on hold");
  await isWhole("first");
  expect((await records())[0]).toMatchObject({ number: 3, release: "first", rollback: { to: 1, from: 2 }, outcome: "live" });
  expect((await records())[0]).toHaveProperty("provenance.commit", "1a2b3c4d");
  expect((await server("recoloca history")).output).toMatch(/3 +first .*live +it's slow since noon/);
  expect((await server("recoloca status")).output).toMatch(/on hold since root@\S+'s rollback \d+s ago \(it's slow since noon\): not deployed/);
  // What the stack wanted before: the first release is what is live already; the second one is on hold.
  expect((await deployPlan(plan)).output).toContain("is live already");
  const held = await deployPlan(second);
  expect(held.code).toBe(20);
  expect(held.output).toMatch(/was left by root@\S+'s rollback, \d+s ago \(it's slow since noon\), and is on hold/);
  await mustDeploy(release("third"));
});

test("works where the images are gone: pulled again by digest", async () => {
  const same = { migration: { service: "web", command: ["true"], timeout: 60 }, keep: 0 };
  plan = { ...release("first"), ...same };
  await mustDeploy(plan);
  await mustDeploy({ ...release("second"), ...same });
  const ran = await server("recoloca rollback 1");
  expect(ran.code, ran.output).toBe(0);
  await isWhole("first");
});

test("knows the schema: refuses what would meet one that it does not know", async () => {
  plan = release("first");
  await mustDeploy(plan);
  await mustDeploy(release("second"));
  const ran = await server("recoloca rollback");
  expect(ran.code, ran.output).toBe(20);
  expect(ran.output).toMatch(/release 2 \(second\) migrated the schema past release 1, \d+s ago \(second now; release 1 knows up to first\)/);
  await isWhole("second");
});

test("to the live one, to one that never was, to one that is unknown", async () => {
  plan = release("first");
  await mustDeploy(plan);
  const broken = { ...release("broken"), gates: [{ ...plan.gates[0]!, status: 418, timeout: 1 }] };
  expect((await deployPlan(broken)).code).toBe(21);
  expect((await server("recoloca rollback")).output).toContain("there is no older release that was live");
  expect((await server("recoloca rollback 1")).output).toContain("release 1 (first) is the live one. Nothing was changed.");
  expect((await server("recoloca rollback 2")).output).toContain("release 2 (broken) failed before the switch, it never was live");
  const unknown = await server("recoloca rollback 17");
  expect(unknown.code).toBe(2);
  expect(unknown.output).toContain("there is no release 17 on this host; recoloca history lists them");
});
