/** The repository's side, of the stack that owns it and of one that does not. */
import { hidden, type Section } from "./row.ts";

export const GITHUB: Section = {
  title: "GitHub",
  rows: [
    {
      change: "who approves, after how long, from which branches and tags; more variables",
      of: "production",
      set: {
        ...{ "github.reviewers": { users: { ana: 5 }, teams: { platform: 43 } }, "github.waitMinutes": 10, "github.variables.MORE": "x" },
        ...{ "github.branches": ["main", "stable"], "github.tags": ["r*"] },
      },
      does: ["+ ActionsEnvironmentVariable", "+ RepositoryEnvironmentDeploymentPolicy", "- RepositoryEnvironmentDeploymentPolicy", "~ RepositoryEnvironment"],
    },
    {
      change: "the rules of the repository, who may pass them, who owns which file",
      of: "production",
      set: {
        "github.writers": { apps: { infrastructure: 7, other: 8 }, teams: { platform: 9 } },
        "github.releasers": { apps: { infrastructure: 7 }, teams: { platform: 9 } },
        ...{ "github.approvals": 2, "github.codeOwners": ["@ana"], "github.adopt": [".github/workflows/ours.yml"] },
      },
      does: ["+ RepositoryFile", "~ RepositoryRuleset"],
    },
    { change: "a merge queue", of: "production", set: { "github.mergeQueue": true }, does: ["~ RepositoryRuleset"] },
    {
      change: "another default branch",
      of: "production",
      set: { "github.defaultBranch": "trunk" },
      does: [
        "+ RepositoryEnvironmentDeploymentPolicy",
        "+ RepositoryRuleset",
        "- RepositoryEnvironmentDeploymentPolicy",
        "- RepositoryRuleset",
        "~ Role",
        "± RepositoryFile",
      ],
      note: "workflow files are written there, and removed from the one before",
    },
    {
      change: "workflow files by pull request, where they were written directly",
      of: "production",
      set: { "github.workflowFiles": "pull-request" },
      does: ["+ Branch", "+ RepositoryFile", "+ RepositoryPullRequest", "~ Repository", "~ RepositoryRuleset", "± RepositoryFile"],
      note: "**first have the stack forget the files**: [github.md](github.md#how-workflow-files-get-there). Else there are none until the pull request is merged",
    },
    {
      change: "another plan or visibility; what the App previews; no page of metrics",
      of: "production",
      set: { "github.visibility": "private", "github.plan": "enterprise", "github.codeSecurity": true, "github.pages": false, "pipeline.previews": "app" },
      does: ["~ ActionsRepositoryPermissions", "~ Repository", "~ RepositoryFile"],
    },
    {
      change: "numbers in claims, a bucket for the state, an App for infrastructure runs, which stacks are deployed",
      of: "production",
      set: {
        "github.ids": { owner: 1, repository: 2 },
        "github.stateBucket": { name: "state", key: "arn:aws:kms:sa-east-1:123456789012:key/0", project: "other" },
        ...{ "github.infrastructureApp": 5, "github.environments": ["staging", "production", "demo"] },
        "secrets.INFRASTRUCTURE_APP_PRIVATE_KEY": hidden("a-key-that-nobody-may-see"),
      },
      does: ["+ ActionsEnvironmentSecret", "+ ActionsEnvironmentVariable", "~ ActionsRepositoryPermissions", "~ RepositoryFile", "~ Role", "~ RolePolicy"],
    },
    {
      change: "what the workflow files know of the application",
      of: "production",
      set: {
        "pipeline.backend": { folder: "b", image: "ghcr.io/recoloca/b", services: ["backend"] },
        "pipeline.frontend": { folder: "f", image: "ghcr.io/recoloca/f", services: ["frontend"] },
        ...{
          "pipeline.e2e": "e",
          "pipeline.loadTest": "l.js",
          "pipeline.apiDescription": "/o.json",
          "pipeline.zapRules": "z.tsv",
          "pipeline.needs.postgres": 5433,
        },
        ...{
          "pipeline.testEnvironment.LEVEL": "debug",
          "pipeline.platforms": ["arm64"],
          "pipeline.programPath": "infrastructure",
          "pipeline.programTests": false,
        },
        ...{ "pipeline.review": "arm64", "pipeline.production": "approval" },
      },
      does: ["+ RepositoryFile", "- RepositoryEnvironmentDeploymentPolicy", "~ RepositoryFile"],
    },
    { change: "another stack owns the repository", of: "production", set: { "github.ownsRepository": false, "github.workflowFiles": undefined, "github.writers": undefined, pipeline: undefined }, does: ["- ActionsRepositoryPermissions", "- Repository", "- RepositoryEnvironment", "- RepositoryEnvironmentDeploymentPolicy", "- RepositoryFile", "- RepositoryRuleset", "- RepositoryVulnerabilityAlerts", "- WorkflowRepositoryPermissions"], note: "the repository itself stays. Workflow files and rules go, until the other stack makes them" }, // prettier-ignore
    {
      change: "another stack makes the account's entry for GitHub",
      set: { "github.makesIdentityProvider": false },
      does: ["- OpenIdConnectProvider"],
      note: "which has it before: roles that trust an entry that is gone let nobody in",
    },
    {
      change: "no GitHub side any more",
      set: { github: undefined },
      does: [
        ...["ActionsEnvironmentSecret", "ActionsEnvironmentVariable", "ActionsVariable", "OpenIdConnectProvider", "RepositoryEnvironment"].map(
          (one) => `- ${one}`,
        ),
        ...["Policy", "RepositoryEnvironmentDeploymentPolicy", "Role", "RolePolicy"].map((one) => `- ${one}`),
        "~ Role",
      ],
      note: "no run gets in any more; another stack of the account that took its entry for GitHub from this one makes it first",
    },
    { change: "another token", set: { githubToken: hidden("ghp_that-nobody-may-see") }, does: [] },
    {
      change: "previews by the App, a stack for each pull request",
      set: { "previews.pullRequests": true, "previews.reviewStacks": true },
      refused: /recoloca:previews\.pullRequests +got true, and the repository is public/,
    },
  ],
};
