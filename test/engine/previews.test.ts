/**
 * Previews, on the real engine: what a stack writes at Pulumi Cloud, which is a double, for the App's; and what a reviewer reads in the workflow's
 * comment. `RECORD=1` writes what the engine said to test/previews, from where the unit tests take it.
 */
import * as fs from "node:fs";
import * as path from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { inSite, testSite } from "../../local/site.ts";
import { settingsInState } from "../../operate/previews-doctor.ts";
import { block } from "../../review/block.ts";
import { readPreview } from "../../review/preview.ts";
import { checkout } from "../../tools/cache.ts";
import { type Doubles, startDoubles } from "../doubles/doubles.ts";
import { DEPLOYMENT_SETTINGS, DRIFT_SCHEDULE, OIDC_ISSUER, TEAM, TEAM_STACK_PERMISSION } from "../doubles/pulumi-service.ts";
import { type Config, TestStack } from "../doubles/test-stack.ts";
import { ed25519Pair } from "../key-pair.ts";

const HIDDEN = "that-nobody-may-see";
const folder = inSite(testSite, "previews");
let doubles: Doubles;

beforeAll(async () => {
  fs.rmSync(folder, { recursive: true, force: true });
  fs.mkdirSync(folder, { recursive: true });
  doubles = await startDoubles({ folder });
});
afterAll(() => doubles.stop());

const open = (program: string, name: string, place: string) =>
  TestStack.open({ program, name, folder: path.join(folder, place), env: { ...doubles.env, PULUMI_ACCESS_TOKEN: `a-token-${HIDDEN}` } });

describe("the App's, at Pulumi Cloud", () => {
  const ROLE = "arn:aws:iam::123456789012:role/recoloca-staging-plan";
  let stack: TestStack;
  const configure = (previews: object, change: Config = {}) =>
    stack.configure({
      "doubles:organization": "recoloca",
      "recoloca:repository": "recoloca/recoloca",
      "recoloca:github": { visibility: "private", plan: "team" },
      "recoloca:role": ROLE,
      "recoloca:previews": previews,
      ...change,
    });
  const there = (type: string) => doubles.world.all(type);
  beforeAll(async () => {
    stack = await open(path.join(checkout, "test", "doubles", "previews-program"), "staging", "cloud");
  });

  test("come up: previews by a role that only reads, no deploys, no stacks of their own, a comparison that puts nothing right", async () => {
    configure({ drift: "0 4 * * *" });
    const ran = await stack.up();
    expect(ran.code, ran.output).toBe(0);
    expect(there(DEPLOYMENT_SETTINGS)).toMatchObject([
      {
        organization: "recoloca",
        project: "recoloca",
        stack: "staging",
        sourceContext: { git: { branch: "refs/heads/main", repoDir: "infrastructure" } },
        github: {
          repository: "recoloca/recoloca",
          previewPullRequests: true,
          deployCommits: false,
          pullRequestTemplate: false,
          paths: ["infrastructure/**"],
        },
        operationContext: { oidc: { aws: { roleARN: ROLE, sessionName: "pulumi-cloud-staging" } } },
      },
    ]);
    expect(there(DRIFT_SCHEDULE)).toMatchObject([{ scheduleCron: "0 4 * * *", autoRemediate: false }]);
  });

  test("no token is in the state, and doctor finds there what was written", async () => {
    const state = await stack.state();
    expect(state).not.toContain(HIDDEN);
    expect(state).not.toMatch(/"accessToken":/);
    expect(settingsInState(state)).toMatchObject({ organization: "recoloca", stack: "staging", github: { previewPullRequests: true, deployCommits: false } });
  });

  test("a second run changes nothing; a change is one update", async () => {
    const again = await stack.up("--expect-no-changes");
    expect(again.code, again.output).toBe(0);
    configure({ drift: "0 4 * * *", paths: ["infrastructure/**", "compose.yaml"] });
    const changed = await stack.up();
    expect(changed.code, changed.output).toBe(0);
    expect(changed.output).toContain("1 updated");
    expect(there(DEPLOYMENT_SETTINGS)).toMatchObject([{ github: { paths: ["infrastructure/**", "compose.yaml"] } }]);
  });

  test("what is refused says why, and changes nothing", async () => {
    configure({ pullRequests: true }, { "recoloca:github": { visibility: "public", plan: "team" } });
    const ran = await stack.up();
    expect(ran.code).not.toBe(0);
    expect(ran.output).toContain("the repository is public: anybody could run a program with this stack's secrets from a fork");
    expect(there(DRIFT_SCHEDULE)).toHaveLength(1);
  });

  test("where the state is elsewhere they are off, and that is said", async () => {
    configure({ drift: "0 4 * * *" }, { "doubles:organization": undefined });
    const ran = await stack.up();
    expect(ran.code, ran.output).toBe(0);
    expect(ran.output).toContain("recoloca:previews is off: the state of this stack is not at Pulumi Cloud");
    expect([...there(DEPLOYMENT_SETTINGS), ...there(DRIFT_SCHEDULE)]).toEqual([]);
    expect(settingsInState(await stack.state())).toBeUndefined();
  });
});

