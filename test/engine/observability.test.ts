/** A stack that is measured, with a real server and a receiver on it: what arrives there, who is told, and that it ends when nobody wants it. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { METRICS } from "../../release/metrics.ts";
import type { LocalStack } from "../../local/stack.ts";
import { deploy, openStack, server, settingsFor, url, wipe } from "../site.ts";

const ENDPOINT = "http://127.0.0.1:9098";
const TOKEN = "a-token-that-nobody-may-see";
const STACK = "recoloca-local";
const OBSERVED = { observability: { to: "telemetry" } };

/** Keeps what it gets, of OTLP and of whoever is told, a line each; and is told nothing while there is this file. */
const DEAF = "/tmp/deaf";
const RECEIVER = `
const fs = require("node:fs");
require("node:http").createServer((request, response) => {
  let body = "";
  request.on("data", (text) => (body += text)).on("end", () => {
    if (request.url === "/told" && fs.existsSync("${DEAF}")) response.statusCode = 503;
    else fs.appendFileSync("/tmp/observed", JSON.stringify({ path: request.url, token: request.headers.authorization, body: JSON.parse(body || "{}") }) + "\\n");
    response.setHeader("content-type", "application/json");
    response.end("{}");
  });
}).listen(9098, "127.0.0.1");
`;
const receive = async () => {
  await server("cat > /tmp/receiver.js; systemd-run --quiet --collect --unit=receiver node /tmp/receiver.js", RECEIVER);
  await server(`until curl --silent --output /dev/null ${ENDPOINT}/; do sleep 0.1; done; rm -f /tmp/observed`);
};

interface Got {
  readonly path: string;
  readonly token?: string;
  readonly body: Record<string, unknown>;
}
interface LogRecord {
  readonly eventName?: string;
  readonly body: { readonly stringValue: string };
  readonly attributes: { readonly key: string; readonly value: { readonly stringValue?: string } }[];
}
const got = async (path: string) =>
  (await server("cat /tmp/observed 2>/dev/null || true")).stdout
    .split("\n")
    .filter(Boolean)
    .map((line) => JSON.parse(line) as Got)
    .filter((one) => one.path === path);
const records = async () =>
  (await got("/v1/logs")).flatMap(({ body }) =>
    (body["resourceLogs"] as { scopeLogs: { logRecords: LogRecord[] }[] }[]).flatMap((one) => one.scopeLogs.flatMap((scope) => scope.logRecords)),
  );
const figures = async () =>
  (await got("/v1/metrics")).map(({ body }) =>
    Object.fromEntries(
      (body["resourceMetrics"] as { scopeMetrics: { metrics: { name: string; gauge: { dataPoints: { asDouble: number }[] } }[] }[] }[]).flatMap((one) =>
        one.scopeMetrics.flatMap((scope) => scope.metrics.map(({ name, gauge }): [string, number] => [name, gauge.dataPoints[0]!.asDouble])),
      ),
    ),
  );
const told = async () => (await got("/told")).map(({ body }) => body as { what?: string; metric?: string; over?: boolean; text: string });
const look = () => server("recoloca measure --send");
const containerOf = async (service: string) =>
  (await server(`docker ps --all --quiet --filter label=recoloca.stack=${STACK} --filter label=recoloca.service=${service}`)).stdout.trim().split("\n")[0]!;

let stack: LocalStack;
beforeAll(async () => {
  stack = await openStack();
  await wipe();
  await receive();
});
afterAll(async () => {
  await server("systemctl stop receiver");
  await stack.configure(await settingsFor("1"));
  await stack.up();
  await wipe();
});

async function secrets(): Promise<void> {
  for (const [key, value] of [
    ["telemetry.endpoint", ENDPOINT],
    ["telemetry.headers.authorization", `Bearer ${TOKEN}`],
    ["notify[0].url", `${ENDPOINT}/told`],
  ] as const) {
    const ran = await stack.pulumi(["config", "set", "--path", "--secret", `recoloca:${key}`], { input: value });
    expect(ran.code, ran.output).toBe(0);
  }
}

