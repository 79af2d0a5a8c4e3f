/**
 * `make rotate SECRET=sshPrivateKey`, by the real commands in a real shell, on a home of its own: wherever it is stopped, the key that is written
 * down opens the server, and after the next run it is the only one that does.
 */
import { spawnSync } from "node:child_process";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import ssh2 from "ssh2";
import { afterAll, describe, expect, test } from "vitest";
import { rotate } from "../../operate/rotate.ts";
import type { Asked } from "../../operate/rotation-choice.ts";
import { newPair, type Door } from "../../operate/server-key.ts";
import { RotatingStack, TODAY } from "../doubles/rotating-stack.ts";

const homes: string[] = [];
afterAll(() => homes.forEach((home) => fs.rmSync(home, { recursive: true })));
const ASKED: Asked = { secret: "sshPrivateKey", all: false, revoke: false };
const OTHER = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGFuYQ ana@laptop";

const blobOf = (privateKey: string) => {
  const parsed = ssh2.utils.parseKey(privateKey);
  if (parsed instanceof Error) throw parsed;
  return parsed.getPublicSSH().toString("base64");
};

class Server {
  readonly home = fs.mkdtempSync(path.join(os.tmpdir(), "recoloca-home-"));
  readonly stack = new RotatingStack({ POSTGRES_PASSWORD: { generation: 2, since: TODAY } });
  /** Ends the run as a kill would, after that many commands. */
  left = Infinity;
  /** Keys that the server lets in for another reason, or not at all. */
  refuses: (blob: string) => boolean = () => false;
  change: Partial<Door> = {};

  private constructor(pair: Awaited<ReturnType<typeof newPair>>) {
    homes.push(this.home);
    fs.mkdirSync(path.join(this.home, ".ssh"), { mode: 0o700 });
    this.stack.sshPrivateKey = pair.privateKey;
    this.text = `${OTHER}\n${pair.publicKey.type} ${pair.publicKey.blob} deploy\n`;
  }
  static async begin(): Promise<Server> {
    return new Server(await newPair("deploy"));
  }

  private get file() {
    return path.join(this.home, ".ssh/authorized_keys");
  }
  get text(): string {
    return fs.readFileSync(this.file, "utf8");
  }
  set text(text: string) {
    fs.writeFileSync(this.file, text, { mode: 0o600 });
  }

  opens = (privateKey: string) => this.text.includes(blobOf(privateKey)) && !this.refuses(blobOf(privateKey));
  get keys() {
    return this.text.split("\n").filter((line) => line !== "" && line !== OTHER);
  }

  door(): Door {
    return {
      owner: "recoloca-staging",
      opensBastion: false,
      others: async () => [],
      run: async (privateKey, command) => {
        if (this.left-- <= 0) throw new Error("killed");
        if (!this.opens(privateKey)) throw new Error("the server does not take the key");
        const ran = spawnSync("sh", ["-c", command], { env: { ...process.env, HOME: this.home }, encoding: "utf8" });
        if (ran.status !== 0) throw new Error(ran.stderr.trim());
        return ran.stdout;
      },
      ...this.change,
    };
  }

  rotate(change: Parameters<RotatingStack["run"]>[0] = {}) {
    return rotate(ASKED, this.stack.run({ door: this.door(), ...change }));
  }
}

test("a new key is let in, proven, written down and deployed by; then the one before opens nothing", async () => {
  const server = await Server.begin();
  const before = server.stack.sshPrivateKey;
  expect(await server.rotate()).toBe(0);
  const { stack } = server;
  expect(stack.sshPrivateKey).not.toBe(before);
  expect([server.opens(stack.sshPrivateKey), server.opens(before)]).toEqual([true, false]);
  expect(server.keys).toEqual([`ssh-ed25519 ${blobOf(stack.sshPrivateKey)} recoloca-staging-generation-2`]);
  expect(server.text).toContain(OTHER);
  expect(fs.statSync(path.join(server.home, ".ssh/authorized_keys")).mode & 0o777).toBe(0o600);
  expect(fs.readdirSync(path.join(server.home, ".ssh"))).toEqual(["authorized_keys"]);
  expect(stack.live["sshPrivateKey"]).toEqual({ generation: 2, since: TODAY });
  expect(stack.commands.at(-1)).toContain("--target **:remote:Command::**");
  expect(stack.said.join("\n")).toContain("a login of its own");
  expect([...stack.commands, ...stack.said].join("\n")).not.toContain("PRIVATE KEY");
  // And once more, with nothing of the one before.
  expect(await server.rotate()).toBe(0);
  expect(server.keys).toEqual([`ssh-ed25519 ${blobOf(stack.sshPrivateKey)} recoloca-staging-generation-3`]);
});

