/** Playwright against an environment that was just deployed to. */
import { secret, variable, type Job } from "../model.ts";
import type { WorkflowOptions } from "../options.ts";
import { at, checkout, keep, node, npmCi } from "../steps.ts";
import { RUNNER } from "./checks.ts";

export function e2e({ application }: WorkflowOptions, environment: string, needs: readonly string[]): Job {
  const folder = application.e2e;
  return {
    name: `End-to-end tests against ${environment}`,
    why: "Runs are one after the other, so nothing else is deployed meanwhile. Without a user the tests of what only he sees are skipped by themselves.",
    needs,
    "runs-on": RUNNER,
    "timeout-minutes": 20,
    environment: { name: environment, deployment: false },
    permissions: { contents: ["read", "check out"] },
    steps: [
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
