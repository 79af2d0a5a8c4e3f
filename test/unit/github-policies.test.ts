/** What must be true of everything that the stacks of this repository have at GitHub, and of what GitHub may do at AWS, whoever changes a component. */
import * as fs from "node:fs";
import * as path from "node:path";
import { parse } from "yaml";
import { beforeAll, describe, expect, test } from "vitest";
import { checkout } from "../../tools/cache.ts";
import { allows } from "../doubles/aws-policies.ts";
import { everythingOf, type Inputs, type Made } from "../mocked-program.ts";

const KEY = "arn:aws:kms:sa-east-1:123456789012:key/0a1b2c3d-0000-1111-2222-333344445555";
const KEY_OF_APP = { INFRASTRUCTURE_APP_PRIVATE_KEY: "MARKER-key" };
const SECRETS: Record<string, Record<string, string>> = {
  staging: { ...KEY_OF_APP, TEST_USER_EMAIL: "MARKER-mail", TEST_USER_PASSWORD: "MARKER-password" },
  production: KEY_OF_APP,
};
const common = {
  visibility: "public",
  plan: "team",
  waitMinutes: 5,
  reviewers: { teams: { platform: 42 } },
  ids: { owner: 1001, repository: 2002 },
  stateBucket: { name: "recoloca-state", key: KEY },
  infrastructureApp: 7,
};
const CONFIGURED: Record<string, object> = {
  staging: common,
  production: {
    ...common,
    ownsRepository: true,
    pages: true,
    makesIdentityProvider: false,
    workflowFiles: "direct",
    writers: { apps: { infrastructure: 7 } },
    codeOwners: ["@recoloca/platform"],
  },
};

interface Statement {
  readonly Effect: string;
  readonly Action: string | string[];
  readonly Resource?: string | string[];
  readonly Principal?: Record<string, string>;
  readonly Condition?: Record<string, Record<string, string | string[]>>;
}
const sourcesIn = (folder: string) =>
  fs
    .readdirSync(path.join(checkout, folder), { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".ts"))
    .map((name) => fs.readFileSync(path.join(checkout, folder, name), "utf8"));
const statements = (document: unknown) => (JSON.parse(document as string) as { Statement: Statement[] }).Statement;
const actions = (all: readonly Statement[]) => all.flatMap(({ Effect, Action }) => (Effect === "Allow" ? [Action].flat() : []));

/** What AWS asks of whoever looks something up by these. Source: AWS's reference of actions and resources for each service. */
const LOOKUPS: Readonly<Record<string, readonly string[]>> = {
  "ebs/getVolume": ["ec2:DescribeVolumes"],
  "ec2/getAmi": ["ec2:DescribeImages"],
  "ec2/getInstanceType": ["ec2:DescribeInstanceTypes"],
  "ec2/getInstanceTypeOfferings": ["ec2:DescribeInstanceTypeOfferings"],
  "ec2/getRouteTable": ["ec2:DescribeRouteTables"],
  "ec2/getRouteTables": ["ec2:DescribeRouteTables"],
  "ec2/getSubnet": ["ec2:DescribeSubnets"],
  getCallerIdentity: [],
  getPartition: [],
  "iam/getOpenIdConnectProvider": ["iam:ListOpenIDConnectProviders", "iam:GetOpenIDConnectProvider"],
  "route53/getZone": ["route53:ListHostedZones", "route53:GetHostedZone", "route53:ListTagsForResource"],
};

