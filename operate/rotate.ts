/**
 * `make rotate`: raises a secret's number, has the stack deploy by it, and looks at what came of it. Interrupted anywhere, the next run goes on: what is
 * wanted is in the configuration, what is there is asked of the server. What failed is put back, so that it is in nobody's way.
 */
import * as fs from "node:fs";
import { STACK as LOCAL } from "../local/stack.ts";
import type { Raw } from "../settings/check.ts";
import { heldSecrets } from "../settings/held-secrets.ts";
import { sayProblems } from "../settings/problems.ts";
import { checkWhole } from "../settings/whole.ts";
import { liveAnswerSchema, type ReleaseRecord } from "../release/record.ts";
import { SECRETS, type Secret, type SecretName } from "../secrets/catalogue.ts";
import { daysBetween, elsewhere, type Day } from "../secrets/rotation.ts";
import { valuesFor } from "./asked-values.ts";
import type { askProvider } from "./provider-checks.ts";
import { closeKeyBefore, isOfServer, KEY_TARGETS, settleLeftOpen } from "./rotate-key.ts";
import type { Door } from "./server-key.ts";
import { auditLines, auditSummary, type Audited, type Left } from "./rotation-audit.ts";
import { breaks, choose, whyNotHere, type Asked, type Step } from "./rotation-choice.ts";
import type { Propose } from "./rotation-pull-request.ts";
import { putBack, staysAfterFailure, withWishes, write, type Values } from "./rotation-writes.ts";
import type { Pulumi } from "./rollback.ts";

export interface Rotating {
  readonly stack: string;
  readonly application: string;
  readonly production: boolean;
  readonly who: string;
  readonly today: Day;
  /** The project's folder. */
  readonly folder: string;
  readonly configuration: () => Promise<Raw>;
  readonly pulumi: Pulumi;
  /** What a command on the server prints; throws where the server does not answer. */
  readonly server: (words: readonly string[]) => Promise<string>;
  /** The server for whoever logs in with a key: the stack's own key is renewed there. */
  readonly door: Door;
  /** `several`: a value of several lines. */
  readonly askValue: (question: string, several: boolean) => Promise<string>;
  /** Throws where more values came than were asked for. */
  readonly nothingMore?: () => Promise<void>;
  /** Whether a person agrees. */
  readonly agrees: (question: string) => Promise<boolean>;
  /** Whether something is so, to which nobody can agree beforehand: that a run was stopped, or that the server's key is nobody else's. */
  readonly knows: (question: string, what: "stopped" | "alone") => Promise<boolean>;
  readonly provider?: typeof askProvider;
  /** Opens the pull request, where one was asked for. @default what to commit is said */
  readonly propose?: Propose | undefined;
  readonly print: (line: string) => void;
  /** Where a job's summary goes. */
  readonly summary?: string | undefined;
}

type Live = NonNullable<ReturnType<typeof liveAnswerSchema.parse>["live"]>;

/** Gives the exit code: 1 where one failed, or is not at its end. */
export async function rotate(asked: Asked, run: Rotating): Promise<number> {
  const { stack, folder, print } = run;
  const raw = await run.configuration();
  const { values, problems } = checkWhole(raw, folder, stack);
  if (problems.length > 0) throw new Error(sayProblems(stack, problems));
  const live = await liveNow(run);
  if (live === null) throw new Error(`nothing is live on stack "${stack}" yet: its first deploy takes the secrets as they are set`);
  const held = heldSecrets(values, Object.keys(raw.values));
  for (const one of held.filter(({ name, generation }) => isOfServer(name) && generation > 1 && generationsOf(live)[name] === generation)) {
    if (!asked.all && one.name !== asked.secret) continue;
    // What was renewed today is not renewed once more because its end was missing.
    if ((await settleLeftOpen(one.name, run)) && one.name === asked.secret && one.since === run.today) return 0;
  }
  const choice = choose(asked, { held, live: generationsOf(live), today: run.today });
  for (const { name, says } of choice.problems) print(` ${name} is left out: ${says}`);
  const left = choice.remind.map((name) => ({ says: `${name} is due, and ${whyNotHere(name)}`, how: howBy(name, run) }));
  for (const { says, how } of left) print(` ${says}   ${how}`);
  if (choice.steps.length === 0) {
    print(` nothing ${left.length > 0 ? "else " : ""}of stack ${stack} is due`);
    summarize(run, [], left);
    return choice.problems.length > 0 ? 1 : 0;
  }
  if (asked.revoke && !(await agreed(choice.steps[0]!, run))) return 1;
  const done = await together(choice.steps, raw, run, live);
  auditLines(done).forEach((line) => print(line));
  const proposed = await bringIn(
    done.filter(({ outcome }) => outcome !== "failed"),
    run,
  );
  for (const { name, from, reason } of done) if (reason === undefined && asked.revoke) print(` ${name} was used by: ${usedBy(name)}; ${leftOf(name, from)}`);
  summarize(run, done, left);
  return done.some(({ reason }) => reason !== undefined) || choice.problems.length > 0 || !proposed ? 1 : 0;
}

