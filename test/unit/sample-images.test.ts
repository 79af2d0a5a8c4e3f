/** What the sample's images are made from. Tests, tools and their settings lie beside it, and are left out. */
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { expect, test } from "vitest";
import { contextFiles, folderHash } from "../../local/image-store.ts";

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

test.each(["backend", "frontend"])("%s is built without the base of this machine too, as GitHub does", (name) => {
  const text = fs.readFileSync(path.join(application, name, "Dockerfile"), "utf8");
  expect(text).toMatch(/^ARG BASE=debian:\S+\nFROM \$\{BASE\}$/m);
});
