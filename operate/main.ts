/** An operator's commands from his own machine: `make status STACK=staging` and the like run `recoloca` on the stack's server. */
import { spawnSync } from "node:child_process";
import * as os from "node:os";
import { STACK as LOCAL } from "../local/stack.ts";
import { checkout } from "../tools/cache.ts";
import { dayOf } from "../secrets/rotation.ts";
import { checkValues } from "../settings/check.ts";
import { PRODUCTION } from "../settings/cloud.ts";
import { githubSettings, type GithubSettings } from "../settings/github.ts";
import { stackName, NO_ORGANIZATION, type StackPlace } from "../settings/stack-place.ts";
import { urlOf } from "../settings/tls.ts";
import { answerOf, askServer, doorOf, valuesOf, type Access, type Configured } from "./ask-server.ts";
import { backupKeys } from "./backup-key.ts";
import { compareGithub, githubAsk, tellGithub } from "./github-doctor/index.ts";
import { cloudOf, settingsInState, tellPreviews } from "./previews-doctor.ts";
import { agreesTo, askHidden, nothingMore } from "./new-value.ts";
import { githubBase, type Ask } from "./rest.ts";
import { pulumiFor } from "./pulumi-for.ts";
import { wordsOf } from "./restore.ts";
import { rollBack, type Pulumi } from "./rollback.ts";
import { rotate } from "./rotate.ts";
import { readyToPropose } from "./rotation-pull-request.ts";
import { tellStackSecrets } from "./secrets.ts";
import { openTunnel, tunnelOf } from "./tunnel.ts";

async function configurationOf(stack: string, pulumi: Pulumi): Promise<Record<string, Configured>> {
  const { code, stdout, output } = await pulumi(["config", "--json", "--show-secrets"]);
  if (code === 0) return JSON.parse(stdout) as Record<string, Configured>;
  if (stack === LOCAL) return {};
  throw new Error(
    `the configuration of stack "${stack}" cannot be read\n  ${output.trim()}\n  pulumi login   where its state is; pulumi stack ls   says which there are`,
  );
}

/** What the stack exports of a server that it made. */
async function accessOf(pulumi: Pulumi): Promise<Access | undefined> {
  const { code, stdout } = await pulumi(["stack", "output", "access", "--show-secrets", "--json"]);
  return code === 0 ? (JSON.parse(stdout) as Access) : undefined;
}

type Asked = Pick<ReturnType<typeof checkValues>["values"], "previews" | "repository"> & { github: GithubSettings | undefined; ask: Ask | undefined };

/** Where the stack is: at Pulumi Cloud its page has it in its address, `https://app.pulumi.com/recoloca/infrastructure/staging`; elsewhere it has none. */
async function placeOf(stack: string, pulumi: Pulumi): Promise<StackPlace> {
  const name = stack.split("/").at(-1)!;
  const { code, stdout } = await pulumi(["stack", "ls", "--json"]);
  const all = code === 0 ? (JSON.parse(stdout) as { name: string; url?: string }[]).filter((one) => one.name.split("/").at(-1) === name) : [];
  const found = all.find((one) => one.name === stack || one.url?.endsWith(`/${stack}`)) ?? all[0];
  const [project, organization] = found?.url?.split("/").slice(3).reverse().slice(1) ?? [];
  return { organization: organization ?? NO_ORGANIZATION, project: project ?? "recoloca", stack: name };
}

/** Of the environment, else of the person's own `gh`, as the provider has it. */
const ownToken = () => process.env["GITHUB_TOKEN"] || process.env["GH_TOKEN"] || tokenOfGh();

