/**
 * `make workflows`: writes the files that the stack which owns the repository would write; with CHECK=1 says which are not what they should be, and
 * writes none. From the stacks' files alone: no account needed. ORGANIZATION=NAME where Pulumi Cloud's is not called like the repository's owner.
 */
import * as fs from "node:fs";
import * as path from "node:path";
import { parse } from "yaml";
import { githubSettings } from "../settings/github.ts";
import { NAMESPACE, ownKeys } from "../settings/index.ts";
import { sayProblems } from "../settings/problems.ts";
import { checkWhole } from "../settings/whole.ts";
import { checkout } from "../tools/cache.ts";
import { requiredChecks, workflowFiles, type File } from "../workflows/index.ts";
import { unread } from "../workflows/pins.ts";
import { replaced, type WorkflowOptions } from "../workflows/options.ts";
import { MARK } from "../workflows/yaml.ts";

type Config = Readonly<Record<string, unknown>>;

/** Keys that the workflow files are made of; the rest of a stack's file may still be unfinished. */
const MATTER = ["application", "composeFile", "ec2", "gates", "github", "pipeline", "registryServer", "repository"] as const;
const OWNS = "in the file of one stack, production as a rule: recoloca:github: { ownsRepository: true, … }; docs/github.md";

/** What the stack that owns the repository says of it. Throws one error that names what is wrong, and the way out. */
export function ownersOptions(folder = checkout, organization = process.env["ORGANIZATION"]): WorkflowOptions {
  const stacks = fs.readdirSync(folder).flatMap((name) => {
    const stack = /^Pulumi\.([^.]+)\.yaml$/.exec(name)?.[1];
    return stack === undefined ? [] : [{ stack, config: configOf(path.join(folder, name)) }];
  });
  const owners = stacks.filter(owns);
  const [owner, ...more] = owners;
  if (!owner) throw new Error(`no stack here owns the repository, so none says what its workflows are\n  ${OWNS}`);
  if (more.length > 0) throw new Error(`${owners.map(({ stack }) => stack).join(" and ")} both own the repository; one of them is to\n  ${OWNS}`);
  const values = Object.fromEntries(
    Object.entries(ownKeys(owner.config)).map(([key, value]) => [key, typeof value === "string" ? value : JSON.stringify(value)]),
  );
  const encrypted = new Set(Object.keys(values).filter((key) => values[key]!.includes('"secure":')));
  const whole = checkWhole({ values, encrypted }, folder, owner.stack);
  // Where a key could be read, what is still missing of it is another's business: who approves, from where SSH is open.
  const matters = MATTER.filter((key) => key === "repository" || key === "pipeline" || (values[key] !== undefined && whole.values[key] === undefined));
  const problems = whole.problems.filter(({ key }) => matters.some((one) => key === one || key.startsWith(`${one}.`) || key.startsWith(`${one}[`)));
  if (problems.length > 0) throw new Error(sayProblems(owner.stack, problems));
  const named = organization ?? whole.values.repository?.split("/")[0] ?? "";
  return githubSettings(whole.values, owner.stack, { url: "", stack: owner.stack, organization: named })!.whole!.pipeline;
}

function configOf(file: string): Config {
  try {
    return (parse(fs.readFileSync(file, "utf8")) as { config?: Config } | null)?.config ?? {};
  } catch (error) {
    throw new Error(`${path.basename(file)} is not YAML: ${(error as Error).message.split("\n")[0]!}`);
  }
}

/** As `pulumi config set` leaves it, also as text. */
function owns({ config }: { readonly config: Config }): boolean {
  const given = config[`${NAMESPACE}:github`];
  try {
    return (
      (typeof given === "string" ? (JSON.parse(given) as { ownsRepository?: boolean }) : (given as { ownsRepository?: boolean } | undefined))
        ?.ownsRepository === true
    );
  } catch {
    return false;
  }
}

/** Where the repository begins, of which this program is a folder. */
export function rootOf(folder: string, { programPath }: WorkflowOptions): string {
  const parts = path.posix
    .normalize(programPath)
    .split("/")
    .filter((part) => part !== "." && part !== "");
  if (!path.resolve(folder).endsWith(path.sep + parts.join(path.sep)) && parts.length > 0)
    throw new Error(
      `this program is in ${path.basename(folder)}, and recoloca:pipeline says that it is in ${programPath} of its repository\n  in the file of that stack: recoloca:pipeline: { programPath: . }`,
    );
  return path.resolve(folder, ...parts.map(() => ".."));
}

