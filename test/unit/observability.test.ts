/** Settings of what watches an environment, and what the stack tells its server of them. */
import { describe, expect, test } from "vitest";
import { observationSchema } from "../../release/observation.ts";
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

test("what the stack tells its server is understood there, and nothing else is", () => {
  const right = { application: "recoloca", environment: "staging", sink: { to: "otlp", ...TELEMETRY }, logs: true, limits: LIMITS, tells: true };
  expect(observationSchema.safeParse(right).success).toBe(true);
  expect(observationSchema.safeParse({ ...right, sink: { to: "cloudwatch", region: "sa-east-1", group: "/recoloca/staging" } }).success).toBe(true);
  expect(observationSchema.safeParse({ ...right, every: 60 }).success).toBe(false);
  expect(observationSchema.safeParse({ ...right, sink: { to: "cloudwatch", endpoint: "https://x" } }).success).toBe(false);
});
