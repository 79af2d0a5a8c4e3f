/** What a stack's GitHub side is refused for before anything is made, and what comes of one that is right. */
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { describe, expect, test } from "vitest";
import { githubSettings } from "../../settings/github.ts";
import { abilitiesOf, lackOf } from "../../workflows/github-plan.ts";
import type { Problem } from "../../settings/problems.ts";
import { checkWhole } from "../../settings/whole.ts";

const KEY = "arn:aws:kms:sa-east-1:123456789012:key/0a1b2c3d-0000-1111-2222-333344445555";
const TEAM = { visibility: "public", plan: "team", reviewers: { teams: { platform: 42 } } };
const GOOD: Record<string, unknown> = {
  repository: "recoloca/recoloca",
  domain: "staging.recoloca.ai",
  routes: [{ path: "/", service: "backend", port: 8000 }],
  ec2: { region: "sa-east-1", instanceType: "t4g.small", sshFrom: ["203.0.113.0/24"] },
  github: TEAM,
  secrets: { PASSWORD: "MARKER-password" },
};
const COMPOSE = "services:\n  backend: { image: a, environment: { P: '${PASSWORD}' } }\n";

function check(change: Record<string, unknown>, { stack = "staging", compose = COMPOSE } = {}) {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), "recoloca-settings-"));
  fs.writeFileSync(path.join(folder, "compose.yaml"), compose);
  const whole = Object.entries({ composeFile: "compose.yaml", ...GOOD, ...change }).filter(([, value]) => value !== undefined);
  const values = Object.fromEntries(whole.map(([key, value]) => [key, typeof value === "string" ? value : JSON.stringify(value)]));
  const found = checkWhole({ values, encrypted: new Set(["secrets", "githubToken"]) }, folder, stack);
  fs.rmSync(folder, { recursive: true });
  return found;
}
const problemsOf = (change: Record<string, unknown>, more?: Parameters<typeof check>[1]): readonly Problem[] => check(change, more).problems;

const github = (change: object) => ({ github: { ...TEAM, ...change } });
const secrets = (names: readonly string[]) => ({ secrets: Object.fromEntries(["PASSWORD", ...names].map((name) => [name, "MARKER-secret"])) });

function settingsOf(change: Record<string, unknown>, stack = "staging") {
  const { values, problems } = check(change, { stack });
  expect(problems).toEqual([]);
  return githubSettings(values, stack, { url: "https://staging.recoloca.ai", stack, organization: "recoloca" })!;
}

test("a right one has no problems", () => {
  expect(problemsOf({})).toEqual([]);
  expect(problemsOf(github({ ownsRepository: true, workflowFiles: "direct", writers: { apps: { infrastructure: 7 } } }), { stack: "production" })).toEqual([]);
  expect(problemsOf({ github: undefined })).toEqual([]);
});

