/**
 * `make rotate SECRET=sshPrivateKey` against a real SSH server, with a home of its own: wherever it is killed, the key that is written down opens the
 * server, and after the next run it is the only one that does.
 */
import * as fs from "node:fs";
import * as path from "node:path";
import ssh2 from "ssh2";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { SshSession } from "../../components/host/ssh-session.ts";
import { doorOf } from "../../operate/ask-server.ts";
import { rotate, type Rotating } from "../../operate/rotate.ts";
import type { Asked } from "../../operate/rotation-choice.ts";
import { newPair, type Door } from "../../operate/server-key.ts";
import { RotatingStack, TODAY } from "../doubles/rotating-stack.ts";
import { Folder, Sshd, user, type Keys } from "./sshd.ts";

const folder = new Folder();
const servers: Server[] = [];
let hostKey: Keys;
beforeAll(async () => {
  hostKey = await folder.keys("host");
});
afterAll(async () => {
  await Promise.all(servers.map(({ sshd }) => sshd.stop()));
  folder.remove();
});
const ASKED: Asked = { secret: "sshPrivateKey", all: false, revoke: false };
const OTHER = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGFuYQ ana@laptop";

const blobOf = (privateKey: string) => {
  const parsed = ssh2.utils.parseKey(privateKey);
  if (parsed instanceof Error) throw parsed;
  return parsed.getPublicSSH().toString("base64");
};

class Server {
  readonly stack = new RotatingStack({ POSTGRES_PASSWORD: { generation: 2, since: TODAY } });
  readonly home: string;
  readonly sshd: Sshd;
  change: Partial<Door> = {};