/** The numbers are in this checkout alone: by whom they come into the repository. False where the pull request that was asked for is not there. */
async function bringIn(done: readonly Audited[], { stack, who, propose, print }: Rotating): Promise<boolean> {
  // The local stack's are kept with what else `make local` made.
  if (stack === LOCAL || done.length === 0) return true;
  const why = "a checkout without it is refused: its numbers are older than what is live";
  if (!propose) {
    print(`\n to commit   git add Pulumi.${stack}.yaml && git commit --message "${subject(done)}"\n             ${why}`);
    return true;
  }
  const names = done.map(({ name, to, outcome }) => `${name}-${to}${outcome === "ended" ? "-alone" : ""}`);
  const body = `${auditSummary(stack, who, done, [])}\nIt is live. Merge it soon: ${why}.`;
  try {
    const link = await propose({ branch: `renewed-${stack}-${names.join("-")}`.slice(0, 100), title: subject(done).slice(0, 200), body });
    print(`\n pull request   ${link}\n                merge it soon: ${why}`);
    return true;
  } catch (error) {
    print(`\n It is renewed and live, and has no pull request yet: ${(error as Error).message}`);
    return false;
  }
}

function howBy(name: SecretName, { stack, today }: Rotating): string {
  const how = elsewhere(name);
  return how === undefined ? `make rotate STACK=${stack} SECRET=${name}` : `${how}; then: pulumi config set --path recoloca:rotation.${name}.since ${today}`;
}

/** Where the value before is still: what a service began with is part of what it is made from. */
const leftOf = (name: SecretName, from: number) =>
  from === 1 && isLogin(name)
    ? "on the server the service's own definition has the value before, which opens nothing any more"
    : "on the server nothing has the value before any more";
const isLogin = (name: SecretName) => ["database", "redis"].includes(SECRETS[name].rotation);

const usedBy = (name: SecretName) =>
  (SECRETS[name] as Secret).consumers.map((one) => ({ host: "the release's containers", stack: "the program", workflow: "workflows" })[one]).join(", ");
const subject = (done: readonly Audited[]) =>
  done
    .flatMap(({ name, to, outcome }) =>
      outcome === "renewed" ? [`${name} is at generation ${to}`] : outcome === "ended" ? [`${name} is accepted in its newest value only`] : [],
    )
    .join("; ");
const generationsOf = (live: Live) => Object.fromEntries(Object.entries(live.generations ?? {}).map(([name, { generation }]) => [name, generation]));

function summarize({ summary, stack, who }: Rotating, done: readonly Audited[], left: readonly Left[]): void {
  if (summary !== undefined) fs.appendFileSync(summary, `${auditSummary(stack, who, done, left)}\n`);
}

async function liveNow({ server, application, stack }: Rotating): Promise<Live | null> {
  return liveAnswerSchema.parse(JSON.parse(await server(["live", "--application", application, "--environment", stack, "--json"]))).live;
}