describe("is refused:", () => {
  test.each<[string, Record<string, unknown>, string, RegExp, RegExp?, string?]>([
    ["a plan that there is not", github({ plan: "gold" }), "github.plan", /got "gold"/],
    ["no plan", { github: { visibility: "private" } }, "github.plan", /is missing/],
    ["a misspelt field", github({ reviewer: {} }), "github.reviewer", /did you mean "reviewers"\?/],
    ["a reviewer without a number", github({ reviewers: { users: { ana: "ana" } } }), "github.reviewers.users.ana", /wants the number of that user/],
    ["a wait that GitHub does not know", github({ waitMinutes: 50_000 }), "github.waitMinutes", /at most 43,200 minutes/],
    [
      "a private repository without environments",
      { github: { visibility: "private", plan: "free" } },
      "github.plan",
      /has no environments there/,
      /github\.plan' team/,
    ],
    ["an internal repository outside an enterprise", github({ visibility: "internal" }), "github.visibility", /only the enterprise plan/],
    [
      "production that nobody approves",
      github({ reviewers: {} }),
      "github.reviewers",
      /nobody would have to approve/,
      /gh api orgs\/recoloca\/teams/,
      "production",
    ],
    ["no repository", { repository: undefined, ec2: { ...(GOOD["ec2"] as object) } }, "repository", /is missing/],
    ["a stack with another environment's name", {}, "github", /another name is wanted/, /^$/, "automation"],
    ["seven reviewers", github({ reviewers: { users: { a: 1, b: 2, c: 3, d: 4, e: 5, f: 6, g: 7 } } }), "github.reviewers", /the most that GitHub takes/],
    ["what belongs to the owner of the repository", github({ approvals: 2 }), "github.approvals", /this one does not/, /ownsRepository' true/],
    [
      "an owner that is not among what it deploys",
      github({ ownsRepository: true, environments: ["production"] }),
      "github.environments",
      /itself is not among them/,
    ],
    ["files written past rules that let nobody", github({ ownsRepository: true, workflowFiles: "direct" }), "github.writers", /let nobody/, /gh api apps/],
    [
      "nobody between a tag and production",
      { github: { visibility: "private", plan: "team", ownsRepository: true } },
      "github.releasers",
      /who may create release tags/,
      /releasers\.teams/,
    ],
    ["a variable of the stack's own", github({ variables: { PUBLIC_URL: "x" } }), "github.variables.PUBLIC_URL", /written by the stack/, /config rm/],
    [
      "a state bucket without an account",
      { ...github({ stateBucket: { name: "state", key: KEY } }), ec2: undefined },
      "github.stateBucket",
      /wants a server at AWS/,
    ],
    ["a passphrase that is missing", github({ stateBucket: { name: "state" } }), "secrets.PULUMI_CONFIG_PASSPHRASE", /or the workflows need the passphrase/],
    ["a passphrase that nothing needs", secrets(["PULUMI_CONFIG_PASSPHRASE"]), "secrets.PULUMI_CONFIG_PASSPHRASE", /encrypted by a key/],
    ["a pipeline of a stack that does not own it", { pipeline: {} }, "pipeline", /owns the repository/, /config rm/],
    [
      "approval where nobody can",
      { github: { ...TEAM, visibility: "private", ownsRepository: true }, pipeline: { production: "approval" } },
      "pipeline.production",
      /has no reviewers/,
    ],
    [
      "no production among the environments",
      github({ ownsRepository: true, environments: ["staging"] }),
      "github.environments",
      /wants production and at least one before it/,
    ],
    [
      "an image with a tag",
      { ...github({ ownsRepository: true }), pipeline: { backend: { image: "ghcr.io/a/b:1" } } },
      "pipeline.backend.image",
      /without a tag|lower case/,
    ],
    ["an alias for a key", github({ stateBucket: { name: "state", key: "alias/pulumi" } }), "github.stateBucket.key", /wants the ARN of the key/],
    ["an app without its key", github({ infrastructureApp: 7 }), "secrets.INFRASTRUCTURE_APP_PRIVATE_KEY", /both go together/, /--secret/],
    ["an app's key without the app", secrets(["INFRASTRUCTURE_APP_PRIVATE_KEY"]), "github.infrastructureApp", /both go together/],
    ["a token without a GitHub side", { github: undefined, githubToken: "MARKER-token" }, "githubToken", /no GitHub side/, /config rm/],
    ["a secret that nobody uses", secrets(["OLD_TOKEN"]), "secrets.OLD_TOKEN", /is used by nothing/, /config rm --path recoloca:secrets\.OLD_TOKEN/],
    ["a misspelt one", secrets(["SLACK_WEBHOOK_URI"]), "secrets.SLACK_WEBHOOK_URI", /did you mean "SLACK_WEBHOOK_URL"\?/],
    ["one that is no secret any more", secrets(["AWS_ACCESS_KEY_ID"]), "secrets.AWS_ACCESS_KEY_ID", /is no secret any more: GitHub's own identity/],
    ["one that is a key of its own", secrets(["registryPassword"]), "secrets.registryPassword", /is a key of its own: recoloca:registryPassword/],
    ["a workflow's secret without GitHub", { ...secrets(["TEST_USER_EMAIL"]), github: undefined }, "secrets.TEST_USER_EMAIL", /no GitHub side/],
    [
      "a login of end-to-end tests in production",
      secrets(["TEST_USER_EMAIL"]),
      "secrets.TEST_USER_EMAIL",
      /got a value in production, against which no end-to-end test runs: .* wants it in the stack that they run against, as staging$/,
      /^pulumi config rm --path recoloca:secrets\.TEST_USER_EMAIL$/,
      "production",
    ],
    ["a secret of the repository in another stack", secrets(["SLACK_WEBHOOK_URL"]), "secrets.SLACK_WEBHOOK_URL", /owns the repository/],
    [
      "half of what goes together",
      secrets(["TEST_USER_EMAIL"]),
      "secrets.TEST_USER_PASSWORD",
      /is missing: TEST_USER_EMAIL is set/,
      /openssl rand -hex 32 \| pulumi/,
    ],
  ])("%s", (_what, change, key, says, fix, stack) => {
    const all = problemsOf(change, { ...(stack !== undefined && { stack }) });
    const found = all.find((one) => one.key === key && says.test(one.says));
    expect(all.map((one) => one.key)).toContain(key);
    expect(found?.says, JSON.stringify(all)).toMatch(says);
    if (fix) expect(found?.fix ?? "").toMatch(fix);
    expect(JSON.stringify(all)).not.toContain("MARKER");
  });

  test("a secret that the Compose file misses, with the command that makes one", () => {
    const [found] = problemsOf({}, { compose: `${COMPOSE}  worker: { image: a, environment: { K: '\${SECRET_KEY}' } }\n` });
    expect(found).toMatchObject({ key: "secrets.SECRET_KEY", says: "is missing: compose.yaml uses SECRET_KEY" });
    expect(found!.fix).toContain("openssl rand -hex 32 | pulumi config set --path --secret 'recoloca:secrets.SECRET_KEY'");
  });

  test("all at once", () => {
    const all = problemsOf({ ...github({ reviewers: {}, plan: "gold" }), ...secrets(["OLD_TOKEN", "STAGING_HOST"]), domain: undefined });
    expect(all.map((one) => one.key)).toEqual(expect.arrayContaining(["github.plan", "secrets.OLD_TOKEN", "secrets.STAGING_HOST", "domain"]));
  });
});

test("of a login of tests that production has, one half misses no other; and one that its containers take is not sent to GitHub", () => {
  expect(problemsOf(secrets(["TEST_USER_EMAIL"]), { stack: "production" }).map(({ key }) => key)).toEqual(["secrets.TEST_USER_EMAIL"]);
  const compose = "services:\n  backend: { image: a, environment: { P: '${PASSWORD}', T: '${TEST_USER_EMAIL}' } }\n";
  const { values, problems } = check(secrets(["TEST_USER_EMAIL"]), { stack: "production", compose });
  expect(problems).toEqual([]);
  const { environments } = githubSettings(values, "production", { url: "https://recoloca.ai", stack: "production", organization: "recoloca" })!;
  expect(environments.flatMap((one) => one.secrets)).toEqual([]);
});

test("a service that takes a whole env_file takes every secret", () => {
  expect(problemsOf(secrets(["ANYTHING"]), { compose: "services:\n  backend:\n    image: a\n    env_file: .env\n" })).toEqual([]);
});

test("the owner's pipeline is derived from what the stack says elsewhere", () => {
  const gates = [{ name: "page", path: "/" }, { name: "api", path: "/api/v1/health" }]; // prettier-ignore
  const owner = settingsOf(
    { ...github({ ownsRepository: true, stateBucket: { name: "state", key: KEY } }), gates, pipeline: { production: "approval" } },
    "production",
  );
  expect(owner.whole!.pipeline).toMatchObject({
    programPath: "infrastructure",
    production: "approval",
    application: { composeFile: "infrastructure/compose.yaml", healthPaths: ["/", "/api/v1/health"], backend: { image: "ghcr.io/recoloca/backend" } },
    environments: [
      { name: "staging", from: "push" },
      { name: "production", from: "release" },
    ],
    backend: { kind: "s3", url: "s3://state", passphrase: false },
    aws: { region: "sa-east-1" },
  });
  expect(settingsOf({}).whole).toBeUndefined();
});

test("each environment has one beside it for infrastructure runs, with the same reviewers", () => {
  const [deploys, infrastructure, ...more] = settingsOf(github({ waitMinutes: 10 }), "production").environments;
  expect(deploys).toMatchObject({ environment: "production", branches: ["main"], tags: ["v*.*.*"], waitMinutes: 10, preventSelfReview: true, role: "deploy" });
  expect(infrastructure).toMatchObject({ environment: "production-infrastructure", branches: ["main"], tags: [], waitMinutes: 0, role: "infrastructure" });
  expect(infrastructure!.reviewers).toEqual(deploys!.reviewers);
  expect(more).toEqual([]);
});

test("secrets go where their jobs are, and nowhere else", () => {
  const given = secrets(["SLACK_WEBHOOK_URL", "TEST_USER_EMAIL", "TEST_USER_PASSWORD", "INFRASTRUCTURE_APP_PRIVATE_KEY"]);
  const { environments } = settingsOf({ ...given, ...github({ ownsRepository: true, infrastructureApp: 7 }) });
  expect(Object.fromEntries(environments.map((one) => [one.environment, one.secrets]))).toEqual({
    staging: ["TEST_USER_EMAIL", "TEST_USER_PASSWORD"],
    "staging-infrastructure": ["INFRASTRUCTURE_APP_PRIVATE_KEY"],
    automation: ["SLACK_WEBHOOK_URL"],
  });
  expect(environments[1]!.variables).toMatchObject({ INFRASTRUCTURE_APP_ID: "7", AWS_REGION: "sa-east-1", PUBLIC_URL: "https://staging.recoloca.ai" });
});

test("what is off is said with what switches it on; what cannot be meant is not", () => {
  const said = settingsOf({}).notes.join("\n");
  expect(said).toContain("off: end-to-end tests of what only a user who has logged in sees. On with: pulumi config set");
  expect(said).not.toContain("Slack");
  expect(settingsOf(github({ ownsRepository: true }), "production").notes.join("\n")).toMatch(/off: messages to Slack/);
  expect(settingsOf({}, "production").notes.join("\n")).not.toContain("end-to-end");
});

describe("what a plan lacks", () => {
  test.each([
    [{ visibility: "public", plan: "free" }, []],
    [{ visibility: "private", plan: "free" }, ["environments", "approval", "rulesets", "attestations", "codeScanning", "pages", "mergeQueue"]],
    [{ visibility: "private", plan: "team" }, ["approval", "attestations", "codeScanning", "pages", "mergeQueue"]],
    [{ visibility: "private", plan: "team", codeSecurity: true }, ["approval", "attestations", "pages", "mergeQueue"]],
    [{ visibility: "internal", plan: "enterprise" }, ["codeScanning"]],
  ] as const)("%j", (repository, lacks) => {
    const has = abilitiesOf({ codeSecurity: false, pages: true, mergeQueue: true, ...repository });
    expect(Object.entries(has).flatMap(([name, there]) => (there ? [] : [name]))).toEqual(lacks);
    expect(lackOf({ codeSecurity: false, pages: true, mergeQueue: true, ...repository })).toHaveLength(
      lacks.filter((one) => (one as string) !== "environments").length,
    );
  });

  test("is nothing where nobody wants it: a page, a merge queue", () => {
    expect(lackOf({ visibility: "private", plan: "team", codeSecurity: true }).join("\n")).not.toMatch(/page|queue/);
    expect(settingsOf(github({ ownsRepository: true }), "production").whole!.rules.mergeQueue).toBe(false);
    expect(settingsOf(github({ ownsRepository: true, mergeQueue: true }), "production").whole!.rules.mergeQueue).toBe(true);
    const lacking = { visibility: "private", plan: "team", ownsRepository: true, mergeQueue: true, releasers: { teams: { platform: 42 } } };
    const { whole, notes } = settingsOf({ github: lacking }, "production");
    expect(whole!.rules.mergeQueue).toBe(false);
    expect(notes.join("\n")).toContain("no merge queue: pull requests have to be up to date before they are merged");
  });

  test("is switched off and said, not sent", () => {
    const { environments, notes } = settingsOf({ github: { ...TEAM, visibility: "private", waitMinutes: 5 } });
    expect(environments[0]).toMatchObject({ reviewers: { users: [], teams: [] }, waitMinutes: 0, preventSelfReview: false });
    expect(notes.join("\n")).toContain("no wait timer: a production release, and a change of production's infrastructure, begins with a tag");
    const { environments: production } = settingsOf({ github: { ...TEAM, visibility: "private" } }, "production");
    expect(production.map(({ environment, tags }) => [environment, tags])).toEqual([
      ["production", ["v*.*.*"]],
      ["production-infrastructure", ["v*.*.*"]],
    ]);
  });
});
