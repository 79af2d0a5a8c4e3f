/** `make tunnel`: the way to a server at AWS that has no port open for SSH, by Session Manager, until a person ends it (design D19). */
import { spawn } from "node:child_process";
import { attempt, sleep } from "../local/command.ts";
import { checkValues, type Raw } from "../settings/check.ts";
import { setCommand } from "../settings/problems.ts";

export interface Tunnel {
  /** Of the instance, which AWS knows it by. */
  readonly name: string;
  readonly region: string;
  /** Where it begins here. */
  readonly port: number;
}

/** Throws where the stack's server is reached otherwise. */
export function tunnelOf(stack: string, raw: Raw): Tunnel {
  const { application, ec2, hostPort } = checkValues(raw).values;
  if (ec2?.reach !== "session-manager")
    throw new Error(
      `the server of stack "${stack}" is reached by SSH, and needs no tunnel\n  make status STACK=${stack}\n  by Session Manager instead: ${setCommand("ec2.reach", "session-manager")} --stack ${stack}, and docs/aws.md, A shell on it`,
    );
  return { name: `${application ?? "recoloca"}-${stack}`, region: ec2.region, port: hostPort ?? 22 };
}

export interface Around {
  readonly say: (line: string) => void;
  /** Whether the person has enough. */
  readonly ended: () => boolean;
  readonly env?: NodeJS.ProcessEnv;
  /** Milliseconds from one look to the next. @default 5000 */
  readonly every?: number;
}

/** Opens it as soon as the instance runs, and again where it ends by itself: as with the instance, in whose place another one comes. */
export async function openTunnel({ name, region, port }: Tunnel, { say, ended, env = process.env, every = 5000 }: Around): Promise<void> {
  for (const [program, where] of [
    ["aws", "https://docs.aws.amazon.com/cli/latest/userguide/getting-started-install.html"],
    ["session-manager-plugin", "https://docs.aws.amazon.com/systems-manager/latest/userguide/session-manager-working-with-install-plugin.html"],
  ] as const)
    if (!(await attempt(program, ["--version"], { env }).then(() => true, () => false))) throw new Error(`a tunnel wants ${program}, which is not here\n  ${where}`); // prettier-ignore
  for (let said = ""; !ended(); await sleep(every)) {
    const instance = await runningCalled(name, region, env);
    const now =
      instance === undefined
        ? ` no server called ${name} runs in ${region} yet; waiting for it`
        : ` 127.0.0.1:${port} leads to ${name} (${instance}) by SSH, until Ctrl-C`;
    if (now !== said) say((said = now));
    if (instance !== undefined && !(await session(instance, region, port, env)) && !ended()) say(" the tunnel ended; opening it again");
  }
}

async function runningCalled(name: string, region: string, env: NodeJS.ProcessEnv): Promise<string | undefined> {
  const filters = [`Name=tag:Name,Values=${name}`, "Name=instance-state-name,Values=running"];
  const words = [
    "ec2",
    "describe-instances",
    "--region",
    region,
    "--filters",
    ...filters,
    "--query",
    "Reservations[].Instances[].InstanceId",
    "--output",
    "text",
  ];
  const { code, stdout, output } = await attempt("aws", words, { env });
  if (code !== 0) throw new Error(`AWS does not say whether ${name} runs\n  ${output.trim()}\n  who am I there: aws sts get-caller-identity`);
  return stdout.trim().split(/\s+/)[0] || undefined;
}

/** Gives whether it was ended from here. */
function session(instance: string, region: string, port: number, env: NodeJS.ProcessEnv): Promise<boolean> {
  const words = ["ssm", "start-session", "--region", region, "--target", instance, "--document-name", "AWS-StartPortForwardingSession"];
  return new Promise((done, fail) => {
    const child = spawn("aws", [...words, "--parameters", `portNumber=22,localPortNumber=${port}`], { env, stdio: "inherit" });
    child.on("error", fail);
    child.on("close", (_code, signal) => done(signal !== null));
  });
}
