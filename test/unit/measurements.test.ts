/** What is sent to CloudWatch and by OTLP each minute: the program as it lies on a server, against a real HTTP server that keeps what it gets. */
import { spawn } from "node:child_process";
import * as fs from "node:fs";
import * as http from "node:http";
import type { AddressInfo } from "node:net";
import * as os from "node:os";
import * as path from "node:path";
import { gunzipSync } from "node:zlib";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { bundled } from "../../components/host/host-program.ts";
import type { Sink } from "../../release/observation.ts";
import { batchesOf } from "../../server/measurements/cloudwatch.ts";
import type { Answer, Order } from "../../server/measurements/order.ts";

test("no request to CloudWatch is larger than it takes, and all are in the order of time", () => {
  const events = Array.from({ length: 12_000 }, (_, index) => ({ timestamp: 12_000 - index, message: "x".repeat(index % 2 === 0 ? 10 : 300) }));
  const batches = batchesOf(events);
  expect(batches.flat()).toHaveLength(12_000);
  expect(batches.length).toBeGreaterThan(1);
  for (const batch of batches) {
    expect(batch.length).toBeLessThanOrEqual(10_000);
    expect(batch.reduce((sum, { message }) => sum + message!.length + 26, 0)).toBeLessThanOrEqual(1_048_576);
  }
  const times = batches.flat().map(({ timestamp }) => timestamp!);
  expect(times).toEqual([...times].sort((a, b) => a - b));
  expect(batchesOf([])).toEqual([]);
  const days = [0, 3600_000, 25 * 3600_000].map((timestamp) => ({ timestamp, message: "x" }));
  expect(batchesOf(days).map((batch) => batch.length)).toEqual([2, 1]);
});

