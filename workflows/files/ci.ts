/** Before a merge: lint, types, tests, migrations and builds, of what a pull request touches; of everything in the merge queue. */
import type { Workflow } from "../model.ts";
import type { WorkflowOptions } from "../options.ts";
import { checks } from "../jobs/checks.ts";
import { coverageComment } from "../jobs/coverage.ts";
import { changes, gate } from "../jobs/gate.ts";

/** Required before a merge, by this name. */
export const CI_CHECK = "Checks passed";

export function ci(options: WorkflowOptions): Workflow {
  const { jobs, areas } = checks(options, { pathAware: true });
  return {
    file: "ci.yml",
    name: "CI",
    says: `Before a merge: lint, types, tests, migrations and a build of what a pull request touches; everything in the merge queue. "${CI_CHECK}" is the one check that a merge requires. Main runs the same jobs in deploy.yml, before it deploys. Nothing here sees a secret.`,
    on: { pull_request: { branches: [options.defaultBranch] }, merge_group: {} },
    concurrency: { group: "ci-${{ github.event.pull_request.number || github.ref }}", "cancel-in-progress": true },
    jobs: { changes: changes(options), ...jobs, coverage: coverageComment(), required: gate(CI_CHECK, Object.keys(jobs), areas) },
  };
}