describe("who is let in at Pulumi Cloud", () => {
  let stack: TestStack;
  const configure = (pulumiCloud: object | undefined, organization: string | undefined = "acme") =>
    stack.configure({
      "doubles:organization": organization,
      "recoloca:repository": "recoloca/recoloca",
      "recoloca:github": { visibility: "private", plan: "team", ownsRepository: true, ...(pulumiCloud && { pulumiCloud }) },
      "recoloca:previews": { pullRequests: false },
    });
  const teams = () => doubles.world.all(TEAM).map((one) => one["name"]).sort(); // prettier-ignore
  const policies = () => (doubles.world.all(OIDC_ISSUER)[0]?.["policies"] ?? []) as { tokenType: string; rules: { sub: string } }[];
  beforeAll(async () => {
    stack = await open(path.join(checkout, "test", "doubles", "previews-program"), "production", "access");
  });

  test("comes up: a team for each stack that changes it, one that reads it, and GitHub's entry; a second run changes nothing, whoever is in a team", async () => {
    configure({ edition: "enterprise" });
    const ran = await stack.up();
    expect(ran.code, ran.output).toBe(0);
    expect(teams()).toEqual(["recoloca-production", "recoloca-production-preview", "recoloca-staging", "recoloca-staging-preview"]);
    expect(doubles.world.all(TEAM_STACK_PERMISSION)).toHaveLength(4);
    expect(policies()).toHaveLength(7);
    const again = await stack.up("--refresh", "--expect-no-changes");
    expect(again.code, again.output).toBe(0);
    expect(await stack.state()).not.toContain(HIDDEN);
  });

  test("runs of the workflow neither read nor change it", async () => {
    configure({ edition: "team" });
    doubles.clear();
    const ran = await stack.up("--refresh", "--exclude", "**recoloca:index:PulumiAccess$**");
    expect(ran.code, ran.output).toBe(0);
    const touched = doubles.requests.filter(({ type }) => [TEAM, TEAM_STACK_PERMISSION, OIDC_ISSUER].includes(type));
    expect(touched.map(({ operation, type }) => `${operation} ${type}`)).toEqual([]);
  });

  test("another edition takes the teams away, and changes the entry in its place", async () => {
    const ran = await stack.up();
    expect(ran.code, ran.output).toBe(0);
    expect([teams(), doubles.world.all(TEAM_STACK_PERMISSION)]).toEqual([[], []]);
    expect([...new Set(policies().map(({ tokenType }) => tokenType))]).toEqual(["organization"]);
    expect(policies().some(({ rules }) => rules.sub.endsWith(":pull_request"))).toBe(false);
  });

  test("given up, all of it is gone", async () => {
    configure(undefined);
    const ran = await stack.up();
    expect(ran.code, ran.output).toBe(0);
    expect(doubles.world.all(OIDC_ISSUER)).toEqual([]);
  });
});

/** What the renderer reads of a preview, and no value of any property. */
function recorded(name: string, json: string): string {
  const { steps, diagnostics, changeSummary } = JSON.parse(json) as { steps: Record<string, unknown>[]; diagnostics: unknown; changeSummary: unknown };
  const kept = steps.map(({ op, urn, diffReasons, replaceReasons, detailedDiff }) => ({ op, urn, diffReasons, replaceReasons, detailedDiff }));
  if (process.env["RECORD"] === "1")
    fs.writeFileSync(path.join(checkout, "test", "previews", `${name}.json`), `${JSON.stringify({ steps: kept, diagnostics, changeSummary }, null, 2)}\n`);
  return json;
}
const shown = (name: string, json: string) =>
  block(readPreview(recorded(name, json)), { stack: "staging", commit: "4f2a9c1d", run: "https://example.org/runs/1" }) ?? "";

