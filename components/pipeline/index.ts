/** The repository's workflows, with what has to be allowed and required for them. No resource: `RepositoryRules` and `WorkflowFiles` make it so. */
import { requiredChecks, workflowFiles, type WorkflowOptions } from "../../workflows/index.ts";
import { actionsInUse } from "./actions-in-use.ts";
import { codeOwnersFile } from "./code-owners.ts";

export interface Pipeline {
  readonly files: readonly { readonly path: string; readonly text: string }[];
  /** Names of checks as GitHub shows them, without which nothing is merged. */
  readonly requiredChecks: readonly string[];
  /** The only actions that may run, as patterns: `actions/checkout@*`. */
  readonly allowedActions: readonly string[];
}

/** `codeOwners`: who has to approve changes of what runs with the repository's rights. @default no such file is written */
export function pipelineOf(options: WorkflowOptions, codeOwners: readonly string[]): Pipeline {
  const workflows = workflowFiles(options);
  const owners = codeOwnersFile(codeOwners, options.programPath);
  return { files: [...workflows, ...(owners ? [owners] : [])], requiredChecks, allowedActions: actionsInUse(workflows.map(({ text }) => text)) };
}
