/** `make local-down` where Docker is not, or no more: what is here goes all the same. */
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { takeDown } from "../../local/down.ts";
import type { Site } from "../../local/site.ts";

let folder: string;
let said: string;
let site: Site;

beforeEach(() => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), "local-down-"));
  // No engine answers, none is installed, and nothing can be.
  for (const [name, text] of [
    ["docker", "exit 1"],
    ["apt-get", `echo "$@" >> ${folder}/apt; exit 100`],
  ])
    fs.writeFileSync(path.join(folder, name!), `#!/bin/sh\n${text}\n`, { mode: 0o755 });
  fs.symlinkSync("/bin/sh", path.join(folder, "sh"));
  vi.stubEnv("PATH", folder);
  said = "";
  vi.spyOn(process.stdout, "write").mockImplementation((text) => ((said += String(text)), true));
  site = { name: "recoloca-none", sshPort: 1, httpPort: 2, httpsPort: 3, registryPort: 4, folder: path.join(folder, "site") };
});
afterEach(() => {
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
  fs.rmSync(folder, { recursive: true });
});

const begun = (...parts: string[]) => {
  fs.mkdirSync(path.join(site.folder, ...parts), { recursive: true });
  fs.writeFileSync(path.join(site.folder, "passphrase"), "a-passphrase");
};

test("of one that ended before Docker was there no engine is wanted", async () => {
  begun();
  await takeDown(site, () => Promise.reject(new Error("nobody starts one")));
  expect(fs.existsSync(site.folder)).toBe(false);
  expect(said).toMatch(/^ ✓ keys, passwords +removed/);
  expect(said).not.toMatch(/[Dd]ocker/);
});

test("where Docker is gone, nothing is installed; keys and passwords go, and what it may have is said", async () => {
  begun("registry");
  await takeDown(site);
  expect(fs.existsSync(site.folder)).toBe(false);
  expect(fs.existsSync(path.join(folder, "apt"))).toBe(false);
  expect(said).toMatch(/ ✗ docker engine +not started: no dockerd is installed/);
  expect(said).toMatch(/containers, volumes and a network called recoloca-none…\n once an engine runs here {3}make local-down\n$/);
});

test("so they do where an engine that is installed does not come up", async () => {
  begun("registry");
  await takeDown(site, () => Promise.reject(new Error("dockerd ended with 1 (its log: engine.log)")));
  expect(fs.existsSync(site.folder)).toBe(false);
  expect(said).toContain("not started: dockerd ended with 1 (its log: engine.log)");
});

test("where nothing is, nothing is done", async () => {
  await takeDown(site);
  expect(said).toBe(" nothing is here that make local made\n");
});
