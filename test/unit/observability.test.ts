/** What an environment is watched by: what its settings are refused for, when somebody is told, and what arrives elsewhere. */
import { spawn } from "node:child_process";
import * as fs from "node:fs";
import * as http from "node:http";
import type { AddressInfo } from "node:net";
import * as os from "node:os";
import * as path from "node:path";
import { gunzipSync } from "node:zlib";
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import { alarmsOf } from "../../components/environment-alarms/alarms.ts";
import { measurementsProgram } from "../../components/host/host-program.ts";
import { ALARMS, METRICS, type Figures } from "../../release/metrics.ts";
import { observationSchema, type Sink } from "../../release/observation.ts";
import { newsOf, withUnheard } from "../../server/alarms.ts";
import { linesOf, newestOf } from "../../server/container-output.ts";
import { shareOf } from "../../server/measured.ts";
import { batchesOf } from "../../server/measurements/cloudwatch.ts";
import type { Answer, Order } from "../../server/measurements/order.ts";
import type { Memory } from "../../server/observation.ts";
import { checkValues } from "../../settings/check.ts";
import { checkObservability } from "../../settings/observability.ts";
import type { Problem } from "../../settings/problems.ts";

const TELEMETRY = { endpoint: "https://otlp.example.com", headers: { authorization: "Bearer MARKER" } };
const EC2 = { region: "sa-east-1", instanceType: "t4g.small", sshFrom: ["203.0.113.0/24"] };
const LIMITS = { disk: 85, memory: 90, errors: 5 };

function problemsOf(config: Record<string, unknown>): Problem[] {
  const values = Object.fromEntries(Object.entries(config).map(([key, value]) => [key, JSON.stringify(value)]));
  const checked = checkValues({ values, encrypted: new Set(["telemetry", "notify"]) });
  const ours = checked.problems.filter(({ key }) => /^(observability|telemetry|notify)/.test(key));
  return [...ours, ...checkObservability(checked.values, new Set(Object.keys(values)))];
}

describe("settings", () => {
  test("either way of being watched is right as it is", () => {
    expect(problemsOf({ ec2: EC2, observability: { to: "cloudwatch", email: "ops@recoloca.ai", keepLogs: 90, disk: 70 } })).toEqual([]);
    expect(problemsOf({ ec2: EC2, observability: { to: "cloudwatch" }, notify: [{ url: "https://hooks.example.com" }] })).toEqual([]);
    expect(problemsOf({ observability: { to: "telemetry", logs: false }, telemetry: TELEMETRY })).toEqual([]);
  });

  test.each<[string, Record<string, unknown>, string, RegExp, string?]>([
    [
      "nowhere to send to",
      { observability: {} },
      "observability.to",
      /is missing: CloudWatch, or the endpoint of recoloca:telemetry; wants cloudwatch or telemetry/,
    ],
    ["somewhere else", { observability: { to: "datadog" } }, "observability.to", /got "datadog", wants/],
    ["a field that it does not know", { observability: { to: "telemetry", disc: 80 }, telemetry: TELEMETRY }, "observability.disc", /did you mean "disk"\?/],
    ["a share that is none", { observability: { to: "telemetry", disk: 850 }, telemetry: TELEMETRY }, "observability.disk", /got 850, wants a percentage/],
    [
      "days that CloudWatch does not know",
      { ec2: EC2, observability: { to: "cloudwatch", email: "a@b.co", keepLogs: 31 } },
      "observability.keepLogs",
      /got 31, wants one of 1, 3, 5/,
    ],
    ["an address that is none", { ec2: EC2, observability: { to: "cloudwatch", email: "ops" } }, "observability.email", /got "ops", wants an e-mail address/],
    [
      "CloudWatch from a server of one's own",
      { observability: { to: "cloudwatch", email: "a@b.co" } },
      "observability.to",
      /wants a server at AWS/,
      "pulumi config set --path recoloca:observability.to telemetry",
    ],
    ["no endpoint", { observability: { to: "telemetry" } }, "telemetry", /is missing/, "pulumi config set --path --secret recoloca:telemetry.endpoint"],
    ["nobody who hears of an alarm", { ec2: EC2, observability: { to: "cloudwatch" } }, "observability.email", /nobody would hear/],
    [
      "e-mail without CloudWatch",
      { observability: { to: "telemetry", email: "a@b.co" }, telemetry: TELEMETRY },
      "observability.email",
      /only CloudWatch's alarms/,
    ],
    ["days of an endpoint", { observability: { to: "telemetry", keepLogs: 30 }, telemetry: TELEMETRY }, "observability.keepLogs", /for the endpoint to say/],
  ])("%s is refused", (_what, config, key, says, fix) => {
    const found = problemsOf(config).find((one) => one.key === key);
    expect(problemsOf(config).map((one) => one.key)).toContain(key);
    expect(found!.says).toMatch(says);
    if (fix !== undefined) expect(found!.fix?.replaceAll("'", "")).toBe(fix);
    expect(JSON.stringify(problemsOf(config))).not.toContain("MARKER");
  });
});

