/** A new value from a person: asked for without being shown, and refused before anything is changed where it cannot be the one that was meant. */
import * as readline from "node:readline";
import { Writable } from "node:stream";
import type { SecretName } from "../secrets/catalogue.ts";

const NONE = "no value was given; nothing was changed\n  it is asked for, or comes by standard input: cat FILE | make rotate SECRET=NAME";

/** How a value of several lines ends: a key's. */
const LAST_LINE = /^-----END .*-----\s*$/;
/** Milliseconds within which a paste is there whole: what comes later was typed after the answer. */
const PASTE = 100;

/**
 * From the terminal without an echo, or the next line of standard input where that is no terminal. Never an argument. `several`: all lines
 * until the last one of a key. Else a paste of more than one line is given back as it was pasted, and nothing of it is left to the shell.
 */
export async function askHidden(question: string, none = NONE, several = false): Promise<string> {
  const { stdin, stderr } = process;
  if (!stdin.isTTY) return await nextValue(none, several);
  const silent = new Writable({ write: (_chunk, _encoding, done) => done() });
  const reader = readline.createInterface({ input: stdin, output: silent, terminal: true });
  // Only now: what is pasted at the question is shown by a terminal that has not been told yet.
  stderr.write(question);
  return new Promise((done, fail) => {
    const lines: string[] = [];
    reader.on("line", (line) => {
      lines.push(line);
      if (!several) setTimeout(() => reader.close(), PASTE);
      else if (LAST_LINE.test(line)) reader.close();
    });
    reader.once("close", () => {
      stderr.write("\n");
      if (lines.length > 0) done(lines.join("\n"));
      else fail(new Error(none));
    });
  });
}

/** One reader for all questions: it has read further than the first of them. */
let piped: AsyncIterator<string> | undefined;

async function nextValue(none: string, several: boolean): Promise<string> {
  piped ??= readline.createInterface({ input: process.stdin })[Symbol.asyncIterator]();
  const lines: string[] = [];
  do {
    const next = await piped.next();
    if (next.done) break;
    lines.push(next.value);
  } while (several && !LAST_LINE.test(lines.at(-1)!));
  if (lines.length === 0) throw new Error(none);
  return lines.join("\n");
}

/** Throws where more came by standard input than was asked for: a part of a value would be taken for the whole of it. */
export async function nothingMore(): Promise<void> {
  if (!piped) return;
  // Whoever keeps standard input open has sent all that he wants to.
  const next = await Promise.race([piped.next(), new Promise<undefined>((done) => setTimeout(() => done(undefined), PASTE))]);
  if (next && !next.done && next.value !== "")
    throw new Error("more lines came by standard input than values were asked for: was more than one line copied? nothing was changed");
}

/** `yes`: agreed beforehand, as in a script. Without a terminal nobody is there to agree; `inScript`: how it is said there. */
export const agreesTo =
  (yes: boolean, inScript = "in a script: YES=1") =>
  async (question: string): Promise<boolean> => {
    if (yes) return true;
    if (!process.stdin.isTTY) throw new Error("nobody is there to agree; nothing was changed\n  " + inScript);
    const lines = readline.createInterface({ input: process.stdin, output: process.stderr });
    // Whoever leaves by Ctrl-C or Ctrl-D has not agreed.
    const answer = await new Promise<string>((done) => void lines.on("close", () => done("")).question(question, done));
    lines.close();
    return /^y(es)?$/i.test(answer.trim());
  };

/** What a value of that name begins with: `live` where people live on it, and elsewhere `test`. */
const BEGINS: Readonly<Partial<Record<SecretName, { readonly live: RegExp; readonly test: RegExp; readonly form: string }>>> = {
  STRIPE_SECRET_KEY: { live: /^(sk|rk)_live_/, test: /^(sk|rk)_test_/, form: "sk_live_… in production, sk_test_… elsewhere" },
  STRIPE_WEBHOOK_SECRET: { live: /^whsec_/, test: /^whsec_/, form: "whsec_…" },
  SENTRY_DSN: { live: /^https:\/\/[^@/]+@[^/]+(\/[^/]+)*\/\d+$/, test: /^https:\/\/[^@/]+@[^/]+(\/[^/]+)*\/\d+$/, form: "https://KEY@HOST/NUMBER" },
  SLACK_WEBHOOK_URL: { live: /^https:\/\/hooks\.slack\.com\//, test: /^https:\/\/hooks\.slack\.com\//, form: "https://hooks.slack.com/…" },
};

/** Keys whose value has several lines. */
export const LINES: readonly SecretName[] = ["INFRASTRUCTURE_APP_PRIVATE_KEY"];
const KEY = /^-----BEGIN [A-Z ]*PRIVATE KEY-----\n[^]+\n-----END [A-Z ]*PRIVATE KEY-----$/;

/** Values that are there already; undefined where there is none. */
export interface Before {
  /** The stack's: whether that is live or a test's says what the stack is. */
  readonly present: string | undefined;
  /** One that the new one may not be, as it is live. */
  readonly before: string | undefined;
}

/** What is wrong with it, or undefined. Nothing of the value is in what it says. */
export function wrongValue(
  name: SecretName,
  value: string,
  { production, present, before }: Partial<Before> & { readonly production: boolean },
): string | undefined {
  const begins = BEGINS[name];
  if (value === "") return "is empty";
  if (/[\r\n]/.test(value) && !LINES.includes(name)) return "has a line break in it: was more than one line copied?";
  if (LINES.includes(name) && !KEY.test(value)) return "is no whole private key: wants all of its lines, from -----BEGIN to -----END";
  if (value !== value.trim()) return "begins or ends with a space";
  if (/^(["'`]).*\1$/s.test(value)) return "is between quotes, which would be part of it: without them";
  if (value === before) return "is the one that the stack has already: a new one is wanted";
  if (!begins) return undefined;
  const { live, test } = begins;
  const kinds = (one: string) => ({ live: live.test(one), test: test.test(one) });
  const was = kinds(present ?? "");
  // A stack of another name may be one that people live on: what it has says more of it.
  const bySelf = !production && was.live !== was.test;
  const isLive = bySelf ? was.live : production;
  const is = kinds(value);
  if (isLive ? is.live : is.test) return undefined;
  if (is.live || is.test) {
    const why = bySelf
      ? `the one that the stack has is not (the other kind, on purpose: pulumi config set --path --secret recoloca:secrets.${name})`
      : isLive
        ? "this is production"
        : "this is not production";
    return `is a ${is.live ? "live" : "test"} key, and ${why}`;
  }
  return `is none: wants ${begins.form}`;
}
