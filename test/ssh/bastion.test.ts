/** The program's own connection through a bastion, over two real SSH servers: that it goes that way, and what is said where it ends early. */
import { spawn } from "node:child_process";
import * as fs from "node:fs";
import type { AddressInfo } from "node:net";
import * as path from "node:path";
import ssh2 from "ssh2";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { noAnswer } from "../../components/host/ssh-errors.ts";
import { SshSession, type Address, type Machine } from "../../components/host/ssh-session.ts";
import { sleep } from "../../local/command.ts";
import { Folder, Sshd, user, type Keys } from "./sshd.ts";

const folder = new Folder();
let bastion: Sshd;
let server: Sshd;
let keys: Record<"bastion" | "bastionHost" | "server" | "serverHost" | "other", Keys>;
let address: Address & { readonly via: Machine };

beforeAll(async () => {
  const [one, two, three, four, five] = await Promise.all(["bastion", "bastion-host", "server", "server-host", "other"].map((name) => folder.keys(name)));
  keys = { bastion: one!, bastionHost: two!, server: three!, serverHost: four!, other: five! };
  bastion = await Sshd.start(folder, { name: "bastion-sshd", host: "127.0.0.1", bastion: true, hostKey: keys.bastionHost, authorized: keys.bastion });
  server = await Sshd.start(folder, { name: "server-sshd", host: "127.0.0.2", hostKey: keys.serverHost, authorized: keys.server });
  const machine = ({ host, port }: Sshd, own: Keys, hostKey: Keys): Machine => ({ host, port, user, privateKey: own.secret, hostKey: hostKey.open });
  address = { ...machine(server, keys.server, keys.serverHost), via: machine(bastion, keys.bastion, keys.bastionHost) };
});
afterAll(async () => {
  await Promise.all([bastion.stop(), server.stop()]);
  folder.remove();
});

const through = (change: Partial<Machine>): Address => ({ ...address, via: { ...address.via, ...change } });
/** What a person reads. Nothing of a key is in it. */
async function refused(to: Address): Promise<string> {
  const silent = await new SshSession().open(to).catch((error: Error) => error);
  if (!silent) throw new Error("it was let in");
  const error = silent instanceof Error ? silent : noAnswer(silent.of, silent.why);
  for (const secret of [to.privateKey, to.via?.privateKey ?? to.privateKey])
    expect(JSON.stringify([error.message, silent])).not.toContain(secret.split("\n")[1]);
  return error.message;
}
const at = (one: Sshd) => `${one.host}:${one.port}`;

test("a command runs on the server, and the bastion alone has knocked there", async () => {
  const [before, forwards] = [server.connections, bastion.forwards(server)];
  const session = new SshSession();
  expect(await session.open(address)).toBeUndefined();
  const heard: string[] = [];
  const said = await session.run("echo $SSH_CONNECTION; echo more >&2; exit 3", (text) => heard.push(text));
  expect(said).toMatchObject({ code: 3, stdout: expect.stringMatching(new RegExp(` 127\\.0\\.0\\.2 ${server.port}\n$`)) as string });
  expect(heard.join("")).toContain("more\n");
  expect((await session.run("echo again")).stdout).toBe("again\n");
  expect([server.connections - before, bastion.forwards(server) - forwards]).toEqual([1, 1]);
});

test("it keeps no process from ending, and a lot of output comes whole", async () => {
  const script = `
    const { SshSession } = await import(${JSON.stringify(path.join(import.meta.dirname, "../../components/host/ssh-session.ts"))});
    let input = "";
    for await (const text of process.stdin) input += text;
    const session = new SshSession();
    await session.open(JSON.parse(input));
    console.log((await session.run("head -c 3000000 /dev/zero | tr '\\\\0' x")).stdout.length);`;
  const child = spawn(process.execPath, ["--input-type=module", "-e", script], { stdio: ["pipe", "pipe", "inherit"], timeout: 20_000 });
  let output = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => (output += text));
  child.stdin.end(JSON.stringify(address));
  expect(await new Promise((done) => child.once("close", done))).toBe(0);
  expect(output).toBe("3000000\n");
});

