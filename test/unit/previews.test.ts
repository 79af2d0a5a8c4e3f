/** What a stack's previews are refused for, what comes of those that are right, and what `make doctor` says of them. */
import * as http from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { githubAsk } from "../../operate/github-doctor/index.ts";
import { cloudOf, settingsInState, tellPreviews, type Answers, type Wanted } from "../../operate/previews-doctor.ts";
import { githubForm } from "../../settings/github-form.ts";
import { pipelineForm } from "../../settings/pipeline.ts";
import { checkPreviews, cloudClaim, previewsForm, previewsSettings, type PreviewsSettings } from "../../settings/previews.ts";

const PRIVATE = { visibility: "private", plan: "team" };
const PUBLIC = { visibility: "public", plan: "team" };
const place = { organization: "recoloca", project: "recoloca", stack: "staging" };
const values = (previews: object, github: object = PRIVATE, more: object = {}) => ({
  previews: previewsForm.parse(previews),
  github: githubForm.parse(github),
  repository: "recoloca/recoloca",
  ...more,
});
const settings = (...given: Parameters<typeof values>) => previewsSettings(values(...given), place) as PreviewsSettings;

test("off by default, and where the state is not at Pulumi Cloud", () => {
  expect(previewsSettings({}, place)).toBeUndefined();
  const off = { off: expect.stringMatching(/^recoloca:previews is off: the state of this stack is not at Pulumi Cloud/) as string };
  expect(previewsSettings(values({}), { ...place, organization: "organization" })).toEqual(off);
  expect(previewsSettings(values({}, { ...PRIVATE, stateBucket: { name: "recoloca-state" } }), place)).toEqual(off);
});

test("previews are of what the program is made of; a run at Pulumi Cloud takes a role for that alone", () => {
  expect(settings({})).toMatchObject({ pullRequests: true, reviewStacks: false, programPath: "infrastructure", paths: ["infrastructure/**"], notes: [] });
  expect(settings({}, PRIVATE, { composeFile: "../compose.yaml" }).paths).toEqual(["infrastructure/**", "compose.yaml"]);
  expect(settings({ programPath: "." }).paths).toEqual([]);
  expect(settings({ paths: ["a"] }).paths).toEqual(["a"]);
  expect(cloudClaim(settings({}))).toMatchObject({ issuer: "api.pulumi.com/oidc", organization: "recoloca", operations: ["preview"] });
  expect(cloudClaim(settings({ drift: "0 4 * * *", apiUrl: "https://pulumi.example.org" }))).toMatchObject({
    issuer: "pulumi.example.org/oidc",
    operations: ["preview", "refresh", "detect-drift"],
  });
});

test("neither production nor a public repository is previewed unasked, and that is said", () => {
  const production = previewsSettings(values({}), { ...place, stack: "production" }) as PreviewsSettings;
  expect([production.pullRequests, production.notes]).toEqual([false, [expect.stringContaining("what reads this stack reads its secrets")]]);
  const asked = previewsSettings(values({ pullRequests: true }), { ...place, stack: "production" }) as PreviewsSettings;
  expect([asked.pullRequests, asked.notes]).toEqual([true, [expect.stringContaining("can read the secrets of production")]]);
  const open = settings({}, PUBLIC);
  expect([open.pullRequests, open.notes]).toEqual([false, [expect.stringContaining("from a fork of a public repository")]]);
});

describe("is refused:", () => {
  test.each<[string, ReturnType<typeof values> | object, string, RegExp, string?]>([
    ["previews without a repository", { previews: previewsForm.parse({}) }, "previews", /wants recoloca:github/],
    ["a public repository's", values({ pullRequests: true }, PUBLIC), "previews.pullRequests", /from a fork/],
    ["stacks after production", values({ reviewStacks: true }), "previews.reviewStacks", /after production/, "production"],
    ["stacks for everybody", values({ reviewStacks: true }, PUBLIC), "previews.reviewStacks", /from a fork/],
    ["stacks with a server at AWS", values({ reviewStacks: true }, PRIVATE, { ec2: {} }), "previews.reviewStacks", /only reads/],
    [
      "the App with the state in a bucket",
      { github: githubForm.parse({ ...PRIVATE, stateBucket: { name: "recoloca-state" } }), pipeline: pipelineForm.parse({ previews: "app" }) },
      "pipeline.previews",
      /sees nothing/,
    ],
    ["the App with forks", { github: githubForm.parse(PUBLIC), pipeline: pipelineForm.parse({ previews: "app" }) }, "pipeline.previews", /forks/],
  ])("%s", (_what, given, key, says, stack = "staging") => {
    expect(checkPreviews(given, stack)).toEqual([
      { key, says: expect.stringMatching(says) as string, fix: expect.stringMatching(/^pulumi config (set|rm) /) as string },
    ]);
  });

  test.each([{ drift: "daily" }, { drift: "0 4 * *" }, { apiUrl: "file:///state" }, { paths: [] }, { programPath: "../x" }, { pullRequest: true }])(
    "%j",
    (given) => {
      expect(previewsForm.safeParse(given).success).toBe(false);
    },
  );
});

