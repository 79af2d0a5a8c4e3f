/** `--json` of a command that tells a story: the story goes to standard error as it happens, and what came of it is one object on standard output. */
import type { ReleaseRecord } from "../release/record.ts";
import { Wrong } from "./command-line.ts";

interface JsonAnswer {
  /** The exit code. */
  readonly exit: number;
  /** What people would have read, line by line. */
  readonly said: readonly string[];
  /** The release that it was about, as `recoloca show --json` gives it. */
  readonly release?: ReleaseRecord;
}

let about: ReleaseRecord | undefined;

/** Says which release a command was about, once it has ended. */
export const wasAbout = (record: ReleaseRecord) => void (about = record);

export async function answerAsJson(work: () => Promise<number>): Promise<number> {
  const { exit, said } = await heard(work, (text) => process.stderr.write(text));
  return tell(exit, said);
}

/**
 * For a command that prints an object of its own. Where it was refused and printed words instead, they are put into an object.
 * Words before its own go to standard error.
 */
export async function ownAnswerOr(work: () => Promise<number>): Promise<number> {
  const { exit, said } = await heard(work, () => true);
  const lines = said.split("\n");
  const first = lines.findIndex((_, index) => isJson(lines.slice(index).join("\n")));
  if (first === -1) return tell(exit, said);
  process.stderr.write(
    lines
      .slice(0, first)
      .map((line) => `${line}\n`)
      .join(""),
  );
  process.stdout.write(lines.slice(first).join("\n"));
  return exit;
}

/** What it wrote to standard output, which nobody has seen yet, or why it failed. */
async function heard(work: () => Promise<number>, meanwhile: (text: string | Uint8Array) => boolean): Promise<{ exit: number; said: string }> {
  const print = process.stdout.write.bind(process.stdout);
  let said = "";
  process.stdout.write = (text: string | Uint8Array) => {
    said += typeof text === "string" ? text : Buffer.from(text).toString("utf8");
    return meanwhile(text);
  };
  const exit = await work().catch((error: unknown) => {
    process.stdout.write(`${(error as Error).message}\n`);
    return error instanceof Wrong ? 2 : 1;
  });
  process.stdout.write = print;
  return { exit, said };
}

function tell(exit: number, said: string): number {
  const answer: JsonAnswer = { exit, said: said.split("\n").filter((line) => line.trim() !== ""), ...(about && { release: about }) };
  process.stdout.write(`${JSON.stringify(answer, null, 2)}\n`);
  return exit;
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
