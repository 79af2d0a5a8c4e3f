/** The program of pull requests' environments, put in place on a server as the stack's component does it. */
import { REVIEW_SCRIPT, reviewProgram } from "../components/host/host-program.ts";
import { quote } from "../components/shell.ts";
import { must } from "../local/command.ts";
import { sshArguments } from "../local/server.ts";
import type { Site } from "../local/site.ts";

export async function installReviewProgram(site: Site): Promise<void> {
  const { packed } = await reviewProgram();
  await must("ssh", [...sshArguments(site), `sh -c ${quote(REVIEW_SCRIPT)}`], { input: packed });
}
