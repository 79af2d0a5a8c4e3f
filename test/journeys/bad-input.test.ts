/** What is wrong is said once, clearly, with what mends it; and nothing was changed anywhere. */
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { must } from "../../local/command.ts";
import { ensureServer, privateKey } from "../../local/server.ts";
import { inSite, registryName, testSite } from "../../local/site.ts";
import type { LocalStack } from "../../local/stack.ts";
import { containersOnServer, deploy, liveRelease, openStack, server, settings, settingsFor, wipe, type Change } from "../site.ts";

let stack: LocalStack;
let before: string[];
beforeAll(async () => {
  stack = await openStack();
  await wipe();
  const ran = await deploy(stack, "2");
  expect(ran.code, ran.output).toBe(0);
  before = await containersOnServer();
});

/** `pulumi up` with one thing wrong; afterwards everything is as it was. */
async function refused(change: Change): Promise<string> {
  await stack.configure(await settingsFor("2", change));
  const ran = await stack.up();
  expect(ran.code, ran.output).not.toBe(0);
  expect((await liveRelease())?.release).toBe("2");
  expect(await containersOnServer()).toEqual(before);
  return ran.output;
}

const newKey = async () => {
  const file = path.join(fs.mkdtempSync(path.join(os.tmpdir(), "key-")), "key");
  await must("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", file]);
  return { secret: fs.readFileSync(file, "utf8"), open: fs.readFileSync(`${file}.pub`, "utf8").split(" ").slice(0, 2).join(" ") };
};

describe("configuration", () => {
  test("every problem at once, each with the command that mends it", async () => {
    const output = await refused({ watch: "5 minuts", hostPort: "ssh", drian: "5s", gates: [{ name: "api", path: "/api/v1/health", timout: "5s" }] });
    expect(output).toContain("stack local has 4 problems in its configuration; nothing was changed");
    expect(output).toMatch(/recoloca:watch +got "5 minuts", wants a duration such as 30s, 5m, 1h30m/);
    expect(output).toContain("pulumi config set recoloca:watch 30s");
    expect(output).toMatch(/recoloca:hostPort +got "ssh"/);
    expect(output).toMatch(/recoloca:drian +is not known; did you mean "drain"\?/);
    expect(output).toMatch(/recoloca:gates\[0\]\.timout +is not known; did you mean "timeout"\?/);
  });

  test.each([
    ["a YAML error", "services: [", /compose.yaml is not YAML/],
    ["a build and no image", "services:\n  backend: { build: . }\n  frontend: { image: a }\n", /images\.worker +names a service that .* does not have/],
    [
      "an unset variable",
      "services:\n  backend: { image: a, environment: { A: $MISSING } }\n  worker: { image: a }\n  frontend: { image: a }\n",
      /recoloca:secrets\.MISSING +is missing/,
    ],
    [
      "a service that a route names and the file lacks",
      "services:\n  api: { image: a }\n  worker: { image: a }\n  frontend: { image: a }\n",
      /routes\[0\]\.service +got "backend"/,
    ],
  ])("a Compose file with %s", async (_what, text, says) => {
    const file = inSite(testSite, "compose.yaml");
    fs.writeFileSync(file, text);
    expect(await refused({ composeFile: file })).toMatch(says);
  });
});

describe("the way to the server", () => {
  test("nothing answers", async () => {
    const output = await refused({ hostPort: 1 });
    expect(output).toMatch(/the server 127\.0\.0\.1:1 does not answer \(.*ECONNREFUSED.*\); nothing was changed/);
    expect(output).toContain("Try: ssh -p 1 root@127.0.0.1 true");
    expect(output).toContain("pulumi config set recoloca:hostAddress ADDRESS");
  });

  test("a preview of a server that does not answer says so, and compares with what was deployed last", async () => {
    await stack.configure(await settingsFor("3", { hostPort: 1 }));
    const ran = await stack.pulumi(["preview"]);
    expect(ran.code, ran.output).toBe(0);
    expect(ran.output).toMatch(/the server does not say what is live \(.*ECONNREFUSED.*\); comparing with what was deployed last/);
    expect(ran.output).toMatch(/release +3$/m);
    expect(ran.output).toContain("rolls");
    expect(ran.output).not.toContain("the first one");
  });

  test("a changed host key: not one byte is sent to whoever answers", async () => {
    const output = await refused({ hostKey: (await newKey()).open });
    expect(output).toContain("is not the server whose host key is pinned; nothing was sent, nothing was changed");
    expect(output).toMatch(/pinned +SHA256:[\w+/]{43}\n +it shows +SHA256:[\w+/]{43}/);
    expect(output).toContain(`pulumi config set recoloca:hostKey "$(ssh-keyscan -p ${testSite.sshPort} -t ed25519 127.0.0.1 | cut -d' ' -f2-)"`);
  });
});

