/** What each component asks of its provider, exactly; with Pulumi's own mocks, because only its inputs are in question. */
import { Provider } from "@pulumi/command/provider.js";
import * as pulumi from "@pulumi/pulumi";
import { beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { ComposeDeployment, type Deployed } from "../../components/compose-deployment/index.ts";
import { Host } from "../../components/host/index.ts";
import type { Silence } from "../../components/host/ssh-session.ts";
import { bootstrapScript } from "../../components/host/bootstrap.ts";
import { bundled } from "../../components/host/host-program.ts";
import { installScript } from "../../components/host/install-scripts.ts";
import { Observation } from "../../components/observation/index.ts";
import { RegistryAccess } from "../../components/registry-access/index.ts";
import { observationSchema } from "../../release/observation.ts";
import { planSchema } from "../../release/plan.ts";

const session = vi.hoisted((): { silent: Silence | undefined } => ({ silent: undefined }));
vi.mock("../../components/host/ssh-session.ts", async (original) => ({
  ...(await original<object>()),
  SshSession: class {
    open = async () => session.silent;
    run = async () => ({ code: 0, output: "sudo: a word\n0123", stdout: "0123456789abcdef0123456789abcdef\n" });
  },
}));

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
    "organization",
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

let said: object;
/** A server as components see it, without one. */
const serverThat = (silence = "") => ({
  connection: { ...CONNECTION, privateKey: pulumi.secret("KEY") },
  provider: new Provider("ssh"),
  user: "root",
  silence: pulumi.output(silence),
  machine: pulumi.output("0123456789ab"),
  ask: async () => ({ code: 0, output: `sudo: a word\n${JSON.stringify(said)}`, stdout: JSON.stringify(said) }),
});

beforeEach(() => {
  registered.length = 0;
  session.silent = undefined;
  said = { format: 1, live: null, next: "7-ab12" };
});

describe("Host", () => {
  test("prepares the server, then puts the program in place under its hash; the key is a secret", async () => {
    await mock(false);
    const host = new Host("host", { address: "10.0.0.1", port: 22, user: "root", hostKey: "ssh-ed25519 AAAA", privateKey: pulumi.secret("KEY") });
    await settled(host.program);
    const { packed, hash } = await bundled("host");
    const bootstrap = only("host-bootstrap");
    expect(bootstrap).toMatchObject({ create: "sh -s # machine 0123456789ab", stdin: bootstrapScript(), addPreviousOutputInEnv: false });
    const program = only("host-program");
    expect(program).toMatchObject({ create: `sh -c '${installScript(hash)}' # machine 0123456789ab`, stdin: packed, addPreviousOutputInEnv: false });
    for (const inputs of [bootstrap, program]) {
      const connection = opened(inputs["connection"]) as Record<string, unknown>;
      expect({ ...connection, privateKey: opened(connection["privateKey"]) }).toEqual({ ...CONNECTION, privateKey: "KEY" });
      expect(isSecret(inputs["connection"])).toBe(true);
    }
    expect(hash).toMatch(/^[0-9a-f]{12}$/);
  });

  test("where backups leave it, the bucket's program is there too, and age where they are encrypted", async () => {
    await mock(false);
    const backups = { encrypted: true };
    const { packed, hash } = await bundled("bucket");
    new Host("host", { address: "10.0.0.1", port: 22, user: "root", hostKey: "ssh-ed25519 AAAA", privateKey: "KEY", backups });
    await vi.waitFor(() => only("host-bucket"));
    const { create, stdin } = only("host-bucket");
    expect(stdin).toBe(packed);
    expect(create).toContain(`apt install -y --no-install-recommends age`);
    expect(create).toContain(hash);
  });

  test("where it is measured, the program that sends is there too, and only there", async () => {
    await mock(false);
    const { packed, hash } = await bundled("measurements");
    const access = { address: "10.0.0.1", port: 22, user: "root", hostKey: "ssh-ed25519 AAAA", privateKey: "KEY" };
    new Host("host", { ...access, measurements: true });
    await vi.waitFor(() => only("host-measurements"));
    expect(only("host-measurements")).toMatchObject({ stdin: packed, create: expect.stringContaining(hash) as string });
    registered.length = 0;
    await settled(new Host("host", access).program);
    expect(registered.map(({ name }) => name)).not.toContain("host-measurements");
  });

  test("a user who is not root works through sudo", async () => {
    await mock(false);
    const host = new Host("host", { address: "10.0.0.1", port: 22, user: "deploy", hostKey: "ssh-ed25519 AAAA", privateKey: "KEY" });
    await settled(host.program);
    expect(only("host-bootstrap")["create"]).toBe("sudo -n sh -s # machine 0123456789ab");
    expect(only("host-program")["create"]).toMatch(/^sudo -n sh -c '/);
  });
});

describe("RegistryAccess", () => {
  test("logs in by standard input and out on destroy", async () => {
    await mock(false);
    new RegistryAccess("registry", { server: serverThat(), registry: "ghcr.io", login: { username: "an na", password: "TOKEN" } });
    await settled();
    const inputs = only("registry");
    expect(inputs).toMatchObject({
      create: "recoloca login --server ghcr.io --username 'an na' # machine 0123456789ab",
      delete: "recoloca logout --server ghcr.io",
    });
    expect(inputs["stdin"]).toEqual({ [SECRET]: "1b47061264138c4ac30d75fd1eb44270", value: "TOKEN" });
  });
});

describe("Observation", () => {
  test("the order goes by standard input, whole and secret; on destroy it ends", async () => {
    await mock(false);
    const limits = { disk: 85, memory: 90, errors: 5 };
    const sink = pulumi.secret({ to: "otlp" as const, endpoint: "https://otlp.example.com", headers: { authorization: "MARKER" } });
    new Observation("observation", { server: serverThat(), application: "recoloca", environment: "staging", logs: true, limits, tells: true, sink });
    await vi.waitFor(() => only("observation"));
    const { create, delete: remove, stdin } = only("observation");
    expect(create).toBe("recoloca observe # machine 0123456789ab");
    expect(remove).toBe("recoloca observe --off --application recoloca --environment staging");
    expect(isSecret(stdin)).toBe(true);
    expect(observationSchema.parse(JSON.parse(String(opened(stdin))))).toMatchObject({ sink: { headers: { authorization: "MARKER" } }, limits, tells: true });
    for (const { name, inputs } of registered) if (name !== "observation") expect(JSON.stringify(inputs)).not.toContain("MARKER");
  });
});

describe("ComposeDeployment", () => {
  const compose = "services:\n  backend: { image: a }\n  postgres: { image: b }\n";
  const args = (change: object = {}) => ({
    server: serverThat(),
    application: "recoloca",
    environment: "staging",
    url: "http://staging.recoloca.ai",
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
    expect(create).toBe("recoloca deploy --attempt 7-ab12");
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
  });

  test("a bucket with its keys is in the plan and nowhere else, and is not what makes a release", async () => {
    await mock(false);
    const wish = {
      images: { backend: digest("a") },
      release: "r1",
      backup: { service: "postgres", command: ["a"], verify: ["b"], before: "never", keep: 1, timeout: 1 },
    };
    const { identity } = (await deployedOf(await make(wish)))!;
    registered.length = 0;
    const bucket = { name: "acme-backups", region: "eu-central-1", prefix: "", pathStyle: false, accessKeyId: "ID", secretAccessKey: "MARKER" };
    const made = await make({ ...wish, bucket: pulumi.secret(bucket) });
    expect((await deployedOf(made))!.identity).toBe(identity);
    const { stdin } = only("recoloca-release");
    expect(isSecret(stdin)).toBe(true);
    expect(planSchema.parse(JSON.parse(String(opened(stdin)))).backup?.bucket).toEqual(bucket);
    for (const { name, inputs } of registered) if (name !== "recoloca-release") expect(JSON.stringify(inputs)).not.toContain("MARKER");
  });

  const deployedOf = (made: ComposeDeployment) => new Promise<Deployed | null>((done) => made.deployed.apply(done));
  const liveOne = (change: object = {}) => ({
    number: 3,
    release: "r3",
    identity: "1234",
    attempt: "third",
    images: { backend: digest("b") },
    provenance: { actor: "Ana" },
    definitions: {},
    since: "2026-11-24T00:00:00Z",
    ...change,
  });

  test("without images, what is live is what is wanted, and another environment is a new attempt at it", async () => {
    await mock(false);
    said = { format: 1, live: liveOne({ provenance: { actor: "Ana", run: "https://ci.test/1", commit: "c0ffee" } }), next: "9-cd34" };
    const made = await make();
    expect(await deployedOf(made)).toMatchObject({ images: { backend: digest("b") }, release: "r3", provenance: { commit: "c0ffee" }, attempt: "9-cd34" });
    // It is not hers who deployed the images first, and not of that run.
    expect((await deployedOf(made))!.provenance).toEqual({ commit: "c0ffee" });
    expect((await deployedOf(await make({ provenance: { actor: "Bo" } })))!.provenance).toEqual({ commit: "c0ffee", actor: "Bo" });
    registered.length = 0;
    await make();
    expect(only("recoloca-release")["create"]).toBe("recoloca deploy --attempt 9-cd34");
  });

  test("what is live already keeps the name of the attempt that brought it: nothing changes", async () => {
    await mock(false);
    const wish = { images: { backend: digest("a") }, release: "r1" };
    const { identity } = (await deployedOf(await make(wish)))!;
    registered.length = 0;
    said = { format: 1, live: liveOne({ identity }), next: "9-cd34" };
    await make(wish);
    expect(only("recoloca-release")["create"]).toBe("recoloca deploy --attempt third");
  });

  test("nothing named and nothing live: nothing to deploy", async () => {
    await mock(false);
    expect(await deployedOf(await make())).toBeNull();
    expect(only("recoloca-release")).toMatchObject({ create: "recoloca deploy --attempt none" });
  });

  test("the same wish has the same identity, whoever asks and however long it is watched", async () => {
    await mock(false);
    const identities: unknown[] = [];
    for (const change of [{}, { watch: 5, provenance: { actor: "Bo" } }, { secrets: { PASSWORD: "other" } }])
      identities.push((await deployedOf(await make({ images: { backend: digest("a") }, release: "r1", ...change })))!.identity);
    expect(identities[1]).toBe(identities[0]);
    expect(identities[2]).not.toBe(identities[0]);
  });

  test("a preview of a server that does not answer compares with what was deployed last", async () => {
    await mock(true);
    new ComposeDeployment("recoloca", args({ server: serverThat("timed out"), images: { backend: digest("a") }, release: "r1" }));
    await vi.waitFor(() => only("recoloca-release"));
    expect(registered.find((one) => one.name === "last-outputs")).toMatchObject({ type: "pulumi:pulumi:StackReference" });
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