function tokenOfGh(): string | undefined {
  const { status, stdout } = spawnSync("gh", ["auth", "token"], { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"], timeout: 10_000 });
  return status === 0 ? stdout.trim() || undefined : undefined;
}

/** What the stack should have at GitHub, and who asks what it has. */
async function githubOf(stack: string, configuration: Record<string, Configured>, pulumi: Pulumi): Promise<Asked> {
  const { values } = checkValues(valuesOf(configuration));
  const token = values.githubToken ?? ownToken();
  const { previews, repository } = values;
  const place = await placeOf(stack, pulumi);
  const named = { url: urlOf(values), stack: stackName(place), organization: place.organization, project: place.project };
  return { previews, repository, github: githubSettings(values, place.stack, named), ask: token ? githubAsk(githubBase(), token) : undefined };
}

/** What Pulumi Cloud does with the stack by itself, where that was asked for. Gives how much was found. */
async function previewsOf({ previews, repository = "", ask }: Asked, pulumi: Pulumi, print: (line: string) => void): Promise<number> {
  if (!previews) return 0;
  const { code, stdout } = await pulumi(["stack", "export"]);
  const token = process.env["PULUMI_ACCESS_TOKEN"];
  const wanted = code === 0 ? settingsInState(stdout) : undefined;
  return tellPreviews(wanted, repository, { github: ask, cloud: token ? cloudOf(previews.apiUrl, token) : undefined }, print);
}

/** What of a stack is at GitHub and at Pulumi Cloud. Gives how much was found. */
async function doctorAround(stack: string, configuration: Record<string, Configured>, pulumi: Pulumi, print: (line: string) => void): Promise<number> {
  const asked = await githubOf(stack, configuration, pulumi);
  return (await tellGithub(asked.github, asked.ask, print)) + (await previewsOf(asked, pulumi, print));
}

/** Who sits here, or who started the run. */
function whoAsks(): string {
  const { GITHUB_ACTOR, USER } = process.env;
  if (GITHUB_ACTOR !== undefined) return GITHUB_ACTOR;
  try {
    return os.userInfo().username;
  } catch {
    // A container may run as a number that has no name.
    return USER || `user ${process.getuid?.() ?? "unknown"}`;
  }
}

/** `make rotate`, by SECRET, ALL, REVOKE, YES, ALONE and PULL_REQUEST of the environment. */
async function rotateStack(stack: string, configuration: Record<string, Configured>, pulumi: Pulumi, print: (line: string) => void): Promise<number> {
  const { SECRET, ALL, REVOKE, YES, ALONE, PULL_REQUEST, GITHUB_STEP_SUMMARY } = process.env;
  const wrong = [
    ...(ALL && ALL !== "due" ? [`ALL got "${ALL}", wants due`] : []),
    ...(REVOKE && REVOKE !== "now" ? [`REVOKE got "${REVOKE}", wants now`] : []),
    ...(PULL_REQUEST && PULL_REQUEST !== "1" ? [`PULL_REQUEST got "${PULL_REQUEST}", wants 1`] : []),
  ];
  // What was renewed meanwhile is what opens the server.
  let now = configuration;
  if (stack === LOCAL && SECRET === "sshPrivateKey")
    throw new Error("the key of the local server lies beside it, for whoever is here\n  make local-down && make local makes both anew");
  if (wrong.length > 0) throw new Error(`${wrong.join("\n")}\n  make rotate SECRET=NAME [REVOKE=now], or ALL=due`);
  const { githubToken, repository } = checkValues(valuesOf(configuration)).values;
  // A person's own token first: the pull request is his.
  const opening = { stack, folder: checkout, base: githubBase(), token: ownToken() ?? githubToken, repository };
  return rotate(
    { secret: SECRET || undefined, all: ALL === "due", revoke: REVOKE === "now" },
    {
      stack,
      application: configuration["recoloca:application"]?.value ?? "recoloca",
      production: stack === PRODUCTION,
      who: whoAsks(),
      today: dayOf(new Date()),
      folder: checkout,
      configuration: async () => valuesOf((now = await configurationOf(stack, pulumi))),
      pulumi,
      server: (words) => answerOf({ name: stack, configuration: now, made: () => accessOf(pulumi) }, words),
      door: await doorOf({ name: stack, configuration, made: () => accessOf(pulumi) }),
      askValue: (question, several) => askHidden(question, undefined, several),
      nothingMore,
      agrees: agreesTo(YES === "1"),
      knows: (question, what) =>
        what === "alone"
          ? agreesTo(ALONE === "1", "in a script: ALONE=1, where nobody else comes by that key")(question)
          : agreesTo(false, "in a script: a new value, or the number alone by pulumi config set --path recoloca:rotation.NAME.generation")(question),
      propose: PULL_REQUEST ? await readyToPropose(opening) : undefined,
      print,
      summary: GITHUB_STEP_SUMMARY,
    },
  );
}

async function main(): Promise<number> {
  const stack = process.env["STACK"] || LOCAL;
  if (stack.includes("/"))
    throw new Error(
      `STACK got "${stack}"; wants the stack's name alone, which is also the environment's\n  pulumi org set-default ${stack.split("/")[0]}; make ${process.argv[2] ?? ""} STACK=${stack.split("/").at(-1)}`,
    );
  const command = `make ${process.argv[2] ?? ""} STACK=${stack}`;
  const words = wordsOf(process.argv.slice(2), command, process.env);
  // Before the toolchain and the stack are looked at: a wrong key needs neither.
  const key = words.includes("--identity") ? await backupKeys(process.env["IDENTITY"] ?? "", command) : undefined;
  // For the program, which has Pulumi's environment: whoever renews a secret is in the record of its release.
  if (words[0] === "rotate") process.env["RECOLOCA_ACTOR"] = whoAsks();
  const pulumi = await pulumiFor(stack, command);
  const configuration = await configurationOf(stack, pulumi);
  const print = (line: string) => process.stdout.write(`${line}\n`);
  if (words[0] === "secrets") return tellStackSecrets(stack, valuesOf(configuration), checkout, print);
  if (words[0] === "rotate") return rotateStack(stack, configuration, pulumi, print);
  if (words[0] === "tunnel") {
    let ended = false;
    process.on("SIGINT", () => (ended = true));
    await openTunnel(tunnelOf(stack, valuesOf(configuration)), { say: print, ended: () => ended });
    return 0;
  }
  if (words[0] === "compare-github") {
    const { github, ask } = await githubOf(stack, configuration, pulumi);
    return compareGithub(github, ask, print);
  }
  // First, as it is there when the server is not.
  const found = words[0] === "doctor" ? await doctorAround(stack, configuration, pulumi, print) : 0;
  const named = { name: stack, configuration, made: () => accessOf(pulumi) };
  const ask = (asked: readonly string[]) => askServer(named, asked, (text) => process.stdout.write(text), key);
  if (words[0] === "rollback") {
    const application = configuration["recoloca:application"]?.value ?? "recoloca";
    const answer = (asked: readonly string[]) => answerOf(named, asked);
    return rollBack(words, { stack, application, configured: Object.keys(configuration), pulumi, ask, answer, say: print });
  }
  const code = await ask(words);
  return found > 0 ? code || 1 : code;
}

// Whoever has seen enough, as `head` does, closes the pipe.
process.stdout.on("error", () => process.exit(0));
main().then(
  // What was written reaches a slow reader before the process is gone.
  (code) => process.stdout.write("", () => process.exit(code)),
  (error: unknown) => {
    process.stderr.write(`error: ${(error as Error).message}\n`);
    process.exit(1);
  },
);
