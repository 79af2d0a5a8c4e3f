/** The branch that proposes renewed secrets: what is pushed of it, and when, by the script as it stands in the file, to a repository that is there. */
import { execFileSync } from "node:child_process";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { beforeEach, expect, test } from "vitest";
import { workflowFiles } from "../../workflows/index.ts";
import type { WorkflowOptions } from "../../workflows/options.ts";
import { BARE, BY_APPROVAL, BY_TAG } from "./options.ts";
import { runScript, script } from "./scripts.ts";

const stepOf = (options: WorkflowOptions) => script(workflowFiles(options), "rotation.yml", "propose", "One branch");
const STACK = "infrastructure/Pulumi.staging.yaml";
let origin = "";
const git = (folder: string, ...args: string[]) =>
  execFileSync("git", ["-c", "user.name=t", "-c", "user.email=t@example.com", ...args], { cwd: folder, encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] });
const write = (folder: string, file: string, text: string) => {
  fs.mkdirSync(path.dirname(path.join(folder, file)), { recursive: true });
  fs.writeFileSync(path.join(folder, file), text);
};
const onMain = (file: string, text: string) => {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), "person-"));
  git(folder, "clone", "--quiet", origin, ".");
  write(folder, file, text);
  git(folder, "add", ".");
  git(folder, "commit", "--quiet", "--message", file);
  git(folder, "push", "--quiet", "origin", "HEAD:main");
};
beforeEach(() => {
  origin = fs.mkdtempSync(path.join(os.tmpdir(), "origin-"));
  git(origin, "init", "--quiet", "--bare", "--initial-branch", "main");
  onMain(STACK, "generation: 1\n");
});

/** A week's run, as of a runner of its own: `proposed` is the stack's file with its numbers raised. */
function run(proposed: string, open: readonly number[] = [], options = BY_TAG) {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), "run-"));
  git(folder, "clone", "--quiet", "--depth=1", `file://${origin}`, ".");
  write(folder, STACK, proposed);
  write(folder, "findings.json", "[]");
  const { code, said } = runScript(`echo due > "$RUNNER_TEMP/due.md"\n${stepOf(options)}`, {
    folder,
    env: { GH_REPO: "r/r", LINK: "https://compare" },
    programs: {
      gh: `case "$1 $2" in "auth setup-git") ;; "pr list") echo '${JSON.stringify(open.map((number) => ({ number })))}' | jq --raw-output "\${@: -1}" ;; *) echo "gh $*" >> told ;; esac`,
    },
  });
  expect([code, said]).toEqual([0, expect.any(String)]);
  const told = fs.existsSync(path.join(folder, "told")) ? fs.readFileSync(path.join(folder, "told"), "utf8").trim() : "";
  const heads = git(origin, "for-each-ref", "--format=%(objectname)", "refs/heads/renew-secrets").trim();
  return { told, branch: heads, findings: JSON.parse(fs.readFileSync(path.join(folder, "findings.json"), "utf8")) as { id: string; body: string }[] };
}

test("what is due is pushed, and an issue opens its pull request and says what a later push wants", () => {
  const { branch, told, findings } = run("generation: 2\n");
  expect([git(origin, "show", `${branch}:${STACK}`), told]).toEqual(["generation: 2\n", ""]);
  expect(findings).toEqual([
    { id: "rotation-proposal", title: expect.any(String) as string, body: expect.stringContaining("close it and open it again") as string },
  ]);
});

test.each([
  ["behind an approval", BY_APPROVAL, /: its merge is the rotation\. /],
  ["by a tag, with reviewers for infrastructure", BY_TAG, /: its merge is the rotation\. /],
  [
    "by a tag, where nobody can be asked to approve",
    BARE,
    /: its merge is the rotation of staging; that of production is the next release tag after it, or the workflow Infrastructure by hand\. /,
  ],
] as const)("where production is reached %s, the issue says what the merge does", (_what, options, says) => {
  expect(run("generation: 2\n", [], options).findings[0]!.body).toMatch(says);
});

test("a branch that has the same already is left alone, with the checks of its pull request, also where something else was merged meanwhile", () => {
  const { branch } = run("generation: 2\n");
  onMain("frontend/page.tsx", "new");
  const again = run("generation: 2\n", [5]);
  expect(again).toMatchObject({ branch, told: "" });
  // It is due all the same, and its issue stays.
  expect(again.findings).toHaveLength(1);
});

test("what has changed is pushed onto an open pull request, which is told how its checks start", () => {
  const { branch } = run("generation: 2\n");
  const again = run("generation: 2\nsince: later\n", [5]);
  expect(again.branch).not.toBe(branch);
  expect(again.told).toMatch(/^gh pr comment 5 --body .*close this pull request and open it again/);
});

test("nothing that is due pushes nothing", () => expect(run("generation: 1\n")).toMatchObject({ branch: "", told: "", findings: [] }));
