/**
 * What `make doctor` finds at GitHub, by exact text. GitHub answers over HTTP as it does of a repository that the stack's own components have made, so that
 * what is made and what is compared cannot drift apart unseen.
 */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { appRights } from "../../components/github-rights.ts";
import { githubAsk, tellGithub } from "../../operate/github-doctor/index.ts";
import { checkValues } from "../../settings/check.ts";
import { githubSettings, type GithubSettings } from "../../settings/github.ts";
import { ownKeys } from "../../settings/index.ts";
import { urlOf } from "../../settings/tls.ts";
import { commit, fileAnswers, filesOf, githubRest, repositoryOf, ROOT, type GithubRest, type Said } from "../doubles/github-rest.ts";
import { everythingOf, type Made } from "../mocked-program.ts";
import { shippedConfiguration } from "../shipped-configuration.ts";

const GITHUB = {
  ...{ visibility: "public", plan: "team", pages: true, ownsRepository: true, waitMinutes: 10, codeOwners: ["@recoloca/platform"] },
  ...{ reviewers: { teams: { platform: 42 }, users: { ana: 7 } }, writers: { apps: { infrastructure: 99 } }, workflowFiles: "direct" },
  ...{ infrastructureApp: 12, variables: { COLOUR: "blue" } },
};
const SECRETS = { SLACK_WEBHOOK_URL: "MARKER-url", INFRASTRUCTURE_APP_PRIVATE_KEY: "MARKER-key" };
const UP = "pulumi up --refresh, after a look at who changed it";
const ENVIRONMENTS = "https://github.com/recoloca/recoloca/settings/environments";
const MAIN = 'the ruleset "main: by pull request, with its checks"';
const CI = ".github/workflows/ci.yml";

/** An answer's body: what a test spoils it in. */
type Loose = Record<string, any>; // eslint-disable-line @typescript-eslint/no-explicit-any

const change = (github: object) => ({ "recoloca:github": { ...GITHUB, ...github } });
/** As `make doctor` reads a stack. */
function settingsOf(stack: string, github: object): GithubSettings {
  const { config, secretKeys } = shippedConfiguration(stack, change(github), SECRETS);
  const { values } = checkValues({ values: ownKeys(config), encrypted: new Set(secretKeys.map((key) => key.replace("recoloca:", ""))) });
  return githubSettings(values, stack, { url: urlOf(values), stack, organization: "organization" })!;
}

let github: GithubSettings;
let made: readonly Made[];
let rest: GithubRest;
beforeAll(async () => {
  github = settingsOf("production", {});
  made = await everythingOf("production", change({}), SECRETS);
  rest = await githubRest();
});
afterAll(() => rest.close());
const installation = { id: 1, app_id: 12, app_slug: "recoloca-infrastructure", repository_selection: "selected", suspended_at: null };
const granted = {
  administration: "write",
  contents: "write",
  environments: "write",
  metadata: "read",
  pull_requests: "write",
  secrets: "write",
  workflows: "write",
};
beforeEach(() => {
  const app: Said = { body: { total_count: 1, installations: [{ ...installation, permissions: granted }] } };
  rest.answers = structuredClone({ ...repositoryOf(made), "/orgs/recoloca/installations": app });
  rest.asked.length = 0;
});

/** What is printed, and what `make doctor` then ends with. */
async function told(of: GithubSettings = github): Promise<{ lines: string[]; count: number }> {
  const lines: string[] = [];
  const count = await tellGithub(of, githubAsk(rest.base, "a-token"), (line) => lines.push(line));
  expect(lines.join("\n")).not.toContain("MARKER");
  return { lines, count };
}

const body = (path: string) => rest.answers[`${ROOT}${path}`]!.body as Loose;
const listed = (path: string, name: string) => body(path)[name] as Loose[];
const production = () => listed("/environments", "environments").find(({ name }) => name === "production")!;
const guard = (type: string) => (production()["protection_rules"] as Loose[]).find((one) => one["type"] === type)!;
const rule = (type: string) => listed("/rulesets/1001", "rules").find((one) => one["type"] === type)!["parameters"] as Loose;
const byHand = (files: ReadonlyMap<string, string>, branch = "main") => Object.assign(rest.answers, fileAnswers(branch, files));
const changed = (path: string, text: string | undefined) => {
  const files = filesOf(made);
  if (text === undefined) files.delete(path);
  else files.set(path, text);
  return files;
};

