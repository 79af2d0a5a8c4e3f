/** After a merge: everything is tested, images are built once for the commit, staging gets them, and production is offered them. */
import { expression, type Job, type Workflow } from "../model.ts";
import { abilitiesOf } from "../github-plan.ts";
import type { WorkflowOptions } from "../options.ts";
import { checks } from "../jobs/checks.ts";
import { codecov } from "../jobs/coverage.ts";
import { BUILDER, deploy } from "../jobs/deploy.ts";
import { e2e } from "../jobs/e2e.ts";
import { images } from "../jobs/images.ts";
import { notify } from "../jobs/notify.ts";
import { RUNNER } from "../jobs/runners.ts";
import { imageScan, scans } from "../jobs/scans.ts";
import { RELEASE_FILE } from "./release.ts";

export function deployMain(options: WorkflowOptions): Workflow {
  const staging = options.environments.find(({ from }) => from === "push")!.name;
  const production = options.environments.find(({ from }) => from === "release")!.name;
  const { jobs: checked } = checks(options, { pathAware: false });
  const built = images(options);
  const scanned = scans(options, { pullRequests: false });
  const approval = options.production === "approval" && abilitiesOf(options).approval;
  const before = [...Object.keys(checked), ...Object.keys(scanned), "images", "scan-images"];
  const path = ["deploy-staging", "e2e-staging", ...(approval ? ["offer"] : [])];
  return {
    file: BUILDER,
    name: "Deploy",
    says: `Every commit of ${options.defaultBranch}: checks and scans, and beside them the images, built once; then ${staging} gets them, and is tested from outside and end to end. What passed all of it can be released to production with the same digests (release.yml). Runs are one after the other, so a newer commit never waits in front of an older one; of several that wait only the newest runs, which has the others in it. One that is repeated is in a queue of its own, where it takes no newer one's place.`,
    on: { push: { branches: [options.defaultBranch], "paths-ignore": ["**.md", "docs/**"] } },
    concurrency: { group: `${options.defaultBranch}-to-${staging}${expression("github.run_attempt > 1 && '-again' || ''")}`, "cancel-in-progress": false },
    jobs: {
      ...checked,
      codecov: codecov(),
      ...scanned,
      ...built,
      "scan-images": imageScan(options),
      "deploy-staging": deploy(options, {
        environment: staging,
        needs: before,
        commit: "github.sha",
        backend: "needs.images.outputs.backend",
        frontend: "needs.images.outputs.frontend",
      }),
      "e2e-staging": e2e(options, staging, ["deploy-staging"]),
      ...(approval && { offer: offer(production, options.defaultBranch) }),
      notify: notify({
        needs: [...new Set([...before, ...Object.keys(built), "codecov", ...path])],
        about: staging,
        subject: "github.event.head_commit.message",
        brings: "needs.deploy-staging.outputs.brings",
      }),
    },
  };
}

/** Starts the run that waits for a person. A job here that waited would keep newer commits from staging. */
const offer = (production: string, branch: string): Job => ({
  name: "Offer it for production",
  why: "Starts the workflow Release for this commit, which waits for its approval in a run of its own. An older offer that nobody has approved is withdrawn.",
  needs: ["e2e-staging"],
  "runs-on": RUNNER,
  "timeout-minutes": 5,
  permissions: { actions: ["write", "start the workflow Release, and cancel those that wait"] },
  steps: [
    {
      name: "Withdraw the older offer, make the new one",
      env: { GH_TOKEN: expression("github.token"), GH_REPO: expression("github.repository"), COMMIT: expression("github.sha"), PRODUCTION: production },
      run: `
gh run list --workflow ${RELEASE_FILE} --status waiting --limit 50 --json databaseId,displayTitle \
  --jq '.[] | select(.displayTitle | endswith(" to " + env.PRODUCTION)) | .databaseId' |
while read -r run; do
  gh run cancel "$run"
done
gh workflow run ${RELEASE_FILE} --ref ${branch} --field commit="$COMMIT" --field environment="$PRODUCTION"`,
    },
  ],
});
