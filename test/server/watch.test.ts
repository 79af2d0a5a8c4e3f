/** The watch window: what ends it, what does not, and that the old release serves again afterwards, whole. */
import { afterEach, beforeAll, describe, expect, test } from "vitest";
import type { Plan } from "../../release/plan.ts";
import { deployPlan, get, installHostProgram, planFor, removeStack } from "../host.ts";
import { imagesOf, server, url } from "../site.ts";

let image: string;
let plan: Plan;
beforeAll(async () => {
  image = (await imagesOf("1")).backend;
  await installHostProgram();
});
afterEach(() => removeStack(plan));

/** Says its release; what else it does at a request is its BEHAVIOUR. */
const WEB = `
let asked = 0;
require("node:http").createServer((request, response) => {
  const gate = (request.headers["user-agent"] || "").includes("recoloca-gate");
  if (!gate || request.headers.host === "web.test") asked++;
  const late = gate ? 0 : Number(process.env.LATE || 0);
  const status = new Function("asked", "gate", "return " + (process.env.BEHAVIOUR || "200"))(asked, gate);
  setTimeout(() => response.writeHead(status, { "x-release": process.env.RELEASE }).end(), late);
}).listen(8000);
`;

const application = (behaviour: string, change: Partial<Plan> = {}) =>
  planFor(image, {
    compose: `services:
  web:
    image: web
    init: true
    command: ${JSON.stringify(["node", "-e", WEB])}
    environment: { RELEASE: "\${RELEASE}", BEHAVIOUR: "\${BEHAVIOUR}", LATE: "\${LATE}" }
  worker:
    image: web
    init: true
    command: ${JSON.stringify(["sh", "-c", 'eval "$$WORK"'])}
    environment: { WORK: "\${WORK}" }
`,
    images: { web: image, worker: image },
    variables: { RELEASE: "first", BEHAVIOUR: behaviour, LATE: "0", WORK: "exec sleep 3600" },
    routes: [{ host: "*", path: "/", service: "web", port: 8000 }],
    gates: [{ name: "web", path: "/", status: 200, timeout: 20, passes: 2, interval: 0.05 }],
    ...change,
  });

const next = (change: Record<string, string>, more: Partial<Plan> = {}) =>
  deployPlan({ ...plan, release: "2", watch: 6, ...more, variables: { ...plan.variables, RELEASE: "second", ...change } });

const containers = async () =>
  (await server(`docker ps --filter label=recoloca.stack=shapes-test --format '{{.Label "recoloca.service"}} {{.Label "recoloca.release"}}'`)).stdout
    .trim()
    .split("\n")
    .sort();

async function firstServesAgain(): Promise<void> {
  expect((await fetch(url)).headers.get("x-release")).toBe("first");
  expect(await containers()).toEqual(["web 1", "worker 1"]);
}

/** Visitors, until the edge has given them to the new release often enough. */
async function visit(times: number): Promise<number[]> {
  await expect.poll(async () => (await fetch(url)).headers.get("x-release"), { timeout: 20_000, interval: 30 }).toBe("second");
  const statuses: number[] = [];
  for (let index = 0; index < times; index++) statuses.push((await fetch(url)).status);
  return statuses;
}

describe("ends it, and the old release serves again", () => {
  test.each([
    ["a worker that dies", { WORK: "sleep 1; exit 3" }, /"worker" died with exit code 3 while watched/],
    ["a worker that is killed", { WORK: "sh -c 'kill -9 $PPID'; sleep 9" }, /"worker" (died|exited) with (exit )?code 137/],
  ])("%s", async (_what, change, says) => {
    plan = application("200");
    expect((await deployPlan(plan)).code).toBe(0);
    const ran = await next(change);
    expect(ran.code, ran.output).toBe(22);
    expect(ran.output).toMatch(says);
    await firstServesAgain();
  });

  test("a share of server errors that the old release did not have", async () => {
    plan = application("200");
    await deployPlan(plan);
    const deploying = next({ BEHAVIOUR: "gate || asked % 3 ? 200 : 500" });
    await visit(120);
    const ran = await deploying;
    expect(ran.code, ran.output).toBe(22);
    expect(ran.output).toMatch(/\d+\.\d % of \d+ requests were answered with 5xx \(release 1: 0\.0 %\)/);
    await firstServesAgain();
  });

  test("answers that take much longer than the old release's did", async () => {
    plan = application("200");
    await deployPlan(plan);
    for (let index = 0; index < 30; index++) await fetch(url);
    const deploying = next({ LATE: "400" }, { watch: 30 });
    await visit(1);
    const enough = Date.now() + 20_000;
    let over = false;
    void deploying.then(() => (over = true));
    while (!over && Date.now() < enough) await Promise.all(Array.from({ length: 60 }, () => fetch(url)));
    const ran = await deploying;
    expect(ran.code, ran.output).toBe(22);
    expect(ran.output).toMatch(/answers take [34]\d\d ms on average \(release 1: \d+ ms\)/);
    await firstServesAgain();
  });

  test("a gate that is wrong three times in a row", async () => {
    plan = application("200");
    await deployPlan(plan);
    const ran = await next({ BEHAVIOUR: "gate && process.uptime() > 3 ? 404 : 200" }, { watch: 20 });
    expect(ran.code, ran.output).toBe(22);
    expect(ran.output).toContain('NOT HEALTHY: gate "web" wanted 200 at / while watched, got 404');
    await firstServesAgain();
  });
});

describe("does not end it", () => {
  test("a gate that is wrong now and then", async () => {
    plan = application("200");
    await deployPlan(plan);
    const ran = await next({ BEHAVIOUR: "gate && Math.floor(process.uptime()) % 3 == 2 && process.uptime() > 2.9 ? 404 : 200" });
    expect(ran.code, ran.output).toBe(0);
  });

  test("server errors that the old release had too", async () => {
    plan = application("gate || asked % 3 ? 200 : 500");
    await deployPlan(plan);
    for (let index = 0; index < 60; index++) await fetch(url);
    const deploying = next({});
    const statuses = await visit(90);
    expect(statuses).toContain(500);
    const ran = await deploying;
    expect(ran.code, ran.output).toBe(0);
    expect((await get("/")).status).toBeLessThan(501);
  });
});
