/** Pulumi for the stack that a command is about: the local one's own, or a person's login. */
import { attempt } from "../local/command.ts";
import { localSite } from "../local/site.ts";
import { isThere, LocalStack, STACK as LOCAL } from "../local/stack.ts";
import { checkout } from "../tools/cache.ts";
import { ensureToolchain } from "../tools/toolchain.ts";
import type { Pulumi } from "./rollback.ts";

/** `command`: as a person calls it, `make status STACK=local`. */
export async function pulumiFor(stack: string, command: string, site = localSite): Promise<Pulumi> {
  const tools = () => ensureToolchain(() => undefined);
  if (stack === LOCAL) {
    if (!isThere(site)) throw new Error(`there is no local stack here\n  make local   makes it; for another one: ${command.replace(/=.*/, "=staging")}`);
    const local = new LocalStack(site, await tools());
    return (args, options) => local.pulumi(args, options);
  }
  const { env, pulumi } = await tools();
  // The person's own login, which lies in his own home of Pulumi.
  const own = { ...env, PULUMI_HOME: process.env["PULUMI_HOME"] };
  return (args, options) => attempt(pulumi, [...args, "--stack", stack, "--non-interactive"], { cwd: checkout, env: own, ...options });
}
