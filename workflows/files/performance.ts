/** Load on staging each night, compared with the last good runs; one issue while it is slower. */
import { expression, TOKEN, variable, type Workflow } from "../model.ts";
import { onDefaultBranch, type WorkflowOptions } from "../options.ts";
import { newest } from "../jobs/artifacts.ts";
import { ISSUE_PERMISSIONS, issuesOf } from "../jobs/issues.ts";
import { notifyOfFailure } from "../jobs/notify.ts";
import { RUNNER } from "../jobs/runners.ts";
import { VERSIONS } from "../pins.ts";
import { checkout, keep } from "../steps.ts";

/** How much slower than the middle of the last good runs is a regression: shared machines differ by less than this from run to run. */
const SLOWER = 1.3;
const MILLISECONDS = 20;

export function performance(options: WorkflowOptions): Workflow {
  const { application, environments } = options;
  const staging = environments.find(({ from }) => from === "push")!.name;
  return {
    file: "performance.yml",
    name: "Performance",
    says: `Load on ${staging}, every night and by hand: the script ${application.loadTest} has the thresholds, and writes results.json: p95_ms, failed_rate, requests_per_second. A result is compared with the middle of the last five good ones; what is much slower opens one issue, which is closed when it is gone. Where something was deployed meanwhile the result counts for nothing.`,
    on: { schedule: [{ cron: "17 4 * * *", says: "daily 04:17" }], workflow_dispatch: {} },
    concurrency: { group: "performance", "cancel-in-progress": false },
    jobs: {
      load: {
        name: `Load on ${staging}`,
        if: onDefaultBranch(options),
        "runs-on": RUNNER,
        "timeout-minutes": 30,
        environment: { name: staging, deployment: false },
        permissions: {
          contents: ["read", "check out"],
          actions: ["read", "read the results of earlier runs"],
          deployments: ["read", "see whether something was deployed meanwhile"],
          ...ISSUE_PERMISSIONS,
        },
        outputs: { told: expression("steps.issues.outcome") },
        env: { GH_TOKEN: TOKEN, GH_REPO: expression("github.repository"), ENVIRONMENT: staging },
        steps: [
          checkout(),
          { name: "Install k6", uses: "grafana/setup-k6-action", with: { "k6-version": VERSIONS.k6 } },
          {
            name: "Load",
            id: "load",
            env: { BASE_URL: variable("PUBLIC_URL") },
            "continue-on-error": true,
            run: `
latest() { gh api "repos/$GH_REPO/deployments?environment=$ENVIRONMENT&per_page=1" --jq '.[0].id // "none"'; }
before="$(latest)"
code=0
k6 run --quiet ${application.loadTest} || code=$?
[ "$before" = "$(latest)" ] || { echo "Something was deployed meanwhile: this result counts for nothing" >> "$GITHUB_STEP_SUMMARY"; rm --force results.json; exit 0; }
exit "$code"`,
          },
          {
            name: "Compare with the last good ones",
            if: "hashFiles('results.json') != ''",
            env: { PASSED: expression("steps.load.outcome == 'success'"), COMMIT: expression("github.sha") },
            run: `${newest(options)}
newest performance-history history || { mkdir --parents history; echo '[]' > history/history.json; }
jq --slurpfile result results.json --argjson passed "$PASSED" --arg commit "$COMMIT" '
  def middle: sort | if length == 0 then null else .[(length - 1) / 2 | floor] end;
  . as $history
  | $result[0] as $now
  | ([$history[] | select(.good)][-5:] | map(.p95_ms) | middle) as $usual
  | ($usual != null and $now.p95_ms > $usual * ${SLOWER} and $now.p95_ms > $usual + ${MILLISECONDS}) as $slower
  | { history: ($history + [$now + { commit: $commit, at: (now | todate), good: ($passed and ($slower | not)) }])[-60:],
      findings: ((if $slower then [{ id: "slower", title: "Staging answers slower than it did",
          body: "95 of 100 requests were answered within \\($now.p95_ms) ms; in the last good runs it was \\($usual) ms. Since commit \\($commit)." }] else [] end)
        + (if $passed then [] else [{ id: "threshold", title: "Staging misses a threshold of the load test",
          body: "95 of 100 requests within \\($now.p95_ms) ms, \\($now.failed_rate * 100) % failed. Since commit \\($commit)." }] end)),
      row: "| \\($now.p95_ms) ms | \\($usual // "-") ms | \\($now.failed_rate * 100) % | \\($now.requests_per_second) |" }' history/history.json > compared.json
jq .history compared.json > history.json
jq .findings compared.json > findings.json
{ echo "| p95 | usual | failed | requests/s |"; echo "| --- | --- | --- | --- |"; jq --raw-output .row compared.json; } >> "$GITHUB_STEP_SUMMARY"`,
          },
          keep("performance-history", "history.json", 90),
          { ...issuesOf("performance"), id: "issues" },
          {
            name: "The verdict",
            if: "!cancelled()",
            env: { OUTCOME: expression("steps.load.outcome") },
            run: `
if [ "$OUTCOME" != success ]; then echo "::error::k6 failed, or a threshold was missed: see above"; exit 1; fi
if [ -f findings.json ]; then jq --exit-status '. == []' findings.json > /dev/null; fi`,
          },
        ],
      },
      notify: notifyOfFailure({ needs: ["load"], about: `load on ${staging}`, unless: "needs.load.outputs.told == 'success'" }),
    },
  };
}
