/**
 * GitHub's side of both environments on the real engine, by the stacks' own configuration and components; their servers are left out. GitHub and AWS
 * are doubles that keep what there is.
 */
import * as fs from "node:fs";
import * as path from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { parse } from "yaml";
import { inSite, testSite } from "../../local/site.ts";
import { checkout } from "../../tools/cache.ts";
import { type Doubles, startDoubles } from "../doubles/doubles.ts";
import { ACTOR, BRANCH, commitByHand, commits, FILE, fileId, found, mergeByHand, PULL_REQUEST, removeByHand, REPOSITORY, RULESET } from "../doubles/github-repository.ts"; // prettier-ignore
import { ENVIRONMENT, POLICY, SECRET, VARIABLE } from "../doubles/github.ts";
import { type Config, TestStack } from "../doubles/test-stack.ts";

const ROLE = "aws:iam/role:Role";
const REPO = "recoloca";
const CI = ".github/workflows/ci.yml";
const PERFORMANCE = ".github/workflows/performance.yml";
const REVIEW = ".github/workflows/review.yml";
const WAITING = "recoloca/workflows";
const OWNER = { ownsRepository: true, workflowFiles: "direct", writers: { apps: { infrastructure: 7 } }, codeOwners: ["@recoloca/platform"] };
const program = path.join(checkout, "test", "doubles", "github-program");
const shipped = (name: string) => (parse(fs.readFileSync(path.join(checkout, `Pulumi.${name}.yaml`), "utf8")) as { config: Record<string, object> }).config;

const folder = inSite(testSite, "github");
let doubles: Doubles;
const stacks: Record<string, TestStack> = {};

async function open(name: string): Promise<TestStack> {
  const stack = await TestStack.open({
    program,
    name,
    folder: `${folder}/${name}`,
    env: { ...doubles.env, GITHUB_TOKEN: "a-token-that-nobody-may-see" },
  });
  await stack.secret("recoloca:registryPassword", "a-password-that-nobody-may-see");
  await stack.secret("recoloca:secrets.POSTGRES_PASSWORD", "a-password-that-nobody-may-see");
  // No end-to-end test runs against production: it is refused there.
  if (name === "staging") {
    await stack.secret("recoloca:secrets.TEST_USER_EMAIL", "mail-that-nobody-may-see");
    await stack.secret("recoloca:secrets.TEST_USER_PASSWORD", "password-that-nobody-may-see");
  }
  return stack;
}

function configure(name: string, github: object = {}, change: Config = {}): void {
  const config = shipped(name);
  const reviewers = { teams: { platform: 42 } };
  stacks[name]!.configure({
    ...config,
    "recoloca:ec2": { ...config["recoloca:ec2"], sshFrom: ["203.0.113.0/24"] },
    "recoloca:github": { ...config["recoloca:github"], reviewers, ...(name === "production" && OWNER), ...github },
    ...change,
  });
}

const up = (name: string, ...more: string[]) => stacks[name]!.up(...more);
/** What there is of a type, by one of its properties, sorted. */
const there = (type: string, property: string) =>
  doubles.world
    .all(type)
    .map((one) => one[property] as string)
    .sort();
const messages = () => commits(doubles.world).map((one) => one["message"]);
const file = (path: string, branch = "main") => doubles.world.get(FILE, fileId(REPO, path, branch));
const linear = () =>
  (doubles.world.all(RULESET).find((one) => one["target"] === "branch")!["rules"] as { requiredLinearHistory: boolean }).requiredLinearHistory;
/** The pipeline as the stack's file has it, with this of it. */
const pipeline = (change: object): Config => ({ "recoloca:pipeline": { ...shipped("production")["recoloca:pipeline"], ...change } });

beforeAll(async () => {
  fs.rmSync(folder, { recursive: true, force: true });
  fs.mkdirSync(folder, { recursive: true });
  doubles = await startDoubles({ folder });
  doubles.world.put("aws:route53/zone:Zone", "Z0123456789ABCDEFGHIJ", { name: "recoloca.ai" });
  found(doubles.world, REPO);
  doubles.world.put(ACTOR, "me", { actorId: 7, actorType: "Integration" });
  for (const name of ["staging", "production"]) stacks[name] = await open(name);
});
afterAll(() => doubles.stop());

