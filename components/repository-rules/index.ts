/**
 * What is true of the repository whoever works in it: how changes get into the default branch, who may name a release, what Actions may do. One
 * stack makes it for all (design D11).
 */
import { ActionsRepositoryPermissions } from "@pulumi/github/actionsRepositoryPermissions.js";
import type { Provider } from "@pulumi/github/provider.js";
import { Repository } from "@pulumi/github/repository.js";
import { RepositoryRuleset } from "@pulumi/github/repositoryRuleset.js";
import { RepositoryVulnerabilityAlerts } from "@pulumi/github/repositoryVulnerabilityAlerts.js";
import { WorkflowRepositoryPermissions } from "@pulumi/github/workflowRepositoryPermissions.js";
import * as pulumi from "@pulumi/pulumi";
import { explained } from "../github-errors.ts";

interface Actors {
  readonly apps: readonly number[];
  readonly teams: readonly number[];
}

export interface RepositoryRulesArgs {
  readonly provider: Provider;
  readonly repository: string;
  readonly visibility: "public" | "internal" | "private";
  readonly defaultBranch: string;
  /** Patterns of tags that are releases. */
  readonly releaseTags: readonly string[];
  /** How many people have to approve a pull request. */
  readonly approvals: number;
  /** With any, those who own a file have to approve what changes it. */
  readonly codeOwners: readonly string[];
  /** Names of checks as GitHub shows them, without which nothing is merged. */
  readonly requiredChecks: readonly string[];
  /** Who may commit to the default branch past its rules. */
  readonly writers: Actors;
  /** Who may create release tags. @default whoever may write to the repository */
  readonly releasers: Actors;
  /** Whether a branch that lives on after its merge is merged with a merge commit: the branch of workflow files. Else history is linear. */
  readonly mergeCommits: boolean;
  /** Whether pull requests are merged by GitHub's queue, which tests each on top of those before it: then none has to be up to date first. */
  readonly mergeQueue: boolean;
  /** Whether the repository's plan has rulesets. */
  readonly rulesets: boolean;
  /** Whether its Pages are published by a workflow. @default they are left alone */
  readonly pages?: boolean;
  /** The only actions that may run, as patterns: `actions/checkout@*`. */
  readonly allowedActions: readonly string[];
}

const bypass = ({ apps, teams }: Actors) => [
  ...apps.map((actorId) => ({ actorId, actorType: "Integration", bypassMode: "always" })),
  ...teams.map((actorId) => ({ actorId, actorType: "Team", bypassMode: "always" })),
];

/** What the repository has and this program has no opinion of. Without this, what is not given would be set back to the provider's default. */
const LEFT_ALONE = [
  "description", "homepageUrl", "topics", "hasIssues", "hasProjects", "hasWiki", "hasDiscussions", "hasDownloads", "isTemplate", "template", "fork",
  "sourceOwner", "sourceRepo", "allowForking", "archived", "autoInit", "gitignoreTemplate", "licenseTemplate", "defaultBranch", "pages", "private",
  "securityAndAnalysis", "webCommitSignoffRequired", "vulnerabilityAlerts",
]; // prettier-ignore

export class RepositoryRules extends pulumi.ComponentResource {
  /** What has to be in place before workflow files are committed. */
  readonly ready: pulumi.Resource[];

