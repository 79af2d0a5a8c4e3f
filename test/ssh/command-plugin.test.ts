/** The stand-in of the command plugin through a bastion: the other end is reached as by the plugin that it stands in for (pulumi-command v1.2.1, connection.go). */
import { createRequire } from "node:module";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Folder, Sshd, user, type Keys } from "./sshd.ts";

type RunRemote = (call: { connection: object; command: string; stdin?: string; onLine: () => void }) => Promise<{ stdout: string; stderr: string }>;
const { runRemote } = createRequire(import.meta.url)("../../tools/command-plugin/remote.cjs") as { runRemote: RunRemote };

const folder = new Folder();
let bastion: Sshd;
let server: Sshd;
let other: Keys;
let connection: { readonly proxy: object } & Record<string, unknown>;

beforeAll(async () => {
  const [own, hostKey, serverOwn, serverHostKey, unknown] = await Promise.all(["a", "b", "c", "d", "e"].map((name) => folder.keys(name)));
  other = unknown!;
  bastion = await Sshd.start(folder, { name: "bastion", host: "127.0.0.1", bastion: true, hostKey: hostKey!, authorized: own! });
  server = await Sshd.start(folder, { name: "server", host: "127.0.0.2", hostKey: serverHostKey!, authorized: serverOwn! });
  const to = ({ host, port }: Sshd, key: Keys, pinned: Keys) => ({
    ...{ host, port, user, privateKey: key.secret, hostKey: pinned.open },
    ...{ dialErrorLimit: 1, perDialTimeout: 5 },
  });
  connection = { ...to(server, serverOwn!, serverHostKey!), proxy: to(bastion, own!, hostKey!) };
});
afterAll(async () => {
  await Promise.all([bastion.stop(), server.stop()]);
  folder.remove();
});

const run = (change: object = {}, proxy: object = {}) =>
  runRemote({
    connection: { ...connection, ...change, proxy: { ...connection.proxy, ...proxy } },
    command: "cat | wc -c",
    stdin: "x".repeat(300_000),
    onLine: () => undefined,
  });

test("a command runs on the server, forwarded by the bastion", async () => {
  const [before, forwards] = [server.connections, bastion.forwards(server)];
  expect((await run()).stdout.trim()).toBe("300000");
  expect([server.connections - before, bastion.forwards(server) - forwards]).toEqual([1, 1]);
});

test("what the bastion refuses is tried again as often as its own limit says, and said of the proxy", async () => {
  const before = bastion.connections;
  await expect(run({}, { privateKey: other.secret, dialErrorLimit: 2 })).rejects.toThrow(/^proxy: after 2 failed attempts: /);
  expect(bastion.connections - before).toBe(3);
  await expect(run({}, { hostKey: other.open })).rejects.toThrow(/^proxy: after 1 failed attempts: .*host/i);
  await expect(run({}, { port: 1 })).rejects.toThrow(/^proxy: after 1 failed attempts: .*ECONNREFUSED/);
});

test("a server that is not there is asked for again through the same bastion", async () => {
  const before = bastion.connections;
  await expect(run({ port: 1 })).rejects.toThrow(/^proxy: after 1 failed attempts: .*Connection refused/);
  expect(bastion.connections - before).toBe(1);
});

test("a server that refuses has closed what the bastion opened, so that the second try says no more", async () => {
  const before = server.connections;
  await expect(run({ hostKey: other.open })).rejects.toThrow(/^proxy: after 1 failed attempts: ssh: handshake failed: EOF/);
  expect(server.connections - before).toBe(1);
  await expect(run({ hostKey: other.open, dialErrorLimit: 0 })).rejects.toThrow(/^proxy: after 0 failed attempts: .*host/i);
});