describe("the registry", () => {
  test("a wrong password is refused before anything rolls", async () => {
    const ran = await server(`recoloca login --server ${registryName(testSite)} --username recoloca`, "wrong-password");
    expect(ran.code).toBe(1);
    expect(ran.output).toContain(`${registryName(testSite)} does not let recoloca in`);
    expect(ran.output).toContain("pulumi config set --secret recoloca:registryPassword");
    expect(ran.output).not.toContain("wrong-password");
  });
});

describe("the server", () => {
  test("a deploy onto a full disk is refused, and the record says so", async () => {
    const releases = "/var/lib/recoloca/recoloca-local/releases";
    const { stdout } = await server(`cat ${releases}/1/plan.json`);
    const plan = JSON.parse(stdout) as { variables: object };
    const next = JSON.stringify({ ...plan, release: "no-room", variables: { ...plan.variables, ANY: "1" } });
    // The program itself, not its starter: a unit of its own would not see the small disk.
    const ran = await server(
      'unshare -m sh -c \'mount -t tmpfs -o size=50m none /var/lib/docker && node $(grep -o "/opt/recoloca[^ \\"]*js" /usr/local/bin/recoloca | head -1) deploy\'',
      next,
    );
    expect(ran.code, ran.output).toBe(20);
    const [failed] = JSON.parse((await server("recoloca history --json")).stdout) as { number: number; release: string }[];
    expect(failed?.release).toBe("no-room");
    const shown = (await server(`recoloca show ${failed?.number}`)).output;
    expect(shown).toContain("50 MiB are free below /var/lib/docker, a deploy wants 1024 MiB");
    expect(shown).toContain("outcome: refused, nothing was changed (exit 20)");
  });
});

describe("the plan", () => {
  test("from a newer program", async () => {
    const ran = await server("recoloca deploy", '{"format": 2}');
    expect(ran.code).toBe(20);
    expect(ran.output).toContain("the plan has format 2, this host's program knows 1");
  });

  test("that is not one", async () => {
    expect((await server("recoloca deploy", "hello")).output).toContain("refused: the plan is not JSON");
    expect((await server("recoloca deploy", '{"format": 1, "nonsense": true}')).output).toMatch(/the plan is not understood[\s\S]*nonsense/);
  });

  test("a command that does not exist, and one that is used wrongly", async () => {
    const unknown = await server("recoloca deplyo");
    expect(unknown.code).toBe(2);
    const wrong = await server("recoloca show");
    expect(wrong.code).toBe(2);
    expect(wrong.output).toContain("show");
  });
});

test("no private key at all, and a wrong one: the server lets nobody in", async () => {
  const set = (value: string) => stack.pulumi(["config", "set", "--secret", "recoloca:sshPrivateKey"], { input: value });
  await stack.configure(await settingsFor("2"));
  await set("not a key");
  expect((await stack.up()).output).toContain("that is no private key");
  await set((await newKey()).secret);
  const ran = await stack.up();
  await set(privateKey(testSite));
  expect(ran.code).not.toBe(0);
  expect(ran.output).toContain(`the server 127.0.0.1:${testSite.sshPort} does not let "root" in with the private key of this stack; nothing was changed`);
  expect(ran.output).toContain("cat PRIVATE_KEY_FILE | pulumi config set --secret recoloca:sshPrivateKey");
  // Debian 13's sshd turns a source away for a while that knocked with a wrong key (PerSourcePenalties).
  await expect.poll(async () => (await liveRelease().catch(() => null))?.release, { timeout: 180_000, interval: 1000 }).toBe("2");
  expect(await containersOnServer()).toEqual(before);
});

test("the server is whole after all this", async () => {
  await ensureServer(testSite);
  await stack.configure(settings({ variables: (await settingsFor("2"))["variables"] }));
  const ran = await stack.up();
  expect(ran.code, ran.output).toBe(0);
  expect(await containersOnServer()).toEqual(before);
});