async function agreed({ name }: Step, { print, agrees }: Rotating): Promise<boolean> {
  print(` REVOKE=now of ${name} breaks ${breaks(name)}.`);
  if (await agrees(` Go on? `)) return true;
  print(" Nothing was changed.");
  return false;
}

/** What the configuration would be is none that the stack takes. */
class Impossible extends Error {}

/** All in one release; where that fails, each in one of its own, so that one holds up no other. */
async function together(steps: readonly Step[], raw: Raw, run: Rotating, live: Live): Promise<Audited[]> {
  if (steps.length === 1) return attempt(steps, raw, run, live);
  const done = await attempt(steps, raw, run, live).catch(unlessImpossible);
  if (done?.every(({ outcome }) => outcome !== "failed")) return done;
  run.print(` together they ${done ? "failed" : "cannot be renewed"}; each by itself now`);
  const each: Audited[] = [];
  for (const step of steps) {
    const now = (await liveNow(run)) ?? live;
    const alone = attempt([step], await run.configuration(), run, now);
    each.push(...(await alone.catch((error: Error) => unlessImpossible(error) ?? [audited(step, now, run, "failed", undefined, error.message)])));
  }
  return each;
}

function unlessImpossible(error: Error): undefined {
  if (!(error instanceof Impossible)) throw error;
}

function audited(step: Step, live: Live, { today }: Rotating, outcome: Audited["outcome"], verified?: string, reason?: string): Audited {
  const { generation: from = 1, since } = live.generations?.[step.name] ?? {};
  const age = since === undefined ? undefined : daysBetween(since, today);
  // What failed is as old as it was.
  const newAge = outcome === "failed" ? age : daysBetween(step.wish.since, today);
  return { name: step.name, how: step.how, from, to: step.wish.generation, age, newAge, verified, outcome, reason };
}

async function attempt(steps: readonly Step[], before: Raw, run: Rotating, live: Live): Promise<Audited[]> {
  const audit = (step: Step, outcome: Audited["outcome"], verified?: string, reason?: string) => audited(step, live, run, outcome, verified, reason);
  const values = await valuesFor(steps, before, run);
  const wanted = withWishes(before, steps, values);
  const { problems } = checkWhole(wanted, run.folder, run.stack);
  if (problems.length > 0) throw new Impossible(sayProblems(run.stack, problems));
  await write(steps, values, before, run.pulumi);
  run.print(
    ` ${steps.map(({ name, how, wish }) => `${name} ${how === "end" ? "without the one before" : `to generation ${wish.generation}`}`).join(", ")}: pulumi up`,
  );
  const ran = await run.pulumi(["up", "--yes", "--skip-preview", ...targets(steps, run)], { onLine: run.print });
  // A deploy goes on without its connection. Asked before what is live: between the two it may have ended, never begun.
  if (ran.code !== 0) await ended(run);
  // A server that does not answer now throws: the numbers stay, and the next run asks it again.
  const behind = await unlike(steps, run);
  const why = ran.code === 0 ? behind : (behind ?? (steps.some(({ how }) => how === "end") ? `pulumi up ended with ${ran.code}` : undefined));
  if (why === undefined) {
    if (ran.code !== 0) run.print(" it is live; what pulumi up stumbled over afterwards is for the next one");
    const record = await closedAll(steps, run);
    // A command that still has the key before would not be let in any more.
    const left = ran.code === 0 ? undefined : `the key before still opens the server, as pulumi up ended with ${ran.code}: run this again`;
    const done = steps.map((step) =>
      audit(
        step,
        step.how === "end" ? "ended" : "renewed",
        provenBy(step, record, values),
        stillThere(step, record) ?? (isOfServer(step.name) ? left : undefined),
      ),
    );
    return await closeKeyBefore(done, values, run);
  }
  await putBack(steps, values, before, run.pulumi);
  run.print(` ${steps.some(staysAfterFailure) ? "not live" : "put back"}: ${why}`);
  for (const { name, wish } of steps.filter(staysAfterFailure))
    run.print(
      ` ${name} stays at generation ${wish.generation}${isOfServer(name) ? ", and both keys open the server: keep" : " in"} Pulumi.${run.stack}.yaml; run this again`,
    );
  return steps.map((step) => audit(step, "failed", undefined, why));
}

