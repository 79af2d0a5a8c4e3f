/** What must be true of whom Pulumi Cloud lets at which stack, whoever changes a component; and what is said where it lets nobody. */
import { beforeAll, describe, expect, test } from "vitest";
import { policiesOf, type Access } from "../../components/pulumi-access/policies.ts";
import { accessNotes } from "../../settings/pulumi-access.ts";
import { githubForm } from "../../settings/github-form.ts";
import { checkGithub } from "../../settings/check-github.ts";
import { everythingOf, type Made } from "../mocked-program.ts";

const github = { visibility: "public", plan: "team", pages: true, reviewers: { teams: { platform: 42 } } };
const change = (pulumiCloud: object | undefined, more: object = {}) => ({
  "recoloca:github": { ...github, ownsRepository: true, ...(pulumiCloud && { pulumiCloud }), ...more },
});
const production = (pulumiCloud: object | undefined, more: object = {}, organization = "acme") =>
  everythingOf("production", change(pulumiCloud, more), {}, organization);
const of = (all: readonly Made[], type: string) =>
  all
    .filter((one) => one.type === `pulumiservice:index:${type}`)
    .map(({ inputs }) => inputs)
    .sort((one, other) => String(one["name"] ?? one["team"]).localeCompare(String(other["name"] ?? other["team"])));
const policies = (all: readonly Made[]) => of(all, "OidcIssuer")[0]!["policies"] as { tokenType: string; teamName?: string; rules: Record<string, string> }[];

describe("the enterprise edition", () => {
  let all: Made[];
  beforeAll(async () => {
    all = await production({ edition: "enterprise" });
  });
  test("has a team for each stack that changes it, and one that reads it; each reaches that stack alone", () => {
    const names = ["recoloca-production", "recoloca-production-preview", "recoloca-staging", "recoloca-staging-preview"];
    expect(of(all, "Team")).toMatchObject(names.map((name) => ({ name, organizationName: "acme", teamType: "pulumi" })));
    expect(of(all, "TeamStackPermission")).toEqual([
      { organization: "acme", project: "recoloca", stack: "production", team: "recoloca-production", permission: 102 },
      { organization: "acme", project: "recoloca", stack: "production", team: "recoloca-production-preview", permission: 101 },
      { organization: "acme", project: "recoloca", stack: "staging", team: "recoloca-staging", permission: 102 },
      { organization: "acme", project: "recoloca", stack: "staging", team: "recoloca-staging-preview", permission: 101 },
    ]);
    expect(all.filter(({ type }) => type === "pulumi:providers:pulumiservice").map(({ inputs }) => inputs)).toEqual([{ apiUrl: "https://api.pulumi.com" }]);
  });

  test("lets runs in by whole claims: an environment's at its own stack, a pull request's nowhere but at staging, to read", () => {
    expect(of(all, "OidcIssuer")).toMatchObject([
      { organization: "acme", name: "github", url: "https://token.actions.githubusercontent.com", maxExpirationSeconds: 3600 },
    ]);
    expect(policies(all).map(({ rules, teamName }) => `${rules["sub"]} → ${teamName}`)).toEqual([
      "repo:recoloca/recoloca:environment:staging → recoloca-staging",
      "repo:recoloca/recoloca:environment:staging-infrastructure → recoloca-staging",
      "repo:recoloca/recoloca:ref:refs/heads/main → recoloca-staging-preview",
      "repo:recoloca/recoloca:environment:production → recoloca-production",
      "repo:recoloca/recoloca:environment:production-infrastructure → recoloca-production",
      "repo:recoloca/recoloca:ref:refs/heads/main → recoloca-production-preview",
      "repo:recoloca/recoloca:pull_request → recoloca-staging-preview",
    ]);
    for (const one of policies(all)) expect(one).toMatchObject({ decision: "allow", tokenType: "team", rules: { aud: "urn:pulumi:org:acme" } });
    expect(JSON.stringify(policies(all))).not.toContain("*");
  });

  test("knows both forms of GitHub's claims, in no more policies than Pulumi Cloud takes", async () => {
    const ids = { owner: 1001, repository: 2002 };
    expect(policies(await production({ edition: "enterprise" }, { ids })).map(({ rules }) => rules["sub"])).toEqual(
      expect.arrayContaining(["repo:recoloca/recoloca:environment:production", "repo:recoloca@1001/recoloca@2002:environment:production"]),
    );
    // https://github.com/pulumi/docs/pull/15573
    const names = ["staging", "demo", "load", "spare", "production"].map((name) => ({ name, infrastructure: `${name}-infrastructure` }));
    expect(policiesOf({ ...ACCESS, ids, environments: names }).length).toBeLessThanOrEqual(40);
  });

  test("leaves an entry that is another's alone, and lets no pull request in where the App previews", async () => {
    const others = await production({ edition: "enterprise", makesIssuer: false });
    expect([of(others, "OidcIssuer").length, of(others, "Team").length]).toEqual([0, 4]);
    const pipeline = { "recoloca:pipeline": { programPath: ".", previews: "app" } };
    const byApp = await everythingOf(
      "production",
      { ...change({ edition: "enterprise" }, { visibility: "private", releasers: { teams: { platform: 42 } } }), ...pipeline },
      {},
      "acme",
    );
    expect(JSON.stringify(policies(byApp))).not.toContain("pull_request");
  });
});

