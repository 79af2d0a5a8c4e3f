/** Runs a step's own script, as the runner would, with programs that stand in for those it must not reach. */
import { spawnSync } from "node:child_process";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { parse } from "yaml";
import type { File } from "../../workflows/index.ts";

interface Given {
  /** As the step and the runner would have it. */
  readonly env?: Readonly<Record<string, string>>;
  /** Shell of each program that stands in: `gh`, `docker`. Found before any other. */
  readonly programs?: Readonly<Record<string, string>>;
  /** Files that are in the working folder. */
  readonly files?: Readonly<Record<string, string>>;
  /** A folder that is there already. @default a new one */
  readonly folder?: string;
}

export interface Ended {
  readonly code: number;
  readonly said: string;
  readonly summary: string;
  readonly outputs: Readonly<Record<string, string>>;
  readonly folder: string;
}

/** The first step that has a script and whose name begins so. */
function found(files: readonly File[], file: string, job: string, step: string): { readonly run: string; readonly env?: Record<string, string> } {
  const { jobs } = parse(files.find(({ path: name }) => name.endsWith(`/${file}`))!.text) as {
    jobs: Record<string, { steps: { name: string; run?: string; env?: Record<string, string> }[] }>;
  };
  const one = jobs[job]!.steps.find(({ name, run }) => name.startsWith(step) && run !== undefined);
  if (!one) throw new Error(`${file}/${job} has no step "${step}"`);
  return { ...one, run: one.run! };
}

/** The script of a step: `script(files, "ci.yml", "required", "Everything")`. */
export const script = (...step: Parameters<typeof found>): string => found(...step).run;

/** Its variables, as they stand in the file. */
export const variables = (...step: Parameters<typeof found>): Readonly<Record<string, string>> => found(...step).env ?? {};

export function runScript(text: string, { env = {}, programs = {}, files = {}, folder = fs.mkdtempSync(path.join(os.tmpdir(), "step-")) }: Given = {}): Ended {
  const runner = fs.mkdtempSync(path.join(os.tmpdir(), "runner-"));
  const place = (name: string) => path.join(runner, name);
  fs.mkdirSync(place("bin"));
  for (const [name, body] of Object.entries(programs)) fs.writeFileSync(path.join(place("bin"), name), `#!/bin/bash\n${body}\n`, { mode: 0o755 });
  for (const [name, body] of Object.entries(files)) {
    fs.mkdirSync(path.dirname(path.join(folder, name)), { recursive: true });
    fs.writeFileSync(path.join(folder, name), body);
  }
  for (const name of ["summary", "output", "env", "script.sh"]) fs.writeFileSync(place(name), name === "script.sh" ? text : "");
  const { status, stdout, stderr } = spawnSync("bash", ["--noprofile", "--norc", "-euo", "pipefail", place("script.sh")], {
    cwd: folder,
    encoding: "utf8",
    env: {
      HOME: runner,
      RUNNER_TEMP: runner,
      GITHUB_WORKSPACE: folder,
      GITHUB_STEP_SUMMARY: place("summary"),
      GITHUB_OUTPUT: place("output"),
      GITHUB_ENV: place("env"),
      GITHUB_SERVER_URL: "https://github.com",
      ...env,
      PATH: `${place("bin")}:${env["PATH"] ?? process.env["PATH"]}`,
    },
  });
  const read = (name: string) => fs.readFileSync(place(name), "utf8");
  const outputs = Object.fromEntries(
    read("output")
      .split("\n")
      .filter(Boolean)
      .map((line) => [line.slice(0, line.indexOf("=")), line.slice(line.indexOf("=") + 1)]),
  );
  return { code: status ?? -1, said: stdout + stderr, summary: read("summary"), outputs, folder };
}
