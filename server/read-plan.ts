/** The plan that a deploy is sent, or why it is none that this program can carry out. */
import { PLAN_FORMAT, planSchema, type Plan } from "../release/plan.ts";
import { routeFor } from "./edge-configuration.ts";
import { hostOf } from "./gates.ts";
import { understood } from "./understood.ts";

export function readPlan(text: string): Plan | string {
  const plan = understood<Plan>(planSchema, text, "the plan", newerThanThis);
  if (typeof plan === "string") return plan;
  const { gates, routes } = plan;
  const gate = gates.find((one) => !routeFor(routes, one.path.split("?")[0]!, hostOf(one, routes)));
  return gate ? `gate "${gate.name}" asks ${gate.host ?? ""}${gate.path}, and no route leads there` : plan;
}

function newerThanThis(given: unknown): string | undefined {
  const format = (given as { format?: unknown } | null)?.format;
  return typeof format === "number" && format > PLAN_FORMAT
    ? `the plan has format ${format}, this host's program knows ${PLAN_FORMAT}: run "pulumi up" with the newer program, which brings its host program along`
    : undefined;
}
