/** Pulumi for the stack that a command is about: the local one's own, or a person's login. */
import { attempt } from "../local/command.ts";
import { localSite } from "../local/site.ts";
import { isThere, LocalStack, STACK as LOCAL } from "../local/stack.ts";
import { checkout } from "../tools/cache.ts";
import { ensureToolchain } from "../tools/toolchain.ts";
import { LOCKED, unlock } from "../workflows/lock.ts";
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
  return unlocking(stack, (args, options) => attempt(pulumi, [...args, "--stack", stack, "--non-interactive"], { cwd: checkout, env: own, ...options }));
}

/** Behind Pulumi's word that another run has the stack stands what settles it. */
export const unlocking =
  (stack: string, pulumi: Pulumi): Pulumi =>
  async (args, options) => {
    const ran = await pulumi(args, options);
    if (ran.code === 0 || !new RegExp(LOCKED).test(ran.output)) return ran;
    const line = ` another run has stack ${stack}, or was killed and left its lock; once nobody is at it: ${unlock(stack)}`;
    options?.onLine?.(line);
    return { ...ran, output: `${ran.output.trimEnd()}\n${line}\n` };
  };
