/** What an operator asks of a stack's server, over the connection that the stack's configuration names and pins. */
import { commandLine } from "../release/shell.ts";
import { groundQuestion, whyNotReady } from "../components/host/ground.ts";
import { whenSilent } from "../components/ec2-machine/when-silent.ts";
import { noAnswer, notReady } from "../components/host/ssh-errors.ts";
import { SshSession, type Address } from "../components/host/ssh-session.ts";
import { asRoot, type Said } from "../components/server.ts";
import { bastionOf } from "../settings/bastion.ts";
import { checkValues, type Raw } from "../settings/check.ts";
import { ownKeys } from "../settings/index.ts";
import { sayProblems } from "../settings/problems.ts";
import type { Door } from "./server-key.ts";

/** What needs to be known of a stack to reach its server; the rest of its configuration may be wrong meanwhile. */
const NEEDED = ["application", "hostAddress", "hostPort", "hostUser", "hostKey", "sshPrivateKey", "bastion", "bastionPrivateKey", "ec2"];

/** These are about the whole host; the others about one of its stacks. */
const OF_THE_HOST = ["status", "history", "doctor", "live"];

/** One key, as `pulumi config --json --show-secrets` prints it. */
export interface Configured {
  readonly value?: string;
  readonly secret: boolean;
  readonly objectValue?: unknown;
}

/** What a stack that made its server exports of it. */
export interface Access {
  readonly address: string;
  readonly user: string;
  readonly hostKey: string;
  readonly privateKey: string;
}

export interface OfStack {
  readonly name: string;
  readonly configuration: Record<string, Configured>;
  /** The stack's own word of a server that it made. */
  readonly made?: () => Promise<Access | undefined>;
}

/** A stack's configuration as the check of settings takes it. */
export function valuesOf(configuration: Record<string, Configured>): Raw {
  const mine = Object.entries(ownKeys(configuration));
  return {
    values: Object.fromEntries(mine.map(([key, one]) => [key, one.value ?? JSON.stringify(one.objectValue)])),
    encrypted: new Set(mine.filter(([, one]) => one.secret).map(([key]) => key)),
  };
}

interface Server {
  readonly application: string;
  readonly address: Address;
  /** Whether a tunnel of Session Manager begins there. */
  readonly tunnel: boolean;
  /** What to look at where it does not answer, of one at AWS. */
  readonly look?: string;
}

async function serverOf({ name: stack, configuration, made }: OfStack): Promise<Server> {
  const given = valuesOf(configuration);
  if (Object.keys(given.values).length === 0)
    throw new Error(`stack "${stack}" has no configuration here\n  ${stack === "local" ? "make local" : `pulumi stack init ${stack}`}`);
  const { values, problems } = checkValues(given);
  const ours = problems.filter(({ key }) => NEEDED.includes(key.split(".")[0]!));
  if (ours.length > 0) throw new Error(sayProblems(stack, ours));
  const {
    application,
    hostAddress,
    hostPort: port,
    hostUser,
    hostKey,
    sshPrivateKey,
    ec2,
  } = values as typeof values & { application: string; hostPort: number };
  const own = ec2 ? await made?.() : { address: hostAddress!, user: hostUser!, hostKey: hostKey!, privateKey: sshPrivateKey! };
  if (!own) throw new Error(`stack "${stack}" has made no server yet\n  pulumi up --stack ${stack}`);
  const { address, user, hostKey: pinned, privateKey } = own;
  const bastion = bastionOf({ ...values, sshPrivateKey: privateKey });
  const via = bastion && { host: bastion.address, port: bastion.port, user: bastion.user, hostKey: bastion.hostKey, privateKey: bastion.privateKey };
  return {
    application,
    address: { host: hostAddress ?? address, port, user, hostKey: pinned, privateKey, ...(via && { via }) },
    tunnel: ec2?.reach === "session-manager",
    ...(ec2 && { look: whenSilent({ ...ec2, environment: stack, sessionManager: ec2.reach === "session-manager" }) }),
  };
}

/** The server for whoever logs in with another key than the stack's. */
export async function doorOf(stack: OfStack): Promise<Door> {
  const { application, address, look } = await serverOf(stack);
  const owner = `${application}-${stack.name}`;
  const { bastion, bastionPrivateKey } = checkValues(valuesOf(stack.configuration)).values;
  return {
    owner,
    opensBastion: bastion !== undefined && bastionPrivateKey === undefined,
    others: async () => {
      const all = JSON.parse(await answerOf(stack, ["history", "--json"])) as readonly { readonly stack: string }[];
      return [...new Set(all.map((one) => one.stack))].filter((one) => one !== owner);
    },
    run: async (privateKey, command) => {
      const session = new SshSession();
      const silent = await session.open({ ...address, privateKey });
      if (silent) throw noAnswer(silent.of, silent.why, look);
      const { code, output, stdout } = await session.run(command);
      if (code !== 0) throw new Error(output.trim() || `it ended with ${code}`);
      return stdout;
    },
  };
}

/** How the server is reached, in a line. */
export function wayTo({ address: { host, port, user, via }, tunnel }: Pick<Server, "address" | "tunnel">): string {
  const how = via ? `through the bastion ${via.user}@${via.host}:${via.port}` : tunnel ? "where a tunnel of Session Manager begins" : "directly";
  return ` reached by SSH: ${user}@${host}:${port}, ${how}`;
}

/** What a shell, or sudo, says of a command that it does not know. */
const NOT_THERE = /^(\S+: )?(line \d+: |\d+: )?(recoloca: (command )?not found|command not found: recoloca)/;

/** Runs one of `recoloca`'s commands on a stack's server; `hear` gets what it prints, and it gets `input`. Gives its exit code. */
export async function askServer(stack: OfStack, words: readonly string[], hear: (text: string) => void, input?: string): Promise<number> {
  return (await ran(stack, words, hear, input)).code;
}

async function ran(stack: OfStack, words: readonly string[], hear: (text: string) => void, input?: string): Promise<Said> {
  const server = await serverOf(stack);
  const { address, application, look } = server;
  // First: where it is not reached, this is what to look at.
  if (words[0] === "doctor" && !words.includes("--json")) hear(`${wayTo(server)}\n`);
  const session = new SshSession();
  const silent = await session.open(address);
  if (silent) throw noAnswer(silent.of, silent.why, look);
  const named = OF_THE_HOST.includes(words[0] ?? "") ? words : [...words, "--stack", `${application}-${stack.name}`];
  let unknown = "";
  const listen = (text: string) => (NOT_THERE.test(text) ? void (unknown = text) : hear(text));
  const said = await session.run(asRoot(address.user, commandLine("recoloca", ...named)), listen, input);
  if (unknown === "") return said;
  const ground = await session.run(groundQuestion(address.user));
  if (ground.code !== 0) throw notReady(address, whyNotReady(ground.output));
  throw new Error(`nothing is on the server ${address.host}:${address.port} yet\n  pulumi up --stack ${stack.name}   prepares it`);
}

/** What one of `recoloca`'s commands answers on a stack's server, without what sudo or a login's profile has to say beside it; throws with all where it fails. */
export async function answerOf(stack: OfStack, words: readonly string[]): Promise<string> {
  const { code, output, stdout } = await ran(stack, words, () => undefined);
  if (code !== 0) throw new Error(`recoloca ${words[0] ?? ""} on the server of stack "${stack.name}" ended with ${code}\n  ${output.trim()}`);
  return stdout;
}
