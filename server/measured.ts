/** One look at a stack and its host: what `doctor` and `status` know, as figures. */
import type { Figures, Metric } from "../release/metrics.ts";
import { backupFigures } from "./backup-figures.ts";
import { OVERDUE, left, lifeOf, sayCertificate, certificateOf } from "./certificates.ts";
import { certifiedHere } from "./certify.ts";
import { Edge, answersSince, storedEdge, type Answers } from "./edge.ts";
import type { Finding } from "./finding.ts";
import { foldersThatFill, loadNow, memoryNow, usedOf } from "./host-figures.ts";
import type { Memory } from "./observation.ts";
import { releaseFindings } from "./release-findings.ts";
import type { LiveRelease, Store } from "./store.ts";

export interface Measured {
  /** Those that there are: a stack without backups has no age of one. */
  readonly figures: Figures;
  /** What is wrong, in the words of `doctor`, where a figure alone does not say it. */
  readonly words: Readonly<Partial<Record<Metric, string>>>;
  readonly counted: Memory["counted"];
  readonly minutes: Memory["minutes"];
}

/** Minutes that the share of failed requests is of. */
const WINDOW = 5;
/** Requests of which a share says something: one of two is no outage. */
const ENOUGH = 10;

export async function measure(store: Store, before: Memory | undefined): Promise<Measured> {
  const { live } = store.state();
  const [host, answers, release, backups] = await Promise.all([hostFigures(), answersOf(store, live, before), releaseOf(store, live), backupsOf(store, live)]);
  const certificates = certificatesOf(store.stack);
  const parts = [release, backups, certificates];
  return {
    figures: rounded(Object.assign({}, host, answers.figures, ...parts.map(({ figures }) => figures)) as Figures),
    words: Object.assign({}, ...parts.map(({ words }) => words)) as Measured["words"],
    counted: answers.counted,
    minutes: answers.minutes,
  };
}

/** To a hundredth: more is noise, and paid for. */
const rounded = (figures: Figures): Figures => Object.fromEntries(Object.entries(figures).map(([key, figure]) => [key, Math.round(figure * 100) / 100]));

export type Part = Pick<Measured, "figures" | "words">;
const NOTHING: Part = { figures: {}, words: {} };

async function hostFigures(): Promise<Figures> {
  const { available, whole } = memoryNow();
  const disks = (await foldersThatFill()).map(usedOf);
  return { ...(disks.length > 0 && { disk: Math.max(...disks) }), memory: 100 * (1 - available / whole), load: loadNow() };
}

async function answersOf(store: Store, live: LiveRelease | null, before: Memory | undefined): Promise<Pick<Measured, "figures" | "counted" | "minutes">> {
  const stored = storedEdge(store.stack);
  // An edge that does not answer is a finding of the release.
  const now = live && stored ? await new Edge(stored).answers(live.slot).catch(() => undefined) : undefined;
  if (!live || !now) return { figures: {}, counted: undefined, minutes: [] };
  return { ...shareOf(now, live, before), counted: { slot: live.slot, all: now.all, failed: now.failed } };
}

/** A release that has come since the last look is counted from the moment when it got the traffic. */
export function shareOf(now: Answers, live: LiveRelease, before: Pick<Memory, "counted" | "minutes"> | undefined): Pick<Measured, "figures" | "minutes"> {
  const last = before?.counted?.slot === live.slot ? before.counted : live.answers;
  // At the very first look nobody knows when HAProxy began to count.
  const { all, failed } = last || before ? answersSince(last, now) : { all: 0, failed: 0 };
  const minutes = [{ all, failed }, ...(before?.minutes ?? [])].slice(0, WINDOW);
  const sum = (key: "all" | "failed") => minutes.reduce((total, minute) => total + minute[key], 0);
  const errors = sum("all") < ENOUGH ? 0 : (100 * sum("failed")) / sum("all");
  return { figures: { requests: all, errors }, minutes };
}

async function releaseOf(store: Store, live: LiveRelease | null): Promise<Part> {
  if (!live) return NOTHING;
  const found = await releaseFindings(store.stack, live.slot).catch((error: Error): Finding[] => [
    { what: `${store.stack}: the release could not be looked at: ${error.message}`, fix: "recoloca doctor" },
  ]);
  return { figures: { unhealthy: found.length }, words: found.length === 0 ? {} : { unhealthy: found.map(({ what }) => what).join("; ") } };
}

async function backupsOf(store: Store, live: LiveRelease | null): Promise<Part> {
  const backup = live && store.plan(live.number).backup;
  return backup ? backupFigures(store, backup) : NOTHING;
}

function certificatesOf(stack: string): Part {
  const names = certifiedHere().filter((one) => one.stack === stack);
  const lives = names.map(({ name }) => ({ name, life: lifeOf(name) }));
  const ends = lives.flatMap(({ life }) => (life ? [Math.round((life.until - Date.now()) / 1000)] : []));
  const overdue = lives.filter(({ life }) => life && left(life) < OVERDUE);
  if (ends.length === 0) return NOTHING;
  return {
    figures: { certificateLeft: Math.min(...ends), certificate: Number(overdue.length > 0) },
    words: overdue.length > 0 ? { certificate: `${stack}: certificate ${sayCertificate(certificateOf(overdue[0]!.name))}` } : {},
  };
}
