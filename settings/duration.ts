/** A duration as a stack's configuration has it; seconds, as everything behind it wants them. */
import * as z from "zod";
import { DURATION_FORM, parseDuration } from "../release/duration.ts";

export const duration = z.string().transform((text, context) => {
  const seconds = parseDuration(text);
  if (seconds === undefined) context.addIssue({ code: "custom", message: `wants ${DURATION_FORM}` });
  return seconds ?? 0;
});