const ACCESS: Access = {
  ...{ organization: "acme", application: "recoloca", owner: "recoloca", repository: "recoloca", defaultBranch: "main", token: "team" },
  environments: [{ name: "staging", infrastructure: "staging-infrastructure" }],
  previewed: "staging",
};

test.each([
  ["team", { tokenType: "organization", authorizedPermissions: ["standard"] }],
  ["individual", { tokenType: "personal", userLogin: "acme" }],
])("the %s edition has no teams: each claim once, and no pull request's", async (edition, whose) => {
  const all = await production({ edition });
  expect([...of(all, "Team"), ...of(all, "TeamStackPermission")]).toEqual([]);
  const claims = policies(all).map(({ rules }) => rules["sub"]!.replace("repo:recoloca/recoloca:", ""));
  expect(claims.sort()).toEqual([
    ...["environment:production", "environment:production-infrastructure", "environment:staging", "environment:staging-infrastructure", "ref:refs/heads/main"],
  ]);
  for (const one of policies(all)) expect(one).toMatchObject(whose);
});

test("nothing is made unasked, by a stack that does not own the repository, or where the state is elsewhere", async () => {
  const staging = await everythingOf("staging", { "recoloca:github": github }, {}, "acme");
  for (const all of [await production(undefined), await production({ edition: "enterprise" }, {}, "organization"), staging])
    expect(all.filter(({ type }) => type.startsWith("pulumiservice:") || type === "pulumi:providers:pulumiservice")).toEqual([]);
});

test("what is off is said, with what switches it on", () => {
  const notes = (pulumiCloud: object | undefined, organization = "acme", more: object = {}) =>
    accessNotes(githubForm.parse({ ...github, ownsRepository: true, ...(pulumiCloud && { pulumiCloud }), ...more }), organization);
  expect(notes(undefined)).toEqual([
    "off: tokens of Pulumi Cloud that reach one stack each, and with them the workflow's previews of pull requests; a job asks for the organization's, which reaches every stack, and who gets one is set there by hand. On with: pulumi config set --path 'recoloca:github.pulumiCloud.edition' enterprise",
  ]);
  expect(notes({ edition: "enterprise" })).toEqual([]);
  expect(notes({ edition: "team" })).toEqual([
    "Pulumi Cloud's team edition has no tokens of teams, only the organization's: one reaches every stack, production's too, so the workflow previews no pull requests",
  ]);
  expect(notes({ edition: "enterprise", makesIssuer: false })).toEqual([
    "Pulumi Cloud's entry for GitHub is another's: whoever administers it adds the policies that docs/github.md names",
  ]);
  expect(notes({ edition: "enterprise" }, "organization")).toEqual(["recoloca:github.pulumiCloud is off: the state of this stack is not at Pulumi Cloud"]);
  expect([
    notes(undefined, "organization"),
    notes(undefined, "acme", { ownsRepository: false }),
    notes(undefined, "acme", { stateBucket: { name: "state" } }),
  ]).toEqual([[], [], []]);
});

test("it belongs to the stack that owns the repository, and to none whose state is in a bucket", () => {
  const problems = (more: object) =>
    checkGithub(
      { github: githubForm.parse({ ...github, pulumiCloud: { edition: "enterprise" }, ...more }), repository: "recoloca/recoloca", ec2: {} },
      "production",
    ).filter(({ key }) => key.startsWith("github.pulumiCloud"));
  expect(problems({ ownsRepository: true })).toEqual([]);
  expect(problems({ ownsRepository: false })).toMatchObject([{ says: "belongs to the stack that owns the repository, and this one does not" }]);
  expect(problems({ ownsRepository: true, stateBucket: { name: "state" } })).toEqual([
    {
      key: "github.pulumiCloud",
      says: "is set, and the state of this stack is in a bucket: nobody asks Pulumi Cloud",
      fix: "pulumi config rm --path recoloca:github.pulumiCloud",
    },
  ]);
  expect(githubForm.safeParse({ ...github, pulumiCloud: { edition: "business" } }).error!.message).toContain("enterprise");
});