test("says shortly that all is as it should be, and asks with GET alone", async () => {
  expect(await told()).toEqual({
    lines: [" no findings at GitHub: production, production-infrastructure, automation; the repository's settings, rules, Actions and workflow files"],
    count: 0,
  });
  expect(rest.asked.length).toBeGreaterThan(20);
  expect(rest.asked.filter((one) => !one.startsWith("GET Bearer a-token "))).toEqual([]);
});

test("of a stack that does not own the repository asks nothing that is of all", async () => {
  const config = {
    "recoloca:github": { visibility: "public", plan: "team", reviewers: { teams: { platform: 42 } } },
    "recoloca:review": { host: "pr-{number}.recoloca.ai", repositories: ["ghcr.io/recoloca/backend"] },
  };
  rest.answers = repositoryOf(await everythingOf("staging", config));
  const { values } = checkValues({ values: ownKeys(shippedConfiguration("staging", config).config), encrypted: new Set() });
  const staging = githubSettings(values, "staging", { url: urlOf(values), stack: "staging", organization: "organization" })!;
  expect(await told(staging)).toEqual({ lines: [" no findings at GitHub: staging, staging-infrastructure, staging-review"], count: 0 });
  expect(rest.asked.filter((one) => /rulesets|contents|permissions|workflows|alerts/.test(one))).toEqual([]);
  listed("/environments/staging-review/variables", "variables").pop();
  expect((await told(staging)).lines).toEqual([` environment "staging-review": variable REVIEW_HOST_KEY is missing, should be there. Fix: ${UP}`]);
});

test("compares every kind of thing that the stack makes at GitHub", () => {
  // What is here is spoilt below, one by one; a new kind has to be compared, too.
  expect([...new Set(made.map(({ type }) => type).filter((type) => type.startsWith("github:")))].map((type) => type.split(":").at(-1)).sort()).toEqual([
    ...["ActionsEnvironmentSecret", "ActionsEnvironmentVariable", "ActionsRepositoryPermissions", "ActionsVariable", "Repository", "RepositoryEnvironment"],
    ...["RepositoryEnvironmentDeploymentPolicy", "RepositoryFile", "RepositoryRuleset", "RepositoryVulnerabilityAlerts", "WorkflowRepositoryPermissions"],
  ]);
});

test("wants of the app of infrastructure runs what their token is asked for, and nothing else", () => {
  const file = filesOf(made).get(".github/workflows/infrastructure.yml")!;
  const asked = [...new Set([...file.matchAll(/permission-([a-z-]+): write/g)].map((match) => match[1]!.replaceAll("-", "_")))];
  expect(
    appRights()
      .map(([, key]) => key)
      .sort(),
  ).toEqual(asked.sort());
});

test("compares a merge queue by all that it does", async () => {
  const queued = { visibility: "public", plan: "team", mergeQueue: true, infrastructureApp: undefined };
  rest.answers = repositoryOf(await everythingOf("production", change(queued), { SLACK_WEBHOOK_URL: "MARKER-url" }));
  const { config, secretKeys } = shippedConfiguration("production", change(queued), { SLACK_WEBHOOK_URL: "MARKER-url" });
  const { values } = checkValues({ values: ownKeys(config), encrypted: new Set(secretKeys.map((key) => key.replace("recoloca:", ""))) });
  const of = githubSettings(values, "production", { url: urlOf(values), stack: "production", organization: "organization" })!;
  expect((await told(of)).count).toBe(0);
  rule("merge_queue")["grouping_strategy"] = "HEADGREEN";
  expect((await told(of)).lines).toEqual([` ${MAIN}: grouping_strategy is HEADGREEN, should be ALLGREEN. Fix: ${UP}`]);
});

