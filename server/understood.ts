/** JSON that somebody has sent, as its form wants it; else why it is not that. */
import * as z from "zod";

/** `what` it is called; `unlike`: why it cannot be read by that form at all. */
export function understood<T>(form: z.ZodType<T>, text: string, what: string, unlike: (given: unknown) => string | undefined = () => undefined): T | string {
  let given: unknown;
  try {
    given = JSON.parse(text);
  } catch (error) {
    return `${what} is not JSON: ${(error as Error).message}`;
  }
  const why = unlike(given);
  if (why !== undefined) return why;
  const parsed = form.safeParse(given);
  return parsed.success ? parsed.data : `${what} is not understood:\n${z.prettifyError(parsed.error)}`;
}
