/** What each component asks of its provider, exactly; with Pulumi's own mocks, because only its inputs are in question. */
import * as pulumi from "@pulumi/pulumi";
import { beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { ComposeDeployment } from "../../components/compose-deployment/index.ts";
import type { HostAnswer } from "../../components/compose-deployment/ask-host.ts";
import { Host } from "../../components/host/index.ts";
import { bootstrapScript } from "../../components/host/bootstrap.ts";
import { hostProgram, installScript } from "../../components/host/host-program.ts";
import { RegistryAccess } from "../../components/registry-access/index.ts";
import { planSchema } from "../../release/plan.ts";

const answer = vi.hoisted((): { now: HostAnswer } => ({ now: { unreachable: "nobody asked yet" } }));
vi.mock("../../components/compose-deployment/ask-host.ts", () => ({ askHost: async () => answer.now }));

interface Registered {
  readonly type: string;
  readonly name: string;
  readonly inputs: Record<string, unknown>;
}
const registered: Registered[] = [];

function mock(preview: boolean): Promise<void> {
  return pulumi.runtime.setMocks(
    {
      newResource: ({ type, name, inputs }) => {
        registered.push({ type, name, inputs: inputs as Record<string, unknown> });
        return { id: `${name}-id`, state: { ...(inputs as object), attempt: 1 } };
      },
      call: () => ({}),
    },
    "recoloca",
    "staging",
    preview,
  );
}

const only = (name: string) => {
  const found = registered.filter((one) => one.name === name && !one.type.startsWith("recoloca:"));
  expect(found).toHaveLength(1);
  return found[0]!.inputs;
};

/** Engine protocol: a secret travels as an object with this signature. */
const SECRET = "4dabf18193072939515e22adb298388d";
const isSecret = (value: unknown) => JSON.stringify(value).includes(SECRET);
const opened = (value: unknown) => (isSecret(value) ? (value as { value: unknown }).value : value);

const settled = async (...outputs: pulumi.Output<unknown>[]) => {
  await new Promise((done) => pulumi.all(outputs).apply(done));
  await new Promise((done) => setTimeout(done, 20));
};

const CONNECTION = { host: "10.0.0.1", port: 22, user: "root", hostKey: "ssh-ed25519 AAAA", dialErrorLimit: 2, perDialTimeout: 5 };
const digest = (letter: string) => `ghcr.io/recoloca/backend@sha256:${letter.repeat(64)}`;

beforeEach(() => {
  registered.length = 0;
  answer.now = { format: 1, live: null, running: null };
});

describe("Host", () => {
  test("prepares the server, then puts the program in place under its hash; the key is a secret", async () => {
    await mock(false);
    const host = new Host("host", { address: "10.0.0.1", port: 22, user: "root", hostKey: "ssh-ed25519 AAAA", privateKey: pulumi.secret("KEY") });
    await settled(host.program);
    const { text, hash } = hostProgram();
    const bootstrap = only("host-bootstrap");
    expect(bootstrap).toMatchObject({ create: "sh -s", stdin: bootstrapScript(), addPreviousOutputInEnv: false });
    const program = only("host-program");
    expect(program).toMatchObject({ create: `sh -c '${installScript(hash)}'`, stdin: text, addPreviousOutputInEnv: false });
    for (const inputs of [bootstrap, program]) {
      const connection = opened(inputs["connection"]) as Record<string, unknown>;
      expect({ ...connection, privateKey: opened(connection["privateKey"]) }).toEqual({ ...CONNECTION, privateKey: "KEY" });
      expect(isSecret(inputs["connection"])).toBe(true);
    }
    expect(hash).toMatch(/^[0-9a-f]{12}$/);
  });

  test("a user who is not root works through sudo", async () => {
    await mock(false);
    const host = new Host("host", { address: "10.0.0.1", port: 22, user: "deploy", hostKey: "ssh-ed25519 AAAA", privateKey: "KEY" });
    await settled(host.program);
    expect(only("host-bootstrap")["create"]).toBe("sudo -n sh -s");
    expect(only("host-program")["create"]).toMatch(/^sudo -n sh -c '/);
  });
});

describe("RegistryAccess", () => {
  test("logs in by standard input and out on destroy", async () => {
    await mock(false);
    new RegistryAccess("registry", { connection: { ...CONNECTION, privateKey: "KEY" }, user: "root", server: "ghcr.io", username: "an na", password: "TOKEN" });
    await settled();
    const inputs = only("registry");
    expect(inputs).toMatchObject({ create: "recoloca login --server ghcr.io --username 'an na'", delete: "recoloca logout --server ghcr.io" });
    expect(inputs["stdin"]).toEqual({ [SECRET]: "1b47061264138c4ac30d75fd1eb44270", value: "TOKEN" });
  });
});

describe("ComposeDeployment", () => {
  const compose = "services:\n  backend: { image: a }\n  postgres: { image: b }\n";
  const args = (change: object = {}) => ({
    connection: { ...CONNECTION, privateKey: pulumi.secret("KEY") },
    user: "root",
    application: "recoloca",
    environment: "staging",
    compose,
    provenance: {},
    variables: { OPEN: "yes" },
    secrets: pulumi.secret({ PASSWORD: "hidden" }),
    secretNames: ["PASSWORD"],
    routes: [{ host: "*", path: "/", service: "backend", port: 8000 }],
    gates: [],
    watch: 30,
    drain: 30,
    keep: 5,
    ...change,
  });
  const make = async (change: object = {}) => {
    const made = new ComposeDeployment("recoloca", args(change));
    await settled(made.release);
    return made;
  };

  test("the plan goes by standard input, whole and secret; the secret is in no other input", async () => {
    await mock(false);
    await make({ images: { backend: digest("a") }, release: "r1" });
    const { create, delete: remove, stdin } = only("recoloca-release");
    expect(create).toBe("recoloca deploy --attempt 1");
    expect(remove).toBe("recoloca remove --application recoloca --environment staging");
    expect(isSecret(stdin)).toBe(true);
    const plan = planSchema.parse(JSON.parse(String(opened(stdin))));
    expect(plan).toMatchObject({
      release: "r1",
      images: { backend: digest("a") },
      variables: { OPEN: "yes", PASSWORD: "hidden" },
      masked: ["PASSWORD"],
      compose,
    });
    for (const { name, inputs } of registered) if (name !== "recoloca-release") expect(JSON.stringify(inputs)).not.toContain("hidden");
    expect(String(only("recoloca-live")["desired"])).toMatch(/^[0-9a-f]{16}$/);
    expect(only("recoloca-live")["live"]).toBe("none");
  });

  test("without images, what is live is what is wanted", async () => {
    await mock(false);
    const live = {
      number: 3,
      release: "r3",
      identity: "1234",
      images: { backend: digest("b") },
      provenance: { actor: "Ana" },
      services: {},
      since: "2026-11-24T00:00:00Z",
    };
    answer.now = { format: 1, live, running: null };
    await make();
    expect(only("recoloca-live")["wanted"]).toEqual({ images: live.images, release: "r3", provenance: { actor: "Ana" } });
    expect(only("recoloca-live")["live"]).toBe("1234");
  });

  test("the same wish has the same identity, whoever asks and however long it is watched", async () => {
    await mock(false);
    const desired: unknown[] = [];
    for (const change of [{}, { watch: 5, provenance: { actor: "Bo" } }, { secrets: { PASSWORD: "other" } }]) {
      registered.length = 0;
      await make({ images: { backend: digest("a") }, release: "r1", ...change });
      desired.push(only("recoloca-live")["desired"]);
    }
    expect(desired[1]).toBe(desired[0]);
    expect(desired[2]).not.toBe(desired[0]);
  });

  test("a preview of a server that does not answer is possible", async () => {
    await mock(true);
    answer.now = { unreachable: "timed out" };
    await make({ images: { backend: digest("a") }, release: "r1" });
    expect(only("recoloca-live")["live"]).toBe("unreachable");
  });

  test("destroying the data is a choice", async () => {
    await mock(false);
    await make({ images: { backend: digest("a") }, release: "r1", removeVolumes: true });
    expect(only("recoloca-release")["delete"]).toBe("recoloca remove --application recoloca --environment staging --volumes");
  });
});

beforeAll(() => {
  vi.spyOn(console, "warn").mockImplementation(() => undefined);
});
