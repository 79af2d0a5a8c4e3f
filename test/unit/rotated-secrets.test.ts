/** What a raised number makes of a whole stack: its own program, Pulumi's mocks for an engine. */
import { expect, test } from "vitest";
import { planSchema } from "../../release/plan.ts";
import { everythingOf, type Inputs, type Made } from "../mocked-program.ts";

const NAMED = {
  images: Object.fromEntries(["backend", "worker", "frontend"].map((name) => [name, `ghcr.io/recoloca/${name}@sha256:${"a".repeat(64)}`])),
  release: "1",
};
const withRotation = (rotation: Inputs) =>
  everythingOf("staging", { ...Object.fromEntries(Object.entries(NAMED).map(([key, value]) => [`recoloca:${key}`, value])), "recoloca:rotation": rotation });

function planOf(made: readonly Made[]) {
  const { stdin } = made.find(({ name }) => name === "recoloca-release")!.inputs as { stdin: string | { value: string } };
  return planSchema.parse(JSON.parse(typeof stdin === "string" ? stdin : stdin.value));
}
const passwordsIn = (made: readonly Made[]) => made.filter(({ type }) => type === "random:index/randomPassword:RandomPassword");

test("without a rotation nothing is made, and the application has the database's own password", async () => {
  const made = await withRotation({});
  expect(passwordsIn(made)).toEqual([]);
  const plan = planOf(made);
  expect(plan.variables).toMatchObject({ POSTGRES_PASSWORD: "PASSWORD", DATABASE_PASSWORD: "PASSWORD" });
  expect(plan.masked).toContain("DATABASE_PASSWORD");
  expect([plan.logins, plan.generations]).toEqual([undefined, undefined]);
});

test("the third generation is made beside the others' way out, logs in by its own name, and is in no plain input", async () => {
  const made = await withRotation({ POSTGRES_PASSWORD: { generation: 3, since: "2026-11-25" } });
  expect(passwordsIn(made)).toEqual([
    { type: "random:index/randomPassword:RandomPassword", name: "POSTGRES_PASSWORD-3", inputs: { length: 48, special: false } },
  ]);
  const { variables, logins, generations, masked } = planOf(made);
  expect(variables).toMatchObject({ POSTGRES_PASSWORD: "PASSWORD", DATABASE_PASSWORD: "made-POSTGRES_PASSWORD-3", DATABASE_USER: "recoloca_b" });
  expect(logins).toEqual([
    { kind: "postgres", service: "postgres", user: "DATABASE_USER", password: "DATABASE_PASSWORD", closes: ["recoloca_a"], first: "POSTGRES_PASSWORD" },
  ]);
  expect(generations).toEqual({ POSTGRES_PASSWORD: { generation: 3, since: "2026-11-25" } });
  expect(masked).toContain("DATABASE_PASSWORD");
  expect(made.filter(({ inputs }) => JSON.stringify(inputs).includes("made-POSTGRES")).map(({ name }) => name)).toEqual(["recoloca-release"]);
});
