/** The plan of a pull request's environment: what the stack allows, with what the request brings. Pure. */
import { PLAN_FORMAT, type Plan } from "../../release/plan.ts";
import { reviewEnvironment, reviewHost, type ReviewPolicy, type ReviewRequest } from "../../release/review.ts";
import { limited, readAllowed, shareOf } from "./allowed.ts";

/** Seconds. Nobody is hurt where a release of a pull request is bad. */
const WATCH = 2;
const DRAIN = 2;

/** Every problem at once, or the plan. `secrets`: values of the environment's own, by their names in the policy. */
export function reviewPlan(policy: ReviewPolicy, request: ReviewRequest, secrets: Readonly<Record<string, string>>): Plan | readonly string[] {
  const { given, problems } = readAllowed(request.compose);
  const share = shareOf(given, policy.memory);
  const from = (image: string) => image.slice(0, image.indexOf("@"));
  const foreign = Object.entries(request.images).flatMap(([service, image]) =>
    policy.repositories.includes(from(image)) ? [] : [`images.${service} is from ${from(image)}, which is none of ${policy.repositories.join(", ")}`],
  );
  const all = [...problems, ...foreign, ...(share === undefined ? [`${policy.memory} MiB are too little for so many services`] : [])];
  if (all.length > 0 || share === undefined) return all;
  const own = Object.fromEntries(Object.entries(policy.secrets).map(([variable, name]) => [variable, secrets[name]!]));
  const host = reviewHost(policy, request.number);
  return {
    format: PLAN_FORMAT,
    application: policy.application,
    environment: reviewEnvironment(request.number),
    release: request.release,
    compose: limited(given, share),
    confined: { repositories: policy.repositories },
    images: request.images,
    variables: { ...policy.variables, ...own },
    masked: Object.keys(own),
    routes: policy.routes.map((route) => ({ ...route, host })),
    gates: policy.gates.map((gate) => ({ ...gate, host: gate.host ?? host })),
    ...(policy.migration && { migration: policy.migration }),
    migrate: true,
    watch: WATCH,
    drain: DRAIN,
    keep: 0,
    provenance: request.provenance,
    definitions: {},
    // Shares change with the number of services, and a definition with its share; the data is in the volumes.
    recreate: Object.keys(given["services"] as object),
    notify: [],
    ...(policy.tls && { tls: policy.tls }),
  };
}
