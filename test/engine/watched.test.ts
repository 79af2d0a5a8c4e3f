/** What observing an environment makes at AWS, on the real engine with the doubles: from nothing, changed, and gone without a rest. */
import * as fs from "node:fs";
import * as path from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { inSite, testSite } from "../../local/site.ts";
import { checkout } from "../../tools/cache.ts";
import { allows } from "../doubles/aws-policies.ts";
import { type Doubles, startDoubles } from "../doubles/doubles.ts";
import { type Config, TestStack } from "../doubles/test-stack.ts";

const folder = inSite(testSite, "watched");
const program = path.join(import.meta.dirname, "../doubles/watched");
const LOG = "aws:cloudwatch/logGroup:LogGroup";
const ALARM = "aws:cloudwatch/metricAlarm:MetricAlarm";
const SUBSCRIPTION = "aws:sns/topicSubscription:TopicSubscription";

let doubles: Doubles;
let stack: TestStack;
beforeAll(async () => {
  fs.rmSync(folder, { recursive: true, force: true });
  doubles = await startDoubles({ folder });
  stack = await TestStack.open({ program, name: "test", folder, env: doubles.env });
});
afterAll(() => doubles.stop());

function up(config: Config = {}) {
  stack.configure(Object.fromEntries(Object.entries(config).map(([key, value]) => [`watched:${key}`, value])));
  doubles.clear();
  return stack.up();
}
const asked = (operation: string) => doubles.requests.filter((one) => one.operation === operation && !one.preview).map((one) => one.name);
const only = (type: string) => doubles.world.all(type)[0]!;

test("from nothing: the key lets the log and the alarms in, the role adds to the log and does nothing else", async () => {
  const ran = await up();
  expect(ran.code, ran.output).toBe(0);
  expect(await stack.outputs()).toMatchObject({ sink: { to: "cloudwatch", region: "sa-east-1", group: "/recoloca/staging" } });
  expect(only(LOG)).toMatchObject({ retentionInDays: 30, kmsKeyId: only("aws:kms/key:Key")["arn"] });
  expect(doubles.world.all(ALARM)).toHaveLength(8);
  const policies = doubles.world.all("aws:iam/rolePolicy:RolePolicy").map((one) => one["policy"]);
  const stream = `${String(only(LOG)["arn"])}:log-stream:containers/backend`;
  for (const action of ["logs:PutLogEvents", "logs:CreateLogStream"]) expect(allows(policies, action, stream), action).toBe(true);
  for (const action of ["logs:DeleteLogGroup", "logs:GetLogEvents", "logs:PutRetentionPolicy", "cloudwatch:PutMetricData", "sns:Publish"])
    expect(allows(policies, action, stream), action).toBe(false);
  expect(allows(policies, "logs:PutLogEvents", stream.replace("/recoloca/staging", "/recoloca/production"))).toBe(false);
});

test("a second time: nothing to do", async () => {
  const ran = await up();
  expect(ran.code, ran.output).toBe(0);
  expect([...asked("create"), ...asked("update"), ...asked("delete")]).toEqual([]);
});

test("a limit and the days of the log are changed in place; another address is another subscription", async () => {
  const ran = await up({ disk: 70, keepLogs: 90, email: "night@recoloca.ai" });
  expect(ran.code, ran.output).toBe(0);
  expect(asked("update").sort()).toEqual(["recoloca-staging", "recoloca-staging-disk"]);
  expect(only(LOG)["retentionInDays"]).toBe(90);
  expect(doubles.world.all(ALARM).find((one) => one["name"] === "recoloca-staging-disk")!["threshold"]).toBe(70);
  expect(doubles.world.all(SUBSCRIPTION).map((one) => one["endpoint"])).toEqual(["night@recoloca.ai"]);
});

test("days that CloudWatch does not know are its error", async () => {
  const ran = await up({ keepLogs: 31 });
  expect(ran.code).not.toBe(0);
  expect(ran.output).toContain("expected retention_in_days to be one of");
});

test("and all of it goes", async () => {
  const ran = await stack.destroy();
  expect(ran.code, ran.output).toBe(0);
  for (const type of [LOG, ALARM, SUBSCRIPTION, "aws:sns/topic:Topic", "aws:kms/key:Key"]) expect(doubles.world.all(type), type).toEqual([]);
});

test("a whole environment is planned with it: the server is heard before there are alarms, and nothing of it is made without a wish", async () => {
  const place = inSite(testSite, "watched-staging");
  fs.rmSync(place, { recursive: true, force: true });
  fs.mkdirSync(place, { recursive: true });
  const clouds = await startDoubles({ folder: place });
  try {
    clouds.world.put("aws:route53/zone:Zone", "Z0123456789ABCDEFGHIJ", { name: "recoloca.ai" });
    const staging = await TestStack.open({ program: checkout, name: "staging", folder: place, env: clouds.env });
    await staging.secret("recoloca:registryPassword", "a-token");
    await staging.secret("recoloca:secrets.POSTGRES_PASSWORD", "a-password");
    const ec2 = { ...(staging.shipped["recoloca:ec2"] as object), sshFrom: ["203.0.113.0/24"] };
    const planned = async (config: Config) => {
      staging.configure({ ...staging.shipped, "recoloca:ec2": ec2, ...config });
      const ran = await staging.preview();
      expect(ran.code, ran.output).toBe(0);
      return ran.output;
    };
    expect(await planned({})).not.toMatch(/aws:(cloudwatch|sns)\/|EnvironmentLog|Observation/);
    const output = await planned({ "recoloca:observability": { to: "cloudwatch", email: "ops@recoloca.ai" } });
    for (const one of ["EnvironmentLog", "EnvironmentAlarms", "Observation", "aws:cloudwatch/logGroup:LogGroup", "aws:sns/topic:Topic", "host-measurements"])
      expect(output).toContain(one);
    expect(output.match(/aws:cloudwatch\/metricAlarm:MetricAlarm: \(create\)/g)).toHaveLength(8);
  } finally {
    await clouds.stop();
  }
});
