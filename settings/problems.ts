/** A problem of the configuration, as a person reads it: which key, what is wrong, and the command that mends it. */
import { closest, distance } from "fastest-levenshtein";
import { quote } from "../release/shell.ts";

export interface Problem {
  /** Without the namespace: `gates[0].timeout`; or `STACK_NAME`. */
  readonly key: string;
  readonly says: string;
  /** A whole command line, or a sentence where no command mends it. */
  readonly fix?: string;
}

/** What is wrong, in the order in which it is found. */
export function noted() {
  const problems: Problem[] = [];
  const say = (key: string, says: string, fix?: string) => void problems.push({ key, says, ...(fix !== undefined && { fix }) });
  return { problems, say };
}

const COLUMN = 26;

/** In place of a key: what is wrong is how the stack is called. */
export const STACK_NAME = "";
const shown = (key: string) => (key === STACK_NAME ? "the stack's name" : `recoloca:${key}`);

export function sayProblems(stack: string, problems: readonly Problem[]): string {
  const count = problems.length === 1 ? "a problem" : `${problems.length} problems`;
  const width = Math.max(COLUMN, ...problems.map((problem) => shown(problem.key).length + 2));
  const lines = problems.map(({ key, says, fix }) => {
    const body = [...says.split("\n"), ...(fix === undefined ? [] : fix.split("\n"))];
    return body.map((text, index) => `  ${(index === 0 ? shown(key) : "").padEnd(width)}${text}`).join("\n");
  });
  return `stack ${stack} has ${count} in its configuration; nothing was changed\n\n${lines.join("\n")}\n`;
}

/** The nearest right name, when it is near enough to be what was meant. */
export function nearest(name: string, known: readonly string[]): string | undefined {
  if (known.length === 0) return undefined;
  const best = closest(name, [...known]);
  return distance(name, best) <= Math.max(2, Math.floor(name.length / 3)) ? best : undefined;
}

export const meant = (name: string, known: readonly string[]): string => {
  if (known.length === 0) return "it has none";
  const best = nearest(name, known);
  return best === undefined ? `it is one of ${[...known].sort().join(", ")}` : `did you mean "${best}"?`;
};

/** `pulumi config set`, with --path where the key is inside something, --secret where the value must not be read. */
export function setCommand(key: string, example: string, secret = false): string {
  const nested = /[.[]/.test(key);
  const quoted = nested ? `'recoloca:${key}'` : `recoloca:${key}`;
  return ["pulumi config set", nested && "--path", secret && "--secret", quoted, secret ? "" : quote(example)].filter(Boolean).join(" ");
}
