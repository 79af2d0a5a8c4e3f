/** The lines that a person sees while it works: one a step, with its time. */
import { sayDuration } from "../release/duration.ts";

const terminal = process.stdout.isTTY && !process.env["NO_COLOR"];
const DONE = terminal ? "\r\x1b[2K \x1b[32m✓\x1b[0m " : " ✓ ";
const FAILED = terminal ? "\r\x1b[2K \x1b[31m✗\x1b[0m " : " ✗ ";

/** `good`: whether a step that came to its end did what it was for. */
export async function step<T>(
  name: string,
  work: (say: (line: string) => void) => Promise<T>,
  says: (result: T) => string,
  good: (result: T) => boolean = () => true,
): Promise<T> {
  const start = performance.now();
  const label = name.padEnd(17);
  if (terminal) process.stdout.write(` … ${label}`);
  const say = (line: string) => process.stdout.write(terminal ? `\r\x1b[2K   ${line}\n … ${label}` : `   ${line}\n`);
  try {
    const result = await work(say);
    const time = sayDuration((performance.now() - start) / 1000);
    process.stdout.write(`${good(result) ? DONE : FAILED}${label}${says(result).padEnd(62)} ${time}\n`);
    return result;
  } catch (error) {
    process.stdout.write(`${FAILED}${label}failed\n`);
    throw error;
  }
}
