/** What a command says that it does not carry out: one clear error, nothing changed, and the exit code of a refusal. */
import { OUTCOMES } from "../../release/outcome.ts";
import { say } from "../follow.ts";

export const refuse = (text: string): number => {
  say(` refused: ${text}`);
  return OUTCOMES.refused.exit;
};
