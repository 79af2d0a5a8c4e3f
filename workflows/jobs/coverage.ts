/** How much the unit tests cover: a comment on the pull request, and Codecov where there is an account, which gets each test's result and time too. */
import { AUTOMATION } from "../../secrets/catalogue.ts";
import { expression, secret, type Job } from "../model.ts";
import { checkout } from "../steps.ts";
import { COMMENT_ENV, markOf, writeComment } from "./comment.ts";
import { RUNNER } from "./runners.ts";

/** How its comment is found again. */
const KIND = "coverage";

export const coverageComment = (): Job => ({
  name: "Coverage on the pull request",
  why: "Not for forks: their token may not write. The coverage is in the summary of the run all the same.",
  needs: ["test-backend", "test-frontend"],
  if: "!cancelled() && github.event_name == 'pull_request' && github.event.pull_request.head.repo.full_name == github.repository && (needs.test-backend.result == 'success' || needs.test-frontend.result == 'success')",
  "runs-on": RUNNER,
  "timeout-minutes": 5,
  permissions: { "pull-requests": ["write", "write the comment"] },
  steps: [
    {
      name: "Write one comment, the same one each time",
      env: {
        ...COMMENT_ENV,
        BACKEND: expression("needs.test-backend.outputs.coverage"),
        FRONTEND: expression("needs.test-frontend.outputs.coverage"),
        BACKEND_TESTS: expression("needs.test-backend.result"),
        FRONTEND_TESTS: expression("needs.test-frontend.result"),
      },
      run: `
covered() {
  if [ "$1" = skipped ]; then echo "not touched"; elif [ -z "$2" ]; then echo "not measured: its tests failed"; else echo "$2 %"; fi
}
{
  echo '${markOf(KIND)}'
  echo "Lines covered by unit tests"
  echo
  echo "| backend | frontend |"
  echo "| --- | --- |"
  echo "| $(covered "$BACKEND_TESTS" "$BACKEND") | $(covered "$FRONTEND_TESTS" "$FRONTEND") |"
} > "$RUNNER_TEMP/comment.md"${writeComment(KIND)}`,
    },
  ],
});

/** What goes there: the artifact, and of what. The frontend's tests write no results. */
const SENT = [
  { kind: "coverage", of: "backend" },
  { kind: "coverage", of: "frontend" },
  { kind: "results", of: "backend" },
  { kind: "results", of: "integration" },
] as const;

export const codecov = (): Job => ({
  name: "Coverage and test results to Codecov",
  needs: ["test-backend", "test-frontend", "integration"],
  "runs-on": RUNNER,
  "timeout-minutes": 5,
  environment: { name: AUTOMATION, deployment: false },
  permissions: { contents: ["read", "check out, so that Codecov knows the files"] },
  env: { CODECOV_TOKEN: secret("CODECOV_TOKEN") },
  steps: [
    {
      name: "No token, no upload",
      if: "env.CODECOV_TOKEN == ''",
      run: 'echo "CODECOV_TOKEN is not set: nothing is sent to Codecov" >> "$GITHUB_STEP_SUMMARY"',
    },
    { ...checkout(), if: "env.CODECOV_TOKEN != ''" },
    ...SENT.flatMap(({ kind, of }) => [
      {
        name: `Fetch ${kind} of ${of}`,
        if: "env.CODECOV_TOKEN != ''",
        uses: "actions/download-artifact" as const,
        with: { name: `${kind}-${of}`, path: `${kind}/${of}` },
      },
      {
        name: `Upload ${kind} of ${of}`,
        if: "env.CODECOV_TOKEN != ''",
        uses: "codecov/codecov-action" as const,
        with: {
          token: expression("env.CODECOV_TOKEN"),
          directory: `${kind}/${of}`,
          flags: of,
          ...(kind === "results" && { report_type: "test_results" }),
          fail_ci_if_error: true,
        },
      },
    ]),
  ],
});
