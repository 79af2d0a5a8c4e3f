/**
 * `make rollback`: the server goes back first, by itself; then the stack is told, so that what it wants and what is live agree again
 * (design D16). Whoever has no way to the stack's configuration goes back on the server: `recoloca rollback`.
 */
import type { Options, Ran } from "../local/command.ts";

/** What a release is in a stack's configuration. */
const KEYS = ["recoloca:images", "recoloca:release", "recoloca:provenance"];

/** `input`: its standard input, which is how a secret reaches it. */
export type Pulumi = (args: readonly string[], options?: Pick<Options, "onLine"> & { input?: string }) => Promise<Ran>;

/** After the server has gone back. Gives what is left for a person to do. */
export async function settleStack(
  stack: string,
  application: string,
  configured: readonly string[],
  pulumi: Pulumi,
  say: (line: string) => void,
): Promise<number> {
  const named = KEYS.filter((key) => configured.includes(key));
  for (const key of named) await must(pulumi, ["config", "rm", key]);
  say(` telling stack ${stack} what is live now`);
  // Only the deployment: changes to the ground that wait for their own run go on waiting.
  const ran = await pulumi(["up", "--yes", "--skip-preview", "--target", `**::${application}-release`, "--target", "**RotatedSecrets**"]);
  if (ran.code !== 0) {
    say(`${ran.output}\n the server went back; the stack does not know it yet: pulumi up --stack ${stack} tells it`);
    return ran.code;
  }
  say(
    named.length > 0
      ? ` stack ${stack} names no release any more and keeps what is live: commit its file`
      : ` stack ${stack} and its server agree: it keeps what is live`,
  );
  return 0;
}

async function must(pulumi: Pulumi, args: readonly string[]): Promise<void> {
  const ran = await pulumi(args);
  if (ran.code !== 0)
    throw new Error(
      `the server went back, and the stack does not know it yet: pulumi ${args.join(" ")} failed\n${ran.output.trim()}\n  the same command again settles it`,
    );
}