describe.each(["staging", "production"])("stack %s", (stack) => {
  let all: Made[] = [];
  beforeAll(async () => {
    all = await everythingOf(stack, { "recoloca:github": CONFIGURED[stack] }, SECRETS[stack]);
  });
  const of = (type: string) => all.filter((one) => one.type.endsWith(`:${type}`));
  const role = (kind: string) => statements(of("Role").find((one) => one.name === `recoloca-${stack}-${kind}`)!.inputs["assumeRolePolicy"]);
  const rights = (kind: string) => statements(of("RolePolicy").find((one) => one.name === `recoloca-${stack}-${kind}`)!.inputs["policy"]);
  const claims = (kind: string) => role(kind)[0]!.Condition!["StringEquals"]!["token.actions.githubusercontent.com:sub"];

  test("a deploy waits the minutes that are said after its approval, and whoever repairs a server waits none", () => {
    const waits = Object.fromEntries(
      of("RepositoryEnvironment").map(({ inputs }): [string, unknown] => [inputs["environment"] as string, inputs["waitTimer"]]),
    );
    expect(waits).toEqual({ [stack]: 5, [`${stack}-infrastructure`]: 0, ...(stack === "production" && { automation: 0 }) });
  });

  test("a release run may look up whatever the program does, which it asks in each run", () => {
    const looks = [
      ...new Set(sourcesIn("components").flatMap((text) => [...text.matchAll(/"@pulumi\/aws\/((?:\w+\/)?get[A-Z]\w+)\.js"/g)].map(([, name]) => name!))),
    ];
    expect(looks.sort()).toEqual(Object.keys(LOOKUPS).sort());
    const allowed = rights("deploy").filter(({ Resource }) => Resource === "*");
    expect(actions(allowed)).toEqual(expect.arrayContaining(Object.values(LOOKUPS).flat()));
  });

  test("administrators keep to the rules of an environment, and only named branches and tags get one", () => {
    const environments = of("RepositoryEnvironment").map(({ inputs }) => inputs);
    expect(environments.map((one) => one["environment"]).sort()).toEqual([...(stack === "production" ? ["automation"] : []), stack, `${stack}-infrastructure`]);
    for (const one of environments) {
      expect(one["canAdminsBypass"]).toBe(false);
      expect(one["deploymentBranchPolicy"]).toEqual({ protectedBranches: false, customBranchPolicies: true });
      if (one["environment"] !== "automation") expect(one["reviewers"]).toEqual([{ users: [], teams: [42] }]);
      // Whoever repairs a server at night does not wait.
      expect(one["waitTimer"]).toBe(one["environment"] === stack ? 5 : 0);
      expect(one["preventSelfReview"]).toBe(stack === "production" && one["environment"] !== "automation");
    }
    const policies = of("RepositoryEnvironmentDeploymentPolicy").map(({ inputs }) => [inputs["environment"], inputs["branchPattern"] ?? inputs["tagPattern"]]);
    expect(policies.sort()).toEqual(
      stack === "production"
        ? [["automation", "main"], ["automation", "v*.*.*"], ["production", "main"], ["production", "v*.*.*"], ["production-infrastructure", "main"]]
        : [["staging", "main"], ["staging-infrastructure", "main"]],
    ); // prettier-ignore
  });

  test("each secret is in the one environment whose jobs use it, sent as a secret, and none is of the repository", () => {
    const found = of("ActionsEnvironmentSecret").map(({ inputs }) => [inputs["environment"], inputs["secretName"]]);
    expect(found.sort()).toEqual([
      ...(stack === "staging" ? [[stack, "TEST_USER_EMAIL"], [stack, "TEST_USER_PASSWORD"]] : []),
      [`${stack}-infrastructure`, "INFRASTRUCTURE_APP_PRIVATE_KEY"],
    ]); // prettier-ignore
    for (const { inputs } of of("ActionsEnvironmentSecret")) expect(inputs["plaintextValue"]).toBeUndefined();
    expect(of("ActionsSecret")).toEqual([]);
    const elsewhere = all.filter(({ type }) => !type.endsWith(":ActionsEnvironmentSecret"));
    expect(JSON.stringify(elsewhere)).not.toContain("MARKER");
  });

  test("the provider keeps no token of the environment", () => {
    const [provider] = of("github").filter(({ type }) => type === "pulumi:providers:github");
    expect(provider!.inputs).toMatchObject({ owner: "recoloca" });
    expect(provider!.inputs["token"]).toBeUndefined();
  });

  test("each job knows its role", () => {
    const roles = of("ActionsEnvironmentVariable").flatMap(({ inputs }) =>
      inputs["variableName"] === "AWS_ROLE" ? [[inputs["environment"], inputs["value"]]] : [],
    );
    expect(roles).toEqual([
      [stack, `arn:aws:x:::recoloca-${stack}-deploy`],
      [`${stack}-infrastructure`, `arn:aws:x:::recoloca-${stack}-infrastructure`],
    ]);
    expect(of("ActionsVariable").map(({ inputs }) => inputs["variableName"])).toEqual([`AWS_PLAN_ROLE_${stack.toUpperCase()}`]);
  });

  test("a role is taken by whole claims alone, in both of GitHub's forms", () => {
    const forms = (what: string) => [`repo:recoloca/recoloca:${what}`, `repo:recoloca@1001/recoloca@2002:${what}`];
    expect(claims("deploy")).toEqual(forms(`environment:${stack}`));
    expect(claims("infrastructure")).toEqual(forms(`environment:${stack}-infrastructure`));
    expect(claims("plan")).toEqual([...forms("ref:refs/heads/main"), ...(stack === "production" ? [] : forms("pull_request"))]);
    for (const kind of ["deploy", "infrastructure", "plan"]) {
      expect(role(kind)).toHaveLength(1);
      expect(Object.keys(role(kind)[0]!.Condition!)).toEqual(["StringEquals"]);
      expect(role(kind)[0]!.Condition!["StringEquals"]!["token.actions.githubusercontent.com:aud"]).toBe("sts.amazonaws.com");
      expect(JSON.stringify(role(kind))).not.toMatch(/repo:[^"]*\*/);
    }
  });

  test("a release run changes nothing at AWS but its own stack's state", () => {
    const writes = rights("deploy").filter(({ Action }) => [Action].flat().some((action) => !/:(Describe|Get|List|Decrypt|BatchGet)/.test(action)));
    for (const { Action, Resource } of writes)
      for (const one of [Resource!].flat())
        expect(`${[Action].flat().join()} ${one}`).toMatch(/recoloca-state\/\.pulumi\/.*\/recoloca\/(staging|production)[./]|kms:.*key\//);
    expect(JSON.stringify(rights("deploy"))).not.toContain(stack === "staging" ? "production" : "staging");
  });

  test("a preview writes nothing anywhere", () => {
    for (const action of actions(rights("plan"))) expect(action).toMatch(/^\w+:(Describe|Get|List|Decrypt)/);
    expect(rights("plan").flatMap(({ Action, Resource }) => ([Action].flat().includes("s3:GetObject") ? [Resource!].flat() : []))).toEqual(
      expect.arrayContaining([`arn:aws:s3:::recoloca-state/.pulumi/stacks/recoloca/${stack}.*`]),
    );
  });

  test("an infrastructure run touches no other environment, and cannot widen what the workflows may", () => {
    const denied = rights("infrastructure").filter(({ Effect }) => Effect === "Deny");
    expect([denied[0]!.Resource].flat()).toEqual(
      ["deploy", "plan", "infrastructure"].map((kind) => `arn:aws:iam::123456789012:role/recoloca-${stack}-${kind}`),
    );
    const may = (action: string, resource: string, context: Record<string, string> = {}) =>
      allows([{ Version: "2012-10-17", Statement: rights("infrastructure") }], action, resource, { "aws:RequestedRegion": "sa-east-1", ...context });
    const tagged = (application: string, environment: string) => ({ "aws:ResourceTag/application": application, "aws:ResourceTag/environment": environment });
    const [own, other, elses] = [tagged("recoloca", stack), tagged("recoloca", "another"), tagged("shop", stack)];
    const asked = [
      ["ec2:TerminateInstances", "arn:aws:ec2:sa-east-1:123456789012:instance/i-0"],
      ["kms:Decrypt", "arn:aws:kms:sa-east-1:123456789012:key/of-secrets"],
      ["ec2:DeleteSubnet", "arn:aws:ec2:sa-east-1:123456789012:subnet/subnet-0"],
    ] as const;
    for (const [action, resource] of asked)
      expect([action, ...[own, other, elses].map((tags) => may(action, resource, tags))]).toEqual([action, true, false, false]);
    // A subnet, and an image, of the company, whatever they are called: used, and not changed.
    for (const resource of ["arn:aws:ec2:sa-east-1:123456789012:subnet/subnet-0", "arn:aws:ec2:sa-east-1::image/ami-0"])
      expect([other, elses, tagged("network", "shared")].map((tags) => may("ec2:RunInstances", resource, tags))).toEqual([true, true, true]);
    expect(actions(rights("infrastructure"))).not.toContain("*");
    // What a watched environment is made of (components/environment-log, environment-alarms) is made and compared by these runs, too.
    expect(actions(rights("infrastructure"))).toEqual(expect.arrayContaining(["logs:*LogGroup", "sns:*Topic"]));
    for (const kind of ["infrastructure", "plan"])
      expect(actions(rights(kind))).toEqual(expect.arrayContaining(["logs:DescribeLogGroups", "sns:GetTopicAttributes"]));
    const identity = rights("infrastructure").filter(
      ({ Effect, Action }) => Effect === "Allow" && [Action].flat().some((action) => /^iam:(Put|\*)/.test(action)),
    );
    expect(identity.flatMap(({ Resource }) => [Resource!].flat()).every((one) => one.includes(`/recoloca-${stack}`))).toBe(true);
    const role = `arn:aws:iam::123456789012:role/recoloca-${stack}-1a2b3c4`;
    const bound = `arn:aws:iam::123456789012:policy/recoloca-${stack}-boundary`;
    for (const action of ["iam:CreateRole", "iam:PutRolePolicy"])
      expect([
        action,
        ...[bound, "arn:aws:iam::aws:policy/AdministratorAccess", undefined].map((one) =>
          may(action, role, one === undefined ? {} : { "iam:PermissionsBoundary": one }),
        ),
      ]).toEqual([action, true, false, false]);
    const taken = ["iam:AttachRolePolicy", "iam:DeleteRolePermissionsBoundary", "iam:PutRolePermissionsBoundary"].map((action) =>
      may(action, role, { "iam:PermissionsBoundary": bound }),
    );
    expect([...taken, may("iam:CreatePolicyVersion", bound), may("iam:DeletePolicy", bound), may("iam:UpdateAssumeRolePolicy", role, other)]).toEqual(
      Array(6).fill(false),
    );
    expect([may("iam:GetPolicyVersion", bound), may("iam:PassRole", role, own)]).toEqual([true, true]);
  });

  test("the server's role has a boundary that a person makes; within it is all that its policies say, and nothing of IAM or of another environment", async () => {
    const [bound] = of("Policy");
    expect(bound!.inputs).toMatchObject({ name: `recoloca-${stack}-boundary` });
    expect(
      of("Role")
        .map(({ name, inputs }) => [name, inputs["permissionsBoundary"]])
        .sort(),
    ).toEqual([
      [`recoloca-${stack}`, `arn:aws:x:::recoloca-${stack}-boundary`],
      ...["deploy", "infrastructure", "plan"].map((kind) => [`recoloca-${stack}-${kind}`, undefined]),
    ]);
    const { boundary } = await import("../../components/ec2-machine/boundary.ts");
    const where = { partition: "aws", account: "123456789012", region: "sa-east-1", application: "recoloca", environment: stack };
    expect(bound!.inputs["policy"]).toBe(boundary({ ...where, buckets: [] }));
    const document = boundary({ ...where, buckets: ["acme-backups"] });
    const most = (action: string, resource: string, context: Record<string, string> = {}) => allows([document], action, resource, context);
    const parameter = (environment: string) => `arn:aws:ssm:sa-east-1:123456789012:parameter/recoloca/${environment}/ssh-host-key`;
    const viaBucket = (name: string) => ({ "kms:ViaService": "s3.sa-east-1.amazonaws.com", "kms:EncryptionContext:aws:s3:arn": `arn:aws:s3:::${name}` });
    const key = "arn:aws:kms:sa-east-1:123456789012:key/k";
    const inside: [string, string, Record<string, string>?][] = [
      ["ssm:GetParameter", parameter(stack)],
      ["kms:Decrypt", key, { "kms:ViaService": "ssm.sa-east-1.amazonaws.com" }],
      ["kms:GenerateDataKey", key, viaBucket(`recoloca-${stack}-backups-1a2b`)],
      ["kms:GenerateDataKey", key, viaBucket("acme-backups")],
      ["s3:PutObject", `arn:aws:s3:::acme-backups/recoloca-${stack}/a`],
      ["s3:GetObject", `arn:aws:s3:::recoloca-${stack}-backups-1a2b/recoloca-${stack}/a`],
      ["logs:PutLogEvents", `arn:aws:logs:sa-east-1:123456789012:log-group:/recoloca/${stack}:log-stream:a`],
      ["ecr:BatchGetImage", "arn:aws:ecr:sa-east-1:123456789012:repository/backend"],
      ["ssmmessages:OpenControlChannel", "*"],
      ["route53:ChangeResourceRecordSets", "arn:aws:route53:::hostedzone/Z0", { "route53:ChangeResourceRecordSetsRecordTypes": "TXT" }],
    ];
    expect(inside.filter(([action, resource, context]) => !most(action, resource, context))).toEqual([]);
    const outside: [string, string, Record<string, string>?][] = [
      ["ssm:GetParameter", parameter("another")],
      ["kms:Decrypt", key],
      ["kms:Decrypt", key, viaBucket("recoloca-another-backups-1a2b")],
      ["s3:GetObject", "arn:aws:s3:::acme-backups/recoloca-another/a"],
      ["s3:DeleteObject", `arn:aws:s3:::acme-backups/recoloca-${stack}/a`],
      ["iam:CreateRole", "arn:aws:iam::123456789012:role/recoloca-a"],
      ["sts:AssumeRole", "arn:aws:iam::123456789012:role/admin"],
      ["route53:ChangeResourceRecordSets", "arn:aws:route53:::hostedzone/Z0", { "route53:ChangeResourceRecordSetsRecordTypes": "A" }],
    ];
    expect(outside.filter(([action, resource, context]) => most(action, resource, context))).toEqual([]);
    // AWS takes 6,144 characters without white space.
    expect(document.length).toBeLessThan(6000);
    // Whatever a policy of the server's role names is one of these.
    const named = new Set((JSON.parse(document) as { Statement: Statement[] }).Statement.flatMap(({ Action }) => [Action].flat()));
    const server = of("RolePolicy")
      .filter(({ inputs }) => inputs["role"] === `recoloca-${stack}-id`)
      .flatMap(({ inputs }) => actions(statements(inputs["policy"])));
    expect(server.length).toBeGreaterThan(3);
    expect(server.filter((action) => ![...named].some((one) => one === action || (one.endsWith("*") && action.startsWith(one.slice(0, -1)))))).toEqual([]);
  });

  test("without a GitHub side there is no boundary, since nobody but a person writes a policy", async () => {
    const without = await everythingOf(stack, { "recoloca:github": undefined, "recoloca:pipeline": undefined });
    expect(without.filter(({ type, inputs }) => type.endsWith("iam/policy:Policy") || inputs["permissionsBoundary"] !== undefined)).toEqual([]);
  });

  test("through Session Manager each run opens what it has started, at machines of its own environment", async () => {
    const { deployPolicy, infrastructurePolicy, planPolicy } = await import("../../components/github-oidc/policies.ts");
    const place = { partition: "aws", account: "123456789012", region: "sa-east-1", application: "recoloca", environment: stack };
    const reach = { sessionManager: true, pulls: false };
    for (const document of [deployPolicy(place, reach), planPolicy(place, reach), infrastructurePolicy(place)]) {
      const at = (environment: string) => ({ "ssm:resourceTag/application": "recoloca", "ssm:resourceTag/environment": environment });
      const starts = (environment: string) => allows([document], "ssm:StartSession", "arn:aws:ec2:sa-east-1:123456789012:instance/i-0", at(environment));
      expect([starts(stack), starts("another")]).toEqual([true, false]);
      expect(allows([document], "ssmmessages:OpenDataChannel", "arn:aws:ssm:sa-east-1:123456789012:session/GitHubActions-0a1b")).toBe(true);
    }
  });

  test("a bucket whose name somebody has chosen is compared and changed like one that AWS has named, and no other is", async () => {
    const chosen = await everythingOf(
      stack,
      { "recoloca:github": CONFIGURED[stack], "recoloca:createBackupBucket": { name: "acme-shop-backups" } },
      SECRETS[stack],
    );
    const policyOf = (made: readonly Made[], kind: string) =>
      made.find((one) => one.type.endsWith(":RolePolicy") && one.name === `recoloca-${stack}-${kind}`)!.inputs["policy"];
    for (const [kind, action] of [["plan", "s3:GetBucketPolicy"], ["infrastructure", "s3:PutBucketPolicy"]] as const) {
      const may = (made: readonly Made[], name: string) => allows([policyOf(made, kind)], action, `arn:aws:s3:::${name}`);
      expect([kind, may(chosen, "acme-shop-backups"), may(chosen, `recoloca-${stack}-backups-1a2b`), may(chosen, "acme-shop-invoices"), may(all, "acme-shop-backups")]).toEqual([kind, true, true, false, false]);
    }
  }); // prettier-ignore

  test("a policy fits into what AWS takes", () => {
    // Of a role, all inline policies together: 10,240 characters without white space.
    for (const kind of ["deploy", "plan", "infrastructure"]) expect(JSON.stringify(rights(kind)).length).toBeLessThan(10_000);
  });
});

describe("the stack that owns the repository", () => {
  let all: Made[] = [];
  beforeAll(async () => {
    all = await everythingOf("production", { "recoloca:github": CONFIGURED["production"] }, SECRETS["production"]);
  });
  const only = (type: string): Inputs => all.find((one) => one.type.endsWith(`:${type}`))!.inputs;
  const rulesets = () => all.flatMap(({ type, inputs }) => (type.endsWith(":RepositoryRuleset") ? [inputs] : []));

  test("and no other writes rules and files", async () => {
    const staging = await everythingOf("staging", { "recoloca:github": CONFIGURED["staging"] }, SECRETS["staging"]);
    for (const type of [
      "RepositoryRuleset",
      "Repository",
      "RepositoryFile",
      "ActionsRepositoryPermissions",
      "WorkflowRepositoryPermissions",
      "RepositoryVulnerabilityAlerts",
    ]) {
      expect(
        staging.filter((one) => one.type.endsWith(`:${type}`)),
        type,
      ).toEqual([]);
      expect(all.filter((one) => one.type.endsWith(`:${type}`)).length, type).toBeGreaterThan(0);
    }
  });

  test("lets nobody name a release but those who administer it, where no others are named: a tag's run is the tagged commit's own", () => {
    expect(rulesets().find((one) => one["target"] === "tag")).toMatchObject({
      enforcement: "active",
      conditions: { refName: { includes: ["refs/tags/v*.*.*"], excludes: [] } },
      bypassActors: [{ actorId: 5, actorType: "RepositoryRole", bypassMode: "always" }],
      rules: { creation: true, update: true, deletion: true, nonFastForward: true },
    });
  });

  test("lets nothing into main but by a pull request with its checks", () => {
    const main = rulesets().find((one) => one["target"] === "branch")!;
    expect(main).toMatchObject({
      enforcement: "active",
      bypassActors: [{ actorId: 7, actorType: "Integration", bypassMode: "always" }],
      rules: {
        deletion: true,
        nonFastForward: true,
        requiredLinearHistory: true,
        pullRequest: { requiredApprovingReviewCount: 1, requireCodeOwnerReview: true, dismissStaleReviewsOnPush: true },
      },
    });
    const { requiredStatusChecks } = main["rules"] as { requiredStatusChecks: { requiredChecks: { context: string; integrationId: number }[] } };
    expect(requiredStatusChecks.requiredChecks.every(({ integrationId }) => integrationId === 15368)).toBe(true);
    // By the names that jobs of this stack's own files have, each once: another job of that name would do in their place.
    const files = all.filter((one) => one.type.endsWith(":RepositoryFile") && String(one.inputs["file"]).startsWith(".github/workflows/"));
    const names = files.flatMap(({ inputs }) =>
      Object.values((parse(inputs["content"] as string) as { jobs: Record<string, { name: string }> }).jobs).map(({ name }) => name),
    );
    expect(requiredStatusChecks.requiredChecks.map(({ context }) => context)).toEqual(["Checks passed", "Security passed"]);
    for (const { context } of requiredStatusChecks.requiredChecks) expect([context, names.filter((name) => name === context)]).toEqual([context, [context]]);
  });

  test("has every pull request up to date before it is merged; with a merge queue the queue sees to that, in the one way that the workflow files' branch needs", async () => {
    const rulesOf = async (change: object) => {
      const made = await everythingOf("production", { "recoloca:github": { ...CONFIGURED["production"], ...change } }, SECRETS["production"]);
      return made.find(({ type, inputs }) => type.endsWith(":RepositoryRuleset") && inputs["target"] === "branch")!.inputs["rules"] as {
        mergeQueue?: Record<string, unknown>;
        requiredStatusChecks: { strictRequiredStatusChecksPolicy: boolean };
      };
    };
    const without = await rulesOf({});
    expect([without.mergeQueue, without.requiredStatusChecks.strictRequiredStatusChecksPolicy]).toEqual([undefined, true]);
    for (const [way, mergeMethod] of [["direct", "SQUASH"], ["pull-request", "MERGE"]]) {
      const queued = await rulesOf({ mergeQueue: true, workflowFiles: way, writers: way === "direct" ? { apps: { infrastructure: 7 } } : {} });
      expect(queued.mergeQueue).toMatchObject({ mergeMethod, groupingStrategy: "ALLGREEN", minEntriesToMerge: 1, minEntriesToMergeWaitMinutes: 0 });
      expect(queued.requiredStatusChecks.strictRequiredStatusChecksPolicy).toBe(false);
    }
  }); // prettier-ignore

  test("keeps history linear, but where the workflow files' branch lives on after its merge: only then is there a merge commit at all", async () => {
    for (const [way, linear] of [["direct", true], ["pull-request", false]] as const) {
      const made = await everythingOf("production", { "recoloca:github": { ...CONFIGURED["production"], workflowFiles: way, writers: linear ? { apps: { infrastructure: 7 } } : {} } }, SECRETS["production"]);
      const { rules } = made.find(({ type, inputs }) => type.endsWith(":RepositoryRuleset") && inputs["target"] === "branch")!.inputs as { rules: { requiredLinearHistory: boolean; pullRequest: { allowedMergeMethods: string[] } } };
      const { inputs: repository } = made.find(({ type }) => type.endsWith(":Repository"))!;
      expect([way, rules.requiredLinearHistory, rules.pullRequest.allowedMergeMethods]).toEqual([way, linear, ["squash", "rebase", ...(linear ? [] : ["merge"])]]);
      expect([way, repository["allowMergeCommit"], repository["deleteBranchOnMerge"]]).toEqual([way, !linear, linear]);
    }
  }); // prettier-ignore

  test("publishes its Pages by a workflow, as production's file wants the page of delivery metrics", () => {
    expect(only("Repository")["pages"]).toEqual({ buildType: "workflow" });
  });

  test("lets nobody move a release's tag", () => {
    expect(rulesets().find((one) => one["target"] === "tag")).toMatchObject({
      conditions: { refName: { includes: ["refs/tags/v*.*.*"] } },
      rules: { update: true, deletion: true, nonFastForward: true },
    });
  });

  test("gives workflows a token that reads, and lets only pinned actions run that are in use", () => {
    expect(only("WorkflowRepositoryPermissions")).toMatchObject({ defaultWorkflowPermissions: "read", canApprovePullRequestReviews: false });
    expect(only("ActionsRepositoryPermissions")).toMatchObject({ allowedActions: "selected", shaPinningRequired: true });
    const { patternsAlloweds } = only("ActionsRepositoryPermissions")["allowedActionsConfig"] as { patternsAlloweds: string[] };
    // What composite actions use in turn is refused as well where it is not allowed.
    expect(patternsAlloweds).toEqual(
      expect.arrayContaining(["actions/checkout@*", "actions/cache@*", "actions/cache/*@*", "actions/github-script@*", "actions/upload-artifact@*"]),
    );
  });

  test("writes each file once, over none that it did not write", () => {
    const files = all.filter((one) => one.type.endsWith(":RepositoryFile")).map(({ inputs }) => inputs);
    expect(files.map((one) => one["file"])).toContain(".github/CODEOWNERS");
    for (const one of files) {
      expect(one["overwriteOnCreate"]).toBe(false);
      expect(one["commitMessage"]).toContain("[skip ci]");
    }
  });
});
