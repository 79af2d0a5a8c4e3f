/** Where a server sends what it measures, once a minute, and when somebody is to hear of it: of an environment, and not of a release. */
import * as z from "zod";
import { telemetrySchema } from "./plan.ts";

/** A log group of CloudWatch, which the server's own role may write to. */
const cloudWatch = z.strictObject({
  to: z.literal("cloudwatch"),
  region: z.string().min(1),
  group: z.string().min(1),
  /** Where it is not AWS's own. */
  endpoint: z.url().optional(),
});
export type CloudWatch = z.infer<typeof cloudWatch>;

/** Anything that takes OTLP over HTTP, as for traces. */
const otlp = telemetrySchema.extend({ to: z.literal("otlp") });
export type Otlp = z.infer<typeof otlp>;

const percent = z.number().min(1).max(100);
/** Percent. */
const limits = z.strictObject({ disk: percent, memory: percent, errors: percent });
export type Limits = z.infer<typeof limits>;

export const observationSchema = z.strictObject({
  application: z.string().min(1),
  environment: z.string().min(1),
  sink: z.discriminatedUnion("to", [cloudWatch, otlp]),
  /** Whether what containers print goes there too. */
  logs: z.boolean(),
  limits,
  /** Whether the server itself tells `recoloca:notify`, where no alarm elsewhere does. */
  tells: z.boolean(),
});
export type Observation = z.infer<typeof observationSchema>;
export type Sink = Observation["sink"];
