/** The plan that a deploy is sent, or why it is none that this program can carry out. */
import * as z from "zod";
import { PLAN_FORMAT, planSchema, type Plan } from "../release/plan.ts";
import { routeFor } from "./edge-configuration.ts";
import { hostOf } from "./gates.ts";

export function readPlan(text: string): Plan | string {
  let given: unknown;
  try {
    given = JSON.parse(text);
  } catch (error) {
    return `the plan is not JSON: ${(error as Error).message}`;
  }
  const format = (given as { format?: unknown } | null)?.format;
  if (typeof format === "number" && format > PLAN_FORMAT)
    return `the plan has format ${format}, this host's program knows ${PLAN_FORMAT}: run "pulumi up" with the newer program, which brings its host program along`;
  const parsed = planSchema.safeParse(given);
  if (!parsed.success) return `the plan is not understood:\n${z.prettifyError(parsed.error)}`;
  const { gates, routes } = parsed.data;
  const gate = gates.find((one) => !routeFor(routes, one.path.split("?")[0]!, hostOf(one, routes)));
  if (gate) return `gate "${gate.name}" asks ${gate.host ?? ""}${gate.path}, and no route leads there`;
  return parsed.data;
}
