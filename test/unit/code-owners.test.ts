/** Whose approval a change wants of what runs with the rights of the repository or of a stack. */
import { execFileSync } from "node:child_process";
import { expect, test } from "vitest";
import { codeOwnersFile } from "../../components/pipeline/code-owners.ts";
import { checkout } from "../../tools/cache.ts";

const owned = (programPath: string) =>
  codeOwnersFile(["@acme/platform", "@ana"], programPath)!
    .text.split("\n")
    .filter((line) => line.startsWith("/"))
    .map((line) => line.replace(" @acme/platform @ana", ""));

test("where the program is a folder, that folder and the workflows", () => {
  expect(owned("infrastructure")).toEqual(["/.github/", "/infrastructure/"]);
  expect(codeOwnersFile([], "infrastructure")).toBeUndefined();
});

/** Not the program's: the application, what people read, and what only an editor or git reads. */
const FREE = [
  "application/",
  "docs/",
  "README.md",
  "CHANGELOG.md",
  "LICENSE",
  ".gitignore",
  ".prettierrc.json",
  ".prettierignore",
  ".gitattributes",
  ".editorconfig",
];

test("where it is the root, each of its files and folders", () => {
  const there = execFileSync("git", ["ls-files"], { cwd: checkout, encoding: "utf8" }).trim().split("\n");
  const top = [...new Set(there.map((name) => (name.includes("/") ? `${name.split("/")[0]!}/` : name)))].filter((name) => !FREE.includes(name));
  const patterns = owned(".").map((pattern) => new RegExp(`^${pattern.slice(1).replaceAll(".", "\\.").replaceAll("*", "[^/]*")}$`));
  expect(top.filter((name) => !patterns.some((pattern) => pattern.test(name)))).toEqual([]);
});
