/** What a rotation tells afterwards: who, which secret, from which generation to which, how old it had become, how it was proven, how it ended. Never a value. */
import type { SecretName } from "../secrets/catalogue.ts";
import type { Step } from "./rotation-choice.ts";

export interface Audited {
  readonly name: SecretName;
  readonly how: Step["how"];
  readonly from: number;
  readonly to: number;
  /** Days; undefined where nobody knew. */
  readonly age: number | undefined;
  /** How the new one was proven; undefined where it was not. */
  readonly verified: string | undefined;
  readonly outcome: "renewed" | "ended" | "failed";
  /** Why it failed, or what is left to do; one line. */
  readonly reason?: string | undefined;
}

const HEAD = ["secret", "generation", "age before", "proven by", "outcome"];

const cells = ({ name, from, to, age, verified, outcome, reason }: Audited): string[] => [
  name,
  from === to ? String(to) : `${from} → ${to}`,
  age === undefined ? "not known" : `${age}d`,
  verified ?? "–",
  reason === undefined ? outcome : `${outcome}: ${reason}`,
];

/** For the console. */
export function auditLines(all: readonly Audited[]): string[] {
  const rows = [HEAD, ...all.map(cells)];
  const widths = HEAD.map((_, index) => Math.max(...rows.map((row) => row[index]!.length)));
  return rows.map((row) => ` ${row.map((cell, index) => cell.padEnd(widths[index]!)).join("  ")}`.trimEnd());
}

/** For a job's summary: Markdown. */
export function auditSummary(stack: string, who: string, all: readonly Audited[], remind: readonly string[]): string {
  const row = (texts: readonly string[]) => `| ${texts.map((text) => text.replaceAll("|", "\\|")).join(" | ")} |`;
  const table = all.length === 0 ? "Nothing was due." : [row(HEAD), row(HEAD.map(() => "---")), ...all.map((one) => row(cells(one)))].join("\n");
  return `### Secrets of ${stack}\n\nBy ${who}\n\n${table}\n${remind.length > 0 ? `\nOnly a person can renew: ${remind.join(", ")}\n` : ""}`;
}