test("off, unless somebody wants it", async () => {
  const ran = await deploy(stack, "1");
  expect(ran.code, ran.output).toBe(0);
  expect((await server("systemctl list-timers --all")).stdout).not.toContain("recoloca-measure");
  const shown = await server("recoloca measure");
  expect(shown.code, shown.output).toBe(0);
  expect(shown.stdout).toMatch(/recoloca-local on .*, not sent anywhere/);
  expect(shown.stdout).toMatch(/\d+\.\d % +of the fullest disk/);
  expect((await look()).output).toContain("recoloca-local is not measured: recoloca:observability in the stack's configuration");
});

test("wanted, it is measured from then on, and the token is in no output, state or argument", async () => {
  await stack.configure(await settingsFor("1", OBSERVED));
  await secrets();
  const args = server("for i in $(seq 100); do cat /proc/[0-9]*/cmdline 2>/dev/null | tr '\\0' ' '; sleep 0.05; done");
  const ran = await stack.up();
  expect(ran.code, ran.output).toBe(0);
  expect(ran.output).toContain("recoloca-local is measured once a minute; 127.0.0.1:9098 has taken the first look");
  const state = (await stack.pulumi(["stack", "export"])).stdout;
  for (const place of [ran.output, state, (await args).stdout]) expect(place).not.toContain(TOKEN);
  expect((await server("systemctl is-active recoloca-measure@recoloca-local.timer")).stdout.trim()).toBe("active");
  expect((await server(`stat -c '%a %U' /var/lib/recoloca/observation/${STACK}/order.json`)).stdout.trim()).toBe("600 root");
  const [first] = await got("/v1/metrics");
  expect(first!.token).toBe(`Bearer ${TOKEN}`);
  expect((await figures())[0]).toMatchObject({
    [METRICS.disk.name]: expect.any(Number) as number,
    [METRICS.memory.name]: expect.any(Number) as number,
    [METRICS.load.name]: expect.any(Number) as number,
    [METRICS.unhealthy.name]: 0,
    [METRICS.backup.name]: 0,
  });
  const again = await stack.up();
  expect(again.output).toMatch(/\d+ unchanged/);
  expect(again.output).not.toMatch(/\d+ (created|updated|replaced)/);
});

test("the timer does it by itself", { timeout: 180_000 }, async () => {
  const before = (await figures()).length;
  const ran = await server(`for i in $(seq 130); do [ "$(grep --count /v1/metrics /tmp/observed)" -gt ${before} ] && exit 0; sleep 1; done; exit 1`);
  expect(ran.code).toBe(0);
  // From here on the looks are the test's own.
  await server("systemctl stop recoloca-measure@recoloca-local.timer; while systemctl is-active --quiet recoloca-measure@recoloca-local; do sleep 0.1; done");
  const journal = (await server("journalctl --unit recoloca-measure@recoloca-local --output=cat")).stdout;
  expect(journal).not.toMatch(/Starting|Finished|Deactivated/);
});

test("what containers print arrives once, line by line, with the service's name", async () => {
  const id = await containerOf("backend");
  const print = (text: string) => server(`docker exec ${id} sh -c 'echo ${text} > /proc/1/fd/1'`);
  await print("marker-one");
  await look();
  await print("marker-two");
  await look();
  await look();
  const lines = (await records()).filter(({ body }) => body.stringValue.startsWith("marker-"));
  expect(lines.map(({ body }) => body.stringValue)).toEqual(["marker-one", "marker-two"]);
  expect(lines[0]!.attributes).toContainEqual({ key: "recoloca.service", value: { stringValue: "backend" } });
});

test("a backup has an age from when it was taken", async () => {
  expect((await server("recoloca backup")).code).toBe(0);
  await look();
  expect((await figures()).at(-1)![METRICS.backupAge.name]).toBeLessThan(60);
});

