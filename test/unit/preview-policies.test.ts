/** What must be true of everything that Pulumi Cloud may do with a stack by itself, whoever changes a component. */
import { describe, expect, test } from "vitest";
import { everythingOf, type Made } from "../mocked-program.ts";

const github = { visibility: "private", plan: "team", reviewers: { teams: { platform: 42 } } };
const owner = { ownsRepository: true, releasers: { teams: { platform: 42 } } };
const change = (stack: string, previews: object | undefined) => ({
  "recoloca:github": { ...github, ...(stack === "production" && owner) },
  ...(previews && { "recoloca:previews": previews }),
});
const of = (all: readonly Made[], type: string) => all.filter((one) => one.type === type).map(({ inputs }) => inputs);
const SETTINGS = "pulumiservice:index:DeploymentSettings";
const SCHEDULE = "pulumiservice:index:DriftSchedule";

interface Trust {
  readonly Principal: { readonly Federated: string };
  readonly Condition: { readonly StringEquals: Readonly<Record<string, string | readonly string[]>> };
}
const trust = (all: readonly Made[], kind: string) => {
  const role = all.find((one) => one.type === "aws:iam/role:Role" && one.name.endsWith(`-${kind}`))!;
  return (JSON.parse(role.inputs["assumeRolePolicy"] as string) as { Statement: Trust[] }).Statement;
};

describe.each(["staging", "production"])("stack %s", (stack) => {
  test("by default nothing is there, and no role trusts Pulumi Cloud", async () => {
    const all = await everythingOf(stack, change(stack, undefined), {}, "recoloca");
    expect([...of(all, SETTINGS), ...of(all, SCHEDULE), ...of(all, "pulumi:providers:pulumiservice")]).toEqual([]);
    expect(JSON.stringify(all)).not.toContain("api.pulumi.com/oidc");
  });

  test("where the state is elsewhere nothing is there either", async () => {
    const all = await everythingOf(stack, change(stack, { drift: "0 4 * * *" }));
    expect([...of(all, SETTINGS), ...of(all, SCHEDULE)]).toEqual([]);
    expect(JSON.stringify(all)).not.toContain("pulumi:deploy");
  });

  test("switched on: it deploys nothing, makes no stacks, puts nothing right, and reads by a role that runs of updates cannot take", async () => {
    const all = await everythingOf(stack, change(stack, { drift: "0 4 * * *" }), {}, "recoloca");
    const previews = stack !== "production";
    expect(of(all, SETTINGS)).toMatchObject([
      {
        ...{ organization: "recoloca", project: "recoloca", stack },
        github: { repository: "recoloca/recoloca", previewPullRequests: previews, deployCommits: false, pullRequestTemplate: false },
        operationContext: { oidc: { aws: { roleARN: `arn:aws:x:::recoloca-${stack}-plan` } } },
      },
    ]);
    expect(of(all, SCHEDULE)).toMatchObject([{ scheduleCron: "0 4 * * *", autoRemediate: false }]);
    expect(of(all, "pulumi:providers:pulumiservice")).toEqual([{ apiUrl: "https://api.pulumi.com" }]);
    const [, cloud, ...more] = trust(all, "plan");
    expect(more).toEqual([]);
    expect(cloud!.Condition.StringEquals).toEqual({
      "api.pulumi.com/oidc:aud": "recoloca",
      "api.pulumi.com/oidc:sub": [...(previews ? ["preview"] : []), "refresh", "detect-drift"].map(
        (operation) => `pulumi:deploy:org:recoloca:project:recoloca:stack:${stack}:operation:${operation}:scope:write`,
      ),
    });
    expect(of(all, "aws:iam/openIdConnectProvider:OpenIdConnectProvider")).toContainEqual({ url: "https://api.pulumi.com/oidc", clientIdLists: ["recoloca"] });
    for (const kind of ["deploy", "infrastructure"]) expect(trust(all, kind), kind).toHaveLength(1);
    expect(JSON.stringify(all)).not.toMatch(/operation:(update|destroy|remediate)/);
  });
});

test("nothing that runs takes no role", async () => {
  const all = await everythingOf("production", change("production", {}), {}, "recoloca");
  expect(of(all, SETTINGS)[0]).not.toHaveProperty("operationContext");
  expect(trust(all, "plan")).toHaveLength(1);
});
