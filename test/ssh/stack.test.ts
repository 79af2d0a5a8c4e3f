/** The whole program on the real engine, to a real SSH server that writes down what it is asked for: a bastion comes, and nothing else changes. */
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import * as fs from "node:fs";
import * as path from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { attempt } from "../../local/command.ts";
import { askServer, doorOf, valuesOf, type Configured } from "../../operate/ask-server.ts";
import { rotate } from "../../operate/rotate.ts";
import { checkout } from "../../tools/cache.ts";
import { TestStack, type Config } from "../doubles/test-stack.ts";
import type { Recorded } from "./recorded-answers.ts";
import { Folder, Sshd, user, type Keys } from "./sshd.ts";

const SECOND = 1000;
const CHANGED = /updated|created|deleted|replaced/;
const folder = new Folder();
const image = (name: string) => `registry.test/${name}@sha256:${"a".repeat(64)}`;
let stack: TestStack;
let server: Sshd;
let bastion: Sshd;
let keys: Record<"server" | "serverHost" | "bastion" | "bastionHost" | "other", Keys>;
let direct: Config;
let through: Config;

beforeAll(async () => {
  const [one, two, three, four, five] = await Promise.all(["server", "server-host", "bastion", "bastion-host", "other"].map((name) => folder.keys(name)));
  keys = { server: one!, serverHost: two!, bastion: three!, bastionHost: four!, other: five! };
  const recorder = `${process.execPath} ${path.join(import.meta.dirname, "recorded-server.ts")} ${folder.path}`;
  server = await Sshd.start(folder, {
    name: "server-sshd",
    host: "127.0.0.2",
    hostKey: keys.serverHost,
    authorized: keys.server,
    more: [`ForceCommand ${recorder}`],
  });
  bastion = await Sshd.start(folder, { name: "bastion-sshd", host: "127.0.0.1", bastion: true, hostKey: keys.bastionHost, authorized: keys.bastion });
  stack = await TestStack.open({ program: checkout, name: "behind", folder: folder.in("stack") });
  await stack.secret("recoloca:sshPrivateKey", keys.server.secret);
  await stack.secret("recoloca:registryPassword", "a-password-that-nobody-may-see");
  await stack.secret("recoloca:secrets.POSTGRES_PASSWORD", "a-password-that-nobody-may-see-either");
  direct = {
    ...{ "recoloca:hostAddress": server.host, "recoloca:hostPort": server.port, "recoloca:hostUser": user, "recoloca:hostKey": keys.serverHost.open },
    ...{ "recoloca:registryServer": "registry.test", "recoloca:registryUsername": "recoloca" },
    "recoloca:routes": [{ path: "/", service: "frontend", port: 3000 }],
    "recoloca:images": { backend: image("backend"), worker: image("backend"), frontend: image("frontend") },
    "recoloca:variables": { POSTGRES_IMAGE: "postgres", REDIS_IMAGE: "redis" },
    "recoloca:release": "1",
  };
  through = { ...direct, "recoloca:bastion": { address: bastion.host, port: bastion.port, user, hostKey: keys.bastionHost.open } };
}, 900 * SECOND);
afterAll(async () => {
  await Promise.all([bastion.stop(), server.stop()]);
  folder.remove();
});

/** What the server was asked to do, not only to tell, since it was looked at last. */
function recorded(): Recorded[] {
  const file = folder.in("recorded.jsonl");
  if (!fs.existsSync(file)) return [];
  const lines = fs.readFileSync(file, "utf8").trim().split("\n");
  fs.rmSync(file);
  return lines.map((line) => JSON.parse(line) as Recorded).sort((one, other) => (one.words < other.words ? -1 : 1));
}
/** Each of the key's lines that is no frame. */
const linesOf = ({ secret }: Keys) => secret.split("\n").filter((line) => line.length > 10 && !line.startsWith("-----"));