describe("alarms", () => {
  /** What is told at each of these looks, one after the other. */
  function toldOf(looks: readonly { figures: Figures; words?: Record<string, string> }[]): string[][] {
    let alarms: Memory["alarms"] = {};
    return looks.map(({ figures, words = {} }) => {
      const { news, alarms: after } = newsOf("recoloca-staging", { figures, words }, LIMITS, alarms);
      alarms = after;
      return news.map(({ text }) => text);
    });
  }
  const disk = (...used: number[]) => used.map((share) => ({ figures: { disk: share } }));

  test("too full for long enough is told once, and its end once", () => {
    expect(toldOf(disk(80, 86, 90, 91, 91, 92, 93, 93, 70, 60))).toEqual([
      [],
      [],
      [],
      [],
      [],
      ["recoloca-staging: the disk: 92 % used, the limit is 85 %"],
      [],
      [],
      ["recoloca-staging: the disk: over, 70 % used"],
      [],
    ]);
  });

  test("what comes and goes is not told, nor its end", () => {
    expect(toldOf(disk(90, 90, 90, 90, 80, 90, 90, 90, 90, 80)).flat()).toEqual([]);
  });

  test("what could not be measured is as it was", () => {
    const looks = [...disk(90, 90), { figures: {} }, ...disk(90, 90, 90)];
    expect(toldOf(looks).map((told) => told.length)).toEqual([0, 0, 0, 0, 0, 1]);
  });

  test("an unhealthy release is told in the words of doctor; a late backup too, a failed one was told when it failed", () => {
    const sick = { figures: { unhealthy: 1 }, words: { unhealthy: 'recoloca-staging: "backend" is unhealthy' } };
    expect(toldOf([sick, sick, sick, { figures: { unhealthy: 0 } }])).toEqual([
      [],
      [],
      ['recoloca-staging: "backend" is unhealthy'],
      ["recoloca-staging: the live release: over, as it should be"],
    ]);
    expect(toldOf([{ figures: { backup: 1 } }])).toEqual([[]]);
    expect(toldOf([{ figures: { backup: 1 }, words: { backup: "a backup was due 3h ago" } }])).toEqual([["a backup was due 3h ago"]]);
  });

  test("what no webhook took is told again, with nothing of what ended before anybody had heard of it", () => {
    const [full, over, sick] = [
      { metric: "disk", over: false, text: "full" },
      { metric: "disk", over: true, text: "over" },
      { metric: "unhealthy", over: false, text: "sick" },
    ] as const;
    expect(withUnheard([full], [])).toEqual([full]);
    expect(withUnheard([full], [sick])).toEqual([full, sick]);
    expect(withUnheard([full, sick], [over])).toEqual([sick]);
    // Its beginning was heard.
    expect(withUnheard([], [over])).toEqual([over]);
    expect(withUnheard([over], [])).toEqual([over]);
    expect(withUnheard([over], [full])).toEqual([full]);
  });

  test("CloudWatch's look at what the server sends, at the same limits, and say where to look", () => {
    const all = alarmsOf("recoloca-staging", LIMITS);
    expect(Object.keys(all).sort()).toEqual([...Object.keys(ALARMS), "silent"].sort());
    expect(all["disk"]).toMatchObject({
      metricName: METRICS.disk.name,
      threshold: 85,
      evaluationPeriods: 5,
      period: 60,
      comparisonOperator: "GreaterThanThreshold",
    });
    for (const { metricName, alarmDescription } of Object.values(all)) {
      expect(Object.values(METRICS).map(({ name }): string => name)).toContain(metricName);
      expect(alarmDescription.length).toBeLessThan(1024);
    }
  });
});

describe("the share of failed requests", () => {
  const live = { number: 2, slot: "blue", answers: { all: 1000, failed: 100 } } as const;
  const memory = (all: number, failed: number, minutes: Memory["minutes"] = []) => ({ counted: { slot: "blue" as const, all, failed }, minutes });

  test("is of what was answered since the last look, and in the minutes before it", () => {
    expect(shareOf({ all: 1200, failed: 110 }, live, memory(1100, 100, [{ all: 300, failed: 0 }]))).toMatchObject({ figures: { requests: 100, errors: 2.5 } });
  });
  test("a release that has just come is counted from its switch on; one of two is no outage", () => {
    expect(shareOf({ all: 1002, failed: 101 }, live, { counted: { slot: "green", all: 5, failed: 5 } as never, minutes: [] })).toMatchObject({
      figures: { requests: 2, errors: 0 },
    });
  });
  test("an edge that was started anew begins at nothing, and five minutes are looked back on", () => {
    const before = [1, 2, 3, 4, 5].map(() => ({ all: 100, failed: 100 }));
    const { figures, minutes } = shareOf({ all: 100, failed: 0 }, live, memory(5000, 100, before));
    expect(figures).toEqual({ requests: 100, errors: 80 });
    expect(minutes).toHaveLength(5);
  });
});

