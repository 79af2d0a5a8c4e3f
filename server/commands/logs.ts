/** `recoloca logs` and `recoloca exec`: into the live release's services and those of the base, by the names in the Compose file. */
import { spawn, type ChildProcess } from "node:child_process";
import { createInterface } from "node:readline";
import { Wrong, type Given } from "../command-line.ts";
import { liveServices } from "../live-services.ts";
import { Store } from "../store.ts";
import { theStack } from "./which.ts";

const servicesOf = (given: Given, wanted: string | undefined) => liveServices(new Store(theStack(given)), wanted);

export async function logs(given: Given): Promise<number> {
  const { lines = "100", follow, json } = given.options;
  if (!/^\d+$/.test(String(lines))) throw new Wrong(`--lines got "${String(lines)}", wants a number`);
  const found = await servicesOf(given, given.words[0]);
  const width = Math.max(...found.map((one) => one.service.length));
  const children: ChildProcess[] = [];
  const end = () => children.forEach((child) => child.kill());
  const unwatched = follow ? whenNobodyReads(end) : () => undefined;
  const codes = await Promise.all(
    found.map(
      ({ id, service }) =>
        new Promise<number>((done, fail) => {
          const child = spawn("docker", ["logs", "--tail", String(lines), ...(follow ? ["--follow"] : []), id], { stdio: ["ignore", "pipe", "pipe"] });
          children.push(child);
          for (const output of [child.stdout, child.stderr])
            createInterface({ input: output }).on("line", (line) =>
              process.stdout.write(json ? `${JSON.stringify({ service, line })}\n` : found.length > 1 ? `${service.padEnd(width)}  ${line}\n` : `${line}\n`),
            );
          // One that is ended because nobody reads it any more has done its work.
          child.on("error", fail).on("close", (code) => done(code ?? 0));
        }),
    ),
  );
  unwatched();
  return Math.max(...codes);
}

/**
 * A connection that was cut, or a `head` that has enough, takes the other end of the output away, and nobody tells a program that has
 * nothing to write. coreutils' tail looks at it, and ends. Gives what ends the looking.
 */
function whenNobodyReads(end: () => void): () => void {
  const watcher = spawn("tail", ["--follow", `--pid=${process.pid}`, "/dev/null"], { stdio: ["ignore", "inherit", "ignore"] });
  watcher.on("error", () => undefined).on("close", end);
  const stop = () => {
    watcher.kill();
    end();
  };
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.once(signal, stop);
  return () => void watcher.kill();
}

/** With a terminal where the caller has one. Its exit code is the command's. */
export async function exec(given: Given): Promise<number> {
  const [service = "", ...command] = given.words;
  const [container] = await servicesOf(given, service);
  const terminal = process.stdin.isTTY && process.stdout.isTTY ? ["--tty"] : [];
  return new Promise((done, fail) => {
    const child = spawn("docker", ["exec", "--interactive", ...terminal, container!.id, ...command], { stdio: "inherit" });
    child.on("error", fail).on("close", (code) => done(code ?? 1));
  });
}