test("requests and the share of them that failed are counted by the edge", async () => {
  await look();
  await Promise.all(Array.from({ length: 30 }, () => fetch(`${url}/api/v1/version`)));
  await look();
  expect((await figures()).at(-1)).toMatchObject({ [METRICS.requests.name]: 30, [METRICS.errors.name]: 0 });
});

test("a release that ends is an event", async () => {
  await stack.configure(await settingsFor("2", OBSERVED));
  await secrets();
  const ran = await stack.up();
  expect(ran.code, ran.output).toBe(0);
  await look();
  const events = (await records()).filter(({ eventName }) => eventName === "recoloca.release");
  expect(events.map(({ body }) => body.stringValue)).toEqual([expect.stringMatching(/recoloca-local: release 2 \(2\) by a test/) as string]);
});

test("an unhealthy release is told after three looks, once, and its end once; a webhook that was down is told later", async () => {
  const redis = await containerOf("redis");
  await server(`docker stop ${redis}; touch ${DEAF}`);
  for (let looks = 0; looks < 4; looks++) await look();
  expect((await told()).filter(({ what }) => what === "alarm")).toEqual([]);
  expect((await records()).filter(({ eventName }) => eventName === "recoloca.alarm")).toHaveLength(1);
  await server(`rm ${DEAF}`);
  await look();
  await server(`docker start ${redis}; until [ "$(docker inspect --format '{{.State.Status}}' ${redis})" = running ]; do sleep 0.1; done`);
  const alarms = async () => {
    // It may not be well yet, and the timer may be looking itself.
    await look();
    return (await told()).filter(({ what, metric }) => what === "alarm" && metric === "unhealthy");
  };
  await expect.poll(async () => (await alarms()).map(({ over }) => over), { timeout: 60_000 }).toEqual([false, true]);
  expect((await alarms())[0]!.text).toMatch(/recoloca-local: "redis" is (exited|unhealthy)/);
  expect((await figures()).map((one) => one[METRICS.unhealthy.name])).toContain(1);
});

test("an endpoint that is down is said by doctor after a while, and what was printed meanwhile arrives later", async () => {
  await server("systemctl stop receiver");
  const id = await containerOf("backend");
  await server(`docker exec ${id} sh -c 'echo marker-meanwhile > /proc/1/fd/1'`);
  const failed = await look();
  expect(failed.code).toBe(1);
  expect(failed.output).toMatch(/127\.0\.0\.1:9098 did not take it: .*ECONNREFUSED/);
  expect((await server("recoloca doctor")).output).not.toContain("has not");
  const memory = `/var/lib/recoloca/observation/${STACK}/memory.json`;
  await server(`sed -i 's/"arrivedAt":"[^"]*"/"arrivedAt":"2026-01-01T00:00:00.000Z"/' ${memory}`);
  const found = await server("recoloca doctor");
  expect(found.output).toMatch(/what is measured has not since \d+d arrived at 127\.0\.0\.1:9098: .*\n +recoloca measure --send/);
  expect(found.output).not.toContain(TOKEN);
  await receive();
  expect((await look()).output).toContain("127.0.0.1:9098 has taken it");
  expect((await records()).map(({ body }) => body.stringValue)).toContain("marker-meanwhile");
});

test("not wanted any more: no timer, no order, no token on the server", async () => {
  await stack.configure(await settingsFor("2"));
  const ran = await stack.up();
  expect(ran.code, ran.output).toBe(0);
  expect((await server("systemctl list-timers --all")).stdout).not.toContain("recoloca-measure");
  expect((await server(`ls /var/lib/recoloca/observation/${STACK} 2>&1`)).code).not.toBe(0);
  expect((await server(`ls /etc/systemd/system`)).stdout).not.toContain("recoloca-measure@recoloca-local.timer");
});
