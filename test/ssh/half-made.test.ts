/**
 * Whatever fails on the way, the next update finishes: both stacks whole on the real engine, with doubles of the clouds that refuse the first of every type once,
 * all in the same updates. Nothing is made twice, and every refusal is told.
 */
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { STACKS } from "../changes/baseline.ts";
import type { Row } from "../changes/row.ts";
import { Stacks } from "../changes/stacks.ts";
import { REPOSITORY } from "../doubles/github-repository.ts";

const MINUTE = 60_000;
vi.setConfig({ testTimeout: 20 * MINUTE, hookTimeout: 20 * MINUTE });

/** What is made at a vendor. */
const OF_A_CLOUD = /^(aws|github|tls|random|docker|pulumiservice):/;
/** As many as wait for each other, one behind the other, and a few for what has to be there before. */
const MOST_UPDATES = 15;

const folder = fs.mkdtempSync(path.join(os.tmpdir(), "half-made-"));
let all: Stacks;

beforeAll(async () => {
  all = await Stacks.open(folder, []);
});
afterAll(async () => {
  await all.stop();
  fs.rmSync(folder, { recursive: true });
});

describe.each(STACKS)("%s", (name) => {
  // Production's bucket and repository are made, too, where the others of these tests take over what was there.
  const set: Row["set"] = name === "production" ? { "createBackupBucket.name": undefined } : {};
  const refusal = (type: string) => `the first ${type} is refused`;
  let types: string[];
  let before: Map<string, number>;
  const there = (type: string) => all.doubles.world.all(type).length;

  test("comes up after every type has failed once, with each of them said", async () => {
    const { doubles } = all;
    if (name === "production") doubles.world.remove(REPOSITORY, "recoloca");
    all.configure(name, set);
    const { steps } = await all.see({ of: name, set });
    types = [...new Set(steps.filter(({ op }) => op === "create").map(({ newState }) => newState!.type))].filter((type) => OF_A_CLOUD.test(type));
    expect(types.length).toBeGreaterThan(25);
    before = new Map(types.map((type) => [type, there(type)]));
    doubles.clear();
    for (const type of types) doubles.fail({ type, operation: "create", message: refusal(type) });
    const said: string[] = [];
    for (let code = 1, updates = 0; code !== 0; updates++) {
      expect(updates, said.join("\n")).toBeLessThan(MOST_UPDATES);
      // All that does not wait for what failed is tried in the same update.
      const ran = await all.stack(name).up("--continue-on-error");
      code = ran.code;
      said.push(ran.output);
    }
    const output = said.join("\n");
    expect(types.filter((type) => !output.includes(refusal(type)))).toEqual([]);
    const made = doubles.requests.filter(({ operation, preview, type }) => operation === "create" && !preview && OF_A_CLOUD.test(type)).map(({ type }) => type);
    expect(made.filter((type) => !types.includes(type))).toEqual([]);
  });

  test("then nothing is left to do, and nothing is there that the stack does not know", async () => {
    const { code, effects, says } = await all.see({ of: name, set });
    expect({ code, effects }, says).toEqual({ code: 0, effects: [] });
    const { deployment } = JSON.parse(await all.stack(name).state()) as { deployment: { resources: { type: string }[] } };
    const known = (type: string) => deployment.resources.filter((one) => one.type === type).length;
    const counts = (of: (type: string) => number) => Object.fromEntries(types.map((type) => [type, of(type)]));
    expect(counts((type) => there(type) - before.get(type)!)).toEqual(counts(known));
  });
});
