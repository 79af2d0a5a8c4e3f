/** What a raised number makes of a whole stack: its own program, Pulumi's mocks for an engine. */
import { afterEach, expect, test, vi } from "vitest";
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
afterEach(() => void vi.unstubAllEnvs());
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
  expect(passwordsIn(made)).toMatchObject([
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

test("whoever runs make rotate is named by a release that the configuration does not name, and by no other", async () => {
  const [pulumi, { loadSettings }] = await Promise.all([import("@pulumi/pulumi"), import("../../settings/index.ts")]);
  await pulumi.runtime.setMocks(
    { newResource: ({ inputs }) => ({ id: "id", state: inputs as object }), call: () => ({}) },
    "recoloca",
    "staging",
    false,
    "organization",
  );
  const SECRET = ["recoloca:sshPrivateKey", "recoloca:secrets"];
  const provenanceOf = (config: Record<string, string>) => {
    const values = {
      hostAddress: "h",
      hostKey: "ssh-ed25519 AAAA",
      sshPrivateKey: "key",
      secrets: '{"POSTGRES_PASSWORD":"p"}',
      routes: '[{"path":"/","service":"frontend","port":80}]',
      ...config,
    };
    pulumi.runtime.setAllConfig(Object.fromEntries(Object.entries(values).map(([key, value]) => [`recoloca:${key}`, value])), SECRET);
    vi.stubEnv("PULUMI_CONFIG_SECRET_KEYS", JSON.stringify(SECRET));
    return loadSettings().provenance;
  };
  const named = { images: JSON.stringify(NAMED.images), release: "1", provenance: '{"actor":"bo"}' };
  expect(provenanceOf({})).toEqual({});
  vi.stubEnv("RECOLOCA_ACTOR", "ana");
  expect([provenanceOf({}), provenanceOf(named)]).toEqual([{ actor: "ana" }, { actor: "bo" }]);
});
