/** A duration as a stack's configuration has it; seconds, as everything behind it wants them. */
import * as z from "zod";
import { DURATION_FORM, parseDuration } from "../release/duration.ts";

export const duration = z.string().transform((text, context) => {
  const seconds = parseDuration(text);
  if (seconds === undefined) context.addIssue({ code: "custom", message: `wants ${DURATION_FORM}` });
  return seconds ?? 0;
});

const DAY = 86_400;
/** For a step of a release: the server takes no longer one (`release/plan.ts`), and would say so only once everything is made. */
export const stepDuration = duration.refine((seconds) => seconds <= DAY, "wants a duration of at most 24h");
/** Between two questions of a gate: the same, of its `interval`. */
export const gateInterval = duration.refine((seconds) => seconds >= 0.02 && seconds <= 60, "wants a duration from 20ms to 60s");
