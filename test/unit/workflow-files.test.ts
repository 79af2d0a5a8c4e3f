/** `make workflows` of any repository: what its files are is read from the stack that owns it, and compared with what is there. */
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { afterAll, expect, test } from "vitest";
import { stringify } from "yaml";
import { ownersOptions, rootOf, stale } from "../../operate/workflow-files.ts";
import { checkout } from "../../tools/cache.ts";
import { workflowFiles } from "../../workflows/index.ts";

const root = fs.mkdtempSync(path.join(os.tmpdir(), "workflow-files-"));
afterAll(() => fs.rmSync(root, { recursive: true }));

const OWNER = {
  "recoloca:repository": "acme/shop",
  "recoloca:domain": "shop.example",
  "recoloca:github": { visibility: "public", plan: "team", ownsRepository: true },
  "recoloca:ec2": { region: "eu-central-1", instanceType: "t4g.small" },
};
/** A repository's folder of this program, with the files of these stacks. */
function program(stacks: Record<string, object>): string {
  const folder = path.join(fs.mkdtempSync(path.join(root, "repository-")), "infrastructure");
  fs.mkdirSync(path.join(folder, "application"), { recursive: true });
  fs.copyFileSync(path.join(checkout, "application/compose.yaml"), path.join(folder, "application/compose.yaml"));
  for (const [stack, config] of Object.entries(stacks)) fs.writeFileSync(path.join(folder, `Pulumi.${stack}.yaml`), stringify({ config }));
  return folder;
}

test("the generated files of this repository are fresh", () => {
  const options = ownersOptions();
  expect(stale(rootOf(checkout, options), workflowFiles(options), { pins: true })).toEqual([]);
});

test("a repository's own stack says what they are, though it is not finished yet; its root is above the program", () => {
  const folder = program({ staging: { ...OWNER, "recoloca:github": { visibility: "public", plan: "team" } }, production: OWNER });
  const options = ownersOptions(folder);
  expect(options).toMatchObject({
    repository: "acme/shop",
    programPath: "infrastructure",
    aws: { region: "eu-central-1" },
    backend: { kind: "cloud", organization: "acme" },
  });
  expect(ownersOptions(folder, "acme-inc").backend).toMatchObject({ organization: "acme-inc" });
  expect(rootOf(folder, options)).toBe(path.dirname(folder));
});

test("what differs, is missing, is somebody's own or not made any more is told apart; a version that was raised is not a difference where pins are left out", () => {
  const folder = program({ production: OWNER });
  const options = ownersOptions(folder);
  const wanted = workflowFiles(options);
  const place = rootOf(folder, options);
  for (const { path: file, text } of wanted) {
    fs.mkdirSync(path.dirname(path.join(place, file)), { recursive: true });
    fs.writeFileSync(path.join(place, file), text);
  }
  const change = (file: string, to: (text: string) => string) =>
    fs.writeFileSync(path.join(place, file), to(fs.existsSync(path.join(place, file)) ? fs.readFileSync(path.join(place, file), "utf8") : ""));
  expect(stale(place, wanted, { pins: true })).toEqual([]);
  change(".github/workflows/ci.yml", (text) => text.replaceAll(/(actions\/checkout)@[0-9a-f]{40} # \S+/g, `$1@${"0".repeat(40)} # v99.0.0`));
  expect(stale(place, wanted, { pins: false })).toEqual([]);
  expect(stale(place, wanted, { pins: true })).toEqual([".github/workflows/ci.yml is not what workflows/ makes"]);
  change(".github/workflows/old.yml", () => wanted[0]!.text);
  change(".github/workflows/deploy.yml", () => "name: mine\n");
  fs.rmSync(path.join(place, ".github/workflows/release.yml"));
  expect(stale(place, wanted, { pins: false })).toEqual([
    ".github/workflows/deploy.yml is somebody's own",
    ".github/workflows/release.yml is missing",
    ".github/workflows/old.yml is not made any more",
  ]);
});

test("nothing is written above a checkout that is the repository itself", () => {
  const folder = program({ production: OWNER });
  const moved = path.join(path.dirname(folder), "elsewhere");
  fs.renameSync(folder, moved);
  expect(() => rootOf(moved, ownersOptions(moved))).toThrow(/this program is in elsewhere.*\n.*programPath: \./);
});

test("the owner is known as well where his settings are text", () => {
  expect(
    ownersOptions(program({ production: { ...OWNER, "recoloca:github": JSON.stringify(OWNER["recoloca:github"]), "gcp:xxxxxgates": "x" } })),
  ).toMatchObject({ repository: "acme/shop" });
});

test.each<[string, Record<string, object>, RegExp]>([
  ["nobody owns it", { staging: { ...OWNER, "recoloca:github": undefined } }, /no stack here owns the repository.*\n.*ownsRepository: true/],
  ["two own it", { staging: OWNER, production: OWNER }, /production and staging both own the repository/],
  [
    "what the files are made of is wrong",
    { production: { ...OWNER, "recoloca:pipeline": { production: "never" } } },
    /recoloca:pipeline\.production {2}got "never"/,
  ],
  ["a whole key cannot be read", { production: { ...OWNER, "recoloca:ec2": { region: "moon" } } }, /recoloca:ec2\.region .*got "moon"/],
])("%s: one error that says what to do", (_, stacks, says) => {
  expect(() => ownersOptions(program(stacks))).toThrow(says);
});
