/** Everything that can happen to a repository with given environments: for tests that say of each event what it reaches. */
import type { WorkflowOptions } from "../../workflows/options.ts";
import * as events from "./events.ts";
import type { Event } from "./events.ts";

const CRONS = ["23 5 * * 1", "47 3 * * *", "17 4 * * *", "37 6 * * *", "37 2 * * 0", "7 7 * * *"];
/** What a person may start on an environment, with each of its inputs. */
export const HAND: readonly (readonly [file: string, inputs: Readonly<Record<string, string>>])[] = [
  ...["refuse", "downgrade", "restore"].flatMap((data) => ["", "12"].map((release) => ["rollback.yml", { release, data, reason: "x" }] as const)),
  ["redeploy.yml", { reason: "x" }],
  ["maintenance.yml", { doors: "on", reason: "x" }],
  ["maintenance.yml", { doors: "off", reason: "x" }],
];
/** And what has no input. */
const PLAIN = ["infrastructure.yml", "deploy.yml", "ci.yml", "security.yml", "performance.yml", "security-monitoring.yml", "metrics.yml", "rotation.yml"];

const OF = ["branch", "fork", "dependabot"] as const;
const ACTIONS = ["opened", "reopened", "synchronize", "closed", "labeled", "unlabeled"] as const;
/** Pull requests that want no environment of their own, and those of whom none is given one, whatever they want. */
export const REQUESTS: readonly Event[] = [
  ...OF.flatMap((of) => ACTIONS.map((action) => events.labelled(of, action, ["bug"], /label/.test(action) ? "bug" : undefined))),
  ...(["fork", "dependabot"] as const).flatMap((of) =>
    ACTIONS.map((action) => events.labelled(of, action, ["review"], /label/.test(action) ? "review" : undefined)),
  ),
];

export function everything({ environments }: WorkflowOptions): Event[] {
  return [
    events.pushToMain(),
    events.pushToMain(undefined, ["docs/index.md", "README.md"]),
    events.pushToMain(undefined, ["infrastructure/index.ts"]),
    ...["develop", "feature/a", "v1.2.3"].map(events.pushToBranch),
    ...["v1.2.3", "v10.0.12", "v1", "v-anything", "v1.2.3-rc1", "1.2.3", "xv1.2.3"].map(events.tag),
    events.release(),
    events.mergeGroup(),
    ...OF.map((of) => events.pullRequest(of)),
    ...REQUESTS,
    ...CRONS.map(events.schedule),
    ...environments.flatMap(({ name }) =>
      HAND.flatMap(([file, inputs]) => ["refs/heads/main", "refs/heads/evil"].map((ref) => events.dispatch(file, { ...inputs, environment: name }, ref))),
    ),
    ...["refs/heads/main", "refs/heads/evil"].flatMap((ref) => [
      events.dispatch("release.yml", { commit: "c0ffee2", environment: "production" }, ref),
      events.dispatch("release.yml", { commit: "c0ffee2", environment: "demo" }, ref),
      ...PLAIN.map((file) => events.dispatch(file, {}, ref)),
    ]),
    ...events.CONCLUSIONS.map(events.workflowRun),
    events.commentTarget(),
    events.deploymentStatus(),
  ];
}