test("each pair is a whole one, also where its first byte is zero", async () => {
  for (let made = 0; made < 1000; made++) blobOf((await newPair("one")).privateKey);
});

describe("stopped", () => {
  const goesOn = async (server: Server) => {
    expect(server.opens(server.stack.sshPrivateKey)).toBe(true);
    server.left = Infinity;
    server.stack.killedAt = undefined;
    expect(await server.rotate()).toBe(0);
    const { stack } = server;
    expect(server.keys).toEqual([expect.stringContaining(blobOf(stack.sshPrivateKey))]);
    expect(stack.live["sshPrivateKey"]?.generation).toBe(2);
    expect(server.keys[0]).toContain("recoloca-staging-generation-2");
  };
  test.each([0, 1, 2, 3, 4, 5, 6])("at the server, after %i commands", async (left) => {
    const server = await Server.begin();
    server.left = left;
    const told = await server.rotate().catch((error: Error) => error.message);
    expect(`${told} ${server.stack.said.join("\n")}`).toMatch(/killed/);
    expect(told).not.toBe(0);
    await goesOn(server);
  });
  test.each([/secret recoloca:sshPrivateKey/, /^config set-all/, /^up/])("before %s", async (killedAt) => {
    const server = await Server.begin();
    server.stack.killedAt = killedAt;
    await expect(server.rotate()).rejects.toThrow("killed");
    await goesOn(server);
  });
  test("after the number was raised by hand: a key is made all the same", async () => {
    const server = await Server.begin();
    const before = server.stack.sshPrivateKey;
    server.stack.rotation["sshPrivateKey"] = { generation: 2, since: TODAY };
    expect(await server.rotate()).toBe(0);
    expect(server.opens(before)).toBe(false);
    expect(server.keys).toEqual([`ssh-ed25519 ${blobOf(server.stack.sshPrivateKey)} recoloca-staging-generation-2`]);
  });
  test("once its numbers were begun anew: a key is made all the same", async () => {
    const server = await Server.begin();
    await server.rotate();
    delete server.stack.rotation["sshPrivateKey"];
    delete server.stack.live["sshPrivateKey"];
    const before = server.stack.sshPrivateKey;
    expect(await server.rotate()).toBe(0);
    expect(server.opens(before)).toBe(false);
    expect(server.keys).toEqual([`ssh-ed25519 ${blobOf(server.stack.sshPrivateKey)} recoloca-staging-generation-2`]);
  });
  test("long ago, before the one of then was closed: that is closed, and a new one is made", async () => {
    const server = await Server.begin();
    await server.rotate();
    server.text += "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIG9sZA x recoloca-staging-generation-1\n";
    for (const known of [server.stack.rotation, server.stack.live]) known["sshPrivateKey"]!.since = "2026-01-01";
    const before = server.stack.sshPrivateKey;
    expect(await server.rotate()).toBe(0);
    expect(server.opens(before)).toBe(false);
    expect(server.keys).toHaveLength(1);
    expect(server.stack.live["sshPrivateKey"]).toEqual({ generation: 3, since: TODAY });
  });
  test("by an update that comes live and still ends badly: the one before stays open for whoever comes by it", async () => {
    const server = await Server.begin();
    const before = server.stack.sshPrivateKey;
    const { pulumi } = server.stack.run();
    const bad: typeof pulumi = async (args, options) => ({ ...(await pulumi(args, options)), ...(args[0] === "up" && { code: 255 }) });
    expect(await server.rotate({ pulumi: bad })).toBe(1);
    expect(server.stack.said.join("\n")).toContain("the key before still opens the server, as pulumi up ended with 255: run this again");
    expect(server.opens(before)).toBe(true);
    expect(await server.rotate({ pulumi: bad }).catch((error: Error) => error.message)).toContain("both keys open the server");
    expect(server.opens(before)).toBe(true);
    await goesOn(server);
  });
  test("by an update that fails: both open, and nothing is taken back", async () => {
    const server = await Server.begin();
    const before = server.stack.sshPrivateKey;
    server.stack.failing = ["sshPrivateKey"];
    expect(await server.rotate()).toBe(1);
    expect([server.opens(server.stack.sshPrivateKey), server.opens(before)]).toEqual([true, true]);
    expect(server.stack.rotation["sshPrivateKey"]?.generation).toBe(2);
    expect(server.stack.said.join("\n")).toContain(
      "sshPrivateKey stays at generation 2, and both keys open the server: keep Pulumi.staging.yaml; run this again",
    );
    expect(server.stack.said.join("\n")).not.toContain("put back");
    server.stack.failing = [];
    await goesOn(server);
  });
});

