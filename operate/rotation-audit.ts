/** What a rotation tells afterwards: who, which secret, from which generation to which, how old it had become and is now, how it was proven, how it ended. Never a value. */
import type { SecretName } from "../secrets/catalogue.ts";
import type { Step } from "./rotation-choice.ts";

export interface Audited {
  readonly name: SecretName;
  readonly how: Step["how"];
  readonly from: number;
  readonly to: number;
  /** Days; undefined where nobody knew. */
  readonly age: number | undefined;
  /** Days that what is live afterwards has been in use. */
  readonly newAge: number | undefined;
  /** How the new one was proven; undefined where it was not. */
  readonly verified: string | undefined;
  readonly outcome: "renewed" | "ended" | "failed";
  /** Why it failed, or what is left to do; one line. */
  readonly reason?: string | undefined;
}

/** One that is due and was not renewed here: why, and the command or the way that renews it. */
export interface Left {
  readonly says: string;
  readonly how: string;
}

const HEAD = ["secret", "generation", "age before", "age after", "proven by", "outcome"];

const sayAge = (days: number | undefined) => (days === undefined ? "not known" : `${days}d`);

const cells = ({ name, from, to, age, newAge, verified, outcome, reason }: Audited): string[] => [
  name,
  from === to ? String(to) : `${from} → ${to}`,
  sayAge(age),
  sayAge(newAge),
  verified ?? "–",
  reason === undefined ? outcome : `${outcome}: ${reason}`,
];

/** For the console. */
export function auditLines(all: readonly Audited[]): string[] {
  const rows = [HEAD, ...all.map(cells)];
  const widths = HEAD.map((_, index) => Math.max(...rows.map((row) => row[index]!.length)));
  return rows.map((row) => ` ${row.map((cell, index) => cell.padEnd(widths[index]!)).join("  ")}`.trimEnd());
}

/** For a job's summary: Markdown. `left`: what is due all the same. */
export function auditSummary(stack: string, who: string, all: readonly Audited[], left: readonly Left[]): string {
  const row = (texts: readonly string[]) => `| ${texts.map((text) => text.replaceAll("|", "\\|")).join(" | ")} |`;
  const none = left.length > 0 ? "Nothing was renewed." : "Nothing was due.";
  const table = all.length === 0 ? none : [row(HEAD), row(HEAD.map(() => "---")), ...all.map((one) => row(cells(one)))].join("\n");
  return `### Secrets of ${stack}\n\nBy ${who}\n\n${table}\n${left.length > 0 ? `\n${left.map(({ says, how }) => `- ${says}: ${how}`).join("\n")}\n` : ""}`;
}
