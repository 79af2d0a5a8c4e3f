/** Takes a release to one of its ends, under the stack's lock, which the caller has: it is told meanwhile, and afterwards to whoever wants to hear of it. */
import type { Plan } from "../release/plan.ts";
import type { JournalLine } from "../release/record.ts";
import { Telling } from "./follow.ts";
import { keepLiveAnswer } from "./live-answer.ts";
import { signLock } from "./lock.ts";
import { tellOthers } from "./notify.ts";
import { takeOnTls } from "./stack-tls.ts";
import type { Store } from "./store.ts";
import { resume, transact, type Caller } from "./transaction.ts";

/** A new one. Gives the exit code. */
export async function runPlan(store: Store, plan: Plan, what: "deploy" | "rollback", caller: Caller): Promise<number> {
  const number = store.create(plan);
  signLock(store.lockFile, { what, number, by: plan.provenance.actor, run: plan.provenance.run, from: caller.from });
  keepLiveAnswer(store);
  return toItsEnd(store, number, plan, new Date().toISOString(), (hear) => transact(store, number, caller, hear));
}

/** One that was interrupted: finished, or undone. Gives the exit code. */
export async function resumeHere(store: Store, number: number): Promise<number> {
  const record = store.record(number);
  const plan = store.plan(number);
  signLock(store.lockFile, { what: "resume", number, by: record?.provenance.actor, run: record?.provenance.run, from: record?.from });
  return toItsEnd(store, number, plan, record?.startedAt ?? new Date().toISOString(), (hear) => resume(store, number, hear));
}

async function toItsEnd(store: Store, number: number, plan: Plan, startedAt: string, work: (hear: (line: JournalLine) => void) => Promise<unknown>) {
  const { release, provenance } = plan;
  const telling = new Telling({ number, release, provenance, startedAt });
  await work((line) => telling.line(line)).finally(() => {
    telling.stop();
    keepLiveAnswer(store);
  });
  if (store.record(number)?.outcome === "live") await takeOnTls(store, plan);
  await tellOthers(store, number);
  return telling.end(store.record(number)!);
}
