/**
 * An operator's commands from his own machine: `make status STACK=staging` and the like run `recoloca` on the stack's server,
 * over the connection that the stack's configuration names and pins.
 */
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { SshSession, noAnswer } from "../components/host/ssh-session.ts";
import { asRoot } from "../components/server.ts";
import { commandLine } from "../components/shell.ts";
import { localSite } from "../local/site.ts";
import { LocalStack, STACK as LOCAL } from "../local/stack.ts";
import { checkValues } from "../settings/check.ts";
import { NAMESPACE } from "../settings/index.ts";
import { sayProblems } from "../settings/problems.ts";
import { checkout } from "../tools/cache.ts";
import { ensureToolchain } from "../tools/toolchain.ts";

/** What needs to be known of a stack to reach its server; the rest of its configuration may be wrong meanwhile. */
const NEEDED = ["application", "hostAddress", "hostPort", "hostUser", "hostKey", "sshPrivateKey"] as const;

interface Configured {
  readonly value?: string;
  readonly secret: boolean;
  readonly objectValue?: unknown;
}

async function configurationOf(stack: string): Promise<Record<string, Configured>> {
  const tools = await ensureToolchain(() => undefined);
  if (stack === LOCAL)
    return JSON.parse((await new LocalStack(localSite, tools).pulumi(["config", "--json", "--show-secrets"])).stdout || "{}") as Record<string, Configured>;
  try {
    const { stdout } = await promisify(execFile)(tools.pulumi, ["config", "--json", "--show-secrets", "--stack", stack, "--non-interactive"], {
      cwd: checkout,
      env: tools.env,
      maxBuffer: 1 << 26,
    });
    return JSON.parse(stdout) as Record<string, Configured>;
  } catch (error) {
    throw new Error(`the configuration of stack "${stack}" cannot be read\n  ${((error as { stderr?: string }).stderr ?? (error as Error).message).trim()}`, {
      cause: error,
    });
  }
}

async function main(): Promise<number> {
  const stack = process.env["STACK"] || LOCAL;
  const words = process.argv.slice(2);
  const raw = await configurationOf(stack);
  const mine = Object.entries(raw).flatMap(([key, one]) => (key.startsWith(`${NAMESPACE}:`) ? [[key.slice(NAMESPACE.length + 1), one] as const] : []));
  if (mine.length === 0)
    throw new Error(
      `stack "${stack}" has no configuration here\n  ${stack === LOCAL ? "make local" : `pulumi stack select ${stack}; make ... STACK=${stack}`}`,
    );
  const { values, problems } = checkValues({
    values: Object.fromEntries(mine.map(([key, one]) => [key, one.value ?? JSON.stringify(one.objectValue)])),
    encrypted: new Set(mine.filter(([, one]) => one.secret).map(([key]) => key)),
  });
  const ours = problems.filter((problem) => (NEEDED as readonly string[]).includes(problem.key));
  if (ours.length > 0) throw new Error(sayProblems(stack, ours));
  const { application, hostAddress: host, hostPort: port, hostUser: user, hostKey, sshPrivateKey: privateKey } = values as Required<typeof values>;
  const session = new SshSession();
  const silence = await session.open({ host, port, user, privateKey, hostKey });
  if (silence !== "") throw noAnswer({ host, port, user }, silence);
  // A host may serve several stacks; this one is meant.
  const named = ["status", "history", "doctor"].includes(words[0] ?? "") ? words : [...words, "--stack", `${application}-${stack}`];
  const { code } = await session.run(asRoot(user, commandLine("recoloca", ...named)), (text) => process.stdout.write(text));
  return code;
}

main().then(
  (code) => process.exit(code),
  (error: unknown) => {
    process.stderr.write(`error: ${(error as Error).message}\n`);
    process.exit(1);
  },
);
