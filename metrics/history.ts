/** What each run measured, one line of JSON each, oldest first: handed on from run to run, as GitHub's own record does not reach back for ever. Pure. */
import type { Measures } from "./dora.ts";

export interface Line {
  /** Of GitHub Actions. One that is repeated has the same. */
  readonly run: string;
  readonly at: string;
  readonly environments: Readonly<Record<string, Omit<Measures, "days">>>;
}

/** Some three years of daily runs. */
const MOST = 1000;

function read(line: string): Line | undefined {
  try {
    const { run, at, environments } = JSON.parse(line) as Partial<Line>;
    return typeof run === "string" && typeof at === "string" && typeof environments === "object" && environments !== null
      ? { run, at, environments }
      : undefined;
  } catch {
    return undefined;
  }
}

/** With this run's line, in place of one that it has already. `damaged`: how many lines could not be read and are left out. */
export function withLine(history: string, line: Line): { readonly text: string; readonly damaged: number } {
  const lines = history.split("\n").filter((one) => one.trim() !== "");
  const known = lines.map(read).filter((one) => one !== undefined);
  const kept = new Map([...known, line].map((one) => [one.run, one]));
  const text = [...kept.values()]
    .sort((one, other) => one.at.localeCompare(other.at))
    .slice(-MOST)
    .map((one) => `${JSON.stringify(one)}\n`)
    .join("");
  return { text, damaged: lines.length - known.length };
}
