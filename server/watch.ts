/** The watch window: the new release serves, the old one is warm behind it, and any sign of trouble ends it. */
import { sayDuration } from "../release/duration.ts";
import { Failure, type Context } from "./context.ts";
import { REMEMBERED, answersSince, type Answers } from "./edge.ts";
import * as engine from "./engine.ts";
import { serviceEvidence } from "./evidence.ts";
import { sleep } from "./process.ts";
import { probeOnce } from "./steps.ts";

/** A share of 5xx answers that ends the window, where the old release did not have it too. */
const SHARE = 0.05;
const ENOUGH = 20;
/** Slower than the old release was, by both; in so many looks, one a second, one after the other. */
const TIMES_SLOWER = 3;
const MILLISECONDS_SLOWER = 250;
const LOOKS = 5;

export async function watch(context: Context): Promise<void> {
  const { plan, journal, edge, slot, old, store, number } = context;
  if (plan.watch === 0) return;
  // From the switch on: what visitors met before the window was open counts too.
  const start = context.answersAtSwitch ?? (await edge.answers(slot));
  const before = old ? await edge.answers(old.slot) : undefined;
  const usual = old ? shareOf(answersSince(old.answers, before!)) : 0;
  const slow = slowness(before && before.all >= ENOUGH ? before.time : undefined);
  const deaths = watchDeaths(context);
  const wrong = new Map<string, number>();
  const opened = performance.now();
  const until = opened + plan.watch * 1000;
  let endedBy: string | undefined;
  try {
    for (let beat = 0; performance.now() < until; beat++) {
      const dead = deaths.first();
      if (dead !== undefined) throw await died(context, dead);
      const accepted = store.accepted(number);
      if (accepted) {
        endedBy = accepted.by;
        break;
      }
      if (beat % 10 === 0) {
        // Another stack's deploy or certificate has the edge read its file anew, in which nobody stands by.
        if (old && !context.window) await edge.standBy(slot, true);
        await containersRun(context);
        const failure = await probeOnce(context, wrong);
        if (failure) throw failure;
        const now = answersSince(start, await edge.answers(slot));
        const share = shareOf(now);
        if (now.all >= ENOUGH && share > Math.max(SHARE, usual * 2))
          throw new Failure(
            `${(share * 100).toFixed(1)} % of ${now.all} requests were answered with 5xx (release ${old?.number ?? "–"}: ${(usual * 100).toFixed(1)} %)`,
            await evidenceOfAll(context),
          );
        const late = slow(now);
        if (late !== undefined) throw new Failure(`${late} (release ${old?.number ?? "–"}: ${sayTime(before?.time)})`, await evidenceOfAll(context));
      }
      await sleep(100);
    }
  } finally {
    deaths.stop();
  }
  const end = answersSince(start, await edge.answers(slot));
  const long =
    endedBy === undefined ? sayDuration(plan.watch) : `${sayDuration((performance.now() - opened) / 1000)} of ${sayDuration(plan.watch)}, ended by ${endedBy}`;
  const times = end.all >= REMEMBERED ? `, ${sayTime(end.time)} on average${before?.all ? ` (was ${sayTime(before.time)})` : ""}` : "";
  journal.tell(`watched ${long}: ${end.all.toLocaleString("en")} requests, ${end.failed} answered with 5xx${times}`, { state: "watched" });
}

const sayTime = (time = 0) => `${Math.round(time)} ms`;

/** Says so once the new release has been slower than the old one for long enough. What HAProxy remembers of the slot's last release is not held against it. */
function slowness(usual: number | undefined): (now: Answers) => string | undefined {
  let looks = 0;
  return ({ all, time = 0 }) => {
    const slower = usual !== undefined && all >= REMEMBERED && time > usual * TIMES_SLOWER && time > usual + MILLISECONDS_SLOWER;
    looks = slower ? looks + 1 : 0;
    return looks >= LOOKS ? `answers take ${sayTime(time)} on average` : undefined;
  };
}

const shareOf = ({ all, failed }: Answers) => (all === 0 ? 0 : failed / all);

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
  const { edge, stack, slot, window } = context;
  const evidence = await serviceEvidence(stack, slot, service);
  const failure = new Failure(`"${service}" ${how} while watched`, evidence);
  // Where nothing stands by, the engine starts it again, and it goes on as it can.
  if (window) return failure;
  // The standby answers from here on; without this, requests would wait for the next check to fail.
  await edge.takeOut(slot).catch(() => undefined);
  // The engine starts it again, as it would after a restart of the server: nobody is to wait for that one to end in its own time.
  const ids = (await engine.slotContainers(stack, slot)).filter((one) => one.service === service).map((one) => one.id);
  await engine.removeContainers(ids, true);
  return failure;
}

async function evidenceOfAll({ stack, slot, split }: Context) {
  return (await Promise.all(split.routed.map((service) => serviceEvidence(stack, slot, service)))).flat();
}

function watchDeaths({ stack, slot }: Context): { first: () => engine.Death | undefined; stop: () => void } {
  let first: engine.Death | undefined;
  const stop = engine.onDeath(stack, slot, (death) => (first ??= death));
  return { first: () => first, stop };
}
