/**
 * A program of its own, put on the host only where a stack has environments of pull requests: `recoloca-review APPLICATION COMMAND`. It makes a plan of what
 * the stack allows and what a request brings, and hands it to `recoloca`, which deploys it like any other. `asked` is what a pipeline's key may do.
 */
import { spawn } from "node:child_process";
import { OUTCOMES } from "../../release/outcome.ts";
import { reviewEnvironment, reviewHost, reviewPolicySchema, reviewRequestSchema, type ReviewPolicy, type ReviewRequest } from "../../release/review.ts";
import { liveServices } from "../live-services.ts";
import { whileOurs } from "../lock.ts";
import { run, type Ran } from "../process.ts";
import { Store } from "../store.ts";
import { understood } from "../understood.ts";
import { readAtMost } from "./input.ts";
import { endsAt, Environments, type Environment } from "./environments.ts";
import { reviewPlan } from "./plan.ts";
import { roomNow, tooFull, writtenBy } from "./room.ts";

const RECOLOCA = "/usr/local/bin/recoloca";
/** Seconds that one request waits for another: they come one at a time. */
const PATIENCE_SECONDS = "900";
/** Bytes and seconds that what is asked may take to arrive. */
const MOST_INPUT = 1_000_000;
const INPUT_SECONDS = 30;

type Seed = NonNullable<ReviewPolicy["seed"]>;

const say = (text: string) => void process.stdout.write(` ${text}\n`);
const refuse = (...texts: string[]): number => {
  say(`refused: ${texts.join("\n   ")}\n   Nothing was changed.`);
  return OUTCOMES.refused.exit;
};

/** Runs `recoloca`, whose words the caller hears. Gives its exit code. */
const recoloca = (args: readonly string[], input = "") =>
  new Promise<number>((done, fail) => {
    const child = spawn(RECOLOCA, args, { stdio: ["pipe", "inherit", "inherit"] });
    child.once("error", fail).once("close", (code) => done(code ?? 1));
    child.stdin.on("error", () => undefined).end(input);
  });

const urlOf = (policy: ReviewPolicy, number: number) => `${policy.tls ? "https" : "http"}://${reviewHost(policy, number)}`;
/** On which it goes by itself. */
const dayOf = (environment: Environment, policy: ReviewPolicy) => endsAt(environment, policy).toISOString().slice(0, 10);

async function open(environments: Environments, text: string): Promise<number> {
  const policy = environments.policy();
  if (!policy)
    return refuse(`${environments.application} has no environments of pull requests here`, "pulumi config set of recoloca:review at the stack allows them");
  const request = understood<ReviewRequest>(reviewRequestSchema, text, "that");
  if (typeof request === "string") return refuse(request);
  const { number } = request;
  const there = environments.all();
  const others = there.filter((one) => one.number !== number);
  if (others.length >= policy.most)
    return refuse(
      `${others.length} are open already, and ${policy.most} may be: ${others.map((one) => `#${one.number}`).join(", ")}`,
      `the next one goes at ${endsAt(others[0]!, policy).toISOString()} by itself; at once where the label is taken from its pull request`,
    );
  const isNew = others.length === there.length;
  const written = isNew ? undefined : await writtenTooMuch(policy, number);
  if (written !== undefined)
    return refuse(
      `${written}: it goes within the hour, with its data`,
      "at once where the label is taken from its pull request; set again, that opens a new one",
    );
  const full = isNew ? tooFull(policy, roomNow()) : undefined;
  if (full !== undefined) return refuse(`this server has no room for one more: ${full}`);
  const environment = environments.renewed(number, Object.values(policy.secrets), new Date());
  const plan = reviewPlan(policy, request, environment.secrets);
  if (Array.isArray(plan)) return refuse(...(plan as string[]));
  // Before anything is made: whatever comes of it, it goes with its day.
  environments.set(environment);
  const code = await recoloca(["deploy", "--wait", "5m"], JSON.stringify(plan));
  if (code !== 0) return code;
  const seeded = await seed(environments, policy, environment);
  say(`#${number} is at ${urlOf(policy, number)}, until ${dayOf(environment, policy)}`);
  return seeded;
}

/** Into the container itself: `recoloca exec` would be one program's start more until the link is there. */
async function runSeed({ application }: ReviewPolicy, number: number, { service, command, timeout }: Seed): Promise<Ran> {
  const [container] = await liveServices(new Store(`${application}-${reviewEnvironment(number)}`), service);
  return run("timeout", ["--kill-after=5", String(timeout), "docker", "exec", container!.id, ...command], { timeout: timeout + 15 });
}

/** Once: a second time would be over what the first visitors have written. */
async function seed(environments: Environments, policy: ReviewPolicy, environment: Environment): Promise<number> {
  if (!policy.seed || environment.seeded) return 0;
  const ran = await runSeed(policy, environment.number, policy.seed).catch((error: Error) => ({ code: 1, stdout: "", stderr: error.message }));
  if (ran.code !== 0) {
    say(`its seed failed: ${(ran.stderr || ran.stdout).trim().split("\n").slice(-3).join("\n   ")}`);
    say("the next push tries it again");
    return ran.code;
  }
  environments.set({ ...environment, seeded: true });
  say("its database was seeded");
  return 0;
}

