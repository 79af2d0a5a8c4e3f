/** HAProxy's sockets while it restarts: whoever asks meanwhile is answered by the process that comes. */
import * as fs from "node:fs";
import * as net from "node:net";
import * as os from "node:os";
import * as path from "node:path";
import { afterAll, expect, test } from "vitest";
import { sessionsOf } from "../../server/edge.ts";
import { ask, formerWorkers } from "../../server/haproxy.ts";

const folder = fs.mkdtempSync(path.join(os.tmpdir(), "haproxy-"));
const servers: net.Server[] = [];
afterAll(() => {
  for (const one of servers) one.close();
  fs.rmSync(folder, { recursive: true });
});

function listens(socket: string, does: (connection: net.Socket) => void): Promise<net.Server> {
  const server = net.createServer(does);
  servers.push(server);
  return new Promise((done) => server.listen(socket, () => done(server)));
}
const answers = (connection: net.Socket) => connection.once("data", (command) => connection.end(`heard ${command.toString()}`));

test("a socket that is not there yet is waited for", async () => {
  const socket = path.join(folder, "late");
  const asked = ask(socket, "show version");
  await new Promise((done) => setTimeout(done, 200));
  await listens(socket, answers);
  expect(await asked).toBe("heard show version");
});

test("one that nobody listens at any more is waited for", async () => {
  const socket = path.join(folder, "dead");
  // The file stays where its process was killed.
  const old = path.join(folder, "old");
  const server = await listens(old, answers);
  fs.linkSync(old, socket);
  await new Promise((done) => server.close(done));
  const asked = ask(socket, "show stat");
  await new Promise((done) => setTimeout(done, 200));
  fs.rmSync(socket);
  await listens(socket, answers);
  expect(await asked).toBe("heard show stat");
});

test("one whose process goes before it has said anything is asked again", async () => {
  const socket = path.join(folder, "torn");
  let first = true;
  await listens(socket, (connection) => {
    if (!first) return void answers(connection);
    first = false;
    connection.once("data", () => connection.destroy());
  });
  expect(await ask(socket, "show stat")).toBe("heard show stat");
});

test("one that stays away is waited for once, for as long as a restart may take", { timeout: 15_000 }, async () => {
  const socket = path.join(folder, "away");
  await expect(ask(socket, "show stat")).rejects.toThrow("ENOENT");
  const began = performance.now();
  await expect(ask(socket, "show stat")).rejects.toThrow("ENOENT");
  expect(performance.now() - began).toBeLessThan(1000);
  await listens(socket, answers);
  expect(await ask(socket, "show stat")).toBe("heard show stat");
});

test("sessions of a process are known by backend and server", () => {
  const shown =
    "0x55d1c9f0: proto=tcpv4 src=10.0.0.1:5000 fe=web be=shop.web-80.blue srv=blue ts=00 age=3s calls=2\n0x55d1ca00: proto=unix_stream src=unix:1 fe=GLOBAL be=<NONE> srv=<none> ts=00 age=0s\n";
  expect(sessionsOf(shown)).toEqual([
    { id: "0x55d1c9f0", backend: "shop.web-80.blue", server: "blue" },
    { id: "0x55d1ca00", backend: "<NONE>", server: "<none>" },
  ]);
});

test("the processes of before a reload are those that its master calls old", () => {
  const head =
    "#<PID>          <type>          <reloads>       <uptime>        <version>      \n1   master  2 [failed: 0]   0d00h00m02s     3.0.11-1+deb13u5\n# workers\n";
  const one = (pid: number, reloads: number) => `${pid}              worker          ${reloads}               0d00h00m02s     3.0.11-1+deb13u5\n`;
  expect(formerWorkers(`${head}${one(19, 0)}# old workers\n${one(11, 2)}${one(15, 1)}# programs\n`)).toEqual([11, 15]);
  expect(formerWorkers(`${head}${one(19, 0)}# programs`)).toEqual([]);
  expect(formerWorkers(`${head}${one(19, 0)}# old workers\n${one(11, 2)}`.trim())).toEqual([11]);
  expect(formerWorkers("")).toEqual([]);
});
