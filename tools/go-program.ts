/** Programs of pinned Go modules, built once and kept for the next checkout. */
import { execFile } from "node:child_process";
import * as fs from "node:fs";
import * as path from "node:path";
import { promisify } from "node:util";
import { cacheFolder, checkout } from "./cache.ts";

export interface GoProgram {
  readonly name: string;
  readonly version: string;
  readonly package: string;
  readonly flags?: readonly string[];
  /** How long the first build takes, for the person who waits: `about four minutes`. */
  readonly takes: string;
}

/** Builds aside and renames: an interrupted build leaves nothing that looks finished. The module is `tools/<name>/go.mod`. */
export async function goProgram(program: GoProgram, log: (line: string) => void): Promise<string> {
  const { name, version, flags = [], takes } = program;
  const file = cacheFolder(`${name}-${version}`, name);
  if (fs.existsSync(file)) return file;
  log(`building ${name} ${version} from its Go module, ${takes}, once`);
  fs.mkdirSync(path.dirname(file), { recursive: true });
  const aside = `${file}.${process.pid}`;
  await promisify(execFile)("go", ["build", ...flags, "-o", aside, program.package], { cwd: path.join(checkout, "tools", name), maxBuffer: 1 << 26 });
  fs.renameSync(aside, file);
  return file;
}
