/** Runs a program of this machine and gives what it printed, or throws what it said. */
import { spawn } from "node:child_process";

export interface Options {
  readonly input?: string | NodeJS.ReadableStream;
  readonly env?: NodeJS.ProcessEnv;
  readonly cwd?: string;
  readonly onLine?: (line: string) => void;
}

export interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly output: string;
}

export function attempt(program: string, args: readonly string[], options: Options = {}): Promise<Ran> {
  return new Promise((done, fail) => {
    const child = spawn(program, args, {
      cwd: options.cwd,
      env: options.env ?? process.env,
      stdio: [options.input === undefined ? "ignore" : "pipe", "pipe", "pipe"],
    });
    let stdout = "";
    let output = "";
    let pending = "";
    const take = (text: string) => {
      output += text;
      if (!options.onLine) return;
      const lines = (pending + text).split("\n");
      pending = lines.pop() ?? "";
      lines.forEach(options.onLine);
    };
    child.stdout!.setEncoding("utf8").on("data", (text: string) => {
      stdout += text;
      take(text);
    });
    child.stderr!.setEncoding("utf8").on("data", take);
    child.on("error", fail);
    child.on("close", (code) => done({ code: code ?? 1, stdout, output }));
    if (typeof options.input === "string") child.stdin!.on("error", () => undefined).end(options.input);
    else if (options.input) options.input.pipe(child.stdin!.on("error", () => undefined));
  });
}

export async function must(program: string, args: readonly string[], options: Options = {}): Promise<string> {
  const ran = await attempt(program, args, options);
  if (ran.code !== 0) throw new Error(`${program} ${args.slice(0, 3).join(" ")}: exit ${ran.code}\n${ran.output.trim().split("\n").slice(-15).join("\n")}`);
  return ran.stdout;
}

export const sleep = (milliseconds: number) => new Promise<void>((done) => setTimeout(done, milliseconds));

/** Asks until the answer is yes. */
export async function until(what: string, seconds: number, yes: () => Promise<boolean>): Promise<void> {
  const limit = Date.now() + seconds * 1000;
  while (!(await yes())) {
    if (Date.now() > limit) throw new Error(`${what}: not within ${seconds}s`);
    await sleep(100);
  }
}