  constructor(name: string, args: RepositoryRulesArgs, opts?: pulumi.ComponentResourceOptions) {
    super("recoloca:index:RepositoryRules", name, { repository: args.repository }, opts);
    const { provider, repository, defaultBranch } = args;
    const own = { parent: this, provider, hooks: explained() };
    new Repository(
      name,
      {
        name: repository,
        visibility: args.visibility,
        allowMergeCommit: args.mergeCommits,
        allowSquashMerge: true,
        allowRebaseMerge: true,
        allowAutoMerge: true,
        allowUpdateBranch: true,
        deleteBranchOnMerge: !args.mergeCommits,
        squashMergeCommitTitle: "PR_TITLE",
        squashMergeCommitMessage: "PR_BODY",
        ...(args.pages && { pages: { buildType: "workflow" } }),
      },
      // It was there before the stack and stays after it.
      { ...own, retainOnDelete: true, ignoreChanges: args.pages ? LEFT_ALONE.filter((one) => one !== "pages") : LEFT_ALONE },
    );
    new RepositoryVulnerabilityAlerts(name, { repository, enabled: true }, own);
    const permissions = new ActionsRepositoryPermissions(
      name,
      {
        repository,
        enabled: true,
        allowedActions: "selected",
        allowedActionsConfig: { githubOwnedAllowed: false, verifiedAllowed: false, patternsAlloweds: [...args.allowedActions] },
        shaPinningRequired: true,
      },
      own,
    );
    const token = new WorkflowRepositoryPermissions(name, { repository, defaultWorkflowPermissions: "read", canApprovePullRequestReviews: false }, own);
    this.ready = [permissions, token];
    if (args.rulesets) {
      this.ready.push(this.defaultBranch(name, defaultBranch, args, own));
      this.releaseTags(name, args, own);
    }
    this.registerOutputs();
  }

  private defaultBranch(name: string, branch: string, args: RepositoryRulesArgs, own: pulumi.CustomResourceOptions): RepositoryRuleset {
    const { requiredChecks, codeOwners, approvals } = args;
    return new RepositoryRuleset(
      `${name}-${branch}`,
      {
        name: `${branch}: by pull request, with its checks`,
        repository: args.repository,
        target: "branch",
        enforcement: "active",
        conditions: { refName: { includes: ["~DEFAULT_BRANCH"], excludes: [] } },
        bypassActors: bypass(args.writers),
        rules: {
          deletion: true,
          nonFastForward: true,
          requiredLinearHistory: !args.mergeCommits,
          pullRequest: {
            requiredApprovingReviewCount: approvals,
            dismissStaleReviewsOnPush: true,
            requireCodeOwnerReview: codeOwners.length > 0,
            requireLastPushApproval: approvals > 0,
            requiredReviewThreadResolution: true,
            allowedMergeMethods: ["squash", "rebase", ...(args.mergeCommits ? ["merge"] : [])],
          },
          ...(requiredChecks.length > 0 && {
            requiredStatusChecks: {
              requiredChecks: requiredChecks.map((context) => ({ context, integrationId: GITHUB_ACTIONS })),
              strictRequiredStatusChecksPolicy: !args.mergeQueue,
            },
          }),
          // All of them in one way: the branch of workflow files would be in conflict with its own lines after a squash.
          ...(args.mergeQueue && { mergeQueue: { ...QUEUE, mergeMethod: args.mergeCommits ? "MERGE" : "SQUASH" } }),
        },
      },
      own,
    );
  }

  private releaseTags(name: string, args: RepositoryRulesArgs, own: pulumi.CustomResourceOptions): void {
    const named = args.releasers.apps.length + args.releasers.teams.length > 0;
    new RepositoryRuleset(
      `${name}-releases`,
      {
        name: named ? "releases: tags that few may create and nobody may move" : "releases: tags that nobody may move",
        repository: args.repository,
        target: "tag",
        enforcement: "active",
        conditions: { refName: { includes: args.releaseTags.map((tag) => `refs/tags/${tag}`), excludes: [] } },
        // Whoever bypasses it bypasses all of it, so that a release may also be taken back by those who make them.
        bypassActors: bypass(args.releasers),
        rules: { ...(named && { creation: true }), update: true, deletion: true, nonFastForward: true },
      },
      own,
    );
  }
}

/** Each of a group has to pass by itself, so that what is merged can be released; a run that says nothing in an hour has failed. One alone does not wait for others. */
const QUEUE = {
  groupingStrategy: "ALLGREEN",
  checkResponseTimeoutMinutes: 60,
  maxEntriesToBuild: 5,
  maxEntriesToMerge: 5,
  minEntriesToMerge: 1,
  minEntriesToMergeWaitMinutes: 0,
};
/** The app of GitHub Actions: a check of that name by anybody else does not count. */
const GITHUB_ACTIONS = 15368;