/** A service that did not answer when the release came live is asked once more: until then what was renewed opens it. */
async function closedAll(steps: readonly Step[], run: Rotating): Promise<ReleaseRecord | undefined> {
  const record = await newestRecord(run);
  if (!steps.some((step) => isOpen(step, record))) return record;
  await run.server(["resume"]).then(run.print, (error: Error) => run.print(` ${error.message}`));
  return await newestRecord(run);
}

const renewalOf = ({ name, wish }: Step, record: ReleaseRecord | undefined) =>
  record?.rotated?.find(({ secret, to }) => secret === name && to === wish.generation);
/** Of one whose value before is accepted for a while that is meant so. */
const isOpen = (step: Step, record: ReleaseRecord | undefined) => isLogin(step.name) && renewalOf(step, record)?.closed === false;

function stillThere(step: Step, record: ReleaseRecord | undefined): string | undefined {
  if (isOpen(step, record))
    return "what it was renewed from opens its service still, which does not answer; recoloca resume on the server closes it, which tries each hour by itself";
  return renewalOf(step, record)?.forgotten === false ? "older releases on the server have the value before still: recoloca doctor there says why" : undefined;
}

function provenBy({ name }: Step, record: ReleaseRecord | undefined, values: Values): string {
  const told = record?.rotated?.find(({ secret }) => secret === name)?.verified;
  const by = [
    told === "login" && "a login over the network",
    values[name]?.proven,
    isOfServer(name) && "a login of its own",
    name === "registryPassword" && "a login at the registry",
    // What no container has no gate has seen.
    (SECRETS[name] as Secret).consumers.includes("host") ? "the release's gates" : "nobody yet: the next run uses it",
  ].find((one) => typeof one === "string");
  return by!;
}

/** The release and what is made for it; changes of the ground that wait for their own run go on waiting (design D16). */
function targets(steps: readonly Step[], { application }: Rotating): string[] {
  const also = steps.flatMap(({ name }) => {
    const { consumers }: Secret = SECRETS[name];
    return [
      ...(isOfServer(name) ? KEY_TARGETS : []),
      ...(name === "registryPassword" ? ["**::registry"] : []),
      ...(consumers.includes("workflow") ? [`**:ActionsEnvironmentSecret::*-${name}`] : []),
    ];
  });
  return [`**::${application}-release`, "**RotatedSecrets**", ...also].flatMap((one) => ["--target", one]);
}

/** Why what is live is not what was wanted, or undefined. */
async function unlike(steps: readonly Step[], run: Rotating): Promise<string | undefined> {
  const now = await liveNow(run);
  const live = now ? generationsOf(now) : {};
  const behind = steps.filter(({ name, wish }) => (live[name] ?? 1) !== wish.generation);
  return behind.length === 0 ? undefined : `the server has ${behind.map(({ name }) => `generation ${live[name] ?? 1} of ${name}`).join(", ")}`;
}

/** Throws where what was begun may still come live: numbers that were taken back would be older than that. */
async function ended(run: Rotating): Promise<void> {
  const record = await newestRecord(run);
  if (!record || (record.outcome !== undefined && record.outcome !== "stuck")) return;
  throw new Error(
    record.outcome === "stuck"
      ? `release ${record.number} (${record.release}) needs a human; the numbers stay\n  recoloca doctor on the server says why; once it has ended, run this again`
      : `release ${record.number} (${record.release}) is still being deployed; the numbers stay\n  recoloca show ${record.number} on the server says how it goes; once it has ended, run this again`,
  );
}

async function newestRecord({ server, application, stack }: Rotating): Promise<ReleaseRecord | undefined> {
  const all = JSON.parse(await server(["history", "--json"])) as (ReleaseRecord & { stack: string })[];
  return all.find((one) => one.stack === `${application}-${stack}`);
}
