import { OUTCOMES } from "../../release/outcome.ts";
import { say } from "../follow.ts";

/** One clear error, nothing changed. */
export const refuse = (text: string): number => {
  say(` refused: ${text}`);
  return OUTCOMES.refused.exit;
};
