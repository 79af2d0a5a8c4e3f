import { expression, TOKEN, type Workflow } from "../model.ts";
import { onDefaultBranch, type WorkflowOptions } from "../options.ts";
import { RUNNER } from "../jobs/checks.ts";
import { ISSUE_PERMISSIONS, issuesOf } from "../jobs/issues.ts";
import { at, checkout, node, npmCi } from "../steps.ts";

const BRANCH = "renew-secrets";

export function rotation(options: WorkflowOptions): Workflow {
  const { environments, programPath, defaultBranch } = options;
  const names = environments.map(({ name }) => name);
  return {
    file: "rotation.yml",
    name: "Rotation",
    says: `Once a week: which secrets of ${names.join(", ")} are due, by the days in the stacks' own files. What a stack renews by itself becomes one pull request that raises its numbers: its merge is the rotation, by the same runs, approvals and gates as any other change, one stack at a time and never beside a deploy. What only a person can renew has one issue for each secret, which is closed once it was renewed. This run reads no secret and reaches no server.`,
    on: { schedule: [{ cron: "23 5 * * 1", says: "Mondays 05:23" }], workflow_dispatch: {} },
    concurrency: { group: "rotation", "cancel-in-progress": false },
    jobs: {
      propose: {
        name: "Propose what is due",
        if: onDefaultBranch(options),
        "runs-on": RUNNER,
        "timeout-minutes": 15,
        permissions: {
          contents: ["write", "push the branch of the pull request"],
          "pull-requests": ["write", "open the pull request, or renew its text"],
          ...ISSUE_PERMISSIONS,
        },
        steps: [
          checkout(),
          node(programPath, { cached: false }),
          npmCi(programPath),
          {
            name: "Read the days, raise the numbers",
            ...at(programPath),
            why: "A file that cannot be read fails the run at its end, and holds up no other stack's.",
            id: "due",
            "continue-on-error": true,
            run: `node operate/propose-rotation.ts ${names.join(" ")} | tee "$RUNNER_TEMP/due.md" >> "$GITHUB_STEP_SUMMARY"`,
          },
          {
            name: "One pull request for all of them",
            why: "Its branch is made anew from the default branch each time, so that it never proposes numbers of last week.",
            env: { GH_TOKEN: TOKEN, GH_REPO: expression("github.repository") },
            run: `
if git diff --quiet; then echo "nothing to propose"; exit 0; fi
gh auth setup-git
git switch --create ${BRANCH}
git -c user.name='github-actions[bot]' -c user.email='41898282+github-actions[bot]@users.noreply.github.com' commit --quiet --all --message 'Secrets that are due get their next generation'
git push --quiet --force origin ${BRANCH}
number="$(gh pr list --head ${BRANCH} --base ${defaultBranch} --state open --json number --jq '.[0].number // empty')"
if [ -n "$number" ]; then
  gh pr edit "$number" --body-file "$RUNNER_TEMP/due.md"
else
  gh pr create --head ${BRANCH} --base ${defaultBranch} --title 'Secrets that are due get their next generation' --body-file "$RUNNER_TEMP/due.md"
fi`,
          },
          issuesOf("rotation", "steps.due.outcome == 'success'"),
          {
            name: "Every file could be read",
            if: "steps.due.outcome != 'success'",
            run: 'echo "::error::a stack\'s file could not be read: the summary says which"; exit 1',
          },
        ],
      },
    },
  };
}
