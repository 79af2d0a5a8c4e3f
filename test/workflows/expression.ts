/** Expressions of workflows, evaluated by GitHub's own library. */
import { data, Evaluator, Lexer, Parser, wellKnownFunctions } from "@actions/expressions";

/** What the status functions answer at the place of a condition. */
export interface Status {
  readonly success: boolean;
  readonly failure: boolean;
  readonly cancelled: boolean;
}
export type Contexts = Readonly<Record<string, unknown>>;

const toData = (value: unknown) => JSON.parse(JSON.stringify(value), data.reviver) as data.Dictionary;
const answer = (name: string, value: boolean) => ({ name, minArgs: 0, maxArgs: 0, call: () => new data.BooleanData(value) });

export function evaluate(text: string, contexts: Contexts, status?: Status): unknown {
  const own = status
    ? [answer("success", status.success), answer("failure", status.failure), answer("cancelled", status.cancelled), answer("always", true)]
    : [];
  // A file that a step before it has written, as far as the simulation goes.
  const files = { name: "hashFiles", minArgs: 1, maxArgs: 255, call: () => new data.StringData("hash") };
  const functions = [...own, files];
  const tree = new Parser(new Lexer(text).lex().tokens, Object.keys(contexts), [...Object.values(wellKnownFunctions), ...functions]).parse();
  const result = new Evaluator(tree, toData(contexts), new Map(functions.map((one) => [one.name.toLowerCase(), one]))).evaluate();
  return JSON.parse(JSON.stringify(result, data.replacer) ?? "null");
}

const STATUS = /\b(success|failure|cancelled|always)\s*\(/;

/** As GitHub has it: without a status function, `success()` is meant too; without a condition, it alone. */
export function holds(condition: string | undefined, contexts: Contexts, status: Status): boolean {
  const inner = condition === undefined ? "true" : condition.replace(/^\$\{\{(.*)\}\}$/s, "$1").trim();
  const value = evaluate(STATUS.test(inner) ? inner : `success() && (${inner})`, contexts, status);
  return value !== false && value !== "" && value !== 0 && value !== null;
}

/** Text with its expressions replaced by their values. */
export const fill = (text: string, contexts: Contexts): string =>
  text.replace(/\$\{\{(.*?)\}\}/gs, (_whole, inner: string) => {
    const value = evaluate(inner.trim(), contexts);
    return value === null ? "" : typeof value === "string" ? value : JSON.stringify(value);
  });