const wanted: Wanted = {
  ...place,
  github: { repository: "recoloca/recoloca", previewPullRequests: true, deployCommits: false, pullRequestTemplate: false },
};

test("what the stack wrote is read from its state", () => {
  const state = (resources: object[]) => JSON.stringify({ version: 3, deployment: { resources } });
  expect(settingsInState(state([{ type: "pulumi:pulumi:Stack" }, { type: "pulumiservice:index:DeploymentSettings", inputs: wanted }]))).toEqual(wanted);
  expect(settingsInState(state([]))).toBeUndefined();
  expect(settingsInState("{}")).toBeUndefined();
});

describe("make doctor", () => {
  const healthy = {
    "/orgs/recoloca/installations": { installations: [{ app_slug: "pulumi", suspended_at: null }] },
    "/repos/recoloca/recoloca": { allow_forking: false },
    "/api/stacks/recoloca/recoloca/staging/deployments/settings": { gitHub: wanted.github },
  };
  let answers: Record<string, unknown> = healthy;
  let base = "";
  const tokens: (string | undefined)[] = [];
  const server = http.createServer((request, response) => {
    tokens.push(request.headers.authorization);
    const found = answers[new URL(request.url!, "http://here").pathname];
    response.writeHead(found === undefined ? 404 : 200, { "content-type": "application/json" });
    response.end(JSON.stringify(found ?? { message: "Not Found" }));
  });
  beforeAll(async () => {
    await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
    base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterAll(() => server.close());

  async function told(change: Record<string, unknown>, asked: Partial<Answers> = {}, of: Wanted | undefined = wanted) {
    answers = { ...healthy, ...change };
    const lines: string[] = [];
    const all = { github: githubAsk(base, "a-token"), cloud: cloudOf(base, "pul-token"), ...asked };
    const count = await tellPreviews(of, "recoloca/recoloca", all, (line) => lines.push(line));
    return [count, lines.join("\n")] as const;
  }

  test("finds everything in order, each item of the list by itself", async () => {
    expect(await told({})).toEqual([
      0,
      " previews: the Pulumi GitHub App is installed\n previews: nobody may fork the repository\n previews: Pulumi Cloud does what the stack says",
    ]);
    expect(tokens).toContain("token pul-token");
  });

  test.each<[string, Record<string, unknown>, string]>([
    [
      "no App",
      { "/orgs/recoloca/installations": { installations: [] } },
      "is not installed for recoloca: no pull request gets a preview\n     https://github.com/apps/pulumi",
    ],
    ["a suspended App", { "/orgs/recoloca/installations": { installations: [{ app_slug: "pulumi", suspended_at: "2026-01-01" }] } }, "is suspended"],
    ["forks", { "/repos/recoloca/recoloca": { allow_forking: true } }, "gh api --method PATCH repos/recoloca/recoloca -F allow_forking=false"],
    [
      "deploys by a click in the console",
      { "/api/stacks/recoloca/recoloca/staging/deployments/settings": { gitHub: { ...wanted.github, deployCommits: true } } },
      "Pulumi Cloud deploys what is pushed, past every approval\n     pulumi up --refresh",
    ],
    [
      "settings that are gone",
      { "/api/stacks/recoloca/recoloca/staging/deployments/settings": undefined },
      "has no deployment settings of recoloca/recoloca/staging",
    ],
  ])("finds %s", async (_what, change, says) => {
    const [count, lines] = await told(change);
    expect([count, lines]).toEqual([1, expect.stringContaining(says)]);
  });

  test("says where to look for what nobody answers", async () => {
    const [count, lines] = await told({ "/orgs/recoloca/installations": undefined, "/repos/recoloca/recoloca": {} }, { cloud: undefined });
    expect(count).toBe(0);
    expect(lines).toContain("not told: is the Pulumi GitHub App installed? GitHub tells only owners of the organization");
    expect(lines).toContain("not told: may recoloca/recoloca be forked?");
    expect(lines).toContain("not told: Pulumi Cloud was not asked: export PULUMI_ACCESS_TOKEN");
    expect((await told({}, { github: undefined }))[1]).toContain("not told: GitHub was not asked: export GITHUB_TOKEN");
  });

  test("says it, too, where neither can be reached, and lets the rest go on", async () => {
    const away = "http://127.0.0.1:1";
    const [count, lines] = await told({}, { github: githubAsk(away, "a-token"), cloud: cloudOf(away, "pul-token") });
    expect(count).toBe(0);
    expect(lines).toMatch(
      /^ previews, not told: GitHub cannot be reached at http:\/\/127.0.0.1:1: .*\n previews, not told: Pulumi Cloud cannot be reached at /,
    );
  });

  test("says that nothing is written yet", async () => {
    const lines: string[] = [];
    expect(await tellPreviews(undefined, "recoloca/recoloca", { github: undefined, cloud: undefined }, (line) => lines.push(line))).toBe(0);
    expect(lines.join()).toContain("nothing is written at Pulumi Cloud");
  });
});
