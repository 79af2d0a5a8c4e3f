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
import { actionsOf, ALERTS, branchRuleset, settingsOf, tagRuleset, TOKEN, type Rules } from "./rules.ts";

export interface RepositoryRulesArgs extends Rules {
  readonly provider: Provider;
}

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
    // It was there before the stack and stays after it.
    const alone = { retainOnDelete: true, ignoreChanges: args.pages ? LEFT_ALONE.filter((one) => one !== "pages") : LEFT_ALONE };
    new Repository(name, { name: repository, ...settingsOf(args) }, { ...own, ...alone });
    new RepositoryVulnerabilityAlerts(name, { repository, ...ALERTS }, own);
    const permissions = new ActionsRepositoryPermissions(name, { repository, ...actionsOf(args) }, own);
    const token = new WorkflowRepositoryPermissions(name, { repository, ...TOKEN }, own);
    this.ready = [permissions, token];
    if (args.rulesets) {
      this.ready.push(new RepositoryRuleset(`${name}-${defaultBranch}`, { repository, ...branchRuleset(args) }, own));
      new RepositoryRuleset(`${name}-releases`, { repository, ...tagRuleset(args) }, own);
    }
    this.registerOutputs();
  }
}