describe("a server that nothing is on yet", () => {
  const bare = (why: string) => fs.writeFileSync(folder.in("bare"), why);
  const FEDORA = "this is Fedora; Debian 13 or newer, or Ubuntu 24.04 or newer, is wanted";
  const make = (what: string) =>
    attempt("make", ["--silent", "--old-file", "node_modules/.installed", what, "STACK=behind"], { cwd: checkout, env: stack.forOperators });
  afterAll(() => fs.rmSync(folder.in("bare")));

  test("and nothing can be put on: the preview says so already, and an update before it does anything", async () => {
    bare(FEDORA);
    stack.configure(direct);
    for (const ran of [await stack.preview(), await stack.up()]) {
      expect(ran.code).not.toBe(0);
      expect(ran.output).toMatch(new RegExp(`the server 127\\.0\\.0\\.2:\\d+ cannot be prepared; nothing was changed\\n +${FEDORA}\\n`));
    }
    expect(recorded()).toEqual([]);
  }, 120_000);

  test("an operator reads that, and what prepares it, or why nothing can", async () => {
    expect((await make("doctor")).output).toMatch(
      new RegExp(`error: the server 127\\.0\\.0\\.2:\\d+ cannot be prepared; nothing was changed\\n +${FEDORA}\\n`),
    );
    bare("");
    for (const what of ["status", "doctor"]) {
      const ran = await make(what);
      expect(ran.code).not.toBe(0);
      expect(ran.output).toMatch(/error: nothing is on the server 127\.0\.0\.2:\d+ yet\n {2}pulumi up --stack behind {3}prepares it\n/);
      expect(ran.output).not.toContain("not found");
    }
  }, 120_000);
});

describe("a stack whose server is reached directly", () => {
  let first: Recorded[];

  test("is deployed, and then nothing changes", async () => {
    stack.configure(direct);
    const ran = await stack.up();
    expect(ran.code, ran.output).toBe(0);
    expect(ran.output).toContain("release 1  1 rolled");
    expect(ran.output).not.toContain("warning");
    first = recorded();
    expect(first.map(({ words }) => words.split("\n")[0]!.slice(0, 40))).toHaveLength(4);
    const same = await stack.up();
    expect(same.output).not.toMatch(CHANGED);
    expect(recorded()).toEqual([]);
  }, 120_000);

  test("gets a bastion: each command finds what it left, by the new way alone, and nothing rolls", async () => {
    stack.configure(through);
    await stack.secret("recoloca:bastionPrivateKey", keys.bastion.secret);
    const preview = await stack.preview();
    expect(preview.code, preview.output).toBe(0);
    expect(preview.output).toContain("~ 4 to update");
    expect(preview.output).not.toMatch(/rolls|starts|recreated|to create|to replace|to delete/);
    expect(recorded()).toEqual([]);
    const [before, forwards] = [server.connections, bastion.forwards(server)];
    const ran = await stack.up();
    expect(ran.code, ran.output).toBe(0);
    expect(ran.output).toContain("release 1  1 is live already; nothing to do");
    expect(ran.output).toMatch(/4 updated/);
    expect(ran.output).not.toMatch(/\d (created|deleted|replaced)/);
    expect(recorded()).toEqual(first);
    // The program's own connection, and one for each command.
    expect([server.connections - before, bastion.forwards(server) - forwards]).toEqual([5, 5]);
    const state = await stack.state();
    for (const line of [...linesOf(keys.bastion), ...linesOf(keys.server)])
      for (const text of [preview.output, ran.output, state]) expect(text).not.toContain(line);
    const same = await stack.up();
    expect(same.output).not.toMatch(CHANGED);
    expect(recorded()).toEqual([]);
  }, 120_000);
});

const configurationNow = async () => JSON.parse((await stack.pulumi(["config", "--json", "--show-secrets"])).stdout) as Record<string, Configured>;
const ask = async (...words: string[]) => {
  let said = "";
  const code = await askServer({ name: "behind", configuration: await configurationNow() }, words, (text) => (said += text));
  return { code, said };
};

