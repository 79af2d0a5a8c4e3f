/** Playwright against an environment that was just deployed to. */
import { expression, secret, TOKEN, variable, type Job, type Step } from "../model.ts";
import type { WorkflowOptions } from "../options.ts";
import { at, checkout, keep, node, npmCi } from "../steps.ts";
import { RUNNER } from "./runners.ts";

export function e2e({ application }: WorkflowOptions, environment: string, needs: readonly string[]): Job {
  const folder = application.e2e;
  return {
    name: `End-to-end tests against ${environment}`,
    why: "Its success is what lets these images into production, so it has to be of them. Without a user the tests of what only he sees are skipped by themselves.",
    needs,
    "runs-on": RUNNER,
    "timeout-minutes": 20,
    environment: { name: environment, deployment: false },
    permissions: { contents: ["read", "check out"], deployments: ["read", "see whose release is tested"] },
    steps: [
      {
        ...ofThisRun(environment),
        name: "What is there is what this run deployed",
        why: "A job that is repeated by itself may find a newer commit, or one that a person went back to: the tests would speak for images that they never saw.",
      },
      checkout(),
      node(folder, { cached: false }),
      npmCi(folder),
      { name: "Install the browser", ...at(folder), run: "npx --no-install playwright install --with-deps chromium" },
      {
        name: "Tests",
        ...at(folder),
        env: { BASE_URL: variable("PUBLIC_URL"), TEST_USER_EMAIL: secret("TEST_USER_EMAIL"), TEST_USER_PASSWORD: secret("TEST_USER_PASSWORD") },
        run: "npx --no-install playwright test --reporter=github,html",
      },
      { ...ofThisRun(environment), name: "It still is", if: "!cancelled()" },
      {
        name: "Session cookies and passwords stay here",
        if: "!cancelled()",
        ...at(folder),
        run: "find test-results playwright-report \\( -name '*.zip' -o -name '*storageState*' \\) -delete 2> /dev/null || true",
      },
      keep("e2e-report", `${folder}/playwright-report`, 7),
    ],
  };
}

/** Fails where the newest deployment that came live, or is on its way, is another run's. */
const ofThisRun = (environment: string): Step => ({
  name: "",
  env: { GH_TOKEN: TOKEN, GH_REPO: expression("github.repository"), ENVIRONMENT: environment },
  run: `
deployments="$(gh api "repos/$GH_REPO/deployments?environment=$ENVIRONMENT&per_page=30" --jq '.[].id')"
by=""
while read -r deployment; do
  [ -n "$deployment" ] || continue
  by="$(gh api "repos/$GH_REPO/deployments/$deployment/statuses?per_page=100" \\
    --jq 'if any(.[]; .state == "success") or .[0].state == "in_progress" then map(.log_url // empty)[0] // "somebody" else "" end')"
  [ -z "$by" ] || break
done <<< "$deployments"
[[ "$by/" == */actions/runs/"$GITHUB_RUN_ID"/* ]] || {
  echo "::error::what $ENVIRONMENT has is not of this run, but of \${by:-nobody}: repeat all jobs of this run, or go on with a newer one"
  exit 1
}`,
});
