/** Of what was measured, what somebody is to hear of: once when it has been too much for long enough, and once when it is over. Pure. */
import { ALARMS, type Metric } from "../release/metrics.ts";
import type { Limits } from "../release/observation.ts";
import type { Measured } from "./measured.ts";
import type { Memory } from "./observation.ts";

export interface News {
  readonly metric: Metric;
  readonly over: boolean;
  readonly text: string;
}

const NOUNS: Readonly<Partial<Record<Metric, string>>> = {
  disk: "the disk",
  memory: "the memory",
  errors: "failed requests",
  unhealthy: "the live release",
  backup: "the backups",
  drill: "the drills",
};

export function newsOf(
  stack: string,
  { figures, words }: Pick<Measured, "figures" | "words">,
  limits: Limits,
  before: Memory["alarms"],
): { news: readonly News[]; alarms: Memory["alarms"] } {
  const news: News[] = [];
  const alarms: Partial<Record<Metric, { looks: number; told: boolean }>> = {};
  for (const metric of Object.keys(NOUNS) as Metric[]) {
    const { limit, minutes } = ALARMS[metric]!;
    const figure = figures[metric];
    const old = before[metric] ?? { looks: 0, told: false };
    const above = figure !== undefined && figure > limit(limits);
    // A backup or a drill that failed was told when it did, and is no end of one that was late; that one is late, nobody else tells.
    const failed = above && (metric === "backup" || metric === "drill") && words[metric] === undefined;
    // What could not be measured now is as it was.
    if (figure === undefined || failed) {
      if (before[metric]) alarms[metric] = old;
      continue;
    }
    if (!above) {
      if (old.told) news.push({ metric, over: true, text: `${stack}: ${NOUNS[metric]}: over, ${sayFigure(metric, figure)}` });
      continue;
    }
    const looks = old.looks + 1;
    const tells = !old.told && looks >= minutes;
    alarms[metric] = { looks, told: old.told || tells };
    if (tells)
      news.push({ metric, over: false, text: words[metric] ?? `${stack}: ${NOUNS[metric]}: ${sayFigure(metric, figure)}, the limit is ${limit(limits)} %` });
  }
  return { news, alarms };
}

/**
 * With what nobody has taken so far, because a webhook was down. What ended before anybody had heard of it is told to nobody: neither
 * that it began nor that it is over.
 */
export function withUnheard(unheard: readonly News[], news: readonly News[]): News[] {
  const isIn = (others: readonly News[], one: News) => others.some(({ metric }) => metric === one.metric);
  const begun = unheard.filter(({ over }) => !over);
  return [...unheard.filter((one) => !isIn(news, one)), ...news.filter((one) => !(one.over && isIn(begun, one)))];
}

function sayFigure(metric: Metric, figure: number): string {
  if (metric === "errors") return `${figure.toFixed(1)} % in 5 minutes`;
  if (metric === "disk" || metric === "memory") return `${Math.round(figure)} % used`;
  return "as it should be";
}
