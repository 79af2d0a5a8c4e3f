/** The server as it runs: a process of its own, asked over HTTP. */
"use strict";
const assert = require("node:assert/strict");
const { spawn } = require("node:child_process");
const { once } = require("node:events");
const fs = require("node:fs");
const http = require("node:http");
const os = require("node:os");
const path = require("node:path");
const { after, before, describe, test } = require("node:test");

const SOURCE = path.join(__dirname, "..");

/** @param {string} folder */
async function started(folder) {
  const child = spawn(process.execPath, ["--require", path.join(__dirname, "any-port.js"), path.join(folder, "server.js")], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const [line] = await once(child.stdout, "data");
  /** @type {{ asked: number, port: number }} */
  const { asked, port } = JSON.parse(String(line));
  return { child, asked, port, url: `http://127.0.0.1:${port}` };
}

/** @param {import("node:child_process").ChildProcess} child */
async function stopped(child) {
  const exit = once(child, "exit");
  child.kill("SIGTERM");
  const [code] = await exit;
  return code;
}

describe("a checkout, which is of no release", () => {
  /** @type {Awaited<ReturnType<typeof started>>} */
  let server;
  before(async () => void (server = await started(SOURCE)));
  after(() => stopped(server.child));

  test("asks for the port that the Compose file publishes", () => assert.equal(server.asked, 3000));
  test("serves the page, with its version in it", async () => {
    const answer = await fetch(server.url);
    assert.equal(answer.status, 200);
    assert.match(answer.headers.get("content-type"), /^text\/html/);
    assert.equal(answer.headers.get("x-version"), "1");
    const page = await answer.text();
    assert.match(page, /frontend 1,/);
    assert.ok(!page.includes("{{"));
  });
  test("serves it whatever is asked after the path", async () => assert.equal((await fetch(`${server.url}/?from=mail`)).status, 200));
  test("is healthy", async () => assert.deepEqual(await (await fetch(`${server.url}/health`)).json(), { status: "ok", version: "1" }));
  test("has nothing else", async () => {
    const answer = await fetch(`${server.url}/server.js`);
    assert.equal(answer.status, 404);
    assert.equal(await answer.text(), "not found\n");
  });
});

test("a release says its own version", async () => {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), "frontend-"));
  for (const name of ["server.js", "page.html"]) fs.copyFileSync(path.join(SOURCE, name), path.join(folder, name));
  fs.writeFileSync(path.join(folder, "VERSION"), "42\n");
  const server = await started(folder);
  const answer = await fetch(server.url);
  assert.equal(answer.headers.get("x-version"), "42");
  assert.match(await answer.text(), /frontend 42,/);
  assert.equal(await stopped(server.child), 0);
  fs.rmSync(folder, { recursive: true });
});

test("a connection stays open longer than the edge keeps an idle one", async () => {
  const server = await started(SOURCE);
  const agent = new http.Agent({ keepAlive: true });
  const [answer] = await once(http.get(server.url, { agent }), "response");
  assert.equal(answer.headers["keep-alive"], "timeout=75");
  answer.resume();
  await once(answer, "end");
  agent.destroy();
  await stopped(server.child);
});

test("asked to stop, it ends well", async () => {
  const server = await started(SOURCE);
  await (await fetch(`${server.url}/health`)).text();
  assert.equal(await stopped(server.child), 0);
});
