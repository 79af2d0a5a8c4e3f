/** A release's trace, as a collector gets it: one span for the whole, one for each step, whatever became of it. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { bundled } from "../../components/host/host-program.ts";
import { TRACE_SCRIPT } from "../../components/host/install-scripts.ts";
import { must } from "../../local/command.ts";
import { sshArguments } from "../../local/server.ts";
import { testSite } from "../../local/site.ts";
import type { Plan } from "../../release/plan.ts";
import { release } from "../held-release.ts";
import { deployPlan, installHostProgram, removeStack } from "../host.ts";
import { server } from "../site.ts";

const telemetry = { endpoint: "http://127.0.0.1:9097", headers: { authorization: "Bearer a-secret" } };
const plan: Plan = { ...release("first"), telemetry };
const COLLECTOR = `
require("node:http").createServer((request, response) => {
  let body = "";
  request.on("data", (text) => (body += text)).on("end", () => {
    const told = { path: request.url, token: request.headers.authorization, body: JSON.parse(body || "{}") };
    require("node:fs").appendFileSync("/tmp/traces", JSON.stringify(told) + "\\n");
    response.setHeader("content-type", "application/json");
    response.end("{}");
  });
}).listen(9097, "127.0.0.1");
`;

beforeAll(async () => {
  await installHostProgram();
  // Whoever had this server before may have wanted traces.
  await server("rm -f /opt/recoloca/recoloca-trace.js");
  await server("cat > /tmp/collector.js; systemd-run --quiet --collect --unit=collector node /tmp/collector.js", COLLECTOR);
  await server("until curl --silent --output /dev/null http://127.0.0.1:9097/; do sleep 0.1; done; rm -f /tmp/traces");
});
afterAll(async () => {
  await server("systemctl stop collector; rm -f /opt/recoloca/recoloca-trace.js");
  await removeStack(plan);
});

interface Span {
  readonly name: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly traceId: string;
  readonly status: { readonly code?: number; readonly message?: string };
}

interface Sent {
  readonly path: string;
  readonly token: string;
  readonly body: { readonly resourceSpans: { readonly scopeSpans: { readonly spans: Span[] }[] }[] };
}

const sent = async () =>
  (await server("cat /tmp/traces")).stdout
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as Sent);

test("a host that has no program for it says so, and fails nobody's deploy", async () => {
  const ran = await deployPlan(plan);
  expect(ran.code, ran.output).toBe(0);
  expect(ran.output).toContain("127.0.0.1:9097 got no trace: /opt/recoloca/recoloca-trace.js is not on this host");
});

test("each step is a span of the release's, and a failed one says why", async () => {
  const { packed } = await bundled("trace");
  await must("ssh", [...sshArguments(testSite), TRACE_SCRIPT], { input: packed });
  const ran = await deployPlan({ ...release("second", { refused: true }), telemetry });
  expect(ran.code, ran.output).toBe(22);
  expect(ran.output).not.toContain("got no trace");
  expect(ran.output).not.toContain("a-secret");
  const told = await sent();
  expect(new Set(told.map((one) => `${one.path} ${one.token}`))).toEqual(new Set(["/v1/traces Bearer a-secret"]));
  const all = told.flatMap((one) => one.body.resourceSpans.flatMap((resource) => resource.scopeSpans.flatMap((scope) => scope.spans)));
  const root = all.find((span) => span.name === "deploy shapes-test")!;
  expect(root.status).toMatchObject({ code: 2, message: expect.stringContaining("NOT HEALTHY") as string });
  const steps = all.filter((span) => span !== root);
  expect(steps.map((span) => span.name)).toEqual(expect.arrayContaining(["pulled", "migrated", "started", "healthy", "switched", "undoing"]));
  expect(new Set(steps.map((span) => span.parentSpanId))).toEqual(new Set([root.spanId]));
  expect(new Set(all.map((span) => span.traceId)).size).toBe(1);
});