describe("staging", () => {
  test("comes up: two environments, their rules, secrets, variables and roles, and nothing of the repository as a whole", async () => {
    configure("staging");
    const ran = await up("staging");
    expect(ran.code, ran.output).toBe(0);
    expect(there(ENVIRONMENT, "environment")).toEqual(["staging", "staging-infrastructure"]);
    expect(there(POLICY, "branchPattern")).toEqual(["main", "main"]);
    expect(there(SECRET, "secretName")).toEqual(["TEST_USER_EMAIL", "TEST_USER_PASSWORD"]);
    expect(doubles.world.all(VARIABLE).map((one) => one["variableName"])).toEqual(
      expect.arrayContaining(["PUBLIC_URL", "PULUMI_STACK", "AWS_REGION", "AWS_ROLE"]),
    );
    expect(doubles.world.all(ROLE).map((one) => one["name"])).toEqual(
      expect.arrayContaining(["recoloca-staging-deploy", "recoloca-staging-plan", "recoloca-staging-infrastructure"]),
    );
    expect([...doubles.world.all(RULESET), ...commits(doubles.world)]).toEqual([]);
    expect(ran.output).toContain("off: changes of GitHub's own side by the infrastructure workflow");
    expect(ran.output).not.toContain("that-nobody-may-see");
  });

  test("a second run changes nothing", async () => {
    const ran = await up("staging", "--expect-no-changes");
    expect(ran.code, ran.output).toBe(0);
  });

  test("neither token nor secret is in its state as it is", async () => {
    const sent = doubles.requests.filter((one) => one.type === SECRET && one.operation === "create" && !one.preview);
    expect(sent.map((one) => one.secrets)).toEqual([["value"], ["value"]]);
    const { output } = await stacks["staging"]!.pulumi(["stack", "export"]);
    expect(output).toContain("RepositoryEnvironment");
    expect(output).not.toContain("that-nobody-may-see");
    // Whoever runs it next has another token.
    expect(output).not.toMatch(/"token":/);
  });

  test("is left alone by runs that have no token of GitHub's, in a comparison and in an update", async () => {
    configure("staging", { waitMinutes: 5 });
    doubles.clear();
    const without = ["--exclude", "**github:index/**"];
    const compared = await stacks["staging"]!.preview("--refresh", "--expect-no-changes", ...without);
    expect(compared.code, compared.output).toBe(0);
    const ran = await up("staging", ...without);
    expect(ran.code, ran.output).toBe(0);
    expect(doubles.requests.filter(({ type }) => type.startsWith("github:")).map(({ type, operation }) => `${operation} ${type}`)).toEqual([]);
    configure("staging");
    expect((await up("staging", "--expect-no-changes")).code).toBe(0);
  });

  test("a secret that was changed is one update, one that is gone is removed", async () => {
    await stacks["staging"]!.secret("recoloca:secrets.TEST_USER_PASSWORD", "another-that-nobody-may-see");
    doubles.clear();
    expect((await up("staging")).code).toBe(0);
    expect(
      doubles.requests.filter((one) => !one.preview && ["create", "update", "delete"].includes(one.operation)).map((one) => [one.operation, one.name]),
    ).toEqual([["update", "staging-TEST_USER_PASSWORD"]]);
  });

  test("a token that may not is said with what it needs", async () => {
    await stacks["staging"]!.secret("recoloca:secrets.TEST_USER_PASSWORD", "a-third-that-nobody-may-see");
    doubles.fail({ type: SECRET, operation: "update", message: "PUT https://api.github.com/…: 403 Resource not accessible by personal access token []" });
    const ran = await up("staging");
    expect(ran.code).not.toBe(0);
    expect(ran.output).toContain("the token may not do this. A fine-grained token or an app wants for recoloca: Environments and Secrets: write");
    expect((await up("staging")).code).toBe(0);
  });
});

