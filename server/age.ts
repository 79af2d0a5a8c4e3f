/** Encryption by age (https://age-encryption.org): only here, so that what is encrypted how is seen in one place. */
import { spawn, type ChildProcess } from "node:child_process";
import type { Readable, Writable } from "node:stream";
import { pipeline } from "node:stream/promises";

/** Reads clear text on its standard input; a public key may stand in an argument. */
export const encryption = (recipient: string): ChildProcess => spawn("age", ["--encrypt", "--recipient", recipient], { stdio: ["pipe", "pipe", "pipe"] });

/**
 * Reads what is encrypted on its standard input. The private key goes by a pipe, never by an argument or a file; the shell makes
 * that pipe, because what Node calls one is a socket, which age cannot open by its name.
 */
const DECRYPT = "exec 5<&0; cat <&3 | { exec 4<&0 0<&5 5<&-; exec age --decrypt --identity /dev/fd/4; }";

export function decryption(identity: string): ChildProcess {
  const child = spawn("sh", ["-c", DECRYPT], { stdio: ["pipe", "pipe", "pipe", "pipe"] });
  const key = child.stdio[3] as NodeJS.WritableStream;
  // One that ends before it has read its key says why by itself.
  key.on("error", () => undefined);
  key.end(identity);
  return child;
}

/**
 * From where it is to where it goes, through age. Where age refuses, both pipes break as well, and now and then they are heard of
 * first: what age said itself is why. It says nothing where a broken pipe is what ended it.
 */
export async function through(age: ChildProcess, source: Readable, sink: Writable): Promise<void> {
  let said = "";
  (age.stderr as Readable).setEncoding("utf8").on("data", (text: string) => (said += text));
  const ended = new Promise<number>((done, fail) => age.on("error", fail).on("close", (code) => done(code ?? 1)));
  const [own, ...pipes] = await Promise.allSettled([ended, pipeline(source, age.stdin!), pipeline(age.stdout!, sink)]);
  if (own.status === "rejected") throw new Error(`age: ${(own.reason as Error).message}`);
  if (own.value !== 0 && said !== "") throw new Error(`age: ${said.split("\n")[0]}`);
  const broken = pipes.find((pipe) => pipe.status === "rejected");
  if (broken) throw broken.reason;
  if (own.value !== 0) throw new Error(`age: exit code ${own.value}`);
}
