/** An operator's commands from his own machine: `make status STACK=staging` and the like run `recoloca` on the stack's server. */
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { localSite } from "../local/site.ts";
import { LocalStack, STACK as LOCAL } from "../local/stack.ts";
import { checkout } from "../tools/cache.ts";
import { ensureToolchain } from "../tools/toolchain.ts";
import { askServer, type Configured } from "./ask-server.ts";

async function configurationOf(stack: string): Promise<Record<string, Configured>> {
  const tools = await ensureToolchain(() => undefined);
  const show = ["config", "--json", "--show-secrets"];
  if (stack === LOCAL) {
    const { code, stdout } = await new LocalStack(localSite, tools).pulumi(show);
    return code === 0 ? (JSON.parse(stdout) as Record<string, Configured>) : {};
  }
  try {
    // The person's own login, which lies in his own home of Pulumi.
    const { stdout } = await promisify(execFile)(tools.pulumi, [...show, "--stack", stack, "--non-interactive"], {
      cwd: checkout,
      env: { ...tools.env, PULUMI_HOME: process.env["PULUMI_HOME"] },
      maxBuffer: 1 << 26,
    });
    return JSON.parse(stdout) as Record<string, Configured>;
  } catch (error) {
    const said = ((error as { stderr?: string }).stderr ?? (error as Error).message).trim();
    throw new Error(`the configuration of stack "${stack}" cannot be read\n  ${said}`, { cause: error });
  }
}

async function main(): Promise<number> {
  const stack = process.env["STACK"] || LOCAL;
  return askServer(stack, await configurationOf(stack), process.argv.slice(2), (text) => process.stdout.write(text));
}

main().then(
  (code) => process.exit(code),
  (error: unknown) => {
    process.stderr.write(`error: ${(error as Error).message}\n`);
    process.exit(1);
  },
);
