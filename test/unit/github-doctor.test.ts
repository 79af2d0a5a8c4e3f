/** What `make doctor` finds at GitHub, asked over HTTP of a server here that answers in GitHub's shapes, as its REST reference has them. */
import * as http from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { restOf, tellGithub } from "../../operate/github-doctor.ts";
import { checkValues } from "../../settings/check.ts";
import { githubSettings } from "../../settings/github.ts";

const CONFIG = {
  repository: "recoloca/recoloca",
  ec2: { region: "sa-east-1", instanceType: "t4g.small", sshFrom: ["203.0.113.0/24"] },
  secrets: { SLACK_WEBHOOK_URL: "MARKER-url" },
  github: { visibility: "public", plan: "team", ownsRepository: true, reviewers: { teams: { platform: 42 }, users: { ana: 7 } }, waitMinutes: 10 },
};
const values = Object.fromEntries(Object.entries(CONFIG).map(([key, value]) => [key, typeof value === "string" ? value : JSON.stringify(value)]));
const parsed = checkValues({ values, encrypted: new Set(["secrets"]) }).values;
const github = githubSettings(parsed, "production", { url: "https://recoloca.ai", stack: "production", organization: "recoloca" })!;

type Answers = Record<string, unknown>;
const ROOT = "/repos/recoloca/recoloca";
const named = (names: readonly string[]) => names.map((name) => ({ name }));

/** A repository that has everything. */
function healthy(): Answers {
  const rules = [
    { id: 1, type: "wait_timer", wait_timer: 10 },
    {
      id: 2,
      type: "required_reviewers",
      prevent_self_review: true,
      reviewers: [
        { type: "Team", reviewer: { id: 42, slug: "platform" } },
        { type: "User", reviewer: { id: 7, login: "ana" } },
      ],
    },
    { id: 3, type: "branch_policy" },
  ];
  const environments = github.environments.map(({ environment }) => ({ name: environment, can_admins_bypass: false, protection_rules: rules }));
  const inside = Object.fromEntries<unknown>(
    github.environments.flatMap(({ environment, branches, tags, secrets, variables }) => [
      [`${ROOT}/environments/${environment}/deployment-branch-policies`, { branch_policies: named([...branches, ...tags]) }],
      [`${ROOT}/environments/${environment}/secrets`, { secrets: named(secrets) }],
      [`${ROOT}/environments/${environment}/variables`, { variables: named(Object.keys(variables)) }],
    ]),
  );
  return {
    [ROOT]: { visibility: "public", default_branch: "main", permissions: { admin: true } },
    [`${ROOT}/environments`]: { total_count: environments.length, environments },
    ...inside,
    [`${ROOT}/rulesets`]: [
      { id: 1, target: "branch", enforcement: "active" },
      { id: 2, target: "tag", enforcement: "active" },
    ],
    [`${ROOT}/actions/workflows`]: { workflows: [{ path: ".github/workflows/ci.yml", state: "active" }] },
  };
}

let answers: Answers = {};
let scopes: string | undefined;
let base = "";
const tokens: (string | undefined)[] = [];
const server = http.createServer((request, response) => {
  tokens.push(request.headers.authorization);
  const found = answers[new URL(request.url!, "http://here").pathname];
  response.writeHead(found === undefined ? 404 : 200, { "content-type": "application/json", ...(scopes !== undefined && { "x-oauth-scopes": scopes }) });
  response.end(JSON.stringify(found ?? { message: "Not Found" }));
});
beforeAll(async () => {
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => server.close());
beforeEach(() => {
  answers = healthy();
  scopes = undefined;
});

async function told(): Promise<string> {
  const lines: string[] = [];
  const count = await tellGithub(github, restOf(base, "a-token"), (line) => lines.push(line));
  expect(count > 0).toBe(!lines.join().includes("no findings"));
  return lines.join("\n");
}
const part = (path: string) => answers[`${ROOT}${path}`] as Record<string, Record<string, unknown>[]>;
const production = () => part("/environments")["environments"]!.find(({ name }) => name === "production")!;

test("nothing where all is as it should be", async () => {
  expect(await told()).toBe(" no findings at GitHub: production, production-infrastructure, automation, rules, workflows");
  expect(new Set(tokens)).toEqual(new Set(["Bearer a-token"]));
});

test.each<[string, () => void, RegExp]>([
  [
    "reviewers that somebody took away",
    () => (production()["protection_rules"] = []),
    /"production": of its reviewers 2 are gone \(7, 42\), and Pulumi does not see it\n +put them back under Settings/,
  ],
  ["a shorter wait", () => (production()["protection_rules"] = [{ type: "wait_timer", wait_timer: 1 }]), /"production": it waits 1 minutes, not 10/],
  ["a way round for administrators", () => (production()["can_admins_bypass"] = true), /administrators may pass its rules/],
  ["an environment that is gone", () => part("/environments")["environments"]!.pop(), /there is no environment "automation"\n +pulumi up/],
  [
    "a branch that may deploy as well",
    () => part("/environments/production/deployment-branch-policies")["branch_policies"]!.push({ name: "*" }),
    /"\*" may deploy as well/,
  ],
  ["a secret that is gone", () => (part("/environments/automation/secrets")["secrets"] = []), /secret SLACK_WEBHOOK_URL is gone/],
  ["variables that cannot be read", () => delete answers[`${ROOT}/environments/production/variables`], /its variables cannot be read\n +the token wants/],
  [
    "a ruleset that was switched off",
    () => ((answers[`${ROOT}/rulesets`] as { enforcement: string }[])[1]!.enforcement = "disabled"),
    /no ruleset for a tag is active/,
  ],
  [
    "a workflow that GitHub switched off",
    () => (part("/actions/workflows")["workflows"]![0]!["state"] = "disabled_inactivity"),
    /does not run: disabled inactivity\n +gh workflow enable ci\.yml/,
  ],
  [
    "a repository that is not what the stack says",
    () => ((answers[ROOT] as Record<string, unknown>)["visibility"] = "private"),
    /is private, and the stack says public/,
  ],
  [
    "a token of somebody who may not",
    () => ((answers[ROOT] as Record<string, unknown>)["permissions"] = { admin: false }),
    /does not administer the repository/,
  ],
  ["a classic token without a scope", () => void (scopes = "repo, read:org"), /no scope "workflow"/],
  ["a repository that the token does not see", () => delete answers[ROOT], /GitHub answers 404.*\n +is recoloca:repository right/],
])("finds %s", async (_what, spoil, text) => {
  spoil();
  const said = await told();
  expect(said).toMatch(text);
  expect(said).not.toContain("MARKER");
});

test("without a token it says so; without a GitHub side it says nothing", async () => {
  const lines: string[] = [];
  expect(await tellGithub(github, undefined, (line) => lines.push(line))).toBe(0);
  expect(await tellGithub(undefined, undefined, (line) => lines.push(line))).toBe(0);
  expect(lines).toEqual([" GitHub was not asked: export GITHUB_TOKEN"]);
});