test("one that stands there twice goes twice; what else lets it in is told", async () => {
  const server = await Server.begin();
  const before = server.stack.sshPrivateKey;
  server.text = `${server.text}\nssh-ed25519 ${blobOf(before)} again\n`;
  expect(await server.rotate()).toBe(0);
  expect(server.text).not.toContain(blobOf(before));
  const present = server.stack.sshPrivateKey;
  const opens = server.opens;
  server.opens = (key) => key === present || opens(key);
  expect(await server.rotate()).toBe(1);
  expect(server.stack.said.join("\n")).toContain("let in by something else: authorized_keys2");
});

test("other people's lines stay to the byte, in whichever encoding", async () => {
  const server = await Server.begin();
  const file = path.join(server.home, ".ssh/authorized_keys");
  const latin = Buffer.concat([Buffer.from("ssh-rsa AAAAB3Nz jos"), Buffer.from([0xe9, 0x0d, 0x0a])]);
  fs.writeFileSync(file, Buffer.concat([latin, fs.readFileSync(file)]));
  expect(await server.rotate()).toBe(0);
  expect(fs.readFileSync(file).subarray(0, latin.length).equals(latin)).toBe(true);
});

describe("is refused, and nothing is changed:", () => {
  const refused = async (server: Server, says: string | RegExp, change = {}) => {
    const [text, key] = [server.text, server.stack.sshPrivateKey];
    await expect(server.rotate(change)).rejects.toThrow(says);
    expect([server.text, server.stack.sshPrivateKey, server.stack.commands]).toEqual([text, key, []]);
  };
  test("a new key that the server does not take", async () => {
    const server = await Server.begin();
    const present = blobOf(server.stack.sshPrivateKey);
    server.refuses = (blob) => blob !== present;
    await refused(server, "does not open the server; it was taken out again");
  });
  test("one that is let in by something else", async () => {
    const server = await Server.begin();
    const { text } = server;
    server.text = `${OTHER}\n`;
    server.opens = () => true;
    await refused(server, "authorized_keys does not have the key");
    server.text = text;
  });
  test("one that a person may come by, who is asked the first time", async () => {
    const server = await Server.begin();
    await refused(server, "who else comes by the key would not be let in", { knows: async () => false });
    expect(await server.rotate()).toBe(0);
    expect(await server.rotate({ knows: () => Promise.reject(new Error("nobody was to be asked again")) })).toBe(0);
  });
  test("one whose line ends by itself one day", async () => {
    const server = await Server.begin();
    server.text = server.text.replace(/^ssh-ed25519 (?=.* deploy$)/m, 'expiry-time="20270101",no-pty ssh-ed25519 ');
    await refused(server, "expiry-time");
  });
  test("one that opens the bastion too", async () => {
    const server = await Server.begin();
    server.change = { opensBastion: true };
    await refused(server, "recoloca:bastionPrivateKey");
  });
  test("one that may be another stack's as well, unless somebody knows better", async () => {
    const server = await Server.begin();
    server.change = { others: async () => ["recoloca-production"] };
    await refused(server, "give recoloca-production another one first", { knows: async (question: string) => !question.includes("recoloca-production") });
    expect(await server.rotate({ knows: async () => true })).toBe(0);
  });
  test("a file that somebody else writes meanwhile", async () => {
    const server = await Server.begin();
    const { run } = server.door();
    let asked = 0;
    server.change = {
      run: async (privateKey, command) => {
        const said = await run(privateKey, command);
        // Between the second look and the writing.
        if (++asked === 3) server.text = `${server.text}ssh-ed25519 AAAAbea bea\n`;
        return said;
      },
    };
    await expect(server.rotate()).rejects.toThrow("could not be written, or somebody else is writing it");
    expect(server.text).toContain("AAAAbea bea");
    expect(server.stack.commands).toEqual([]);
  });
});
