/** `make workflows`: writes the files of this repository; with CHECK=1 says which are not what they should be, and writes none. No account needed. */
import * as fs from "node:fs";
import * as path from "node:path";
import { workflowFiles, type File } from "./index.ts";
import { replaced } from "./options.ts";
import { THIS_REPOSITORY } from "./this-repository.ts";
import { MARK } from "./yaml.ts";

const root = path.join(import.meta.dirname, "..");

const text = (file: string): string | undefined => (fs.existsSync(path.join(root, file)) ? fs.readFileSync(path.join(root, file), "utf8") : undefined);

/** Files of ours that are not made any more. */
function left(wanted: readonly File[]): string[] {
  const folder = ".github/workflows";
  const there = fs.existsSync(path.join(root, folder)) ? fs.readdirSync(path.join(root, folder)).map((name) => `${folder}/${name}`) : [];
  return there.filter((file) => !wanted.some((one) => one.path === file) && text(file)!.includes(MARK));
}

/** One line for each file that differs: `.github/workflows/ci.yml is missing`. */
export function stale(wanted = workflowFiles(THIS_REPOSITORY)): string[] {
  const differing = wanted.flatMap((one) => {
    const there = text(one.path);
    return there === one.text
      ? []
      : [`${one.path} ${there === undefined ? "is missing" : there.includes(MARK) ? "is not what workflows/ makes" : "is somebody's own"}`];
  });
  return [...differing, ...left(wanted).map((file) => `${file} is not made any more`)];
}

function write(wanted: readonly File[]): void {
  const others = wanted.filter((one) => text(one.path) !== undefined && !text(one.path)!.includes(MARK));
  if (others.length > 0)
    throw new Error(`nothing was written: somebody's own files are in the way\n${others.map((one) => `  git mv ${one.path} ${one.path}.old`).join("\n")}`);
  for (const one of wanted) {
    fs.mkdirSync(path.dirname(path.join(root, one.path)), { recursive: true });
    fs.writeFileSync(path.join(root, one.path), one.text);
  }
  for (const file of left(wanted)) fs.rmSync(path.join(root, file));
}

function main(): number {
  const wanted = workflowFiles(THIS_REPOSITORY);
  const before = stale(wanted);
  for (const line of before) process.stdout.write(` ${line}\n`);
  for (const line of replaced(THIS_REPOSITORY)) process.stdout.write(` switched off by the repository's plan, or replaced: ${line}\n`);
  if (process.env["CHECK"]) {
    process.stdout.write(before.length === 0 ? ` ${wanted.length} files are what workflows/ makes\n` : `\n make workflows    writes them\n`);
    return before.length === 0 ? 0 : 1;
  }
  write(wanted);
  process.stdout.write(before.length === 0 ? ` ${wanted.length} files, none changed\n` : ` ${before.length} of ${wanted.length} files changed\n`);
  return 0;
}

if (process.argv[1] === import.meta.filename) {
  try {
    process.exitCode = main();
  } catch (error) {
    process.stderr.write(`error: ${(error as Error).message}\n`);
    process.exitCode = 1;
  }
}