  private constructor(home: string, sshd: Sshd) {
    this.home = home;
    this.sshd = sshd;
    servers.push(this);
  }
  /** `looksInto`: where the SSH server looks for keys, beside `.ssh/authorized_keys2`. */
  static async begin(looksInto = ".ssh/authorized_keys"): Promise<Server> {
    const name = `server-${servers.length}`;
    const home = folder.in(name);
    const { privateKey, publicKey } = await newPair("deploy");
    const open = `${publicKey.type} ${publicKey.blob}`;
    const sshd = await Sshd.start(folder, {
      ...{ name, host: "127.0.0.1", hostKey, authorized: { secret: privateKey, open, file: "" } },
      more: [`SetEnv HOME=${home}`, `AuthorizedKeysFile ${home}/${looksInto} ${home}/.ssh/authorized_keys2`],
    });
    const server = new Server(home, sshd);
    fs.mkdirSync(path.join(home, ".ssh"), { recursive: true, mode: 0o700 });
    fs.writeFileSync(path.join(home, looksInto), `${open}\n`, { mode: 0o600 });
    server.text = `${OTHER}\n${open} deploy\n`;
    server.stack.sshPrivateKey = privateKey;
    return server;
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
  get keys() {
    return this.text.split("\n").filter((line) => line !== "" && line !== OTHER);
  }

  private get address() {
    return { host: this.sshd.host, port: this.sshd.port, user, hostKey: hostKey.open };
  }
  async opens(privateKey: string): Promise<boolean> {
    const silent = await new SshSession().open({ ...this.address, privateKey }).catch((error: Error) => error);
    if (silent !== undefined && !(silent instanceof Error)) throw new Error(`the server does not answer: ${silent.why}`);
    return silent === undefined;
  }

  async door(): Promise<Door> {
    const { host, port, user: hostUser } = this.address;
    const values = { hostAddress: host, hostPort: String(port), hostUser, hostKey: hostKey.open, sshPrivateKey: this.stack.sshPrivateKey };
    const configuration = Object.fromEntries(Object.entries(values).map(([key, value]) => [`recoloca:${key}`, { value, secret: key === "sshPrivateKey" }]));
    // What else is deployed there `recoloca` says, which is not here.
    return { ...(await doorOf({ name: "staging", configuration })), others: async () => [], ...this.change };
  }

  async rotate(change: Partial<Rotating> = {}) {
    return rotate(ASKED, this.stack.run({ door: await this.door(), ...change }));
  }

  /** As if it were killed before that step: neither it nor anything after it happens. Gives the steps before. */
  async killed(before: number): Promise<string[]> {
    const [door, { pulumi }] = [await this.door(), this.stack.run()];
    const steps: string[] = [];
    await new Promise<void>((killed, fail) => {
      const step = async <Done>(name: string, does: () => Promise<Done>): Promise<Done> => {
        if (steps.length === before) {
          killed();
          await new Promise(() => undefined);
        }
        steps.push(name);
        return does();
      };
      const run: Door["run"] = (key, command) => step(command.replace(/^base64 .*/, "read").replace(/^file=.*/s, "write"), () => door.run(key, command));
      const counted: Rotating["pulumi"] = (args, options) => step(args.slice(0, 2).join(" "), () => pulumi(args, options));
      rotate(ASKED, this.stack.run({ door: { ...door, run }, pulumi: counted })).then(() => killed(), fail);
    });
    return steps;
  }
}

test("a new key is let in, proven, written down and deployed by; then the one before opens nothing", async () => {
  const server = await Server.begin();
  const before = server.stack.sshPrivateKey;
  expect(await server.rotate()).toBe(0);
  const { stack } = server;
  expect(stack.sshPrivateKey).not.toBe(before);
  expect([await server.opens(stack.sshPrivateKey), await server.opens(before)]).toEqual([true, false]);
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

/** All that a run does at the server and in the stack, in order; `true` is a login. */
const STEPS = ["read", "read", "read", "write", "true", "config set", "config set-all", "up --yes", "read", "write", "true"];

describe("stopped", () => {
  const goesOn = async (server: Server, generation = 2) => {
    expect(await server.opens(server.stack.sshPrivateKey)).toBe(true);
    expect(await server.rotate()).toBe(0);
    const { stack } = server;
    expect(await server.opens(stack.sshPrivateKey)).toBe(true);
    expect(server.keys).toEqual([`ssh-ed25519 ${blobOf(stack.sshPrivateKey)} recoloca-staging-generation-${generation}`]);
    expect(stack.live["sshPrivateKey"]?.generation).toBe(generation);
  };
  test.each([...STEPS.entries()])("after %i steps, before %s", async (before) => {
    const server = await Server.begin();
    const first = server.stack.sshPrivateKey;
    expect(await server.killed(before)).toEqual(STEPS.slice(0, before));
    // Without its last look all of it is done, and the next run is another one.
    await goesOn(server, before === STEPS.length - 1 ? 3 : 2);
    expect(server.stack.sshPrivateKey).not.toBe(first);
    expect(await server.opens(first)).toBe(false);
  });
  test("nowhere, these are its steps", async () => {
    expect(await (await Server.begin()).killed(Infinity)).toEqual(STEPS);
  });
  test("after the number was raised by hand: a key is made all the same", async () => {
    const server = await Server.begin();
    const before = server.stack.sshPrivateKey;
    server.stack.rotation["sshPrivateKey"] = { generation: 2, since: TODAY };
    expect(await server.rotate()).toBe(0);
    expect(await server.opens(before)).toBe(false);
    expect(server.keys).toEqual([`ssh-ed25519 ${blobOf(server.stack.sshPrivateKey)} recoloca-staging-generation-2`]);
  });
  test("once its numbers were begun anew: a key is made all the same", async () => {
    const server = await Server.begin();
    await server.rotate();
    delete server.stack.rotation["sshPrivateKey"];
    delete server.stack.live["sshPrivateKey"];
    const before = server.stack.sshPrivateKey;
    expect(await server.rotate()).toBe(0);
    expect(await server.opens(before)).toBe(false);
    expect(server.keys).toEqual([`ssh-ed25519 ${blobOf(server.stack.sshPrivateKey)} recoloca-staging-generation-2`]);
  });
  test("long ago, before the one of then was closed: that is closed, and a new one is made", async () => {
    const server = await Server.begin();
    await server.rotate();
    server.text += "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIG9sZA x recoloca-staging-generation-1\n";
    for (const known of [server.stack.rotation, server.stack.live]) known["sshPrivateKey"]!.since = "2026-01-01";
    const before = server.stack.sshPrivateKey;
    expect(await server.rotate()).toBe(0);
    expect(await server.opens(before)).toBe(false);
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
    expect(await server.opens(before)).toBe(true);
    expect(await server.rotate({ pulumi: bad }).catch((error: Error) => error.message)).toContain("both keys open the server");
    expect(await server.opens(before)).toBe(true);
    await goesOn(server);
  });
  test("by an update that fails: both open, and nothing is taken back", async () => {
    const server = await Server.begin();
    const before = server.stack.sshPrivateKey;
    server.stack.failing = ["sshPrivateKey"];
    expect(await server.rotate()).toBe(1);
    expect([await server.opens(server.stack.sshPrivateKey), await server.opens(before)]).toEqual([true, true]);
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
  fs.copyFileSync(path.join(server.home, ".ssh/authorized_keys"), path.join(server.home, ".ssh/authorized_keys2"));
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
    const server = await Server.begin("keys-of-the-provider");
    await refused(server, "does not open the server; it was taken out again");
  });
  test("one that is let in by something else", async () => {
    const server = await Server.begin();
    fs.renameSync(path.join(server.home, ".ssh/authorized_keys"), path.join(server.home, ".ssh/authorized_keys2"));
    server.text = `${OTHER}\n`;
    await refused(server, "authorized_keys does not have the key");
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
    const { run } = await server.door();
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