async function close(environments: Environments, number: number, why: string): Promise<number> {
  const environment = environments.get(number);
  if (!environment) {
    say(`#${number} has none`);
    return 0;
  }
  say(`#${number} is removed: ${why}`);
  const code = await recoloca(["remove", "--application", environments.application, "--environment", reviewEnvironment(number), "--volumes"]);
  if (code === 0) environments.forget(number);
  return code;
}

/** Those whose day is over, those that have written too much, and all of them where the stack allows none any more. One that cannot be removed holds up no other. */
async function expire(environments: Environments): Promise<number> {
  const policy = environments.policy();
  let worst = 0;
  for (const one of environments.all()) {
    try {
      const why = await overdue(policy, one);
      if (why !== undefined) worst = Math.max(worst, await close(environments, one.number, why));
    } catch (error) {
      say(`#${one.number} cannot be looked at: ${(error as Error).message}`);
      worst = Math.max(worst, 1);
    }
  }
  return worst;
}

async function overdue(policy: ReviewPolicy | undefined, environment: Environment): Promise<string | undefined> {
  if (!policy) return "the stack allows none any more";
  if (endsAt(environment, policy).getTime() <= Date.now()) return `nobody has renewed it for ${policy.days} ${policy.days === 1 ? "day" : "days"}`;
  return writtenTooMuch(policy, environment.number);
}

async function writtenTooMuch({ application, disk }: ReviewPolicy, number: number): Promise<string | undefined> {
  const written = await writtenBy(`${application}-${reviewEnvironment(number)}`);
  return written > disk ? `it has written ${Number.isFinite(written) ? `${Math.ceil(written)} MiB` : "more than can be counted"}, and may ${disk}` : undefined;
}

function list(environments: Environments): number {
  const policy = environments.policy();
  const all = environments.all();
  if (all.length === 0) say("none");
  for (const one of all) say(policy ? `#${one.number}  ${urlOf(policy, one.number)}  until ${dayOf(one, policy)}` : `#${one.number}  goes with the next hour`);
  return 0;
}

async function place(environments: Environments, policy: ReviewPolicy | undefined): Promise<number> {
  environments.setPolicy(policy);
  await run("systemctl", [policy ? "enable" : "disable", "--quiet", "--now", `recoloca-review@${environments.application}.timer`]);
  say(policy ? `up to ${policy.most} pull requests of ${environments.application} may have an environment here` : "no pull request may have one");
  return expire(environments);
}

/** Of a key that code of a pull request comes by: these words and nothing else. */
const ASKED = /^(?:open|list|close [1-9]\d{0,6})$/;

async function does(environments: Environments, words: readonly string[], input: string): Promise<number> {
  const [command, number = ""] = words;
  switch (command) {
    case "open":
      return open(environments, input);
    case "close":
      return /^[1-9]\d{0,6}$/.test(number)
        ? close(environments, Number(number), "its pull request wants none any more")
        : refuse(`close wants a number, got "${number}"`);
    case "expire":
      return expire(environments);
    case "policy": {
      const policy = understood<ReviewPolicy>(reviewPolicySchema, input, "that");
      return typeof policy === "string" ? refuse(policy) : place(environments, policy);
    }
    case "off":
      return place(environments, undefined);
    default:
      return refuse(`there is no "${command ?? ""}": open, close NUMBER, list, expire, policy, off`);
  }
}

async function main(): Promise<number> {
  const [application = "", ...words] = process.argv.slice(2);
  if (!reviewPolicySchema.shape.application.safeParse(application).success) return refuse(`the application's name comes first, got "${application}"`);
  const environments = new Environments(application);
  const asked = words.slice(1).join(" ");
  if (words[0] === "asked" && !ASKED.test(asked)) return refuse(`"${asked.slice(0, 100)}" is none of: open, close NUMBER, list`);
  const wanted = words[0] === "asked" ? asked.split(" ") : words;
  if (wanted[0] === "list") return list(environments);
  // Before anybody is kept waiting: whoever is slow with it holds up nobody.
  const input = wanted[0] === "open" || wanted[0] === "policy" ? await readAtMost(process.stdin, MOST_INPUT, INPUT_SECONDS) : "";
  if (typeof input !== "string") return refuse(input.problem);
  const done = await whileOurs(environments.lockFile, async () => ({ code: await does(environments, wanted, input) }), PATIENCE_SECONDS);
  return done?.code ?? refuse(`another request has been at it for ${Number(PATIENCE_SECONDS) / 60} minutes`);
}

// Who asked has gone; what was begun is ended all the same.
process.stdout.on("error", () => undefined);
main().then(
  (code) => {
    process.exitCode = code;
  },
  (error: unknown) => {
    process.stderr.write(`recoloca-review: ${(error as Error).message}\n`);
    process.exitCode = 1;
  },
);
