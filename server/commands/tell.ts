/** What is live and what happened: for people, and with --json for programs. */
import { OUTCOMES } from "../../release/outcome.ts";
import type { ReleaseRecord } from "../../release/record.ts";
import { backupLine } from "../backup-health.ts";
import { certificateOf, sayCertificate } from "../certificates.ts";
import { Wrong, type Given } from "../command-line.ts";
import { storedEdge } from "../edge.ts";
import { slotContainers } from "../engine.ts";
import { against, releaseBefore } from "../going-back.ts";
import { liveAnswer } from "../live-answer.ts";
import { ownerOf } from "../lock.ts";
import { ago, byWhom, firstLine, renderEnd, renderHead, renderLine } from "../render.ts";
import { runningDeploy } from "../stack-lock.ts";
import { Store, type Slot } from "../store.ts";
import { sayWhy } from "./hold.ts";
import { sayClosed } from "./maintenance.ts";
import { namedStack, theStack } from "./which.ts";

const print = (text: string) => void process.stdout.write(`${text}\n`);
const printJson = (value: unknown) => print(JSON.stringify(value, null, 2));

export async function live(given: Given): Promise<number> {
  printJson(liveAnswer(new Store(namedStack(given))));
  return 0;
}

export async function status(given: Given): Promise<number> {
  const answers = await Promise.all(
    Store.stacks().map(async (stack) => ({ stack, ...liveAnswer(new Store(stack)), running: await running(stack), certificates: certificatesOf(stack) })),
  );
  if (given.options["json"]) {
    printJson(answers);
    return 0;
  }
  if (answers.length === 0) print("nothing is deployed on this host yet");
  for (const { stack, live: now, running: at, hold } of answers) {
    print(` ${stack}`);
    const closed = new Store(stack).maintenance();
    if (closed) print(` CLOSED      ${sayClosed(stack, closed)}`);
    if (now) {
      const slot = new Store(stack).state().live!.slot;
      const services = await servicesIn(stack, slot);
      print(` release ${now.number}  ${now.release}  live since ${ago(now.since)}  ${services.sort().join(", ")}`);
      print(` ${wayBack(new Store(stack))}`);
      const backup = await backupLine(new Store(stack));
      if (backup !== undefined) print(` backup      ${backup}`);
      for (const one of certificatesOf(stack)) print(` certificate ${sayCertificate(one)}`);
    } else print(" nothing is live");
    if (at) print(` release ${at.number}  ${at.release}  is being deployed${byWhom(at)}, since ${ago(at.since)}: recoloca show ${at.number}, recoloca cancel`);
    if (hold)
      print(
        ` release ${hold.number}  ${hold.release}  on hold since ${hold.by}'s ${hold.how} ${ago(hold.at)} ago${sayWhy(hold)}: not deployed until recoloca:lift names it`,
      );
    const { record: last, damage, number } = newestFailed(new Store(stack), now?.number);
    if (damage !== undefined) print(` release ${number}  ${damage}: recoloca doctor`);
    if (last) print(` release ${last.number}  ${last.release}  ${OUTCOMES[last.outcome!].says} ${ago(last.startedAt)} ago: ${firstLine(last.reason)}`);
  }
  return 0;
}

/** What the store knows is told also where the engine does not answer. */
const servicesIn = (stack: string, slot: Slot): Promise<string[]> =>
  slotContainers(stack, slot).then(
    (all) => all.map((one) => `${one.service} ${one.health === "none" ? one.status : one.health}`),
    (error: Error) => [`what runs is not known: ${error.message}`],
  );

const certificatesOf = (stack: string) => (storedEdge(stack)?.tls?.names ?? []).map(certificateOf);

/** What `recoloca rollback` would do now. */
function wayBack(store: Store): string {
  const now = store.record(store.state().live!.number)!;
  const target = releaseBefore(store, now);
  if (typeof target === "string") return "going back  nowhere: no older release was live";
  const why = against(store, target, now);
  const to = `release ${target.number}  ${target.release}`;
  return why === undefined ? `going back  to ${to}: its schema and base are today's` : `going back  not to ${to}: ${firstLine(why)}`;
}

/** A deploy that runs now. */
async function running(stack: string) {
  const store = new Store(stack);
  const number = await runningDeploy(store);
  if (number === undefined) return null;
  const record = store.record(number);
  const owner = ownerOf(store.lockFile);
  return {
    number,
    release: record?.release ?? "",
    since: record?.startedAt ?? new Date().toISOString(),
    actor: record?.provenance.actor,
    run: record?.provenance.run,
    from: owner?.from,
    beat: owner?.beat,
  };
}

/** The newest release, when it did not become live, or nobody can tell. */
function newestFailed(store: Store, liveNumber: number | undefined): { readonly number?: number; readonly record?: ReleaseRecord; readonly damage?: string } {
  const { record, damage, number } = store.readings().at(-1) ?? {};
  if (damage !== undefined) return { damage, number: number! };
  return record?.outcome && record.outcome !== "live" && record.number !== liveNumber ? { record } : {};
}

export async function history(given: Given): Promise<number> {
  const stacks = Store.stacks().map((stack) => {
    const store = new Store(stack);
    return { stack, live: store.state().live?.number, readings: store.readings().reverse() };
  });
  if (given.options["json"]) {
    const told = stacks.flatMap(({ stack, live, readings }) => readings.flatMap(({ record }) => (record ? [{ stack, live, record }] : [])));
    printJson(told.map(({ stack, live, record: { journal: _journal, ...record } }) => ({ stack, live: live === record.number, ...record })));
    return 0;
  }
  for (const { stack, live, readings } of stacks) {
    if (stacks.length > 1) print(` ${stack}`);
    for (const { number, record, damage } of readings) {
      if (record) print(historyLine(record, live === number));
      if (damage !== undefined) print(` ${String(number).padEnd(4)}${damage}: recoloca doctor`);
    }
  }
  if (stacks.every(({ readings }) => readings.length === 0)) print("nothing happened on this host yet");
  return 0;
}

function historyLine({ number, release, startedAt, outcome, reason, provenance }: ReleaseRecord, isLive: boolean): string {
  const became = isLive ? "live" : outcome === "live" ? "superseded" : outcome ? OUTCOMES[outcome].says : "not finished";
  const why = [firstLine(reason ?? provenance.reason).slice(0, 80), provenance.run ? `run ${provenance.run}` : ""].filter(Boolean).join("  ");
  return ` ${String(number).padEnd(4)}${release.padEnd(22)}${`${ago(startedAt)} ago`.padEnd(10)}${became.padEnd(30)}${why}`.trimEnd();
}

export async function show(given: Given): Promise<number> {
  const [word = ""] = given.words;
  const stacks = given.options["stack"] === undefined ? Store.stacks() : [theStack(given)];
  const found = /^[1-9]\d*$/.test(word) ? stacks.flatMap((stack) => new Store(stack).record(Number(word)) ?? []) : [];
  const [record] = found;
  if (!record) throw new Wrong(`there is no release ${word} on this host; recoloca history lists them`);
  if (found.length > 1) throw new Wrong(`${stacks.join(" and ")} both have a release ${word}: add --stack NAME`);
  if (given.options["json"]) {
    printJson(record);
    return 0;
  }
  print(renderHead(record));
  record.journal.filter((line) => line.text !== "").forEach((line) => print(renderLine(line)));
  if (record.outcome) print(renderEnd(record, record.outcome));
  return 0;
}
