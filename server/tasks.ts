/** Services of a release that end by themselves: run before the others start, each after those that it waits for. */
import { sayDuration } from "../release/duration.ts";
import { Failure, type Context } from "./context.ts";
import * as engine from "./engine.ts";
import { serviceEvidence } from "./evidence.ts";
import { sleep } from "./process.ts";

/** Seconds that all of them may take. */
const LIMIT_SECONDS = 300;

export async function runTasks({ stack, slot, split, journal }: Context): Promise<void> {
  const names = Object.keys(split.tasks).sort();
  if (names.length === 0) return;
  const began = journal.seconds;
  const done = new Set<string>();
  const started = new Set<string>();
  while (done.size < names.length) {
    const found = await engine.slotContainers(stack, slot, "task");
    const due = found.filter((one) => !started.has(one.service) && split.tasks[one.service]!.every((other) => done.has(other)));
    await engine.startContainers(due.map((one) => one.id));
    due.forEach((one) => started.add(one.service));
    for (const one of found.filter((other) => started.has(other.service) && other.status === "exited")) {
      if (one.exitCode !== 0) throw new Failure(`"${one.service}" ended with exit code ${one.exitCode}`, await serviceEvidence(stack, slot, one.service));
      done.add(one.service);
    }
    const late = names.filter((name) => !done.has(name));
    if (late.length > 0 && journal.seconds - began > LIMIT_SECONDS)
      throw new Failure(`${late.join(", ")} not ended after ${LIMIT_SECONDS}s`, await serviceEvidence(stack, slot, late[0]!));
    if (due.length === 0 && late.length > 0) await sleep(50);
  }
  journal.tell(`ran ${names.join(", ")} (${sayDuration(journal.seconds - began)})`);
}
