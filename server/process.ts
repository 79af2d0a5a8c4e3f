/** Runs a program and gives what it said. Arguments are arrays, secrets go by `input` or `env`, never by argument. */
import { spawn } from "node:child_process";

export interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly input?: string;
  readonly env?: Record<string, string>;
  readonly cwd?: string;
  /** Seconds; then SIGKILL and code 124. @default 60 */
  readonly timeout?: number;
}

export type Run = (program: string, args: readonly string[], options?: RunOptions) => Promise<Ran>;

export const run: Run = (program, args, options = {}) =>
  new Promise((done) => {
    const child = spawn(program, args, {
      cwd: options.cwd,
      env: { ...process.env, ...options.env },
      stdio: [options.input === undefined ? "ignore" : "pipe", "pipe", "pipe"],
    });
    let stdout = "";
    let stderr = "";
    let late = false;
    const timer = setTimeout(
      () => {
        late = true;
        child.kill("SIGKILL");
      },
      (options.timeout ?? 60) * 1000,
    );
    child.stdout!.setEncoding("utf8").on("data", (text: string) => (stdout += text));
    child.stderr!.setEncoding("utf8").on("data", (text: string) => (stderr += text));
    child.on("error", (error) => {
      clearTimeout(timer);
      done({ code: 127, stdout, stderr: `${program}: ${error.message}` });
    });
    child.on("close", (code) => {
      clearTimeout(timer);
      done({ code: late ? 124 : (code ?? 1), stdout, stderr: late ? `${stderr}\ngave no answer in ${options.timeout ?? 60}s` : stderr });
    });
    if (options.input !== undefined) child.stdin!.on("error", () => undefined).end(options.input);
  });

/** Like `run`, for a program that must succeed: throws what it said. */
export async function must(program: string, args: readonly string[], options: RunOptions = {}): Promise<string> {
  const ran = await run(program, args, options);
  if (ran.code !== 0) throw new Error(`${program} ${args[0] ?? ""}: ${lastLines(ran.stderr || ran.stdout, 5) || `exit ${ran.code}`}`);
  return ran.stdout;
}

export const lastLines = (text: string, count: number) => text.trim().split("\n").slice(-count).join("\n");

export const sleep = (milliseconds: number) => new Promise<void>((done) => setTimeout(done, milliseconds));