describe("numbers in GitHub's word of a run", () => {
  const FIX = "pulumi config set --path recoloca:github.ids.owner 1001; pulumi config set --path recoloca:github.ids.repository 2002; pulumi up";
  const YOUNG = `the repository was made on 2026-07-15, so GitHub's word of a run has numbers; the stack knows none, should know owner 1001, repository 2002: else no run gets in`;
  const saidOf = async (made: string, more: object, stack = "production", organization = "organization") => {
    body("")["created_at"] = made;
    const { config, secretKeys } = shippedConfiguration(stack, { ...change({}), ...more }, SECRETS);
    const { values } = checkValues({ values: ownKeys(config), encrypted: new Set(secretKeys.map((key) => key.replace("recoloca:", ""))) });
    return (await told(githubSettings(values, stack, { url: urlOf(values), stack, organization }))).lines.filter((line) => /number|\bids\b/.test(line));
  };
  const withIds = (owner: number, repository: number) => change({ ids: { owner, repository } });

  test("are in that of a young repository: a stack that lets runs in and does not know them is told both", async () => {
    expect(await saidOf("2026-07-15T00:00:00Z", {})).toEqual([` ${YOUNG}. Fix: ${FIX}`]);
    expect(await saidOf("2026-07-14T23:59:59Z", {})).toEqual([]);
    expect(await saidOf("2026-07-15T00:00:00Z", withIds(1001, 2002))).toEqual([]);
  });
  test("that are another repository's are told, whenever it was made", async () => {
    const what = "recoloca:github.ids are owner 1001, repository 2, should be owner 1001, repository 2002: no run is known by them";
    expect(await saidOf("2025-01-10T08:00:00Z", withIds(1001, 2))).toEqual([` ${what}. Fix: ${FIX}`]);
  });
  test("also where Pulumi Cloud alone lets runs in; and of nobody who lets none in", async () => {
    const none = { "recoloca:ec2": undefined, "recoloca:host": undefined };
    const cloud = change({ pulumiCloud: { edition: "enterprise" } });
    expect(await saidOf("2026-11-20T08:00:00Z", { ...none, ...cloud }, "production", "acme")).toHaveLength(1);
    expect(await saidOf("2026-11-20T08:00:00Z", none)).toEqual([]);
  });
});

