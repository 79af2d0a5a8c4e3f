/**
 * The repository's workflow files, kept as the program has them: each written only when its text changed, removed when there is none any more, and
 * never written over one that somebody else wrote.
 */
import { createHash } from "node:crypto";
import { Branch } from "@pulumi/github/branch.js";
import type { Provider } from "@pulumi/github/provider.js";
import { RepositoryFile } from "@pulumi/github/repositoryFile.js";
import { RepositoryPullRequest } from "@pulumi/github/repositoryPullRequest.js";
import * as pulumi from "@pulumi/pulumi";
import { explained } from "../github-errors.ts";
import { BRANCH } from "./branch.ts";

export interface WorkflowFilesArgs {
  readonly provider: Provider;
  readonly repository: string;
  readonly defaultBranch: string;
  /**
   * - `direct`: one commit for each changed file on the default branch, past its rules, which starts no workflow
   * - `pull-request`: on a branch of their own that stays, whose pull request a person merges, with a merge commit: after a squash the next one
   *   would be in conflict with its own lines
   */
  readonly way: "direct" | "pull-request";
  /** `path` from the repository's root. */
  readonly files: readonly { readonly path: string; readonly text: string }[];
  /** Paths of files that are there and may be replaced by these. With a pull request all may be: a person sees what would be lost. */
  readonly adopt: readonly string[];
  /** What has to be in place before the first commit: the actions that the files use have to be allowed. */
  readonly after?: readonly pulumi.Resource[];
}

export class WorkflowFiles extends pulumi.ComponentResource {
  /** Of the pull request, where there is one. */
  readonly pullRequest?: pulumi.Output<number>;

  constructor(name: string, args: WorkflowFilesArgs, opts?: pulumi.ComponentResourceOptions) {
    super("recoloca:index:WorkflowFiles", name, { way: args.way }, opts);
    const { provider, repository, defaultBranch, way, adopt } = args;
    const direct = way === "direct";
    const files = [...args.files, ...(direct ? [] : [listOf(args.files)])].sort((one, other) => (one.path < other.path ? -1 : 1));
    const own = { parent: this, provider, hooks: explained() };
    const branch = direct ? undefined : new Branch(name, { repository, branch: BRANCH, sourceBranch: defaultBranch }, own);
    // One after the other: each is a commit, and two at once would race for the branch.
    let before: pulumi.Resource[] = [...(args.after ?? []), ...(branch ? [branch] : [])];
    for (const { path, text } of files) {
      const file = new RepositoryFile(
        path,
        {
          repository,
          file: path,
          content: text,
          branch: branch?.branch ?? defaultBranch,
          commitMessage: `Write ${path}, as the program has it${direct ? " [skip ci]" : ""}`,
          overwriteOnCreate: !direct || adopt.includes(path),
        },
        { ...own, dependsOn: before },
      );
      before = [file];
    }
    if (branch) this.pullRequest = this.request(name, files, branch, before, args).number;
    this.registerOutputs();
  }

  /** A new one for each set of texts: GitHub keeps an old one as it is once it is merged. */
  private request(name: string, files: WorkflowFilesArgs["files"], branch: Branch, last: pulumi.Resource[], args: WorkflowFilesArgs): RepositoryPullRequest {
    const texts = createHash("sha256").update(JSON.stringify(files)).digest("hex").slice(0, 12);
    return new RepositoryPullRequest(
      name,
      {
        baseRepository: args.repository,
        baseRef: args.defaultBranch,
        headRef: branch.branch,
        title: "Workflow files as the program has them",
        body: `The stack that owns the repository wrote these; they are changed in the program. Merge it with a merge commit; its branch stays for the next time.\n\n${files.map(({ path }) => `- \`${path}\``).join("\n")}\n`,
      },
      { parent: this, provider: args.provider, hooks: explained(), dependsOn: last, replacementTrigger: texts, deleteBeforeReplace: true },
    );
  }
}

/**
 * Pulumi removes last, after the pull request; GitHub opens none for a branch without a commit of its own. So what changes the set of files changes
 * this one, and the removals come onto the branch of the pull request that it opened.
 */
const listOf = (files: WorkflowFilesArgs["files"]) => ({
  path: ".github/GENERATED.md",
  text: `Written by the stack that owns the repository, by pull request from the branch \`${BRANCH}\`; changed in the program alone.\n\n${files
    .map(({ path }) => `- \`${path}\`\n`)
    .sort()
    .join("")}`,
});