describe("with the bastion", () => {
  test("an operator's commands go the same way, and the doctor names it", async () => {
    const [before, forwards] = [server.connections, bastion.forwards(server)];
    expect(await ask("status")).toEqual({ code: 0, said: " this is the server; it was asked: recoloca status\n" });
    expect((await ask("doctor")).said).toBe(
      ` reached by SSH: ${user}@127.0.0.2:${server.port}, through the bastion ${user}@127.0.0.1:${bastion.port}\n this is the server; it was asked: recoloca doctor\n`,
    );
    expect([server.connections - before, bastion.forwards(server) - forwards]).toEqual([2, 2]);
  });

  describe("age's private key", () => {
    const keys = `AGE-SECRET-KEY-1${"Q".repeat(58)}\n`;
    const sent = { input: createHash("sha256").update(keys).digest("hex"), seenIn: [] };
    /** As a person does it: in a shell, from the Makefile on. */
    const make = (...words: string[]) => ["--silent", "--old-file", "node_modules/.installed", ...words, "STACK=behind"];
    const options = () => ({ cwd: checkout, env: { ...stack.forOperators, IDENTITY: undefined } });

    test("goes from its file to the command's standard input by the way of all commands, and is seen nowhere else", async () => {
      fs.writeFileSync(folder.in("backup key"), `# public key: age1\n${keys}`);
      const forwards = bastion.forwards(server);
      const drilled = await attempt("make", make("drill", `IDENTITY=${folder.in("backup key")}`), options());
      expect(drilled.code, drilled.output).toBe(0);
      expect(recorded()).toEqual([{ ...sent, words: expect.stringMatching(/recoloca drill --identity - --stack recoloca-behind$/) as string }]);
      const restored = await attempt("make", make("restore", "BACKUP=20261126T031500Z/release-1", "INTO=copy", "IDENTITY=-"), { ...options(), input: keys });
      expect(restored.code, restored.output).toBe(0);
      expect(recorded()).toEqual([
        { ...sent, words: expect.stringMatching(/recoloca restore 20261126T031500Z\/release-1 --into copy --identity - --stack recoloca-behind$/) as string },
      ]);
      expect(bastion.forwards(server) - forwards).toBe(2);
    }, 60_000);

    test("is asked for in a terminal, which does not show it", async () => {
      const terminal = spawn("script", ["--quiet", "--return", "--command", ["make", ...make("drill", "IDENTITY=-")].join(" "), "/dev/null"], options());
      let shown = "";
      terminal.stdout.setEncoding("utf8").on("data", (text: string) => {
        if (!shown.includes("not shown): ") && (shown + text).includes("not shown): ")) terminal.stdin.write(keys);
        shown += text;
      });
      expect(await new Promise((done) => terminal.on("close", done)), shown).toBe(0);
      expect(shown).not.toContain("AGE-SECRET-KEY-1Q");
      expect(recorded()).toMatchObject([sent]);
    }, 60_000);

    test("that is none is refused before the server is asked", async () => {
      fs.writeFileSync(folder.in("none"), "age-encryption.org/v1\n");
      const connections = server.connections;
      const ran = await attempt("make", make("restore", "BACKUP=release-1", "INTO=copy", `IDENTITY=${folder.in("none")}`), options());
      expect(ran.code).not.toBe(0);
      expect(ran.output).toMatch(
        /none is encrypted itself, for a passphrase; nothing was sent\n {2}age --decrypt KEY_FILE \| make restore STACK=behind IDENTITY=-\n/,
      );
      expect(server.connections - connections).toBe(0);
    }, 60_000);
  });

  test("down, `up` is refused before anything; a preview says so and compares with what was deployed last", async () => {
    await bastion.stop();
    try {
      const ran = await stack.up();
      expect(ran.code).not.toBe(0);
      expect(ran.output).toMatch(/the bastion 127\.0\.0\.1:\d+ does not answer \(connect ECONNREFUSED .*\); the server was not asked, nothing was changed/);
      const preview = await stack.preview();
      expect(preview.code, preview.output).toBe(0);
      expect(preview.output).toMatch(/the server does not say what is live \(its bastion: connect ECONNREFUSED .*\); comparing with what was deployed last/);
      await expect(ask("status")).rejects.toThrow(/the bastion .* does not answer/);
    } finally {
      await bastion.start();
    }
    expect(recorded()).toEqual([]);
  }, 120_000);

  test("made anew under another host key, nothing is sent to it", async () => {
    stack.configure({ ...through, "recoloca:bastion": { ...(through["recoloca:bastion"] as object), hostKey: keys.other.open } });
    const ran = await stack.up();
    expect(ran.code).not.toBe(0);
    expect(ran.output).toMatch(/whoever answers at 127\.0\.0\.1:\d+ is not the bastion whose host key is pinned; nothing was sent, nothing was changed/);
    expect(recorded()).toEqual([]);
    stack.configure(through);
  }, 120_000);

  test("a new key of the server's takes the place of the one before everywhere, and no release is made for it", async () => {
    const home = folder.in("home", ".ssh");
    fs.mkdirSync(home, { recursive: true });
    fs.symlinkSync(folder.in("server-sshd.authorized"), path.join(home, "authorized_keys"));
    const authorized = () => fs.readFileSync(folder.in("server-sshd.authorized"), "utf8");
    const before = authorized();
    const said: string[] = [];
    const run = {
      ...{ stack: "behind", application: "recoloca", production: false, who: "a test", today: "2026-11-26", folder: checkout },
      configuration: async () => valuesOf(await configurationNow()),
      pulumi: stack.pulumi.bind(stack),
      server: async (words: readonly string[]) => (await ask(...words)).said,
      door: await doorOf({ name: "behind", configuration: await configurationNow() }),
      askValue: () => Promise.reject(new Error("nobody was to be asked")),
      agrees: () => Promise.reject(new Error("nobody was to agree")),
      knows: async () => true,
      print: (line: string) => void said.push(line),
    };
    expect(await rotate({ secret: "sshPrivateKey", all: false, revoke: false }, run), said.join("\n")).toBe(0);
    expect(said.join("\n")).toMatch(/sshPrivateKey +1 → 2 +not known +0d +a login of its own +renewed/);
    expect(said.join("\n")).toContain("release 1  1 is live already; nothing to do");
    expect(recorded()).toHaveLength(4);
    expect(authorized()).toMatch(/^ssh-ed25519 AAAA\S+ recoloca-behind-generation-2\n$/);
    const asBefore = await configurationNow();
    expect(asBefore["recoloca:sshPrivateKey"]).toMatchObject({ secret: true });
    await expect(
      askServer(
        { name: "behind", configuration: { ...asBefore, "recoloca:sshPrivateKey": { value: keys.server.secret, secret: true } } },
        ["status"],
        () => undefined,
      ),
    ).rejects.toThrow();
    expect((await ask("status")).code).toBe(0);
    const lines = asBefore["recoloca:sshPrivateKey"]!.value!.split("\n").filter((line) => line.length > 10 && !line.startsWith("-----"));
    expect(lines.length).toBeGreaterThan(3);
    for (const line of lines) for (const text of [said.join("\n"), await stack.state()]) expect(text).not.toContain(line);
    expect(before).not.toContain("generation");
    const same = await stack.up();
    expect(same.output).not.toMatch(CHANGED);
    expect(recorded()).toEqual([]);
  }, 180_000);

  test("the stack goes by it, too", async () => {
    const [before, forwards] = [server.connections, bastion.forwards(server)];
    const ran = await stack.destroy();
    expect(ran.code, ran.output).toBe(0);
    expect(recorded().map(({ words }) => words.replace("sudo -n ", ""))).toEqual([
      "recoloca logout --server registry.test",
      "recoloca remove --application recoloca --environment behind",
    ]);
    expect(server.connections - before).toBe(bastion.forwards(server) - forwards);
  }, 120_000);
});