describe("the bastion", () => {
  test("does not take the key", async () => {
    expect(await refused(through({ privateKey: keys.other.secret }))).toMatch(
      new RegExp(`^the bastion ${at(bastion)} does not let "${user}" in with the private key of this stack; nothing was changed
  it is SHA256:[\\w+/]{43}; its public half belongs into that user's authorized_keys on the bastion
    cat PRIVATE_KEY_FILE \\| pulumi config set --secret recoloca:bastionPrivateKey\n`),
    );
  });

  test("has another host key than the pinned one: not one byte is sent to whoever answers", async () => {
    const before = server.connections;
    const said = await refused(through({ hostKey: keys.other.open }));
    expect(said).toContain(`whoever answers at ${at(bastion)} is not the bastion whose host key is pinned; nothing was sent, nothing was changed`);
    expect(said).toMatch(/pinned +SHA256:[\w+/]{43}\n +it shows +SHA256:[\w+/]{43}/);
    expect(said).toContain(`pulumi config set --path 'recoloca:bastion.hostKey' "$(ssh-keyscan -p ${bastion.port} -t ed25519 127.0.0.1 | cut -d' ' -f2-)"`);
    expect(server.connections).toBe(before);
  });

  test("does not forward", async () => {
    const strict = await Sshd.start(folder, {
      name: "strict-sshd",
      host: "127.0.0.1",
      hostKey: keys.bastionHost,
      authorized: keys.bastion,
      more: ["AllowTcpForwarding no"],
    });
    try {
      const said = await refused(through({ port: strict.port }));
      expect(said).toContain(`the bastion ${at(strict)} lets "${user}" in and does not forward to ${at(server)} (open failed); nothing was changed`);
      expect(said).toContain("AllowTcpForwarding local");
    } finally {
      await strict.stop();
    }
  });

  test("forwards to that server and nowhere else, where the user may do nothing more: the line of docs/bastion.md", async () => {
    const [line = ""] = fs.readFileSync(path.join(import.meta.dirname, "../../docs/bastion.md"), "utf8").match(/^restrict,\S+(?= ssh-ed25519)/m) ?? [];
    const options = line.replace("10.0.0.7:22", at(server));
    const narrow = await Sshd.start(folder, {
      ...{ name: "narrow-sshd", host: "127.0.0.1", bastion: true },
      ...{ hostKey: keys.bastionHost, authorized: keys.bastion, options, more: ["AllowTcpForwarding local"] },
    });
    try {
      const session = new SshSession();
      expect(await session.open(through({ port: narrow.port }))).toBeUndefined();
      expect((await session.run("echo here")).stdout).toBe("here\n");
      expect(await refused({ ...through({ port: narrow.port }), port: 1 })).toContain(`does not forward to ${server.host}:1 (`);
    } finally {
      await narrow.stop();
    }
  });

  test("is down, and the server is not reached past it", async () => {
    const before = server.connections;
    await bastion.stop();
    try {
      expect(await refused(address))
        .toBe(`the bastion ${at(bastion)} does not answer (connect ECONNREFUSED ${at(bastion)}); the server was not asked, nothing was changed
  is it up, and does its firewall let this machine in? Try: ssh -p ${bastion.port} ${user}@127.0.0.1 true
  if it has moved: pulumi config set --path recoloca:bastion.address ADDRESS`);
      // A server that has just been made is waited for; a bastion is not starting.
      const start = performance.now();
      expect(await new SshSession().open(address, 60)).toMatchObject({ of: { bastion: true } });
      expect(performance.now() - start).toBeLessThan(10_000);
    } finally {
      await bastion.start();
    }
    expect(server.connections).toBe(before);
  });

  test("lets us in and never answers what it is asked to forward", async () => {
    const mute = new ssh2.Server({ hostKeys: [keys.bastionHost.secret] }, (client) =>
      client
        .on("authentication", (context) => context.accept())
        .on("error", () => undefined)
        .on("tcpip", () => undefined),
    );
    await new Promise<void>((done) => mute.listen(0, "127.0.0.1", done));
    try {
      const { port } = mute.address() as AddressInfo;
      const silent = await new SshSession().open(through({ host: "127.0.0.1", port }));
      expect(silent).toMatchObject({ of: { host: server.host }, why: "no answer in 5s" });
    } finally {
      mute.close();
    }
  });

  test("goes down in the middle of a command: whoever waits for it hears of it", async () => {
    const session = new SshSession();
    await session.open(address);
    const running = session.run("echo here; sleep 60", (text) => text.includes("here") && void bastion.stop());
    await expect(running).rejects.toThrow(/closed before the answer|ECONNRESET/);
    await bastion.start();
  });
});

