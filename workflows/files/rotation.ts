/** Which secrets are due, each week: a pull request renews those that the stack makes, and issues name those that only a person can renew. */
import { expression, TOKEN, type Workflow } from "../model.ts";
import { abilitiesOf } from "../github-plan.ts";
import { onDefaultBranch, type WorkflowOptions } from "../options.ts";
import { ISSUE_PERMISSIONS, issuesOf } from "../jobs/issues.ts";
import { notifyOfFailure } from "../jobs/notify.ts";
import { RUNNER } from "../jobs/runners.ts";
import { at, checkout, inside, node, npmCi } from "../steps.ts";

const BRANCH = "renew-secrets";

/** What the merge of the pull request does: where nobody can be asked to approve it reaches production with a release tag alone. Without an apostrophe: it stands in a shell's quotes. */
function merging(options: WorkflowOptions): string {
  if (abilitiesOf(options).approval) return "its merge is the rotation";
  const of = (production: boolean) => options.environments.flatMap(({ name, from }) => ((from === "release") === production ? [name] : [])).join(", ");
  return `its merge is the rotation of ${of(false)}; that of ${of(true)} is the next release tag after it, or the workflow Infrastructure by hand`;
}

export function rotation(options: WorkflowOptions): Workflow {
  const { environments, programPath, defaultBranch } = options;
  const names = environments.map(({ name }) => name);
  // All that it ever changes.
  const files = names.map((name) => inside(programPath, `Pulumi.${name}.yaml`)).join(" ");
  return {
    file: "rotation.yml",
    name: "Rotation",
    says: `Once a week: which secrets of ${names.join(", ")} are due, by the days in the stacks' own files. What a stack renews by itself becomes one branch that raises its numbers, with an issue whose link opens the pull request: ${merging(options)}, by the same runs, approvals and gates as any other change, one stack at a time and never beside a deploy. What only a person can renew has one issue for each secret, which is closed once it was renewed. What proposes it reads no secret of a stack and reaches no server.`,
    on: { schedule: [{ cron: "23 5 * * 1", says: "Mondays 05:23" }], workflow_dispatch: {} },
    concurrency: { group: "rotation", "cancel-in-progress": false },
    jobs: {
      propose: {
        name: "Propose what is due",
        if: onDefaultBranch(options),
        "runs-on": RUNNER,
        "timeout-minutes": 15,
        permissions: {
          contents: ["write", "push the branch that raises the numbers"],
          "pull-requests": ["write", "say below one that is open how its checks start"],
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
            name: "One branch for all of them, and an issue that opens its pull request",
            why: "A person opens it: what a run's own token opens starts no checks, and the repository's rules let no run open any. The branch is made anew from the default branch where it would have other numbers or days than it has, so that it never proposes those of last week; else it is left alone, with the checks that it has passed.",
            if: "hashFiles('findings.json') != ''",
            env: {
              GH_TOKEN: TOKEN,
              GH_REPO: expression("github.repository"),
              LINK: `${expression("github.server_url")}/${expression("github.repository")}/compare/${defaultBranch}...${BRANCH}?expand=1`,
            },
            run: `
if git diff --quiet; then echo "nothing to propose"; exit 0; fi
gh auth setup-git
git switch --create ${BRANCH}
git -c user.name='github-actions[bot]' -c user.email='41898282+github-actions[bot]@users.noreply.github.com' commit --quiet --all --message 'Secrets that are due get their next generation'
if git fetch --quiet --depth=1 origin ${BRANCH} 2> /dev/null && git diff --quiet FETCH_HEAD HEAD -- ${files}; then
  echo "the branch has these numbers already"
else
  git push --quiet --force origin ${BRANCH}
  gh pr list --head ${BRANCH} --state open --json number --jq '.[].number' | while read -r number; do
    gh pr comment "$number" --body "The branch was made anew by a run, which starts no checks: close this pull request and open it again, and they start."
  done
fi
jq --rawfile due "$RUNNER_TEMP/due.md" '. + [{ id: "rotation-proposal", title: "Secrets are due, and a branch raises their numbers",
  body: "[Open its pull request](\\(env.LINK)): ${merging(options)}. What a later week pushes onto it starts no checks: close it and open it again.\\n\\n\\($due)" }]' findings.json > "$RUNNER_TEMP/findings.json"
mv "$RUNNER_TEMP/findings.json" findings.json`,
          },
          issuesOf("rotation", "steps.due.outcome == 'success'"),
          {
            name: "Every file could be read",
            if: "steps.due.outcome != 'success'",
            run: 'echo "::error::a stack\'s file could not be read: the summary says which"; exit 1',
          },
        ],
      },
      notify: notifyOfFailure({ needs: ["propose"], about: "rotation" }),
    },
  };
}
