/** How well deliveries go, each day, from GitHub's record of deployments: a history, and a page of it. */
import { expression, TOKEN, type Job, type Workflow } from "../model.ts";
import { abilitiesOf } from "../github-plan.ts";
import { onDefaultBranch, type WorkflowOptions } from "../options.ts";
import { newest } from "../jobs/artifacts.ts";
import { notifyOfFailure } from "../jobs/notify.ts";
import { RUNNER } from "../jobs/runners.ts";
import { at, checkout, inside, keep, node, npmCi } from "../steps.ts";

export function metrics(options: WorkflowOptions): Workflow {
  const { environments, programPath } = options;
  const { pages } = abilitiesOf(options);
  const names = environments.map(({ name }) => name);
  const measure: Job = {
    name: "Measure delivery",
    "runs-on": RUNNER,
    "timeout-minutes": 15,
    permissions: {
      contents: ["read", "check out, and compare the commits of two releases"],
      deployments: ["read", "read what was deployed, when, and how it ended"],
      actions: ["read", "tell a release from a rollback by the workflow that made it, and take over the history of the run before"],
      issues: ["read", "read incidents"],
    },
    steps: [
      checkout(),
      node(programPath, { cached: false }),
      npmCi(programPath),
      {
        name: "Take over the history",
        why: "What cannot be read ends the run: one that began anew would be what the next run takes over.",
        env: { GH_TOKEN: TOKEN, GH_REPO: expression("github.repository") },
        ...at(programPath),
        run: `${newest(options)}
mkdir --parents delivery
if newest delivery "$RUNNER_TEMP/earlier" && [ -f "$RUNNER_TEMP/earlier/history.jsonl" ]; then
  cp "$RUNNER_TEMP/earlier/history.jsonl" delivery/
else
  echo "no run before has left a history that is still there: it begins with this one"
fi`,
      },
      {
        name: "Read GitHub's record of deployments, and write the page",
        env: { GITHUB_TOKEN: TOKEN },
        ...at(programPath),
        run: `node metrics/main.ts delivery ${names.join(" ")} | tee --append "$GITHUB_STEP_SUMMARY"`,
      },
      keep("delivery", inside(programPath, "delivery"), 90),
      ...(pages ? [{ name: "Hand the page to Pages", uses: "actions/upload-pages-artifact" as const, with: { path: inside(programPath, "delivery") } }] : []),
    ],
  };
  const publish: Job = {
    name: "Publish the page",
    needs: ["measure"],
    "runs-on": RUNNER,
    "timeout-minutes": 10,
    environment: { name: "github-pages", url: "${{ steps.page.outputs.page_url }}" },
    permissions: { pages: ["write", "publish"], "id-token": ["write", "prove to Pages that this run may"] },
    steps: [
      { name: "Set up Pages", uses: "actions/configure-pages" },
      { name: "Publish", id: "page", uses: "actions/deploy-pages" },
    ],
  };
  return {
    file: "metrics.yml",
    name: "Metrics",
    says: `How delivery goes, once a day: change lead time, deployment frequency, change fail rate, recovery time and rework rate (DORA) of ${names.join(", ")} in the last 90 days, computed anew each time from GitHub's own record of deployments. Summary, delivery.json, history.jsonl with a line for each run, and a page${pages ? ", which is published" : ""}. An incident is an issue with the label "incident"; "deployment: 1234" in its text says what caused it.`,
    on: { schedule: [{ cron: "7 7 * * *", says: "daily 07:07" }], workflow_dispatch: {} },
    concurrency: { group: "metrics", "cancel-in-progress": false },
    jobs: {
      measure: { ...measure, if: onDefaultBranch(options) },
      ...(pages && { publish }),
      notify: notifyOfFailure({ needs: ["measure", ...(pages ? ["publish"] : [])], about: "delivery metrics" }),
    },
  };
}