describe("finds, in one line with what is, what should be and what mends it:", () => {
  test.each<[string, () => unknown, ...string[]]>([
    [
      "all reviewers removed, which Pulumi does not see",
      () => (production()["protection_rules"] = []),
      `environment "production": its reviewers are nobody, should be team 42, user 7. Fix: Pulumi does not see it: Required reviewers at ${ENVIRONMENTS}`,
      `environment "production": it waits 0 minutes, should wait 10. Fix: ${UP}`,
    ],
    [
      "a reviewer removed",
      () => (guard("required_reviewers")["reviewers"] as Loose[]).shift(),
      `environment "production": its reviewers are team 42 (team-42), should be team 42, user 7. Fix: ${UP}`,
    ],
    [
      "a reviewer added",
      () => (guard("required_reviewers")["reviewers"] as Loose[]).push({ type: "User", reviewer: { id: 8, login: "eve" } }),
      `environment "production": its reviewers are team 42 (team-42), user 7 (user-7), user 8 (eve), should be team 42, user 7. Fix: ${UP}`,
    ],
    ["a shorter wait", () => (guard("wait_timer")["wait_timer"] = 1), `environment "production": it waits 1 minutes, should wait 10. Fix: ${UP}`],
    [
      "a way round for administrators",
      () => (production()["can_admins_bypass"] = true),
      `environment "production": administrators may pass its rules, should not. Fix: ${UP}`,
    ],
    [
      "approval by who started the run",
      () => (guard("required_reviewers")["prevent_self_review"] = false),
      `environment "production": who starts a run may approve it, should not. Fix: ${UP}`,
    ],
    [
      "any branch",
      () => (production()["deployment_branch_policy"] = null),
      `environment "production": every branch and tag may deploy, should be chosen ones alone. Fix: ${UP}`,
    ],
    [
      "any protected branch",
      () => (production()["deployment_branch_policy"] = { protected_branches: true, custom_branch_policies: false }),
      `environment "production": every protected branch may deploy, should be chosen ones alone. Fix: ${UP}`,
    ],
    [
      "another branch, and a tag gone",
      () => (listed("/environments/production/deployment-branch-policies", "branch_policies")[1] = { id: 9, name: "*", type: "branch" }),
      `environment "production": tag v*.*.* may not deploy, should. Fix: ${UP}`,
      `environment "production": branch * may deploy, should not. Fix: Pulumi does not see it: remove it at ${ENVIRONMENTS}; or name it in recoloca:github`,
    ],
    [
      "an environment gone",
      () => listed("/environments", "environments").pop(),
      'environment "automation" is missing, should be there. Fix: pulumi up --refresh',
    ],
    [
      "a secret gone, another that nobody knows",
      () => (body("/environments/automation/secrets")["secrets"] = [{ name: "OLD_KEY" }]),
      `environment "automation": secret SLACK_WEBHOOK_URL is missing, should be there. Fix: ${UP}`,
      'environment "automation": secret OLD_KEY is there, should not: no stack writes it. Fix: gh secret delete OLD_KEY --env automation --repo recoloca/recoloca',
    ],
    [
      "a secret of the repository itself",
      () => (rest.answers[`${ROOT}/actions/secrets`]!.body = { total_count: 2, secrets: [{ name: "SLACK_WEBHOOK_URL" }, { name: "SOMEBODYS_OWN" }] }),
      "the repository: secret SLACK_WEBHOOK_URL is there, should not: a job of any branch reads it, and those that need it have it from their environment. Fix: gh secret delete SLACK_WEBHOOK_URL --repo recoloca/recoloca",
    ],
    [
      "variables missing, changed and strange",
      () =>
        (body("/environments/production/variables")["variables"] = [
          ...listed("/environments/production/variables", "variables").filter(({ name }) => name !== "AWS_ROLE" && name !== "COLOUR"),
          { name: "COLOUR", value: "red" },
          { name: "MORE", value: "1" },
        ]),
      `environment "production": variable AWS_ROLE is missing, should be there. Fix: ${UP}`,
      `environment "production": variable COLOUR is "red", should be "blue". Fix: ${UP}`,
      'environment "production": variable MORE is there, should not: no stack writes it. Fix: gh variable delete MORE --env production --repo recoloca/recoloca; or name it in recoloca:github.variables',
    ],
    [
      "a variable of the repository missing",
      () => (body("/actions/variables")["variables"] = []),
      `the repository: variable AWS_PLAN_ROLE_PRODUCTION is missing, should be there. Fix: ${UP}`,
    ],
    ["a ruleset disabled", () => (body("/rulesets/1001")["enforcement"] = "disabled"), `${MAIN}: enforcement is disabled, should be active. Fix: ${UP}`],
    ["a ruleset gone", () => (body("/rulesets") as Loose[]).shift(), `${MAIN} is missing, should be there. Fix: ${UP}`],
    [
      "a required check removed, another added",
      () => (rule("required_status_checks")["required_status_checks"] = [{ context: "Checks passed", integration_id: 15368 }, { context: "Mine" }]),
      `${MAIN}: check "Security passed" by app 15368 is not required, should be. Fix: ${UP}`,
      `${MAIN}: check "Mine" by anybody is required, should not be. Fix: ${UP}`,
    ],
    [
      "a check that anybody may set",
      () => ((rule("required_status_checks")["required_status_checks"] as Loose[])[0] = { context: "Checks passed", integration_id: null }),
      `${MAIN}: check "Checks passed" by app 15368 is not required, should be. Fix: ${UP}`,
      `${MAIN}: check "Checks passed" by anybody is required, should not be. Fix: ${UP}`,
    ],
    [
      "a way past the rules added",
      () => listed("/rulesets/1001", "bypass_actors").push({ actor_id: 5, actor_type: "RepositoryRole", bypass_mode: "always" }),
      `${MAIN}: role 5 may pass it, should not. Fix: ${UP}`,
    ],
    [
      "one who may pass only by pull request",
      () => (body("/rulesets/1001")["bypass_actors"] = [{ actor_id: 99, actor_type: "Integration", bypass_mode: "pull_request" }]),
      `${MAIN}: app 99 may not pass it, should. Fix: ${UP}`,
      `${MAIN}: app 99 (pull_request) may pass it, should not. Fix: ${UP}`,
    ],
    [
      "rules removed and softened",
      () => {
        body("/rulesets/1001")["rules"] = listed("/rulesets/1001", "rules").filter(({ type }) => type !== "non_fast_forward");
        rule("pull_request")["required_approving_review_count"] = 0;
      },
      `${MAIN}: rule non_fast_forward is missing, should be there. Fix: ${UP}`,
      `${MAIN}: required_approving_review_count is 0, should be 1. Fix: ${UP}`,
    ],
    [
      "rules of other branches",
      () => (body("/rulesets/1001")["conditions"] = { ref_name: { include: ["refs/heads/old"], exclude: [] } }),
      `${MAIN}: include is refs/heads/old, should be ~DEFAULT_BRANCH. Fix: ${UP}`,
    ],
    [
      "a token that writes",
      () => (body("/actions/permissions/workflow")["default_workflow_permissions"] = "write"),
      `what the token of a job may: default_workflow_permissions is write, should be read. Fix: ${UP}`,
    ],
    [
      "any action, at any tag",
      () => Object.assign(body("/actions/permissions"), { allowed_actions: "all", sha_pinning_required: false }),
      `Actions: allowed_actions is all, should be selected. Fix: ${UP}`,
      `Actions: sha_pinning_required is false, should be true. Fix: ${UP}`,
    ],
    [
      "an action more",
      () => listed("/actions/permissions/selected-actions", "patterns_allowed").push("eve/steal@*" as never),
      `Actions: eve/steal@* may run, should not: no workflow of the stack's uses it. Fix: ${UP}`,
    ],
    [
      "no alerts",
      () => (rest.answers[`${ROOT}/vulnerability-alerts`] = { status: 404 }),
      `alerts of vulnerable dependencies are off, should be on. Fix: ${UP}`,
    ],
    ["merging by merge commit", () => (body("")["allow_merge_commit"] = true), `merge settings: allow_merge_commit is true, should be false. Fix: ${UP}`],
    ["Pages of a branch", () => (body("/pages")["build_type"] = "legacy"), `Pages: build_type is legacy, should be workflow. Fix: ${UP}`],
    ["no Pages", () => (body("")["has_pages"] = false), `Pages are off, should be published by a workflow. Fix: ${UP}`],
    [
      "a repository that is not what the stack says",
      () => Object.assign(body(""), { visibility: "private", default_branch: "trunk" }),
      "the repository is private, should be public as the stack says. Fix: pulumi config set --path recoloca:github.visibility private, where that is right",
      "the default branch is trunk, should be main as the stack says. Fix: pulumi config set --path recoloca:github.defaultBranch trunk, where that is right",
    ],
    [
      "another name",
      () => (body("")["full_name"] = "recoloca/application"),
      "the repository is called recoloca/application now, should be recoloca/recoloca. Fix: pulumi config set recoloca:repository recoloca/application",
    ],
    [
      "a workflow edited by hand",
      () => {
        byHand(changed(CI, "name: mine\n"));
        rest.answers[`${ROOT}/commits`] = { body: [commit("1a2b3c4d", "ana", "Skip the tests\n\nThey are slow")] };
      },
      `${CI} on main was changed by ana in 1a2b3c4 ("Skip the tests"), should be as the program writes it. Fix: bring into the program what is to stay, then pulumi up --refresh`,
    ],
    [
      "a workflow of an earlier version",
      () => {
        byHand(changed(CI, "name: before\n"));
        rest.answers[`${ROOT}/commits`] = { body: [commit("1a2b3c4d", "app", `Write ${CI}, as the program has it [skip ci]`)] };
      },
      `${CI} on main is as an earlier version of the program wrote it, should be as this one does. Fix: pulumi up --refresh`,
    ],
    ["a workflow missing", () => byHand(changed(CI, undefined)), `${CI} on main is missing, should be as the program writes it. Fix: pulumi up --refresh`],
    [
      "a workflow too many",
      () => byHand(changed(".github/workflows/nightly.yml", "# Generated by recoloca-infrastructure: do not edit\n")),
      ".github/workflows/nightly.yml on main is there, should not be: the program makes it no more. Fix: pulumi up --refresh",
    ],
    [
      "a workflow that GitHub switched off",
      () => (listed("/actions/workflows", "workflows")[0]!["state"] = "disabled_inactivity"),
      ".github/workflows/ci.yml is disabled inactivity, should be active. Fix: gh workflow enable ci.yml --repo recoloca/recoloca",
    ],
    [
      "a classic token without a scope",
      () => (rest.answers[ROOT]!.headers = { "x-oauth-scopes": "repo, read:org" }),
      'the token has no scope "workflow", should have repo and workflow. Fix: another token; or a fine-grained one: docs/github.md',
    ],
    [
      "a token of somebody who may not",
      () => (body("")["permissions"] = { admin: false }),
      "the token's owner does not administer the repository, should: environments, secrets and rules cannot be written. Fix: another token: docs/github.md",
    ],
    [
      "an app that may less than infrastructure runs want",
      () => (rest.answers["/orgs/recoloca/installations"] = { body: { installations: [{ ...installation, permissions: { ...granted, workflows: "read" } }] } }),
      'the app "recoloca-infrastructure" of infrastructure runs has Workflows: read, should have write. Fix: its permissions, then accept them at https://github.com/organizations/recoloca/settings/installations',
    ],
    [
      "an app that is not installed",
      () => (rest.answers["/orgs/recoloca/installations"] = { body: { installations: [] } }),
      "the app 12 of infrastructure runs is not installed for recoloca, should be. Fix: https://github.com/organizations/recoloca/settings/installations",
    ],
  ])("%s", async (_what, spoil, ...lines) => {
    spoil();
    expect(await told()).toEqual({ lines: lines.map((line) => ` ${line}`), count: lines.length });
  });
});

