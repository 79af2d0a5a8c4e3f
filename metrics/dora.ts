/** The five measures of DORA, of one environment. Pure. */
import type { Delivery, Deployment, Incident } from "./deployments.ts";

export interface Window {
  /** Both as ISO times; `to` is also "now" for what is not over yet. */
  readonly from: string;
  readonly to: string;
}

export interface Measures {
  /** Releases that came live, each day of the window, days without one too. */
  readonly days: readonly { readonly day: string; readonly live: number; readonly failed: number }[];
  readonly releases: number;
  readonly perWeek: number;
  /** Hours from a commit's writing to its being live; undefined where none is known. */
  readonly leadTime?: { readonly median: number; readonly p90: number; readonly commits: number };
  /** Of all releases: those whose run failed, and those that people felt (rolled back afterwards, or named by an incident). */
  readonly failRate?: { readonly run: number; readonly felt: number };
  /** Hours from a felt failure to the next release or rollback that came live, or to the incident's end; those that go on are counted apart. */
  readonly recovery?: { readonly median?: number; readonly failures: number; readonly open: number };
  /** Of all releases and rollbacks: rollbacks, and releases with a hotfix or a revert in them. */
  readonly reworkRate?: number;
  /** Minutes: from asked for to begun, which is mostly approval, and from begun to live. */
  readonly waiting?: number;
  readonly running?: number;
}

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const REWORK = /^(revert\b|hotfix\b|fix!)/i;

/** GitHub says `inactive` of each that was replaced: no failure. A run that was repeated says `success` twice: the first one counts. */
const first = ({ states }: Deployment, ...wanted: string[]) => states.find(({ state }) => wanted.includes(state))?.at;
export const liveAt = (one: Deployment) => first(one, "success");
const failedAt = (one: Deployment) => (liveAt(one) === undefined ? first(one, "failure", "error") : undefined);

const ms = (time: string) => Date.parse(time);
const sorted = (numbers: readonly number[]) => [...numbers].sort((a, b) => a - b);
/** The smallest value that at least that share of all values does not exceed. */
export const quantile = (numbers: readonly number[], share: number): number | undefined => sorted(numbers)[Math.max(0, Math.ceil(numbers.length * share) - 1)];
const round = (number: number, digits = 2) => Number(number.toFixed(digits));

export function measure({ deployments, incidents }: Delivery, environment: string, { from, to }: Window): Measures {
  const here = deployments.filter((one) => one.environment === environment && one.at >= from && one.at <= to).sort((a, b) => a.at.localeCompare(b.at));
  // One that still waits for its approval, or whose approval was refused without a word, is neither live nor failed.
  const releases = here.filter((one) => one.kind === "release" && (liveAt(one) ?? failedAt(one)) !== undefined);
  const rollbacks = here.filter((one) => one.kind === "rollback" && liveAt(one) !== undefined);
  const live = releases.filter((one) => liveAt(one) !== undefined);
  const felt = live.filter((one) => feltBy(one, here, incidents) !== undefined);
  const times = felt.map((one) => recovered(one, here, incidents, feltBy(one, here, incidents)!));
  const over = times.filter((one) => one !== undefined);
  const lead = live
    .flatMap((one) => (one.commits ?? []).filter(({ merge, bot }) => !merge && !bot).map(({ at }) => (ms(liveAt(one)!) - ms(at)) / HOUR))
    .filter((hours) => hours >= 0);
  const begun = live.flatMap((one) => (first(one, "in_progress") === undefined ? [] : [one]));
  const weeks = (ms(to) - ms(from)) / (7 * DAY);
  const middle = quantile(over, 0.5);
  const [median, p90] = [quantile(lead, 0.5), quantile(lead, 0.9)];
  return {
    days: daysOf(releases, from, to),
    releases: live.length,
    perWeek: round(live.length / weeks),
    ...(median !== undefined && p90 !== undefined && { leadTime: { median: round(median), p90: round(p90), commits: lead.length } }),
    ...(releases.length > 0 && { failRate: { run: round((releases.length - live.length) / releases.length), felt: round(felt.length / releases.length) } }),
    ...(felt.length > 0 && { recovery: { ...(middle !== undefined && { median: round(middle) }), failures: felt.length, open: times.length - over.length } }),
    ...(live.length + rollbacks.length > 0 && { reworkRate: round((rollbacks.length + live.filter(isRework).length) / (live.length + rollbacks.length)) }),
    ...minutes(
      "waiting",
      begun.map((one) => ms(first(one, "in_progress")!) - ms(one.at)),
    ),
    ...minutes(
      "running",
      begun.map((one) => ms(liveAt(one)!) - ms(first(one, "in_progress")!)),
    ),
  };
}

const isRework = (one: Deployment) => (one.commits ?? []).some(({ subject }) => REWORK.test(subject));

function minutes<Name extends string>(name: Name, times: readonly number[]): Partial<Record<Name, number>> {
  const median = quantile(times, 0.5);
  return median === undefined ? {} : ({ [name]: round(median / 60_000, 1) } as Record<Name, number>);
}

/** When people felt that it had failed: an incident names it, or the next thing done was a rollback. */
function feltBy(one: Deployment, all: readonly Deployment[], incidents: readonly Incident[]): string | undefined {
  const incident = incidents.find(({ deployment }) => deployment === one.id);
  if (incident) return incident.openedAt;
  const next = all.find((other) => other.at > liveAt(one)! && other.kind !== "redeploy" && liveAt(other) !== undefined);
  return next?.kind === "rollback" ? liveAt(one) : undefined;
}

/** Hours, or undefined while it goes on. */
function recovered(one: Deployment, all: readonly Deployment[], incidents: readonly Incident[], since: string): number | undefined {
  const next = all
    .map(liveAt)
    .filter((at) => at !== undefined && at > since && at > liveAt(one)!)
    .sort()[0];
  const closed = incidents.find(({ deployment }) => deployment === one.id)?.closedAt;
  const end = [next, closed].filter((at) => at !== undefined).sort()[0];
  return end === undefined ? undefined : (ms(end) - ms(since)) / HOUR;
}

function daysOf(releases: readonly Deployment[], from: string, to: string): Measures["days"] {
  const days: { day: string; live: number; failed: number }[] = [];
  for (let at = ms(from.slice(0, 10)); at <= ms(to); at += DAY) {
    const day = new Date(at).toISOString().slice(0, 10);
    const on = (time: string | undefined) => time?.startsWith(day) ?? false;
    days.push({ day, live: releases.filter((one) => on(liveAt(one))).length, failed: releases.filter((one) => on(failedAt(one))).length });
  }
  return days;
}
