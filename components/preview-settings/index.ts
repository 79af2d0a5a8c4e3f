/**
 * What Pulumi Cloud may do with a stack by itself: previews of pull requests by the Pulumi GitHub App, and comparisons by the clock. It deploys nothing:
 * that is the workflows' business, behind their approvals.
 */
import { DeploymentSettings } from "@pulumi/pulumiservice/deploymentSettings.js";
import { DriftSchedule } from "@pulumi/pulumiservice/driftSchedule.js";
import { Provider } from "@pulumi/pulumiservice/provider.js";
import * as pulumi from "@pulumi/pulumi";

export interface PreviewSettingsArgs {
  /** Of the stack, at Pulumi Cloud. */
  readonly organization: string;
  readonly project: string;
  readonly stack: string;
  /** `https://api.pulumi.com`, or that of an installation of one's own. */
  readonly apiUrl: string;
  /** `owner/name`; the App has to be installed there, which only a person can do. */
  readonly repository: string;
  readonly defaultBranch: string;
  /** Folder of the program in the repository; `.` where it is the root. */
  readonly programPath: string;
  /** A pull request that touches none of these gets no preview. @default every one gets one */
  readonly paths: readonly string[];
  readonly pullRequests: boolean;
  /** Whether each pull request gets a stack of its own, made after this one. */
  readonly reviewStacks: boolean;
  /** When the stack is compared with what is there, as cron has it, in UTC. Nothing is put right. @default never */
  readonly drift?: string;
  /** ARN of a role at AWS that may read, and that these runs take by Pulumi Cloud's word. @default none is taken */
  readonly role?: pulumi.Input<string>;
  /** Container image that the runs are in, with Node 22.18 or newer. @default Pulumi's own */
  readonly image?: string;
}

export class PreviewSettings extends pulumi.ComponentResource {
  constructor(name: string, args: PreviewSettingsArgs, opts?: pulumi.ComponentResourceOptions) {
    super("recoloca:index:PreviewSettings", name, { repository: args.repository }, opts);
    const { organization, project, stack, repository, defaultBranch, programPath, paths, role, drift, image } = args;
    const which = { organization, project, stack };
    // Said, because the SDK would take it from PULUMI_BACKEND_URL, where a bucket or a folder may be named. The token is the caller's login.
    const provider = new Provider(name, { apiUrl: args.apiUrl }, { parent: this });
    const own = { parent: this, provider };
    const settings = new DeploymentSettings(
      name,
      {
        ...which,
        sourceContext: { git: { branch: `refs/heads/${defaultBranch}`, ...(programPath !== "." && { repoDir: programPath }) } },
        // Not `vcs`, which takes its place one day: with it, pull requests started nothing (https://github.com/pulumi/pulumi-pulumiservice/issues/754).
        // All are said: what is left out, the SDK switches on, deploys of each push among it.
        github: {
          repository,
          previewPullRequests: args.pullRequests,
          deployCommits: false,
          pullRequestTemplate: args.reviewStacks,
          ...(paths.length > 0 && { paths: [...paths] }),
        },
        ...(role !== undefined && { operationContext: { oidc: { aws: { roleARN: role, sessionName: `pulumi-cloud-${stack}` } } } }),
        ...(image !== undefined && { executorContext: { executorImage: image } }),
      },
      own,
    );
    if (drift !== undefined) new DriftSchedule(name, { ...which, scheduleCron: drift, autoRemediate: false }, { ...own, dependsOn: settings });
    this.registerOutputs({ settings: settings.id });
  }
}
