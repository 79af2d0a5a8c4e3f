/** What a person reads of a release: rendered from journal lines here and nowhere else, so that no two places disagree. */
import { sayDuration } from "../release/duration.ts";
import type { Outcome } from "../release/outcome.ts";
import { OUTCOMES } from "../release/outcome.ts";
import type { Provenance } from "../release/plan.ts";
import type { JournalLine, ReleaseRecord } from "../release/record.ts";
import type { Pruned } from "./prune.ts";

const LABEL = 14;

/** ` by Ana, run 8841`, or nothing. */
export function byWhom({ actor, run }: Pick<Provenance, "actor" | "run">): string {
  const who = [actor && `by ${actor}`, run && `run ${run}`].filter(Boolean).join(", ");
  return who && ` ${who}`;
}

export function renderHead(record: Pick<ReleaseRecord, "number" | "release" | "provenance">): string {
  const { commit, reason } = record.provenance;
  const by = [byWhom(record.provenance).trim(), commit && `commit ${commit.slice(0, 12)}`].filter(Boolean).join(", ");
  const head = [` release ${record.number}`, record.release, by].filter(Boolean).join("  ");
  return reason === undefined ? head : `${head}: ${reason}`;
}

/** Empty for a line that is not for people. */
export function renderLine(line: JournalLine): string {
  if (line.text === "") return "";
  const head = `${sayDuration(line.after).padStart(6)}  ${line.text}`;
  const more = (line.more ?? []).flatMap(([label, text]) =>
    text.split("\n").map((part, index) => `        ${(index === 0 ? label : "").padEnd(LABEL)}${part}`),
  );
  return [head, ...more].map((part) => clip(part)).join("\n");
}

/** The command provider stops reading at a line of 64 KiB; a person stops long before. */
const clip = (line: string) => (line.length > 400 ? `${line.slice(0, 399)}…` : line);

export function renderEnd(record: ReleaseRecord, outcome: Outcome): string {
  const { exit, says } = OUTCOMES[outcome];
  if (outcome === "live") return "";
  const what = { refused: "Nothing was changed.", failed: "Nothing to repair.", "rolled-back": "Nothing to repair.", stuck: "Look at it now." }[outcome];
  return `\n outcome: ${says} (exit ${exit}). ${what} Full story: recoloca show ${record.number}`;
}

export const firstLine = (text = "") => text.split("\n")[0]!;

/** A schema's revision; before the first migration it has none. */
export const sayRevision = (revision: string) => (revision === "" ? "empty" : revision);

export const sayBytes = (bytes: number) => {
  const units = ["bytes", "kB", "MB", "GB", "TB"];
  // 999,999 is 1.00 MB in three digits.
  const rounded = Number(bytes.toPrecision(3));
  const power = Math.min(units.length - 1, bytes < 1000 ? 0 : Math.floor(Math.log10(rounded) / 3));
  return power === 0 ? `${bytes} bytes` : `${(bytes / 1000 ** power).toPrecision(3)} ${units[power]}`;
};

const AGO: readonly [number, string][] = [
  [86400, "d"],
  [3600, "h"],
  [60, "m"],
];

export function ago(since: string, now = Date.now()): string {
  const seconds = Math.max(0, (now - Date.parse(since)) / 1000);
  for (const [unit, letter] of AGO) if (seconds >= unit) return `${Math.floor(seconds / unit)}${letter}`;
  return `${Math.floor(seconds)}s`;
}

/** Empty where nothing was. */
export function sayPruned({ images, bytes, backups, records }: Pruned): string {
  const count = (number: number, what: string) => number > 0 && `${number} ${what}${number === 1 ? "" : "s"}`;
  const said = [images > 0 && `${count(images, "image")} (${sayBytes(bytes)})`, count(backups.length, "backup"), count(records, "old record")].filter(Boolean);
  return said.length === 0 ? "" : `removed ${said.join(", ")}`;
}