describe("the workflow's comment", () => {
  test("an environment from nothing: folded, and no secret in it", async () => {
    doubles.world.put("aws:route53/zone:Zone", "Z0123456789ABCDEFGHIJ", { name: "recoloca.ai" });
    const stack = await open(checkout, "staging", "whole");
    await stack.secret("recoloca:registryPassword", `a-token-${HIDDEN}`);
    await stack.secret("recoloca:secrets.POSTGRES_PASSWORD", `a-password-${HIDDEN}`);
    stack.configure({
      ...stack.shipped,
      "recoloca:ec2": { ...(stack.shipped["recoloca:ec2"] as object), sshFrom: ["203.0.113.0/24"] },
      "recoloca:github": { ...(stack.shipped["recoloca:github"] as object), reviewers: { teams: { platform: 42 } } },
    });
    const ran = await stack.pulumi(["preview", "--json"]);
    expect(ran.code, ran.output).toBe(0);
    expect(ran.stdout).not.toContain(HIDDEN);
    const text = shown("from-nothing", ran.stdout);
    expect(text).toMatch(/### Preview of staging: \d+ created/);
    expect(text).toContain("<details>");
    expect(text).not.toContain("undefined");
    stack.configure({ ...stack.shipped, "recoloca:domain": "else.example.org" });
    const refused = await stack.pulumi(["preview", "--json"]);
    expect(refused.code).not.toBe(0);
    expect(shown("refused", refused.stdout)).toContain("pulumi config set --path 'recoloca:ec2.sshFrom[0]'");
  });

  test("a release on a server that does not answer: what rolls is there", async () => {
    const stack = await open(checkout, "staging", "release");
    const { "recoloca:ec2": _ec2, "recoloca:github": _github, "recoloca:createBackupBucket": _bucket, ...rest } = stack.shipped;
    const keys = ed25519Pair();
    await stack.secret("recoloca:sshPrivateKey", keys.private);
    await stack.secret("recoloca:registryPassword", `a-token-${HIDDEN}`);
    await stack.secret("recoloca:secrets.POSTGRES_PASSWORD", `a-password-${HIDDEN}`);
    const image = (name: string) => `ghcr.io/recoloca/${name}@sha256:${"c".repeat(64)}`;
    stack.configure({
      ...rest,
      // Port 1: nobody is there.
      ...{ "recoloca:hostAddress": "127.0.0.1", "recoloca:hostPort": "1", "recoloca:hostKey": keys.public.split(" ").slice(0, 2).join(" ") },
      "recoloca:release": "2026.11.24-b81d03e",
      "recoloca:images": Object.fromEntries(["backend", "worker", "frontend"].map((name) => [name, image(name)])),
    });
    const ran = await stack.pulumi(["preview", "--json"]);
    expect(ran.code, ran.output).toBe(0);
    const text = shown("release", ran.stdout);
    expect(text).toContain("a release rolls");
    expect(text).toMatch(/^release +2026\.11\.24-b81d03e$/m);
    expect(text).toMatch(/^backend +sha256:cccc… +rolls$/m);
    expect(text).not.toContain(HIDDEN);
    expect(text).toContain("the server does not say what is live");
  });

  test("a server that is there: nothing, a restart, replacements, the end", async () => {
    const stack = await open(path.join(checkout, "test", "doubles", "program"), "staging", "server");
    const configure = (change: Config) => stack.configure(Object.fromEntries(Object.entries(change).map(([key, value]) => [`doubles:${key}`, value])));
    configure({ userData: "#cloud-config\n" });
    const up = await stack.up();
    expect(up.code, up.output).toBe(0);
    const preview = async (name: string, change: Config) => {
      configure(change);
      return shown(name, (await stack.pulumi(["preview", "--json"])).stdout);
    };
    const userData = "#cloud-config\n";
    expect(await preview("nothing", { userData })).toBe("");
    expect(await preview("restart", { userData, instanceType: "t4g.medium" })).toContain("is updated: the server is stopped and started again");
    const replaced = await preview("replacements", { userData, architecture: "x86_64", instanceType: "t3.small", bucket: "recoloca-other-backups" });
    expect(replaced).toContain(":warning: **data, downtime, replacement**");
    expect(replaced).toMatch(/^data +aws:s3:Bucket backups is replaced/m);
    expect(await preview("end", {})).toMatch(/^downtime +aws:ec2:Instance server is deleted/m);
  });
});
