/** The watch window: the new release serves, the old one is warm behind it, and any sign of trouble ends it. */
import { sayDuration } from "../release/duration.ts";
import { Failure, type Context } from "./context.ts";
import type { Answers } from "./edge.ts";
import * as engine from "./engine.ts";
import { serviceEvidence } from "./evidence.ts";
import { sleep } from "./process.ts";
import { probeOnce } from "./steps.ts";

/** A share of 5xx answers that ends the window, where the old release did not have it too. */
const SHARE = 0.05;
const ENOUGH = 20;

export async function watch(context: Context): Promise<void> {
  const { plan, journal, edge, slot, old } = context;
  if (plan.watch === 0) return;
  // From the switch on: what visitors met before the window was open counts too.
  const start = context.answersAtSwitch ?? (await edge.answers(slot));
  const usual = old ? shareOf(since(old.answers, await edge.answers(old.slot))) : 0;
  const deaths = watchDeaths(context);
  const wrong = new Map<string, number>();
  const until = performance.now() + plan.watch * 1000;
  try {
    for (let beat = 0; performance.now() < until; beat++) {
      const dead = deaths.first();
      if (dead !== undefined) throw await died(context, dead);
      if (beat % 10 === 0) {
        await containersRun(context);
        const failure = await probeOnce(context, wrong);
        if (failure) throw failure;
        const now = since(start, await edge.answers(slot));
        const share = shareOf(now);
        if (now.all >= ENOUGH && share > Math.max(SHARE, usual * 2))
          throw new Failure(
            `${(share * 100).toFixed(1)} % of ${now.all} requests were answered with 5xx (release ${old?.number ?? "–"}: ${(usual * 100).toFixed(1)} %)`,
            await evidenceOfAll(context),
          );
      }
      await sleep(100);
    }
  } finally {
    deaths.stop();
  }
  const end = since(start, await edge.answers(slot));
  journal.tell(`watched ${sayDuration(plan.watch)}: ${end.all.toLocaleString("en")} requests, ${end.failed} answered with 5xx`, {
    state: "watched",
  });
}

const shareOf = ({ all, failed }: Answers) => (all === 0 ? 0 : failed / all);

/** Answers between two looks. HAProxy counts from its last reload: what is less than before began anew. */
const since = (before: Answers | undefined, now: Answers): Answers =>
  before === undefined || now.all < before.all ? now : { all: now.all - before.all, failed: now.failed - before.failed };

async function containersRun(context: Context): Promise<void> {
  const { stack, slot, split } = context;
  const lasting = (await engine.slotContainers(stack, slot)).filter((one) => !(one.service in split.tasks));
  const bad = lasting.find((one) => one.status !== "running" || one.health === "unhealthy" || one.restarts > 0);
  if (!bad) return;
  if (bad.health === "unhealthy") throw await failing(context, bad.service, "became unhealthy");
  throw await died(context, { service: bad.service, exitCode: bad.status === "running" ? "?" : String(bad.exitCode) });
}

const died = (context: Context, { service, exitCode }: engine.Death) =>
  failing(context, service, exitCode === "?" ? "died and was started again" : `died with exit code ${exitCode}`);

async function failing(context: Context, service: string, how: string): Promise<Failure> {
  const { edge, stack, slot } = context;
  // The standby answers from here on; without this, requests would wait for the next check to fail.
  await edge.takeOut(slot).catch(() => undefined);
  const evidence = await serviceEvidence(stack, slot, service);
  // The engine starts it again, as it would after a restart of the server: nobody is to wait for that one to end in its own time.
  const ids = (await engine.slotContainers(stack, slot)).filter((one) => one.service === service).map((one) => one.id);
  await engine.removeContainers(ids, true);
  return new Failure(`"${service}" ${how} while watched`, evidence);
}

async function evidenceOfAll({ stack, slot, split }: Context) {
  return (await Promise.all(split.routed.map((service) => serviceEvidence(stack, slot, service)))).flat();
}

function watchDeaths({ stack, slot }: Context): { first: () => engine.Death | undefined; stop: () => void } {
  let first: engine.Death | undefined;
  const stop = engine.onDeath(stack, slot, (death) => (first ??= death));
  return { first: () => first, stop };
}
