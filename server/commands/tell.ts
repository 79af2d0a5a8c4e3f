/** What is live and what happened: for people, and with --json for programs. */
import { OUTCOMES } from "../../release/outcome.ts";
import type { ReleaseRecord } from "../../release/record.ts";
import { backupLine } from "../backup-health.ts";
import { certificateOf, sayCertificate } from "../certificates.ts";
import { Wrong, need, type Given } from "../command-line.ts";
import { storedEdge } from "../edge.ts";
import { slotContainers } from "../engine.ts";
import { against, releaseBefore } from "../going-back.ts";
import { liveAnswer } from "../live-answer.ts";
import { ownerOf } from "../lock.ts";
import { ago, byWhom, firstLine, renderEnd, renderHead, renderLine } from "../render.ts";
import { Store } from "../store.ts";
import { runningDeploy } from "./deploy.ts";
import { sayWhy } from "./hold.ts";
import { sayClosed } from "./maintenance.ts";

const print = (text: string) => void process.stdout.write(`${text}\n`);
const printJson = (value: unknown) => print(JSON.stringify(value, null, 2));

export async function live(given: Given): Promise<number> {
  printJson(liveAnswer(new Store(`${need(given, "application")}-${need(given, "environment")}`)));
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
      const services = (await slotContainers(stack, slot)).map((one) => `${one.service} ${one.health === "none" ? one.status : one.health}`);
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
    const last = lastFailed(new Store(stack), now?.number);
    if (last) print(` release ${last.number}  ${last.release}  ${OUTCOMES[last.outcome!].says} ${ago(last.startedAt)} ago: ${firstLine(last.reason)}`);
  }
  return 0;
}

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

/** The newest release, when it did not become live. */
function lastFailed(store: Store, liveNumber: number | undefined): ReleaseRecord | undefined {
  const newest = store.record(store.numbers().at(-1) ?? -1);
  return newest?.outcome && newest.outcome !== "live" && newest.number !== liveNumber ? newest : undefined;
}

export async function history(given: Given): Promise<number> {
  const records = Store.stacks().flatMap((stack) => {
    const store = new Store(stack);
    const now = store.state().live?.number;
    return store
      .numbers()
      .reverse()
      .flatMap((number) => {
        const record = store.record(number);
        return record ? [{ stack, now: now === number, record }] : [];
      });
  });
  if (given.options["json"]) {
    printJson(records.map(({ stack, now, record: { journal: _journal, ...record } }) => ({ stack, live: now, ...record })));
    return 0;
  }
  for (const { now, record } of records) {
    const outcome = now ? "live" : record.outcome === "live" ? "superseded" : record.outcome ? OUTCOMES[record.outcome].says : "not finished";
    const run = record.provenance.run ? `run ${record.provenance.run}` : "";
    print(
      ` ${String(record.number).padEnd(4)}${record.release.padEnd(22)}${`${ago(record.startedAt)} ago`.padEnd(10)}${outcome.padEnd(30)}${firstLine(record.reason ?? record.provenance.reason).slice(0, 80)}${run}`,
    );
  }
  if (records.length === 0) print("nothing happened on this host yet");
  return 0;
}

export async function show(given: Given): Promise<number> {
  const [word = ""] = given.words;
  const stacks = given.options["stack"] ? [String(given.options["stack"])] : Store.stacks();
  const found = stacks.flatMap((stack) => new Store(stack).record(Number(word)) ?? []);
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