describe("what the engine gives of a container's output", () => {
  const frame = (stream: 1 | 2, text: string) => {
    const head = Buffer.alloc(8);
    head[0] = stream;
    head.writeUInt32BE(Buffer.byteLength(text), 4);
    return Buffer.concat([head, Buffer.from(text)]);
  };
  const time = (nanoseconds: string) => `2026-11-25T18:00:00.${nanoseconds}Z`;

  test("frames of both streams, also where one cuts a line or a letter", () => {
    const long = Buffer.from(`${time("000000002")} Grüße\n`);
    const cut = long.indexOf(Buffer.from("ü")) + 1;
    const halves = [long.subarray(0, cut), long.subarray(cut)].map((part) => {
      const head = Buffer.alloc(8);
      head[0] = 1;
      head.writeUInt32BE(part.length, 4);
      return Buffer.concat([head, part]);
    });
    const bytes = Buffer.concat([frame(2, `${time("000000001")} oh\n`), ...halves, frame(1, `${time("000000003")} \n`)]);
    expect(linesOf(bytes)).toEqual([
      { at: time("000000002"), stream: "stdout", text: "Grüße" },
      { at: time("000000003"), stream: "stdout", text: "" },
      { at: time("000000001"), stream: "stderr", text: "oh" },
    ]);
  });

  test("the text of a terminal; what is no line of the container's; nothing at all", () => {
    expect(linesOf(Buffer.from(`${time("000000001")} a\r\nError response from daemon\n`))).toEqual([{ at: time("000000001"), stream: "stdout", text: "a" }]);
    expect(linesOf(Buffer.alloc(0))).toEqual([]);
  });

  test("of a flood the newest lines are taken, by number and by size, and it is said", () => {
    const lines = (count: number, length: number) =>
      Array.from({ length: count }, (_, index) => ({ at: time(String(index).padStart(9, "0")), stream: "stdout" as const, text: "x".repeat(length) }));
    expect(newestOf(lines(2000, 10))).toHaveLength(2000);
    const many = newestOf(lines(2001, 10));
    expect([many.length, many[0]!.text, many.at(-1)!.at]).toEqual([2001, "recoloca: older lines of this minute are left out", time("000002000")]);
    const large = newestOf(lines(1000, 4000));
    expect([large.length, large[0]!.at]).toEqual([251, time("000000750")]);
  });
});

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

/** The program as it lies on a server, against a real HTTP server that keeps what it gets. */
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
    fs.writeFileSync(program, gunzipSync(Buffer.from((await measurementsProgram()).packed, "base64")));
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

test("a release's end is told once, what was before the first look is history, and a stack that was removed begins anew", async () => {
  const root = fs.mkdtempSync(path.join(os.tmpdir(), "observed-"));
  vi.stubEnv("RECOLOCA_ROOT", root);
  vi.resetModules();
  const { endedReleases } = await import("../../server/look.ts");
  const { Store } = await import("../../server/store.ts");
  const store = new Store("recoloca-staging");
  const release = (number: number, outcome?: string) => {
    fs.mkdirSync(path.join(store.folder, "releases", String(number)), { recursive: true });
    fs.writeFileSync(store.file(number, "plan.json"), "{}");
    const record = { format: 1, number, release: `r${number}`, provenance: { actor: "Ana" }, startedAt: "2026-11-25T18:00:00Z", outcome, reason: "it died" };
    fs.writeFileSync(store.file(number, "record.json"), JSON.stringify(record));
  };
  const told = (from: number | undefined) => {
    const { occurrences, told: until } = endedReleases(store, from);
    return [until, ...occurrences.map(({ text }) => text)];
  };
  try {
    expect(told(undefined)).toEqual([0]);
    release(1, "live");
    release(2);
    expect(told(undefined)).toEqual([1]);
    expect(told(1)).toEqual([1]);
    release(2, "rolled-back");
    release(3, "live");
    expect(told(1)).toEqual([3, "recoloca-staging: release 2 (r2) by Ana was rolled back: it died", "recoloca-staging: release 3 (r3) by Ana came live"]);
    expect(told(3)).toEqual([3]);
    fs.rmSync(store.folder, { recursive: true });
    release(1, "live");
    expect(told(3)).toEqual([1, "recoloca-staging: release 1 (r1) by Ana came live"]);
  } finally {
    vi.unstubAllEnvs();
    fs.rmSync(root, { recursive: true });
  }
});

test("what the stack tells its server is understood there, and nothing else is", () => {
  const right = { application: "recoloca", environment: "staging", sink: { to: "otlp", ...TELEMETRY }, logs: true, limits: LIMITS, tells: true };
  expect(observationSchema.safeParse(right).success).toBe(true);
  expect(observationSchema.safeParse({ ...right, sink: { to: "cloudwatch", region: "sa-east-1", group: "/recoloca/staging" } }).success).toBe(true);
  expect(observationSchema.safeParse({ ...right, every: 60 }).success).toBe(false);
  expect(observationSchema.safeParse({ ...right, sink: { to: "cloudwatch", endpoint: "https://x" } }).success).toBe(false);
});
