/** Before a merge, and each week: vulnerabilities, dangerous code, leaked secrets, new dependencies. What is serious keeps a pull request from being merged. */
import type { Workflow } from "../model.ts";
import { abilitiesOf } from "../github-plan.ts";
import type { WorkflowOptions } from "../options.ts";
import { gate } from "../jobs/gate.ts";
import { notifyOfFailure } from "../jobs/notify.ts";
import { dependencyReview, scans, semgrepPlatform } from "../jobs/scans.ts";

/** Required before a merge, by this name. */
export const SECURITY_CHECK = "Security passed";

export function security(options: WorkflowOptions): Workflow {
  const all = { ...scans(options, { pullRequests: true }), ...(abilitiesOf(options).codeScanning && { dependencies: dependencyReview() }) };
  return {
    file: "security.yml",
    name: "Security",
    says: `Before a merge and once a week: known vulnerabilities and wrong configuration (Trivy), dangerous code (Semgrep), leaked secrets (TruffleHog), new dependencies. "${SECURITY_CHECK}" is required for a merge. The images that ship are scanned in deploy.yml, by digest; those that are live, daily, in security-monitoring.yml.`,
    on: {
      pull_request: { branches: [options.defaultBranch] },
      merge_group: {},
      schedule: [{ cron: "23 5 * * 1", says: "Mondays 05:23" }],
      workflow_dispatch: {},
    },
    concurrency: {
      group: "security-${{ github.event.pull_request.number || github.ref }}",
      "cancel-in-progress": "${{ github.event_name == 'pull_request' }}",
    },
    jobs: {
      ...all,
      "semgrep-platform": semgrepPlatform(),
      required: gate(SECURITY_CHECK, Object.keys(all)),
      notify: notifyOfFailure({ needs: [...Object.keys(all), "semgrep-platform"], about: "weekly scans", if: "github.event_name == 'schedule'" }),
    },
  };
}
