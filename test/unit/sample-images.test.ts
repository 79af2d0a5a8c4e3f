/** What the sample's images are made from. Tests, tools and their settings lie beside it, and are left out. */
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { describe, expect, test, vi } from "vitest";
import { buildImage, contextFiles, folderHash, imageKey, onBase } from "../../local/image-store.ts";

const application = path.join(import.meta.dirname, "../../application");

test.each([
  [
    "backend",
    [
      "Dockerfile",
      "alembic.ini",
      "database.py",
      "later.py",
      "later/0002_note.py",
      "later/0003_fails.py",
      "main.py",
      "migrations/env.py",
      "migrations/versions/0001_listings_and_jobs.py",
      "start.py",
      "version.py",
      "worker.py",
    ],
  ],
  ["frontend", ["Dockerfile", "page.html", "server.js"]],
])("%s", (name, files) => expect(contextFiles(path.join(application, name))).toEqual(files));

test("what is left out does not make another image; what is not does", () => {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), "context-"));
  const write = (name: string, text = "") => {
    fs.mkdirSync(path.dirname(path.join(folder, name)), { recursive: true });
    fs.writeFileSync(path.join(folder, name), text);
  };
  write("main.py");
  const before = folderHash(folder);
  write(".dockerignore", "# why\n.dockerignore\ntests\n**/.cache\n");
  for (const name of ["tests/a.py", "b/.cache/c", "__pycache__/main.pyc"]) write(name);
  expect(folderHash(folder)).toBe(before);
  write("b/tests/a.py");
  expect(folderHash(folder)).not.toBe(before);
});

test("a pattern that only Docker would understand is refused", () => {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), "context-"));
  fs.writeFileSync(path.join(folder, ".dockerignore"), "**/*.py\n");
  expect(() => contextFiles(folder)).toThrow('got "**/*.py", wants a plain name');
});

describe.each(["backend", "frontend"])("%s", (name) => {
  const context = path.join(application, name);
  const text = fs.readFileSync(path.join(context, "Dockerfile"), "utf8");
  test("is built without the base of this machine too, as GitHub does, on one whose number Dependabot reads and raises", () => {
    expect(text.match(/^FROM .*$/gm)).toEqual([expect.stringMatching(/^FROM debian:\d+-slim$/)]);
    expect(text).not.toContain("BASE");
  });
  test("is built here on the base of this machine, with nothing else of its Dockerfile changed; each base makes another image", () => {
    expect(onBase(context, "recoloca-sample-base:1$&")).toBe(text.replace("FROM debian:13-slim\n", () => "FROM recoloca-sample-base:1$&\n"));
    const keys = [{}, { base: "a" }, { base: "b" }, { args: { VERSION: "a" } }, { base: "a", args: { VERSION: "a" } }].map((one) => imageKey(context, one));
    expect(new Set(keys).size).toBe(keys.length);
  });
});

test("Docker is given that Dockerfile, and the folder as it is", async () => {
  const bin = fs.mkdtempSync(path.join(os.tmpdir(), "bin-"));
  const docker = `#!/bin/sh\n[ "$1" != image ] || exit 1\necho "$@" > ${bin}/asked\ncat > ${bin}/given\n`;
  fs.writeFileSync(path.join(bin, "docker"), docker, { mode: 0o755 });
  vi.stubEnv("PATH", `${bin}:${process.env["PATH"]}`);
  const context = path.join(application, "frontend");
  const name = await buildImage("sample-frontend", context, { base: "here:1", args: { VERSION: "2" } });
  vi.unstubAllEnvs();
  expect(fs.readFileSync(path.join(bin, "asked"), "utf8")).toBe(`build --quiet --tag ${name} --build-arg VERSION=2 --file - ${context}\n`);
  expect(fs.readFileSync(path.join(bin, "given"), "utf8")).toBe(onBase(context, "here:1"));
});

test.each(["", "FROM a\nFROM b\n"])("another base takes the place of one that a Dockerfile names, and of nothing else: %j", (text) => {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), "context-"));
  fs.writeFileSync(path.join(folder, "Dockerfile"), text);
  expect(() => onBase(folder, "c")).toThrow(/lines that begin with FROM, wants one/);
});