test("files that wait for their pull request are said so, and one that was edited on main is not mended by it", async () => {
  const waiting = settingsOf("production", { workflowFiles: "pull-request", writers: undefined });
  made = await everythingOf("production", change({ workflowFiles: "pull-request", writers: undefined }), SECRETS);
  rest.answers = { ...repositoryOf(made), "/orgs/recoloca/installations": { status: 404 } };
  byHand(changed(CI, undefined));
  byHand(filesOf(made), "recoloca/workflows");
  const merge = "merge it: https://github.com/recoloca/recoloca/pulls?q=is%3Aopen%20head%3Arecoloca%2Fworkflows";
  const look =
    " not told: what the app 12 of infrastructure runs may do; GitHub tells only owners of the organization: https://github.com/organizations/recoloca/settings/installations";
  expect(await told(waiting)).toEqual({ lines: [` ${CI} on main is missing, should be as the program writes it. Fix: ${merge}`, look], count: 1 });
  byHand(changed(CI, "name: mine\n"));
  rest.answers[`${ROOT}/commits`] = { body: [commit("1a2b3c4d", "ana", "Skip the tests")] };
  expect((await told(waiting)).lines).toEqual([
    ` ${CI} on main was changed by ana in 1a2b3c4 ("Skip the tests"), should be as the program writes it. Fix: bring into the program what is to stay; git revert 1a2b3c4`,
    look,
  ]);
  byHand(changed(CI, undefined), "recoloca/workflows");
  byHand(changed(CI, undefined));
  expect((await told(waiting)).lines[0]).toBe(` ${CI} on main is missing, should be as the program writes it. Fix: pulumi up --refresh, then ${merge}`);
});
