/** What the stack's component puts on a server for environments of pull requests: their program, and its policy. */
import type * as z from "zod";
import { bundled } from "../components/host/host-program.ts";
import { REVIEW_SCRIPT } from "../components/host/install-scripts.ts";
import { quote } from "../release/shell.ts";
import { must } from "../local/command.ts";
import { sshArguments } from "../local/server.ts";
import type { Site } from "../local/site.ts";
import type { Plan } from "../release/plan.ts";
import type { ReviewPolicy } from "../release/review.ts";
import { reviewForm, reviewPolicy } from "../settings/review.ts";

export async function installReviewProgram(site: Site): Promise<void> {
  const { packed } = await bundled("review");
  await must("ssh", [...sshArguments(site), `sh -c ${quote(REVIEW_SCRIPT)}`], { input: packed });
}

/** Of a stack that has deployed this. `secrets`: its secret variables, each with the name of its value. */
export function policyOf(plan: Plan, wish: z.input<typeof reviewForm>, secrets: Readonly<Record<string, string>>): ReviewPolicy {
  const variables = Object.fromEntries(Object.entries(plan.variables).filter(([name]) => !(name in secrets)));
  return reviewPolicy(reviewForm.parse(wish), { ...plan, variables, secrets });
}
