/** A copy of the sample application in which the workflows' own commands are run, with the packages that it locks. */
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { ownersOptions } from "../../operate/workflow-files.ts";
import { cacheFolder, checkout } from "../../tools/cache.ts";
import { workflowFiles } from "../../workflows/index.ts";
import { runScript, script, variables, type Ended } from "./scripts.ts";

const options = ownersOptions();
export const files = workflowFiles(options);
export const { application } = options;

interface Run {
  /** @default ci.yml */
  readonly from?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Shell of each program that stands in. */
  readonly programs?: Readonly<Record<string, string>>;
  /** What is not as it would be on GitHub's machine, such as a port. */
  readonly rewrite?: (text: string) => string;
}

export interface Copy {
  /** Runs a step of a job in this folder of the repository, with those of its variables that the file has values of. */
  run(folder: string, job: string, step: string, more?: Run): Ended;
  /** Writes a file of the copy, from its root; `with` is given what is there. */
  write(file: string, text: string | ((now: string) => string)): void;
  read(file: string): string;
  remove(file: string): void;
}

const MADE = new Set(["node_modules", "coverage", "test-results", "playwright-report", "__pycache__", ".mypy_cache", ".pytest_cache", ".ruff_cache"]);

/** The packages are installed once for each content of the lock files, by the workflow's own step, and kept for the next checkout. */
export function copyOfTheApplication(): Copy {
  const root = fs.mkdtempSync(path.join(os.tmpdir(), "application-"));
  fs.cpSync(path.join(checkout, "application"), path.join(root, "application"), { recursive: true, filter: (from) => !MADE.has(path.basename(from)) });
  const { backend, frontend, e2e } = application;
  const python = pythonPackages(path.join(root, backend.folder));
  for (const [folder, job] of [
    [frontend.folder, "lint-frontend"],
    [e2e, "lint-e2e"],
  ] as const)
    fs.symlinkSync(path.join(nodePackages(path.join(root, folder), job), "node_modules"), path.join(root, folder, "node_modules"));
  const always = {
    PATH: `${path.join(python, "bin")}:${path.dirname(process.execPath)}:${process.env["PATH"]}`,
    // What mypy knows of the packages is good for each copy.
    MYPY_CACHE_DIR: path.join(python, "mypy"),
  };
  return {
    run: (folder, job, step, { from = "ci.yml", env = {}, programs = {}, rewrite = (text: string) => text } = {}) => {
      const given = Object.entries(variables(files, from, job, step)).filter(([, value]) => !value.includes("${{"));
      const own = Object.fromEntries(given.map(([name, value]) => [name, rewrite(value)]));
      return runScript(rewrite(script(files, from, job, step)), { folder: path.join(root, folder), env: { ...always, ...own, ...env }, programs });
    },
    read: (file) => fs.readFileSync(path.join(root, file), "utf8"),
    write: (file, text) => {
      const full = path.join(root, file);
      fs.writeFileSync(full, typeof text === "string" ? text : text(fs.readFileSync(full, "utf8")));
    },
    remove: (file) => fs.rmSync(path.join(root, file)),
  };
}

/** An environment with the backend's requirements; its `bin` is to be first on PATH. */
function pythonPackages(folder: string): string {
  return installed("sample-python", folder, ["requirements.txt", "requirements-dev.txt"], (made) => {
    execFileSync("python3", ["-m", "venv", made]);
    return { job: "lint-backend", PATH: `${path.join(made, "bin")}:${process.env["PATH"]}` };
  });
}

const nodePackages = (folder: string, job: string) =>
  installed("sample-node", folder, ["package.json", "package-lock.json"], () => ({ job, PATH: process.env["PATH"]! }));

/** What is left of an interrupted installation is not taken for a finished one. */
function installed(kind: string, folder: string, locks: readonly string[], prepare: (made: string) => { job: string; PATH: string }): string {
  const hash = createHash("sha256");
  for (const lock of locks) hash.update(fs.readFileSync(path.join(folder, lock)));
  const made = cacheFolder(`${kind}-${hash.digest("hex").slice(0, 12)}`);
  const finished = path.join(made, ".installed");
  if (fs.existsSync(finished)) return made;
  fs.rmSync(made, { recursive: true, force: true });
  fs.mkdirSync(made, { recursive: true });
  for (const lock of locks) fs.copyFileSync(path.join(folder, lock), path.join(made, lock));
  const { job, PATH } = prepare(made);
  const { code, said } = runScript(script(files, "ci.yml", job, "Install packages"), { folder: made, env: { ...process.env, PATH } });
  if (code !== 0) throw new Error(`the packages of ${path.relative(os.tmpdir(), folder)} cannot be installed\n${said}`);
  fs.writeFileSync(finished, "");
  return made;
}