describe("the server behind it", () => {
  test("is down", async () => {
    await server.stop();
    try {
      expect(await refused(address)).toBe(`the server ${at(server)} does not answer its bastion ${at(bastion)} (Connection refused); nothing was changed
  is it up, and does its firewall let the bastion in? Try: ssh -J ${user}@${at(bastion)} -p ${server.port} ${user}@127.0.0.2 true
  if it has moved: pulumi config set recoloca:hostAddress ADDRESS`);
    } finally {
      await server.start();
    }
  });

  test("has a name that the bastion does not know", async () => {
    expect(await refused({ ...address, host: "nobody.invalid" })).toMatch(
      /^the server nobody\.invalid:\d+ does not answer its bastion 127\.0\.0\.1:\d+ \(.+\)/,
    );
  });

  test("is only starting: it is waited for", async () => {
    await server.stop();
    const session = new SshSession();
    const opening = session.open(address, 30);
    await sleep(300);
    await server.start();
    expect(await opening).toBeUndefined();
    expect((await session.run("echo up")).stdout).toBe("up\n");
  });

  test("does not take the key", async () => {
    const said = await refused({ ...address, privateKey: keys.other.secret });
    expect(said).toContain(`the server ${at(server)}, behind the bastion ${at(bastion)}, does not let "${user}" in with the private key of this stack`);
    expect(said).toContain("pulumi config set --secret recoloca:sshPrivateKey");
  });

  test("has another host key than the pinned one", async () => {
    const said = await refused({ ...address, hostKey: keys.other.open });
    expect(said).toContain(`whoever answers at ${at(server)}, behind the bastion ${at(bastion)}, is not the server whose host key is pinned`);
    expect(said).toContain(
      `pulumi config set recoloca:hostKey "$(ssh -p ${bastion.port} ${user}@127.0.0.1 ssh-keyscan -p ${server.port} -t ed25519 127.0.0.2 | cut -d' ' -f2-)"`,
    );
  });
});

describe("a server without a bastion", () => {
  const direct = (change: Partial<Machine> = {}): Address => ({ ...withoutVia(address), ...change });
  const withoutVia = ({ via: _via, ...machine }: Address): Address => machine;

  test("is reached directly", async () => {
    const [before, forwards] = [server.connections, bastion.forwards(server)];
    const session = new SshSession();
    expect(await session.open(direct())).toBeUndefined();
    expect((await session.run("echo here")).stdout).toBe("here\n");
    expect([server.connections - before, bastion.forwards(server) - forwards]).toEqual([1, 0]);
  });

  test("is spoken of as if there were none", async () => {
    const said = [
      await refused(direct({ port: 1 })),
      await refused(direct({ privateKey: keys.other.secret })),
      await refused(direct({ hostKey: keys.other.open })),
    ];
    expect(said[0]).toBe(`the server 127.0.0.2:1 does not answer (connect ECONNREFUSED 127.0.0.2:1); nothing was changed
  is it up, and does its firewall let this machine in? Try: ssh -p 1 ${user}@127.0.0.2 true
  if it has moved: pulumi config set recoloca:hostAddress ADDRESS`);
    expect(said[1]).toContain(`the server ${at(server)} does not let "${user}" in with the private key of this stack; nothing was changed\n`);
    expect(said[1]).toContain("git pull brings the one of today");
    expect(said[2]).toContain(`whoever answers at ${at(server)} is not the server whose host key is pinned; nothing was sent, nothing was changed\n`);
    expect(said[2]).toContain(`pulumi config set recoloca:hostKey "$(ssh-keyscan -p ${server.port} -t ed25519 127.0.0.2 | cut -d' ' -f2-)"`);
    expect(said.join("\n")).not.toContain("bastion");
  });
});

test("a key that is none is said of whose it is", async () => {
  expect(await refused(through({ privateKey: "no key\nno key at all" }))).toMatch(/^the bastion .*\n {2}that is no private key/);
  expect(await refused({ ...address, privateKey: "no key\nno key at all" })).toMatch(/^the server .*\n {2}that is no private key/);
});