describe("production, which owns the repository", () => {
  test("a repository that is there is taken over by import, with what the program has no opinion of left alone", async () => {
    commitByHand(doubles.world, REPO, CI, "name: ours\n");
    configure("production");
    const ran = await up("production");
    expect(ran.output).toMatch(
      /it is there already, and this stack did not make it\. Take it over: pulumi import github:index\/repository:Repository repository/,
    );
    const state = JSON.parse((await stacks["production"]!.pulumi(["stack", "export"])).stdout) as {
      deployment: { resources: { urn: string; type: string }[] };
    };
    const urn = (type: string) => state.deployment.resources.find((one) => one.type === type)!.urn;
    const imported = await stacks["production"]!.pulumi([
      ...["import", REPOSITORY, "repository", REPO, "--yes", "--protect=false", "--generate-code=false"],
      ...["--parent", `rules=${urn("recoloca:index:RepositoryRules")}`, "--provider", `github=${urn("pulumi:providers:github")}`],
    ]);
    expect(imported.code, imported.output).toBe(0);
  });

  test("leaves a file that somebody else wrote as it is, and says what takes it over", async () => {
    const refused = await up("production");
    expect(refused.code).not.toBe(0);
    expect(refused.output).toContain(`${CI} is there already and was not written by this stack; it was left as it is`);
    expect(refused.output).toContain(`pulumi config set --path 'recoloca:github.adopt[0]' ${CI}`);
    expect(file(CI)).toMatchObject({ content: "name: ours\n" });
  });

  test("comes up: rules first, then one commit a file, none of which starts a workflow", async () => {
    configure("production", { adopt: [CI] });
    const ran = await up("production");
    expect(ran.code, ran.output).toBe(0);
    expect(doubles.world.get(REPOSITORY, REPO)).toMatchObject({
      hasIssues: true,
      description: "An application",
      allowMergeCommit: false,
      deleteBranchOnMerge: true,
    });
    expect(there(ENVIRONMENT, "environment")).toEqual(expect.arrayContaining(["production", "production-infrastructure", "automation"]));
    expect(
      doubles.world
        .all(RULESET)
        .map((one) => one["target"])
        .sort(),
    ).toEqual(["branch", "tag"]);
    expect(linear()).toBe(true);
    expect(file(CI)!["content"]).toContain("Generated by recoloca-infrastructure");
    expect(file(".github/CODEOWNERS")!["content"]).toContain("/.github/ @recoloca/platform");
    const own = messages().filter((one) => one !== "By hand");
    expect(own.length).toBe(new Set(own).size);
    for (const message of own) expect(message).toMatch(/^Write \S+, as the program has it \[skip ci\]$/);
  });

  test("a second run changes nothing and commits nothing", async () => {
    const before = messages().length;
    const ran = await up("production", "--expect-no-changes");
    expect(ran.code, ran.output).toBe(0);
    expect(messages()).toHaveLength(before);
  });

  test("a workflow that changed is one commit, one that is gone is removed by one", async () => {
    const write = (path: string) => `Write ${path}, as the program has it [skip ci]`;
    const wanted = async (change: object, more: object) => {
      const before = messages().length;
      configure("production", { adopt: [CI], ...change }, pipeline(more));
      const ran = await up("production");
      expect(ran.code, ran.output).toBe(0);
      return messages().slice(before);
    };
    expect(await wanted({ codeOwners: ["@recoloca/security"] }, {})).toEqual([write(".github/CODEOWNERS")]);
    expect(await wanted({ codeOwners: ["@recoloca/security"] }, { loadTest: "load/other.js" })).toEqual([write(PERFORMANCE)]);
    expect(file(PERFORMANCE)!["content"]).toContain("load/other.js");
    expect(await wanted({ codeOwners: ["@recoloca/security"] }, { review: "arm64" })).toEqual([write(PERFORMANCE), write(REVIEW)]);
    expect(file(REVIEW)!["content"]).toContain("name: Review");
    // The provider says of a removal what it said of the writing.
    expect(await wanted({ codeOwners: [] }, {})).toEqual(expect.arrayContaining([write(".github/CODEOWNERS"), write(REVIEW)]));
    expect([file(".github/CODEOWNERS"), file(REVIEW)]).toEqual([undefined, undefined]);
  });

  test("an edit by hand is said, and put right once somebody has looked", async () => {
    const ours = file(CI)!["content"];
    commitByHand(doubles.world, REPO, CI, "name: edited\n");
    configure("production", { adopt: [CI] }, { "recoloca:pipeline": { programPath: ".", loadTest: "load.js", e2e: "elsewhere" } });
    const refused = await up("production");
    expect(refused.code).not.toBe(0);
    expect(refused.output).toContain(`${CI} was changed by hand since the stack wrote it; it was left as it is`);
    expect(file(CI)!["content"]).toBe("name: edited\n");
    const seen = await stacks["production"]!.pulumi(["preview", "--refresh", "--diff"]);
    expect(seen.output).toContain("name: edited");
    const ran = await up("production", "--refresh");
    expect(ran.code, ran.output).toBe(0);
    expect(file(CI)!["content"]).not.toBe("name: edited\n");
    expect(file(CI)!["content"]).not.toBe(ours);
  });

  test("rules that do not name this token let it commit nothing, and that is said", async () => {
    doubles.world.put(ACTOR, "me", { actorId: 8, actorType: "Integration" });
    configure("production", { adopt: [CI], codeOwners: ["@recoloca/platform"] });
    const ran = await up("production");
    expect(ran.code).not.toBe(0);
    expect(ran.output).toContain("the rules of the branch let this token commit nothing to it: recoloca:github.writers names who may");
    doubles.world.put(ACTOR, "me", { actorId: 7, actorType: "Integration" });
    expect((await up("production")).code).toBe(0);
  });

  const byPullRequest = (change: object) => configure("production", { workflowFiles: "pull-request", writers: undefined }, pipeline(change));
  /** What a run commits and where, and whether there is a pull request for it. */
  const proposed = async (...more: string[]) => {
    const before = commits(doubles.world).length;
    const ran = await up("production", ...more);
    expect(ran.code, ran.output).toBe(0);
    return {
      files: commits(doubles.world).slice(before).map((one) => one["file"]),
      branches: [...new Set(commits(doubles.world).slice(before).map((one) => one["branch"]))],
      open: doubles.world.all(PULL_REQUEST).flatMap((one) => (one["state"] === "open" ? [one["number"]] : [])),
    };
  }; // prettier-ignore
  const merged = () => mergeByHand(doubles.world, REPO);

  test("the other way: a branch of its own and one pull request, nothing on main", async () => {
    // As docs/github.md says: the stack forgets the files on main, which stay there.
    const state = await stacks["production"]!.pulumi(["stack", "export"]);
    const { resources } = (JSON.parse(state.stdout) as { deployment: { resources: { urn: string; type: string }[] } }).deployment;
    for (const { urn } of resources.filter(({ type }) => type === FILE).reverse()) {
      const forgotten = await stacks["production"]!.pulumi(["state", "delete", urn, "--yes"]);
      expect(forgotten.code, forgotten.output).toBe(0);
    }
    const onMain = () => commits(doubles.world).filter((one) => one["branch"] === "main").length;
    const before = onMain();
    byPullRequest({ e2e: "tests/e2e" });
    const ran = await up("production");
    expect(ran.code, ran.output).toBe(0);
    expect(doubles.world.all(PULL_REQUEST)).toMatchObject([{ state: "open", headRef: WAITING, baseRef: "main" }]);
    expect(doubles.world.get(BRANCH, `${REPO}:${WAITING}`)).toBeDefined();
    expect(file(CI, WAITING)!["content"]).toContain("tests/e2e");
    expect(onMain()).toBe(before);
    expect(doubles.world.get(REPOSITORY, REPO)).toMatchObject({ allowMergeCommit: true, deleteBranchOnMerge: false });
    expect(linear()).toBe(false);
    const again = await up("production", "--expect-no-changes");
    expect(again.code, again.output).toBe(0);
  });

  test("once it is merged there is nothing to do; a workflow that changes is one commit on the branch that stayed, and a new pull request, whatever main got meanwhile", async () => {
    merged();
    expect(file(CI)!["content"]).toContain("tests/e2e");
    expect(await proposed("--refresh", "--expect-no-changes")).toEqual({ files: [], branches: [], open: [] });
    commitByHand(doubles.world, REPO, "backend/main.py", "print()\n");
    byPullRequest({ e2e: "tests/e2e", loadTest: "load/other.js" });
    expect(await proposed()).toEqual({ files: [PERFORMANCE], branches: [WAITING], open: [2] });
    expect(file(PERFORMANCE)!["content"]).not.toContain("load/other.js");
    merged();
    expect(file(PERFORMANCE)!["content"]).toContain("load/other.js");
    expect(file("backend/main.py")).toBeDefined();
  });

  test("one more change while a pull request is open takes its place", async () => {
    byPullRequest({ e2e: "tests/e2e", loadTest: "load/third.js" });
    expect(await proposed()).toMatchObject({ files: [PERFORMANCE], open: [3] });
    byPullRequest({ e2e: "tests/e2e", loadTest: "load/third.js", review: "arm64" });
    expect(await proposed()).toMatchObject({ files: [".github/GENERATED.md", REVIEW], branches: [WAITING], open: [4] });
    merged();
    expect(file(REVIEW)!["content"]).toContain("name: Review");
  });

  test("a workflow that is gone, and nothing else, is removed by a pull request", async () => {
    byPullRequest({ e2e: "tests/e2e", loadTest: "load/third.js" });
    expect(await proposed()).toEqual({ files: [".github/GENERATED.md", REVIEW], branches: [WAITING], open: [5] });
    expect(file(REVIEW)).toBeDefined();
    merged();
    expect(file(REVIEW)).toBeUndefined();
    expect(file("backend/main.py")).toBeDefined();
    expect(await proposed("--expect-no-changes")).toMatchObject({ files: [], open: [] });
  });

  test("a branch that somebody removed after the merge is said, with both ways on; restored, the same command goes on", async () => {
    const restore = removeByHand(doubles.world, REPO, WAITING);
    byPullRequest({ e2e: "tests/e2e", loadTest: "load/fourth.js" });
    const ran = await up("production");
    expect(ran.code).not.toBe(0);
    expect(ran.output).toContain(`the branch ${WAITING} is gone: somebody removed it. "Restore branch" at its last pull request`);
    expect(ran.output).toContain("or pulumi up --refresh");
    restore();
    expect(await proposed()).toEqual({ files: [PERFORMANCE], branches: [WAITING], open: [6] });
    merged();
  });

  test("or it begins anew from the default branch as that is now", async () => {
    removeByHand(doubles.world, REPO, WAITING);
    byPullRequest({ e2e: "tests/e2e", loadTest: "load/fifth.js" });
    expect(await proposed("--refresh")).toMatchObject({ branches: [WAITING], open: [7] });
    expect(file("backend/main.py", WAITING)).toBeDefined();
    expect(file(PERFORMANCE, WAITING)!["content"]).toContain("load/fifth.js");
    expect(await proposed("--expect-no-changes")).toMatchObject({ files: [], open: [7] });
  });
});

test("destroyed, the environments are gone and the repository is still there", async () => {
  for (const name of ["production", "staging"]) {
    const ran = await stacks[name]!.destroy();
    expect(ran.code, ran.output).toBe(0);
  }
  for (const type of [ENVIRONMENT, POLICY, SECRET, VARIABLE, RULESET, ROLE]) expect(doubles.world.all(type), type).toEqual([]);
  expect(doubles.world.get(REPOSITORY, REPO)).toBeDefined();
});
