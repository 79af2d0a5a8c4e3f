/** `make tunnel`: the way to a server at AWS that has no port open for SSH, by Session Manager, until a person ends it (design D19). */
import { spawn } from "node:child_process";
import { connect, createServer } from "node:net";
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
  const on = `--stack ${stack}`;
  if (ec2?.reach !== "session-manager")
    throw new Error(
      `the server of stack "${stack}" is reached by SSH, and needs no tunnel\n  make status STACK=${stack}\n  by Session Manager instead: ${setCommand("ec2.reach", "session-manager")} ${on}, and docs/aws.md, A shell on it`,
    );
  // On 22 this machine may be asked for itself, and only root may begin anything there.
  if (hostPort === undefined || raw.values["hostPort"] === undefined)
    throw new Error(`nobody knows at which port of this machine the tunnel of stack "${stack}" begins\n  ${setCommand("hostPort", "2222")} ${on}`);
  return { name: `${application ?? "recoloca"}-${stack}`, region: ec2.region, port: hostPort };
}

export interface Around {
  readonly say: (line: string) => void;
  /** Whether the person has enough. */
  readonly ended: () => boolean;
  readonly env?: NodeJS.ProcessEnv;
  /** Milliseconds from one look to the next. @default 5000 */
  readonly every?: number;
}

/** How often in a row it may end before it has led anywhere. An agent of Session Manager answers some minutes after its instance runs. */
const MOST = 5;
const MOST_WITHOUT_AGENT = 120;
const NO_AGENT = /TargetNotConnected/;

/** Opens it as soon as the instance runs, and again where it ends by itself: as with the instance, in whose place another one comes. */
export async function openTunnel(tunnel: Tunnel, { say, ended, env = process.env, every = 5000 }: Around): Promise<void> {
  const { name, region, port } = tunnel;
  for (const [program, where] of [
    ["aws", "https://docs.aws.amazon.com/cli/latest/userguide/getting-started-install.html"],
    ["session-manager-plugin", "https://docs.aws.amazon.com/systems-manager/latest/userguide/session-manager-working-with-install-plugin.html"],
  ] as const)
    if (!(await attempt(program, ["--version"], { env }).then(() => true, () => false))) throw new Error(`a tunnel wants ${program}, which is not here\n  ${where}`); // prettier-ignore
  let said = "";
  const tell = (line: string) => void (line !== said && say((said = line)));
  let failed = 0;
  for (let first = true; !ended(); await sleep(every)) {
    const { instance, why } = await runningCalled(name, region, env);
    if (why !== undefined) {
      if (first) throw new Error(`AWS does not say whether ${name} runs\n  ${why}\n  ${WHO}`);
      // A login that is over, or a line that is down: who sits here mends it, and the tunnel goes on.
      tell(` AWS does not say whether ${name} runs: ${lastOf(why)}; asking again (${WHO})`);
      continue;
    }
    first = false;
    if (instance === undefined) {
      tell(` no server called ${name} runs in ${region} yet; waiting for it`);
      continue;
    }
    const ran = await session(instance, tunnel, env, () => tell(` 127.0.0.1:${port} leads to ${name} (${instance}) by SSH, until Ctrl-C`));
    if (ran.fromHere || ended()) return;
    failed = ran.led ? 0 : failed + 1;
    if (failed >= (NO_AGENT.test(ran.why) ? MOST_WITHOUT_AGENT : MOST))
      throw new Error(`the tunnel to ${name} (${instance}) does not open\n  ${ran.why}\n  ${hintOf(ran.why, tunnel)}`);
    tell(ran.led ? " the tunnel ended; opening it again" : ` the tunnel to ${name} (${instance}) does not open yet: ${ran.why}; trying again`);
  }
}

const WHO = "who am I there: aws sts get-caller-identity";
const lastOf = (text: string) => text.trim().split("\n").at(-1)!.trim();

function hintOf(why: string, { region, port }: Tunnel): string {
  if (NO_AGENT.test(why)) return `its agent of Session Manager does not answer; those that do: aws ssm describe-instance-information --region ${region}`;
  if (/AccessDenied/.test(why)) return `wanted is ssm:StartSession, docs/aws.md, On call; ${WHO}`;
  if (why === TAKEN || why === FOR_ROOT) return `another port: ${setCommand("hostPort", port === 2222 ? "2223" : "2222")}`;
  return WHO;
}

/** The instance that runs, where one does; or why nobody knows. */
async function runningCalled(name: string, region: string, env: NodeJS.ProcessEnv): Promise<{ instance?: string; why?: string }> {
  const filters = [`Name=tag:Name,Values=${name}`, "Name=instance-state-name,Values=running"];
  const query = ["--query", "Reservations[].Instances[].InstanceId", "--output", "text"];
  const { code, stdout, output } = await attempt("aws", ["ec2", "describe-instances", "--region", region, "--filters", ...filters, ...query], { env });
  if (code !== 0) return { why: output.trim() };
  const instance = stdout.trim().split(/\s+/)[0];
  return instance ? { instance } : {};
}

const TAKEN = "something else of this machine has that port";
const FOR_ROOT = "only root may have that port";

interface Session {
  /** Whether the server has answered through it. */
  readonly led: boolean;
  /** Whether it was ended from here. */
  readonly fromHere: boolean;
  /** The last of what was said of its end. */
  readonly why: string;
}

/** One session, until it ends. `leads` is called once the server answers through it. */
async function session(instance: string, { region, port }: Tunnel, env: NodeJS.ProcessEnv, leads: () => void): Promise<Session> {
  const not = await whyNotHere(port);
  if (not !== undefined) return { led: false, fromHere: false, why: not };
  const words = ["ssm", "start-session", "--region", region, "--target", instance, "--document-name", "AWS-StartPortForwardingSession"];
  const child = spawn("aws", [...words, "--parameters", `portNumber=22,localPortNumber=${port}`], { env, stdio: ["inherit", "inherit", "pipe"] });
  let heard = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => (heard = (heard + text).slice(-4096)));
  let over = false;
  const end = new Promise<{ fromHere: boolean; code: number | null }>((done, fail) => {
    child.on("error", fail);
    child.on("close", (code, signal) => done({ fromHere: signal !== null, code }));
  }).finally(() => (over = true));
  const watched = async (): Promise<boolean> => {
    for (; !over; await sleep(LOOK_INTERVAL))
      if (await answers(port)) {
        leads();
        return true;
      }
    return false;
  };
  const [{ fromHere, code }, led] = await Promise.all([end, watched()]);
  return { led, fromHere, why: heard.trim() === "" ? `aws ssm start-session ended with ${code ?? "a signal"}` : lastOf(heard) };
}

/** Milliseconds. */
const LOOK_INTERVAL = 200;
const ANSWER_LIMIT = 3000;

/** Undefined where a tunnel may begin at that port. */
const whyNotHere = (port: number): Promise<string | undefined> =>
  new Promise((done) => {
    const server = createServer();
    server.once("error", ({ code }: NodeJS.ErrnoException) => done(code === "EACCES" ? FOR_ROOT : TAKEN));
    server.listen(port, "127.0.0.1", () => server.close(() => done(undefined)));
  });

/** Whether there is a server behind it: one of SSH says something first. */
const answers = (port: number): Promise<boolean> =>
  new Promise((done) => {
    const socket = connect(port, "127.0.0.1");
    const end = (yes: boolean) => {
      socket.destroy();
      done(yes);
    };
    socket.setTimeout(ANSWER_LIMIT, () => end(false));
    socket.once("data", () => end(true)).once("error", () => end(false)).once("close", () => end(false)); // prettier-ignore
  });
