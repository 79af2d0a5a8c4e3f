/** age's private key for a command that reads it: from a file, a hidden question or standard input, and from there by standard input alone. */
import * as fs from "node:fs";
import { buffer } from "node:stream/consumers";
import { backupKeysIn } from "../release/backup-key.ts";
import { askHidden } from "./new-value.ts";

/** Bytes; a key has 74, and somebody may keep many in one file. */
const MOST = 65_536;

export interface Asker {
  /** Asks without showing what is typed. */
  readonly ask: (question: string, none: string) => Promise<string>;
  /** Whatever comes by standard input; undefined where that is a terminal. */
  readonly piped: (() => Promise<string>) | undefined;
}

const person: Asker = {
  ask: askHidden,
  piped: process.stdin.isTTY ? undefined : async () => (await buffer(process.stdin)).toString("utf8"),
};

/**
 * What a command's `--identity -` is to read, one key a line.
 * @param named a file, or - for a question; in a script, for standard input
 * @param command as a person calls it, for the errors: `make drill STACK=production`
 */
export async function backupKeys(named: string, command: string, { ask, piped }: Asker = person): Promise<string> {
  const again = `${command} IDENTITY=KEY_FILE   or IDENTITY=-, which asks for it without showing it`;
  if (/AGE-SECRET-KEY-/i.test(named))
    throw new Error(
      "IDENTITY got a key itself, wants the name of its file, or -; nothing was sent\n" +
        "  it has been where others could see it, in the list of processes and perhaps in the shell's history: make a new pair, docs/backups.md\n" +
        `  ${again}`,
    );
  const [text, what] =
    named !== "-" ? [contentOf(named, again), named] : piped ? [await piped(), "what came on standard input"] : [await asked(ask), "what was typed"];
  const found = backupKeysIn(text, `${command} IDENTITY=-`);
  if ("problem" in found) throw new Error(`age's private key: ${what} ${found.problem}; nothing was sent\n  ${found.fix}\n  ${again}`);
  return found.keys;
}

const asked = (ask: Asker["ask"]) => ask("age's private key (AGE-SECRET-KEY-1…, not shown): ", "no key was given; nothing was sent");

function contentOf(file: string, again: string): string {
  const refuse = (why: string) => new Error(`IDENTITY got "${file}", ${why}; nothing was sent\n  ${again}`);
  try {
    const { size } = fs.statSync(file);
    if (size > MOST) throw refuse(`which has ${size} bytes and is no private key of age`);
    return fs.readFileSync(file, "utf8");
  } catch (error) {
    const why = { ENOENT: "which is not there", EISDIR: "which is a folder", EACCES: "which you may not read" }[(error as NodeJS.ErrnoException).code ?? ""];
    throw why === undefined ? error : refuse(why);
  }
}
