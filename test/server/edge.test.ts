/** What visitors' connections meet at the edge: host names and paths, headers, streams, and what a switch does to those that are open. */
import * as http from "node:http";
import { afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { sleep } from "../../local/command.ts";
import type { Plan } from "../../release/plan.ts";
import { deployPlan, get, installHostProgram, planFor, removeStack, webAnswering } from "../host.ts";
import { imagesOf, server, url } from "../site.ts";

let image: string;
let plan: Plan;
beforeAll(async () => {
  image = (await imagesOf("1")).backend;
  await installHostProgram();
});
afterEach(() => removeStack(plan));

/** Headers as JSON, an event stream below /events, anything that is upgraded gets its bytes back. */
const STREAMS = `
const http = require("node:http");
const server = http.createServer((request, response) => {
  response.setHeader("x-release", process.env.RELEASE);
  // Which request of its connection this is.
  response.setHeader("x-nth", (request.socket.nth = (request.socket.nth ?? 0) + 1));
  if (request.url !== "/events") return response.end(JSON.stringify(request.headers));
  response.writeHead(200, { "content-type": "text/event-stream" });
  const timer = setInterval(() => response.write("data: " + process.env.RELEASE + "\\n\\n"), 100);
  request.on("close", () => clearInterval(timer));
});
server.on("upgrade", (request, socket) => {
  socket.write("HTTP/1.1 101 Switching Protocols\\r\\nconnection: upgrade\\r\\nupgrade: echo\\r\\n\\r\\n");
  socket.pipe(socket);
  socket.on("error", () => undefined);
});
server.keepAliveTimeout = 75000;
server.listen(8000);
`;

const streams = (change: Partial<Plan> = {}) =>
  planFor(image, {
    compose: `services:\n  web:\n    image: web\n    init: true\n    command: ${JSON.stringify(["node", "-e", STREAMS])}\n    environment: { RELEASE: "\${RELEASE}" }\n`,
    variables: { RELEASE: "first" },
    routes: [{ host: "*", path: "/", service: "web", port: 8000 }],
    gates: [{ name: "web", path: "/", status: 200, timeout: 20, passes: 2, interval: 0.05 }],
    ...change,
  });

test("host names come before any host, long paths before short ones, and a prefix ends at a slash", async () => {
  const web = (name: string) => `  ${name}:\n    image: web\n    init: true\n    command: ${JSON.stringify(webAnswering(`"${name} " + self.path`))}\n`;
  plan = planFor(image, {
    compose: `services:\n${web("web")}${web("api")}${web("admin")}`,
    images: { web: image, api: image, admin: image },
    routes: [
      { host: "*", path: "/", service: "web", port: 8000 },
      { host: "*", path: "/api", service: "api", port: 8000 },
      { host: "admin.test", path: "/", service: "admin", port: 8000 },
    ],
    gates: [],
  });
  expect((await deployPlan(plan)).code).toBe(0);
  const body = async (path: string, host: string) => (await get(path, host)).body;
  expect(await body("/api", "any.test")).toBe("api /api");
  expect(await body("/api/v1?x=1", "any.test")).toBe("api /api/v1?x=1");
  expect(await body("/apiary", "any.test")).toBe("web /apiary");
  expect(await body("/api", "ADMIN.test:80")).toBe("admin /api");
});

test("the application learns who asked, how, and for which host", async () => {
  plan = streams();
  expect((await deployPlan(plan)).code).toBe(0);
  const headers = JSON.parse((await get("/headers", "shop.test")).body) as Record<string, string>;
  expect(headers).toMatchObject({
    host: "shop.test",
    "x-forwarded-host": "shop.test",
    "x-forwarded-proto": "http",
    "x-forwarded-port": "80",
    "x-forwarded-for": "127.0.0.1",
  });
});

test("an application that takes no connection for a moment is waited for, and nobody is turned away", async () => {
  // Its queue has room for a few, and for a second it looks at none of them.
  const busy = `
const block = () => { const end = Date.now() + 1200; while (Date.now() < end); };
require("node:http").createServer((request, response) => { response.end("answered"); if (request.url === "/block") block(); }).listen({ port: 8000, backlog: 4 });
`;
  const command = JSON.stringify(["node", "-e", busy]);
  plan = streams({ compose: `services:\n  web:\n    image: web\n    init: true\n    command: ${command}\n`, variables: {} });
  expect((await deployPlan(plan)).code).toBe(0);
  const { stdout } = await server(
    `curl -s -o /dev/null http://127.0.0.1/block; for i in $(seq 40); do curl -s -o /dev/null -m 10 -w '%{http_code}\\n' http://127.0.0.1/ & done; wait`,
  );
  expect(stdout.trim().split("\n")).toEqual(Array<string>(40).fill("200"));
});

test("a release's routes come and go with it: one that fails leaves the live one's as they are", async () => {
  plan = streams();
  expect((await deployPlan(plan)).code).toBe(0);
  const change = { release: "2", routes: [{ host: "*", path: "/new", service: "web", port: 8000 }], variables: { RELEASE: "second" } };
  const failing = await deployPlan({ ...plan, ...change, gates: [{ ...plan.gates[0]!, path: "/new", status: 418, timeout: 1 }] });
  expect(failing.code, failing.output).toBe(21);
  expect((await get("/")).status).toBe(200);
  const good = await deployPlan({ ...plan, ...change, gates: [] });
  expect(good.code, good.output).toBe(0);
  expect((await get("/new")).status).toBe(200);
  expect((await get("/")).status).toBe(503);
});

interface Stream {
  readonly response: http.IncomingMessage;
  readonly text: () => string;
  /** Milliseconds from the call to the end, however it came. */
  readonly ended: Promise<number>;
}

const openEvents = () =>
  new Promise<Stream>((done, fail) => {
    const began = performance.now();
    const request = http.get(`${url}/events`, { agent: false }, (response) => {
      let text = "";
      const ended = new Promise<number>((end) => response.on("close", () => end(performance.now() - began)));
      response.setEncoding("utf8").on("data", (part: string) => {
        text += part;
        done({ response, text: () => text, ended });
      });
      response.on("error", () => undefined);
    });
    request.on("error", fail);
  });

const openEcho = () =>
  new Promise<{ say: (text: string) => Promise<string>; ended: Promise<void> }>((done, fail) => {
    const request = http.get(`${url}/echo`, { agent: false, headers: { connection: "upgrade", upgrade: "echo" } });
    request.on("upgrade", (_response, socket) => {
      const ended = new Promise<void>((end) => socket.on("close", () => end()));
      socket.on("error", () => undefined);
      done({ ended, say: (text) => new Promise((answer) => (socket.once("data", (part: Buffer) => answer(part.toString())), socket.write(text))) });
    });
    request.on("error", fail);
  });

describe("streams", () => {
  test("are not held back, and outlive a switch until the drain time is over; what is cut is counted", async () => {
    plan = streams();
    await deployPlan(plan);
    const [events, echo] = [await openEvents(), await openEcho()];
    expect(events.text()).toContain("data: first");
    expect(await echo.say("hello")).toBe("hello");
    const next = deployPlan({ ...plan, release: "2", variables: { RELEASE: "second" }, drain: 4, watch: 1 });
    await expect
      .poll(async () => (await get("/")).status === 200 && (await fetch(`${url}/`)).headers.get("x-release"), { timeout: 20_000, interval: 50 })
      .toBe("second");
    const seen = events.text().length;
    expect(await echo.say("still here")).toBe("still here");
    await expect.poll(() => events.text().length).toBeGreaterThan(seen);
    const ran = await next;
    expect(ran.code, ran.output).toBe(0);
    expect(ran.output).toContain("release 1 drained for 4.0s, 2 streams cut, and removed");
    await Promise.all([events.ended, echo.ended]);
  });

  test("that were begun before a reload of the edge are counted, and cut, as well", async () => {
    plan = streams();
    await deployPlan(plan);
    const events = await openEvents();
    await server("systemctl reload haproxy");
    const ran = await deployPlan({ ...plan, release: "2", variables: { RELEASE: "second" }, drain: 3, watch: 1 });
    expect(ran.code, ran.output).toBe(0);
    expect(ran.output).toContain("release 1 drained for 3.0s, 1 stream cut, and removed");
    await events.ended;
  });

  test("that end in time are not cut", async () => {
    plan = streams();
    await deployPlan(plan);
    const events = await openEvents();
    const next = deployPlan({ ...plan, release: "2", variables: { RELEASE: "second" }, drain: 30, watch: 1 });
    await expect.poll(async () => (await fetch(`${url}/`)).headers.get("x-release"), { timeout: 20_000, interval: 50 }).toBe("second");
    events.response.destroy();
    const ran = await next;
    expect(ran.output).toContain("live. release 1 drained and removed");
  });
});

describe("a visitor's connection that is kept open", () => {
  interface Seen {
    readonly status: number;
    readonly release: string;
    readonly nth: string;
    readonly reused: boolean;
    readonly last: boolean;
  }
  let agent: http.Agent;
  beforeEach(() => (agent = new http.Agent({ keepAlive: true, maxSockets: 1 })));
  afterEach(() => agent.destroy());
  const ask = (path = "/") =>
    new Promise<Seen>((done, fail) => {
      const request = http.get(`${url}${path}`, { agent }, (response) => {
        const { "x-release": release, "x-nth": nth, connection } = response.headers;
        const seen = { status: response.statusCode!, release: String(release), nth: String(nth), reused: request.reusedSocket, last: connection === "close" };
        response.resume().on("end", () => done(seen));
      });
      request.on("error", fail);
    });
  const second = (change: Partial<Plan> = {}) => deployPlan({ ...plan, release: "2", variables: { RELEASE: "second" }, ...change });
  const deployed = (ran: { code: number; output: string }) => expect(ran.code, ran.output).toBe(0);

  test("is answered by the new release at its next request", async () => {
    plan = streams();
    deployed(await deployPlan(plan));
    expect(await ask()).toMatchObject({ release: "first", reused: false });
    deployed(await second());
    expect(await ask()).toMatchObject({ release: "second", reused: true });
  });

  test("leads each request to the application by a connection of its own, which nobody can close under it", async () => {
    plan = streams();
    deployed(await deployPlan(plan));
    await ask();
    expect(await ask()).toMatchObject({ nth: "1", reused: true });
  });

  test("outlives a reload, and meets the closed door all the same", async () => {
    plan = streams();
    deployed(await deployPlan(plan));
    await ask();
    await server("systemctl reload haproxy");
    deployed(await server("recoloca maintenance on"));
    expect(await ask()).toMatchObject({ status: 503, reused: true });
    deployed(await server("recoloca maintenance off"));
  });

  test("outlives the reload that a release's new routes need, and is answered once more by the old release, which waits for it", async () => {
    plan = streams();
    deployed(await deployPlan(plan));
    await ask();
    const routes = [...plan.routes, { host: "*", path: "/new", service: "web", port: 8000 }];
    const deploy = second({ routes, watch: 0, drain: 1 });
    await expect.poll(async () => (await fetch(`${url}/new`)).headers.get("x-release"), { timeout: 20_000, interval: 50 }).toBe("second");
    // Where nobody waited, the old release would have been stopped meanwhile.
    await sleep(3000);
    expect(await ask()).toMatchObject({ status: 200, release: "first", reused: true, last: true });
    const ran = await deploy;
    deployed(ran);
    expect(ran.output).toContain("live. release 1 drained and removed");
  });
});
