/** To production, by a tag or by the approval of an offer: the very images that were tested on staging. */
import { expression, TOKEN, type Job, type Triggers, type Workflow } from "../model.ts";
import type { WorkflowOptions } from "../options.ts";
import { BUILDER, deploy } from "../jobs/deploy.ts";
import { notify } from "../jobs/notify.ts";
import { RUNNER } from "../jobs/runners.ts";
import { checkout } from "../steps.ts";

export const RELEASE_FILE = "release.yml";
/** What starts a release, and what the ruleset of tags protects. */
export const RELEASE_TAG = "v[0-9]+.[0-9]+.[0-9]+";

/** To production, and to environments that get a release when somebody wants it. */
export function release(options: WorkflowOptions): Workflow {
  const { defaultBranch } = options;
  const staging = options.environments.find(({ from }) => from === "push")!.name;
  const production = options.environments.find(({ from }) => from === "release")!.name;
  const byHand = options.environments.filter(({ from }) => from === "hand").map(({ name }) => name);
  const byTag = options.production === "tag";
  const choices = [...(byTag ? [] : [production]), ...byHand];
  const chosen = choices.length > 0;
  const jobs = Object.fromEntries(
    [production, ...byHand].map((environment): [string, Job] => [
      `deploy-${environment}`,
      deploy(options, {
        environment,
        needs: ["find"],
        ...(chosen && { if: `${environment === production && byTag ? "github.event_name == 'push'" : `inputs.environment == '${environment}'`}` }),
        commit: "needs.find.outputs.commit",
        backend: "needs.find.outputs.backend",
        frontend: "needs.find.outputs.frontend",
      }),
    ]),
  );
  const on: Triggers = {
    ...(byTag && { push: { tags: [RELEASE_TAG] } }),
    ...(choices.length > 0 && {
      workflow_dispatch: {
        inputs: {
          commit: { description: `Commit of ${defaultBranch} that ${staging} was tested with`, required: true, type: "string" },
          environment: { description: "Where it goes", required: true, type: "choice", options: choices },
        },
      },
    }),
  };
  const way = byTag
    ? `a tag like v1.2.3 on a commit of ${defaultBranch}`
    : "this workflow, started by deploy.yml for each tested commit, and approved by a person";
  return {
    file: RELEASE_FILE,
    name: "Release",
    "run-name": `Release ${chosen ? expression("inputs.commit || github.ref_name") : expression("github.ref_name")} to ${chosen ? expression(`inputs.environment || '${production}'`) : production}`,
    says: `What ${production} gets: ${way}. Nothing is built here: the images are those that ${staging} was tested with, by digest. Who approves, and which refs may get here at all, is set at the environment ${production}.${byHand.length > 0 ? ` By hand also: ${byHand.join(", ")}.` : ""}`,
    on,
    jobs: {
      find: { ...find(options, staging, choices.length > 0), concurrency: { group: `find-${expression("github.run_id")}`, "cancel-in-progress": false } },
      ...jobs,
      ...(byTag && { publish: { ...publish(production), concurrency: { group: `publish-${expression("github.ref_name")}`, "cancel-in-progress": false } } }),
      notify: {
        ...notify({
          needs: ["find", ...Object.keys(jobs), ...(byTag ? ["publish"] : [])],
          optional: byHand.length > 0 ? [...Object.keys(jobs), ...(byTag ? ["publish"] : [])] : [],
          brings: Object.keys(jobs)
            .map((id) => `needs.${id}.outputs.brings`)
            .join(" || "),
          about: chosen
            ? `release ${expression("github.ref_name")} to ${expression(`inputs.environment || '${production}'`)}`
            : `release ${expression("github.ref_name")} to ${production}`,
        }),
        concurrency: { group: `notify-${expression("github.run_id")}`, "cancel-in-progress": false },
      },
    },
  };
}

/** The run of the default branch that tested this commit, or an older one with the same application in it, and its images. */
function find({ application, repository, defaultBranch }: WorkflowOptions, staging: string, choices: boolean): Job {
  const { backend, frontend, composeFile } = application;
  return {
    name: "Find the images that were tested",
    "runs-on": RUNNER,
    "timeout-minutes": 10,
    permissions: { contents: ["read", "check out, and compare commits"], actions: ["read", `read the runs of ${defaultBranch} and their artifacts`] },
    outputs: {
      commit: expression("steps.find.outputs.commit"),
      backend: expression("steps.find.outputs.backend"),
      frontend: expression("steps.find.outputs.frontend"),
    },
    steps: [
      checkout({ history: true }),
      {
        name: `Find the run in which they passed the end-to-end tests against ${staging}`,
        id: "find",
        why: "That its tests passed is what counts, not that it is over: the run that offers a release still is at it, and tells the team when that is done.",
        env: {
          GH_TOKEN: TOKEN,
          GH_REPO: repository,
          WANTED: expression(choices ? "inputs.commit || github.sha" : "github.sha"),
          TESTED: `End-to-end tests against ${staging}`,
        },
        run: `
commit="$(git rev-parse --verify --quiet "$WANTED^{commit}")" || { echo "::error::there is no commit $WANTED"; exit 1; }
git merge-base --is-ancestor "$commit" origin/${defaultBranch} || { echo "::error::$commit is not on ${defaultBranch}: only what was merged and tested is released"; exit 1; }
runs="$(gh api "repos/$GH_REPO/actions/workflows/${BUILDER}/runs?branch=${encodeURIComponent(defaultBranch)}&event=push&per_page=100" \\
  --jq '.workflow_runs[] | "\\(.id) \\(.head_sha)"')"
while read -r run sha; do
  git merge-base --is-ancestor "$sha" "$commit" 2> /dev/null || continue
  git diff --quiet "$sha" "$commit" -- ${[backend.folder, frontend.folder, composeFile].join(" ")} || break
  [ "$(gh api "repos/$GH_REPO/actions/runs/$run/jobs?per_page=100" --jq 'any(.jobs[]; .name == env.TESTED and .conclusion == "success")')" = true ] || continue
  if ! gh run download "$run" --name images --dir "$RUNNER_TEMP/images"; then
    echo "::error::the images of $sha are older than 90 days: push a new commit to ${defaultBranch}"
    exit 1
  fi
  echo "images of $sha, tested in $GITHUB_SERVER_URL/$GH_REPO/actions/runs/$run" | tee --append "$GITHUB_STEP_SUMMARY"
  {
    echo "commit=$commit"
    jq --raw-output 'to_entries[] | "\\(.key)=\\(.value)"' "$RUNNER_TEMP/images/images.json"
  } | tee --append "$GITHUB_OUTPUT"
  exit 0
done <<< "$runs"
echo "::error::no run of ${defaultBranch} has tested what $commit has in it (in the last 100): is it still running, did it fail, was it replaced by a newer one? $GITHUB_SERVER_URL/$GH_REPO/actions/workflows/${BUILDER}"
exit 1`,
      },
    ],
  };
}

const publish = (production: string): Job => ({
  name: "Publish the release's notes",
  needs: [`deploy-${production}`],
  "runs-on": RUNNER,
  "timeout-minutes": 5,
  permissions: { contents: ["write", "publish the release of this tag"] },
  steps: [
    {
      name: "Release at GitHub",
      env: { GH_TOKEN: TOKEN, GH_REPO: expression("github.repository"), TAG: expression("github.ref_name") },
      run: 'gh release view "$TAG" > /dev/null 2>&1 || gh release create "$TAG" --verify-tag --generate-notes',
    },
  ],
});