describe("what arrives", () => {
  interface Got {
    readonly path: string;
    readonly headers: http.IncomingHttpHeaders;
    readonly body: Record<string, unknown>;
  }
  let folder: string;
  let program: string;
  let receiver: http.Server;
  let endpoint: string;
  const got: Got[] = [];
  let answer: (one: Got) => { status: number; body: object };
  const well = () => ({ status: 200, body: {} });

  beforeAll(async () => {
    folder = fs.mkdtempSync(path.join(os.tmpdir(), "measurements-"));
    program = path.join(folder, "program.js");
    fs.writeFileSync(program, gunzipSync(Buffer.from((await bundled("measurements")).packed, "base64")));
    receiver = http.createServer((request, response) => {
      const parts: Buffer[] = [];
      request.on("data", (part: Buffer) => parts.push(part));
      request.on("end", () => {
        const one = { path: request.url!, headers: request.headers, body: JSON.parse(Buffer.concat(parts).toString()) as Got["body"] };
        got.push(one);
        const { status, body } = answer(one);
        response.writeHead(status, { "content-type": one.path === "/" ? "application/x-amz-json-1.1" : "application/json" }).end(JSON.stringify(body));
      });
    });
    await new Promise<void>((done) => receiver.listen(0, "127.0.0.1", done));
    endpoint = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}`;
  });
  afterAll(() => {
    receiver.close();
    fs.rmSync(folder, { recursive: true });
  });
  afterEach(() => void got.splice(0));

  const order = (sink: Sink): Order => ({
    sink,
    application: "recoloca",
    environment: "staging",
    stack: "recoloca-staging",
    host: "server-1",
    at: "2026-11-25T18:00:00.000Z",
    figures: { disk: 31.5, errors: 0, backupAge: 3600 },
    release: { number: 13, name: "2026.11.24-b81d03e" },
    occurrences: [{ at: "2026-11-25T17:59:30.000Z", name: "release", text: "release 13 is live", attributes: { number: 13, outcome: "live" } }],
    lines: [
      { at: "2026-11-25T17:59:59.123456789Z", container: "c1", service: "backend", stream: "stderr", text: "Größe: 3" },
      { at: "2026-11-25T17:59:59.123456790Z", container: "c1", service: "backend", stream: "stdout", text: "" },
      { at: "2026-11-25T17:59:58.000000001Z", container: "c2", service: "postgres", stream: "stdout", text: "ready" },
    ],
  });

  /** Keys are in no argument and in no file, as on a server: the SDK asks for them. */
  const send = (sink: Sink, env: NodeJS.ProcessEnv = {}, change: Partial<Order> = {}) =>
    new Promise<Answer>((done, fail) => {
      const child = spawn(process.execPath, [program], { stdio: ["pipe", "pipe", "inherit"], env: { PATH: process.env["PATH"], ...env } });
      let said = "";
      child.stdout.setEncoding("utf8").on("data", (text: string) => (said += text));
      child.on("error", fail).on("close", (code) => (code === 0 ? done(JSON.parse(said) as Answer) : fail(new Error(`ended with ${code}`))));
      child.stdin.end(JSON.stringify({ ...order(sink), ...change }));
    });

  describe("by OTLP", () => {
    const sink = (): Sink => ({ to: "otlp", endpoint: `${endpoint}/`, headers: { authorization: "Bearer MARKER" } });
    interface Attributes {
      readonly attributes: { key: string; value: Record<string, unknown> }[];
    }
    const attributesOf = ({ attributes }: Attributes) => Object.fromEntries(attributes.map(({ key, value }) => [key, Object.values(value)[0]]));

    test("figures are gauges of the environment's, each sent once, with the token of the stack", async () => {
      answer = well;
      expect(await send(sink())).toEqual({});
      const sent = got.filter((one) => one.path === "/v1/metrics");
      expect(sent).toHaveLength(1);
      expect(sent[0]!.headers.authorization).toBe("Bearer MARKER");
      const [resource] = sent[0]!.body["resourceMetrics"] as {
        resource: Attributes;
        scopeMetrics: { metrics: { name: string; unit: string; gauge: { dataPoints: { asDouble: number }[] } }[] }[];
      }[];
      expect(attributesOf(resource!.resource)).toMatchObject({
        "service.name": "recoloca",
        "deployment.environment.name": "staging",
        "host.name": "server-1",
        "service.version": "2026.11.24-b81d03e",
      });
      const metrics = resource!.scopeMetrics.flatMap((scope) => scope.metrics);
      expect(metrics.map(({ name, unit, gauge }) => [name, unit, gauge.dataPoints.map(({ asDouble }) => asDouble)])).toEqual([
        ["recoloca.disk.used", "%", [31.5]],
        ["recoloca.requests.failed", "%", [0]],
        ["recoloca.backup.age", "s", [3600]],
      ]);
    });

    test("a release is an event, and each line of a container a record with its service and its nanosecond", async () => {
      answer = well;
      await send(sink());
      const sent = got.filter((one) => one.path === "/v1/logs");
      expect(sent).toHaveLength(1);
      type Record_ = Attributes & { timeUnixNano: string; body: { stringValue: string }; eventName?: string };
      const [resource] = sent[0]!.body["resourceLogs"] as { scopeLogs: { logRecords: Record_[] }[] }[];
      const [event, ...lines] = resource!.scopeLogs.flatMap((scope) => scope.logRecords);
      expect(event).toMatchObject({ eventName: "recoloca.release", body: { stringValue: "release 13 is live" } });
      expect(attributesOf(event!)).toEqual({ number: 13, outcome: "live" });
      expect(
        lines.map((line) => [line.timeUnixNano.slice(-9), attributesOf(line)["recoloca.service"], attributesOf(line)["log.iostream"], line.body.stringValue]),
      ).toEqual([
        ["123456789", "backend", "stderr", "Größe: 3"],
        ["123456790", "backend", "stdout", ""],
        ["000000001", "postgres", "stdout", "ready"],
      ]);
      expect(Number(lines[0]!.timeUnixNano.slice(0, -9))).toBe(Date.parse("2026-11-25T17:59:59Z") / 1000);
    });

    test("more lines than one request takes all arrive, in order", async () => {
      answer = well;
      const lines = Array.from({ length: 1200 }, (_, index) => ({
        at: `2026-11-25T17:59:59.${String(index).padStart(9, "0")}Z`,
        container: "c1",
        service: "backend",
        stream: "stdout" as const,
        text: `line ${index}`,
      }));
      expect(await send(sink(), {}, { lines })).toEqual({});
      const sent = got.filter((one) => one.path === "/v1/logs");
      expect(sent).toHaveLength(3);
      const bodies = sent.flatMap(({ body }) =>
        (body["resourceLogs"] as { scopeLogs: { logRecords: { body: { stringValue: string } }[] }[] }[])[0]!.scopeLogs[0]!.logRecords.map(
          (one) => one.body.stringValue,
        ),
      );
      expect(bodies.filter((text) => text.startsWith("line"))).toEqual(lines.map(({ text }) => text));
    });

    test("who does not take one of both is told of, and the other one has arrived", async () => {
      answer = ({ path: where }) => (where === "/v1/logs" ? { status: 401, body: { message: "no" } } : well());
      const { figures, lines } = await send(sink());
      expect(figures).toBeUndefined();
      expect(lines).toMatch(/401|Unauthorized|no/);
      expect(lines).not.toContain("MARKER");
    });

    test("nobody there, however often it is tried", { timeout: 30_000 }, async () => {
      expect((await send({ to: "otlp", endpoint: "http://127.0.0.1:1", headers: {} })).figures).toMatch(/ECONNREFUSED|refused/);
    });
  });

  describe("at CloudWatch", () => {
    const sink = (): Sink => ({ to: "cloudwatch", region: "sa-east-1", group: "/recoloca/staging", endpoint });
    const KEYS = { AWS_ACCESS_KEY_ID: "AKIA", AWS_SECRET_ACCESS_KEY: "MARKER" };
    const targetOf = ({ headers }: Got) => String(headers["x-amz-target"]).replace("Logs_20140328.", "");
    const streams = new Set<string>();
    const asCloudWatch = (one: Got): { status: number; body: object } => {
      const stream = one.body["logStreamName"] as string;
      if (targetOf(one) === "CreateLogStream") streams.add(stream);
      else if (!streams.has(stream)) return { status: 400, body: { __type: "ResourceNotFoundException", message: "The specified log stream does not exist." } };
      return well();
    };

    test("figures are one line in the embedded metric format; streams are made when they are first written to", async () => {
      streams.clear();
      answer = asCloudWatch;
      expect(await send(sink(), KEYS)).toEqual({});
      expect([...streams].sort()).toEqual(["containers/backend", "containers/postgres", "measurements", "occurrences"]);
      const put = got.filter((one) => targetOf(one) === "PutLogEvents" && one.body["logStreamName"] === "measurements").at(-1)!;
      expect(put.headers.authorization).toMatch(/^AWS4-HMAC-SHA256 Credential=AKIA\/\d{8}\/sa-east-1\/logs\/aws4_request/);
      expect(put.body["logGroupName"]).toBe("/recoloca/staging");
      const [event, ...more] = put.body["logEvents"] as { timestamp: number; message: string }[];
      expect(more).toEqual([]);
      expect(JSON.parse(event!.message)).toEqual({
        _aws: {
          Timestamp: Date.parse("2026-11-25T18:00:00Z"),
          CloudWatchMetrics: [
            {
              Namespace: "recoloca",
              Dimensions: [["stack"]],
              Metrics: [
                { Name: "recoloca.disk.used", Unit: "Percent" },
                { Name: "recoloca.requests.failed", Unit: "Percent" },
                { Name: "recoloca.backup.age", Unit: "Seconds" },
              ],
            },
          ],
        },
        stack: "recoloca-staging",
        host: "server-1",
        release: "2026.11.24-b81d03e",
        number: 13,
        "recoloca.disk.used": 31.5,
        "recoloca.requests.failed": 0,
        "recoloca.backup.age": 3600,
      });
    });

    test("each service has a stream of its own; an empty line is no event; what was there before is not made again", async () => {
      answer = asCloudWatch;
      await send(sink(), KEYS);
      expect(got.map(targetOf)).toEqual(Array(4).fill("PutLogEvents"));
      const of = (stream: string) => got.filter((one) => one.body["logStreamName"] === stream).flatMap((one) => one.body["logEvents"] as object[]);
      expect(of("containers/backend")).toEqual([{ timestamp: Date.parse("2026-11-25T17:59:59.123Z"), message: "Größe: 3" }]);
      expect(of("occurrences")).toEqual([
        {
          timestamp: Date.parse("2026-11-25T17:59:30Z"),
          message: JSON.stringify({ name: "release", text: "release 13 is live", number: 13, outcome: "live" }),
        },
      ]);
    });

    test("a role that may not, and a group that is gone, in a person's words", async () => {
      answer = () => ({ status: 400, body: { __type: "AccessDeniedException", message: "User is not authorized" } });
      expect(await send(sink(), KEYS)).toMatchObject({ figures: "this server's role may not write to /recoloca/staging: pulumi up gives it the right" });
      answer = () => ({ status: 400, body: { __type: "ResourceNotFoundException", message: "The specified log group does not exist." } });
      expect(await send(sink(), KEYS)).toMatchObject({ lines: "there is no log group /recoloca/staging in sa-east-1: pulumi up makes it" });
    });

    test("a server without a role", async () => {
      const { figures } = await send(sink(), { AWS_EC2_METADATA_DISABLED: "true", HOME: folder });
      expect(figures).toBe("this server has no role of AWS: recoloca:observability wants a server that the stack makes");
      expect(got).toEqual([]);
    });
  });
});
