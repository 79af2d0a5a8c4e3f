/** What the documents tell a reader to type, follow or write is there: targets, commands with their options, keys, files and headings. */
import * as fs from "node:fs";
import * as path from "node:path";
import { expect, test } from "vitest";
import { parse } from "yaml";
import { COMMANDS } from "../../server/commands/list.ts";
import { checkValues } from "../../settings/check.ts";
import { FIELD_WORDS } from "../../settings/field-words.ts";
import { ownKeys } from "../../settings/index.ts";
import { KEYS } from "../../settings/schema.ts";

const root = path.join(import.meta.dirname, "../..");
const read = (file: string) => fs.readFileSync(path.join(root, file), "utf8");
const within = (folder: string, ending: string): string[] =>
  fs
    .readdirSync(path.join(root, folder), { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(ending) && !name.includes("node_modules"))
    .map((name) => path.join(folder, name));

const DOCUMENTS = ["README.md", "CHANGELOG.md", "application/README.md", ...within("docs", ".md")];
const SOURCES = ["components", "operate", "release", "review", "server", "settings", "secrets", "workflows"].flatMap((folder) => within(folder, ".ts"));

const FENCED = /^( *)```(\w*)\n([\s\S]*?)^\1```$/gm;

/** What stands as code: between backticks, in fences, indented by four. Comments of a shell are words. */
function codeOf(text: string): string[] {
  const blocks = [...text.matchAll(FENCED)].map((match) => match[3]!);
  const rest = text.replace(FENCED, "");
  const indented = rest.split("\n").filter((line) => /^ {4}\S/.test(line) && !/^ *([-|]|\d+\.)/.test(line));
  const inline = [...rest.matchAll(/`([^`]+)`/g)].map((match) => match[1]!);
  return [...blocks, ...indented, ...inline].flatMap((code) => code.split("\n")).map((line) => line.replace(/(^|\s)#\s.*$/, ""));
}

interface Said {
  readonly file: string;
  readonly code: string;
}
const CODE: readonly Said[] = DOCUMENTS.flatMap((file) => codeOf(read(file)).map((code) => ({ file, code })));

/** Where a pattern is said in code, as `file: what is wrong with it`. */
const wrongIn = (pattern: RegExp, wrong: (match: RegExpMatchArray) => string | undefined): string[] =>
  CODE.flatMap(({ file, code }) =>
    [...code.matchAll(pattern)].flatMap((match) => {
      const why = wrong(match);
      return why === undefined ? [] : [`${file}: ${why}, in: ${code.trim()}`];
    }),
  );

test("enough is found to say anything", () => {
  expect(CODE.filter(({ code }) => /^\s*(make|sudo recoloca|recoloca|pulumi) /.test(code)).length).toBeGreaterThan(150);
});

test("each `make` is a target, and takes the variables that it is given", () => {
  const makefile = read("Makefile");
  const operators = /^OPERATE := (.*)$/m.exec(makefile)![1]!.split(" ");
  const targets = new Set([...operators, ...[...makefile.matchAll(/^([a-z-]+):/gm)].map((match) => match[1]!)]);
  const sources = makefile + [...within("operate", ".ts"), ...within("local", ".ts"), ...within("benchmark", ".ts")].map(read).join("\n");
  const known = (variable: string) => new RegExp(`\\b${variable}\\b`).test(sources);
  expect(
    wrongIn(/(?:^|[\s(&|;])make ([a-z][a-z-]*)((?: +(?:[A-Z_]+=\S*|\[[^\]]*\]|\|))*)/g, ([, target, given]) => {
      if (!targets.has(target!)) return `the Makefile has no ${target}`;
      const unknown = [...given!.matchAll(/([A-Z_]+)=/g)].map((match) => match[1]!).filter((variable) => !known(variable));
      return unknown.length === 0 ? undefined : `nothing reads ${unknown.join(", ")}`;
    }),
  ).toEqual([]);
});

test("each `recoloca` is a command of the host program, with options that it has", () => {
  expect(
    wrongIn(/(?:^|[\s(&|;])recoloca ([a-z][a-z-]*)([^|;&]*)/g, ([, name, rest]) => {
      const command = COMMANDS.find((one) => one.name === name);
      if (!command) return `there is no command ${name}`;
      const own = rest!.split(" -- ")[0]!;
      const unknown = [...own.matchAll(/--([a-z]+)/g)]
        .map((match) => match[1]!)
        .filter((option) => !(option in command.options || (option === "json" && command.story)));
      return unknown.length === 0 ? undefined : `${name} has no --${unknown.join(", --")}`;
    }),
  ).toEqual([]);
});

test("each `npm run` is a script of this package", () => {
  const { scripts } = JSON.parse(read("package.json")) as { scripts: Record<string, string> };
  // The application's parts have their own.
  const own = wrongIn(/\bnpm run (?:-s )?([a-z-]+)/g, ([, script]) => (script! in scripts ? undefined : `package.json has no ${script}`));
  expect(own.filter((wrong) => !wrong.startsWith("application/"))).toEqual([]);
});

/** `github.adopt[0]` as the reference has it: `github.adopt`; `notify[0].url`: `notify[].url`. */
const partsOf = (key: string) => key.replaceAll(/\[\d*\]/g, ".[]").split(".");
const FIELDS = Object.keys(FIELD_WORDS).map(partsOf);

function unknownKey(key: string): boolean {
  const given = partsOf(key);
  if (!(given[0]! in KEYS)) return true;
  if (given.length === 1) return false;
  const plain = given.at(-1) === "[]" ? given.slice(0, -1) : given;
  if (plain.length === 1) return false;
  return !FIELDS.some((field) =>
    plain.every((part, index) => field[index] === part || field[index] === "NAME" || (field[index] !== undefined && /[$A-Z]/.test(part[0]!))),
  );
}

test("each `recoloca:key` is a key of the settings, down to its fields", () => {
  expect(unknownKey("ec2.sshFrom[0]")).toBe(false);
  expect(unknownKey("ec2.sshfrom")).toBe(true);
  expect(
    wrongIn(/\brecoloca:([a-z][A-Za-z0-9]*(?:\.[A-Za-z_$][\w$]*|\[\d+\])*)(?!:[A-Za-z])/g, ([, key]) =>
      unknownKey(key!) ? `the settings have no ${key}` : undefined,
    ),
  ).toEqual([]);
});

test("what a document shows of a stack's file has only keys that there are", () => {
  const shown = DOCUMENTS.flatMap((file) =>
    [...read(file).matchAll(FENCED)].flatMap(([, indent, language, text]) => {
      if (language !== "yaml" || !/^( *config:| *recoloca:)/m.test(text!)) return [];
      const document = parse(text!.replaceAll(new RegExp(`^${indent}`, "gm"), "")) as Record<string, unknown>;
      const all = ownKeys((document["config"] ?? document) as Record<string, unknown>);
      const values = Object.fromEntries(Object.entries(all).map(([key, value]) => [key, typeof value === "string" ? value : JSON.stringify(value)]));
      return [{ file, problems: checkValues({ values, encrypted: new Set(Object.keys(values)) }).problems }];
    }),
  );
  expect(shown.length).toBeGreaterThan(4);
  expect(
    shown.flatMap(({ file, problems }) => problems.filter(({ says }) => says.startsWith("is not known")).map(({ key, says }) => `${file}: ${key} ${says}`)),
  ).toEqual([]);
});

/** As GitHub names a heading's place. */
const slugOf = (heading: string) =>
  heading
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N} _-]/gu, "")
    .replaceAll(" ", "-");
const headingsOf = (file: string) =>
  [
    ...read(file)
      .replace(FENCED, "")
      .matchAll(/^#+ (.*)$/gm),
  ].map((match) => match[1]!);

test("each relative link leads to a file, and to a heading of it", () => {
  const wrong = DOCUMENTS.flatMap((file) =>
    [
      ...read(file)
        .replace(FENCED, "")
        .matchAll(/\]\((?!https?:)([^)#\s]*)(?:#([^)]*))?\)/g),
    ].flatMap(([, to, place]) => {
      const target = to === "" ? file : path.join(path.dirname(file), to!);
      if (!fs.existsSync(path.join(root, target))) return [`${file}: there is no ${to}`];
      return place === undefined || headingsOf(target).map(slugOf).includes(place) ? [] : [`${file}: ${target} has no heading #${place}`];
    }),
  );
  expect(wrong).toEqual([]);
});

test("what an error or a comment says of a document is in it", () => {
  const wrong = SOURCES.flatMap((file) =>
    [...read(file).matchAll(/\bdocs\/([a-z-]+\.md)(?:, \\?"([^"\\]+)\\?")?/g)].flatMap(([, name, heading]) => {
      const target = `docs/${name}`;
      if (!fs.existsSync(path.join(root, target))) return [`${file}: there is no ${target}`];
      return heading === undefined || headingsOf(target).includes(heading) ? [] : [`${file}: ${target} has no heading "${heading}"`];
    }),
  );
  expect(wrong).toEqual([]);
});