/** What stands in place of each pin where only the rest is compared: an update of the pins is written by the next `up`, not by whoever proposes it. */
const withoutPins = (text: string) => text.replaceAll(/@[0-9a-f]{40} # \S+/g, "@PIN");

/** One line for each file that differs: `.github/workflows/ci.yml is missing`. */
export function stale(root: string, wanted: readonly File[], { pins }: { readonly pins: boolean }): string[] {
  const seen = pins ? (text: string) => text : withoutPins;
  const differing = wanted.flatMap((one) => {
    const there = textOf(root, one.path);
    return there !== undefined && seen(there) === seen(one.text)
      ? []
      : [`${one.path} ${there === undefined ? "is missing" : there.includes(MARK) ? "is not what workflows/ makes" : "is somebody's own"}`];
  });
  return [...differing, ...left(root, wanted).map((file) => `${file} is not made any more`), ...alike(root, wanted)];
}

interface Named {
  readonly name?: string;
  readonly jobs?: Readonly<Record<string, { readonly name?: string } | null>>;
}
const named = (text: string) => {
  const { name, jobs = {} } = (parse(text) ?? {}) as Named;
  return { name, jobs: Object.entries(jobs).map(([id, job]) => job?.name ?? id) };
};

/** Somebody's own workflows that are called like one of ours, or of which a job is called like a check that a merge requires: it would do in its place. */
function alike(root: string, wanted: readonly File[]): string[] {
  const ours = wanted.filter(({ path: file }) => file.startsWith(`${FOLDER}/`)).map(({ path: file, text }) => ({ file, ...named(text) }));
  return others(root, wanted).flatMap((file) => {
    let theirs: ReturnType<typeof named>;
    try {
      theirs = named(textOf(root, file)!);
    } catch {
      // What is no YAML is no workflow to GitHub either.
      return [];
    }
    const same = ours.find(({ name }) => name === theirs.name);
    const rename = "give it another name, or remove it";
    return [
      ...(same ? [`${file} is somebody's own, and is called "${same.name}" like ${same.file}: ${rename}`] : []),
      ...requiredChecks
        .filter((check) => theirs.jobs.includes(check))
        .map((check) => `${file} is somebody's own, and a job of it is called "${check}", which a merge requires: ${rename}`),
    ];
  });
}

const textOf = (root: string, file: string): string | undefined =>
  fs.existsSync(path.join(root, file)) ? fs.readFileSync(path.join(root, file), "utf8") : undefined;

/** Files of ours that are not made any more. */
const left = (root: string, wanted: readonly File[]) => beside(root, wanted).filter((file) => textOf(root, file)!.includes(MARK));
const others = (root: string, wanted: readonly File[]) => beside(root, wanted).filter((file) => !textOf(root, file)!.includes(MARK));

const FOLDER = ".github/workflows";
/** Workflow files that are there and not among the wanted ones. */
function beside(root: string, wanted: readonly File[]): string[] {
  const there = fs.existsSync(path.join(root, FOLDER)) ? fs.readdirSync(path.join(root, FOLDER)).map((name) => `${FOLDER}/${name}`) : [];
  return there.filter((file) => /\.ya?ml$/.test(file) && !wanted.some((one) => one.path === file));
}

/** Throws one error that names everything that is in the way; then nothing was written. */
export function write(root: string, wanted: readonly File[]): void {
  const taken = wanted.filter((one) => textOf(root, one.path)?.includes(MARK) === false);
  const wrong = [...taken.map((one) => `git mv ${one.path} ${one.path}.old`), ...alike(root, wanted)];
  if (wrong.length > 0) throw new Error(`nothing was written: somebody's own files are in the way\n${wrong.map((line) => `  ${line}`).join("\n")}`);
  for (const one of wanted) {
    fs.mkdirSync(path.dirname(path.join(root, one.path)), { recursive: true });
    fs.writeFileSync(path.join(root, one.path), one.text);
  }
  for (const file of left(root, wanted)) fs.rmSync(path.join(root, file));
}

/** Of what raises a pin it is said alone: it has no files yet, and its checks run with the workflows of before. */
function refuseUnread(check: string): void {
  const lines = unread();
  if (check === "but-pins") for (const line of lines) process.stdout.write(` a pin was raised: ${line}\n`);
  else if (lines.length > 0)
    throw new Error(
      `workflows/pins/action.yml has ${lines.length} pins whose actions nobody has read; nothing was written\n${lines.map((line) => `  ${line}`).join("\n")}`,
    );
}

/** `CHECK`: `1` compares all, `but-pins` all but which version of each action is pinned. */
function main(check = process.env["CHECK"] ?? ""): number {
  refuseUnread(check);
  const options = ownersOptions();
  const root = rootOf(checkout, options);
  const wanted = workflowFiles(options);
  const before = stale(root, wanted, { pins: check !== "but-pins" });
  for (const line of before) process.stdout.write(` ${line}\n`);
  for (const line of replaced(options)) process.stdout.write(` switched off by the repository's plan, or replaced: ${line}\n`);
  if (check !== "") {
    process.stdout.write(before.length === 0 ? ` ${wanted.length} files are what workflows/ makes\n` : `\n make workflows    writes them\n`);
    return before.length === 0 ? 0 : 1;
  }
  write(root, wanted);
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
