/** What a repository is to be, in the provider's own fields: the component makes it so, and `make doctor` holds GitHub's answers against it. Pure. */

export interface Actors {
  readonly apps: readonly number[];
  readonly teams: readonly number[];
}

export interface Rules {
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
  /** Who may create release tags. @default those who administer the repository */
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

/** The app of GitHub Actions: a check of that name by anybody else does not count. */
const GITHUB_ACTIONS = 15368;

/** Each of a group has to pass by itself, so that what is merged can be released; a run that says nothing in an hour has failed. One alone does not wait for others. */
const QUEUE = {
  groupingStrategy: "ALLGREEN",
  checkResponseTimeoutMinutes: 60,
  maxEntriesToBuild: 5,
  maxEntriesToMerge: 5,
  minEntriesToMerge: 1,
  minEntriesToMergeWaitMinutes: 0,
};

/** Of the repository itself; what is not here is left as it is. */
export const settingsOf = ({ visibility, mergeCommits, pages }: Rules) => ({
  visibility,
  allowMergeCommit: mergeCommits,
  allowSquashMerge: true,
  allowRebaseMerge: true,
  allowAutoMerge: true,
  allowUpdateBranch: true,
  deleteBranchOnMerge: !mergeCommits,
  squashMergeCommitTitle: "PR_TITLE",
  squashMergeCommitMessage: "PR_BODY",
  ...(pages && { pages: { buildType: "workflow" } }),
});

/** Whether vulnerable dependencies are told. */
export const ALERTS = { enabled: true };

/** Which actions may run. */
export const actionsOf = ({ allowedActions }: Rules) => ({
  enabled: true,
  allowedActions: "selected",
  allowedActionsConfig: { githubOwnedAllowed: false, verifiedAllowed: false, patternsAlloweds: [...allowedActions] },
  shaPinningRequired: true,
});

/** What the token may that each job gets, where the job does not say. */
export const TOKEN = { defaultWorkflowPermissions: "read", canApprovePullRequestReviews: false };

const bypass = ({ apps, teams }: Actors) => [
  ...apps.map((actorId) => ({ actorId, actorType: "Integration", bypassMode: "always" })),
  ...teams.map((actorId) => ({ actorId, actorType: "Team", bypassMode: "always" })),
];

/** Who gets what into the default branch. */
export const branchRuleset = ({ defaultBranch, requiredChecks, codeOwners, approvals, mergeCommits, mergeQueue, writers }: Rules) => ({
  name: `${defaultBranch}: by pull request, with its checks`,
  target: "branch",
  enforcement: "active",
  conditions: { refName: { includes: ["~DEFAULT_BRANCH"], excludes: [] } },
  bypassActors: bypass(writers),
  rules: {
    deletion: true,
    nonFastForward: true,
    requiredLinearHistory: !mergeCommits,
    pullRequest: {
      requiredApprovingReviewCount: approvals,
      dismissStaleReviewsOnPush: true,
      requireCodeOwnerReview: codeOwners.length > 0,
      requireLastPushApproval: approvals > 0,
      requiredReviewThreadResolution: true,
      allowedMergeMethods: ["squash", "rebase", ...(mergeCommits ? ["merge"] : [])],
    },
    ...(requiredChecks.length > 0 && {
      requiredStatusChecks: {
        requiredChecks: requiredChecks.map((context) => ({ context, integrationId: GITHUB_ACTIONS })),
        strictRequiredStatusChecksPolicy: !mergeQueue,
      },
    }),
    // All of them in one way: the branch of workflow files would be in conflict with its own lines after a squash.
    ...(mergeQueue && { mergeQueue: { ...QUEUE, mergeMethod: mergeCommits ? "MERGE" : "SQUASH" } }),
  },
});

/** GitHub's number for it, which is the same in every repository (the provider's page of `RepositoryRuleset`). */
const ADMINISTRATORS = { actorId: 5, actorType: "RepositoryRole", bypassMode: "always" };

/** Who may name a release: a tag's run is the tagged commit's own, with the secrets of whatever admits such tags, whoever has looked at that commit. */
export function tagRuleset({ releaseTags, releasers }: Rules) {
  const named = releasers.apps.length + releasers.teams.length > 0;
  return {
    name: "releases: tags that few may create and nobody may move",
    target: "tag",
    enforcement: "active",
    conditions: { refName: { includes: releaseTags.map((tag) => `refs/tags/${tag}`), excludes: [] } },
    // Whoever bypasses it bypasses all of it, so that a release may also be taken back by those who make them.
    bypassActors: named ? bypass(releasers) : [ADMINISTRATORS],
    rules: { creation: true, update: true, deletion: true, nonFastForward: true },
  };
}
