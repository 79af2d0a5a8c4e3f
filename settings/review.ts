/** Environments of pull requests on a stack's server: how they are configured, and the policy that comes of it. Pure. */
import * as z from "zod";
import type { Gate, Migration, Route } from "../release/plan.ts";
import { NUMBER, REVIEW_FORMAT, reviewPolicySchema, wildcardOf, type ReviewPolicy } from "../release/review.ts";
import type { Tls } from "../release/tls.ts";
import { PRODUCTION } from "./cloud.ts";
import { duration } from "./duration.ts";
import { setCommand, type Problem } from "./problems.ts";

const { most, memory, disk, days, repositories, variables, seed } = reviewPolicySchema.shape;
/** One label with the number in it, so that one record of the zone is good for all of them. */
const HOST = /^[a-z0-9-]*\{number\}[a-z0-9-]*(\.[a-z0-9-]+){2,}$/;

export const reviewForm = z.strictObject({
  host: z.string().regex(HOST, `wants a host name with ${NUMBER} in its first part: pr-${NUMBER}.staging.recoloca.ai`),
  most: most.default(2),
  memory: memory.default(768),
  disk: disk.default(1024),
  days: days.default(3),
  repositories,
  variables,
  seed: seed
    .unwrap()
    .extend({ timeout: duration.prefault("5m") })
    .optional(),
});
export type ReviewWish = z.output<typeof reviewForm>;

export interface ReviewValues {
  readonly review?: ReviewWish | undefined;
  readonly domain?: string | undefined;
  readonly ec2?: { readonly zone?: string | undefined; readonly reach?: string | undefined } | undefined;
  readonly bastion?: object | undefined;
}

const DIRECTLY = "wants a server that a pull request's run reaches directly";

export function checkReview({ review, domain, ec2, bastion }: ReviewValues, environment: string): Problem[] {
  if (!review) return [];
  const parent = wildcardOf(review).slice(2);
  const zone = ec2?.zone;
  return [
    ...(environment === PRODUCTION
      ? [
          {
            key: "review",
            says: "is set at production: what nobody has read yet does not run beside what people live on",
            fix: "pulumi config rm recoloca:review",
          },
        ]
      : []),
    ...(bastion ? [{ key: "review", says: `${DIRECTLY}, and this one is behind a bastion`, fix: "pulumi config rm recoloca:review" }] : []),
    ...(ec2?.reach === "session-manager"
      ? [{ key: "review", says: `${DIRECTLY}, and this one has no open port`, fix: setCommand("ec2.reach", "direct") }]
      : []),
    ...(zone !== undefined && parent !== zone && !parent.endsWith(`.${zone}`)
      ? [
          {
            key: "review.host",
            says: `got "${review.host}", which the zone ${zone} does not hold`,
            fix: setCommand("review.host", `pr-${NUMBER}.${domain ?? zone}`),
          },
        ]
      : []),
  ];
}

export interface OfStack {
  readonly application: string;
  readonly routes: readonly (Omit<Route, "host"> & { readonly host?: string | undefined })[];
  readonly gates: readonly Gate[];
  readonly migration?: Migration | undefined;
  readonly variables: Readonly<Record<string, string>>;
  /** Secret variables, each with the name of its value. */
  readonly secrets: Readonly<Record<string, string>>;
  readonly domain?: string | undefined;
  readonly tls?: Tls | undefined;
}

/** Of the stack's own: what it answers on its own name, without the ways back over a migration; never a value of its secrets, nor a certificate that was given for its name. */
export function reviewPolicy(wish: ReviewWish, stack: OfStack): ReviewPolicy {
  const own = ({ host }: { readonly host?: string | undefined }) => host === undefined || host === "*" || host === stack.domain;
  const { breaking: _breaking, downgrade: _downgrade, downgradeSql: _sql, ...migration } = stack.migration ?? ({} as Partial<Migration>);
  return {
    format: REVIEW_FORMAT,
    application: stack.application,
    ...wish,
    secrets: { ...stack.secrets },
    variables: { ...stack.variables, ...wish.variables },
    routes: stack.routes.filter(own).map(({ host: _host, ...route }) => route),
    gates: stack.gates.filter(own).map(({ host: _host, ...gate }) => gate),
    ...(stack.migration && { migration: migration as NonNullable<ReviewPolicy["migration"]> }),
    ...(stack.tls?.acme && { tls: { acme: stack.tls.acme, hsts: 0 } }),
  };
}
