/** What the scans read of an event, what they fail on, and what they tell: by the steps as they stand in the files. */
import { expect, describe, test } from "vitest";
import { parse } from "yaml";
import { workflowFiles } from "../../workflows/index.ts";
import * as events from "./events.ts";
import { fill, holds } from "./expression.ts";
import { BARE, BY_APPROVAL, BY_TAG } from "./options.ts";
import { runScript, script, variables } from "./scripts.ts";

const files = workflowFiles(BY_TAG);
interface Step {
  name: string;
  if?: string;
  uses?: string;
  with?: Record<string, string>;
}
const steps = (file: string, job: string) =>
  (parse(files.find(({ path: name }) => name.endsWith(`/${file}`))!.text) as { jobs: Record<string, { steps: Step[] }> }).jobs[job]!.steps;

describe("leaked secrets", () => {
  const truffleHog = steps("security.yml", "leaked-secrets").find(({ uses }) => uses?.startsWith("trufflesecurity/"))!.with!;
  const range = (payload: object) => {
    const { code, outputs } = runScript(`GITHUB_EVENT_PATH="$PWD/event.json"\n${script(files, "security.yml", "leaked-secrets", "What the merge queue")}`, {
      files: { "event.json": JSON.stringify(payload) },
    });
    expect(code).toBe(0);
    return [truffleHog["base"]!, truffleHog["head"]!].map((text) => fill(text, { steps: { queued: { outputs } } }));
  };

  test("are looked for in what the merge queue brings alone; of other events the action knows by itself what they bring", () => {
    expect(range({ action: "checks_requested", merge_group: { base_ref: "refs/heads/main", base_sha: "b", head_sha: "h" } })).toEqual(["b", "h"]);
    for (const { payload } of [events.pullRequest("branch"), events.schedule("23 5 * * 1"), events.pushToMain()]) expect(range(payload)).toEqual(["", ""]);
  });

  test.each([
    ["a folder", BY_TAG, "infrastructure/test/unit/a.test.ts", ["test/unit/a.test.ts", "frontend/test/a.js", "infrastructure/tests.ts"]],
    ["the root", BY_APPROVAL, "test/unit/a.test.ts", ["frontend/test/a.js", "tests/a.ts"]],
    ["a folder with a dot", { ...BY_TAG, programPath: "infra.v2" }, "infra.v2/test/a.ts", ["infra-v2/test/a.ts"]],
  ])("are looked for in all but this program's own tests, where it lives in %s", (_where, options, left, read) => {
    const step = ["security.yml", "leaked-secrets", "Leave out"] as const;
    const all = workflowFiles(options);
    const { code, said } = runScript(`${script(all, ...step)}\ncat ${/--exclude-paths=(\S+)/.exec(truffleHog["extra_args"]!)![1]}`, {
      env: variables(all, ...step),
    });
    const patterns = said.trim().split("\n");
    expect([code, patterns.length]).toEqual([0, 1]);
    const excluded = (path: string) => patterns.some((pattern) => new RegExp(pattern).test(path));
    expect([excluded(left), read.filter(excluded)]).toEqual([true, []]);
  });
});

describe("Semgrep", () => {
  const step = script(files, "security.yml", "semgrep", "Fail on what is serious");
  const result = (ruleId: string, more: object = {}) => ({
    ruleId,
    message: { text: "Do not\nrun this" },
    locations: [{ physicalLocation: { artifactLocation: { uri: "backend/main.py" }, region: { startLine: 7 } } }],
    ...more,
  });
  const rules = ["error", "warning", "note"].map((level) => ({ id: `a.${level}`, defaultConfiguration: { level } }));
  const decide = (...results: object[]) =>
    runScript(step, { files: { "semgrep.sarif": JSON.stringify({ version: "2.1.0", runs: [{ tool: { driver: { rules } }, results }] }) } });

  test("reports all, and fails of itself for none", () => {
    const scan = script(files, "security.yml", "semgrep", "Report all");
    expect(scan).toContain("--sarif-output semgrep.sarif");
    expect(scan).not.toContain("--error");
    expect(steps("security.yml", "semgrep").map(({ name }) => name)).toEqual([
      "Check out",
      "Report all",
      "Findings of semgrep to the Security tab",
      "Fail on what is serious",
    ]);
  });
  test("what is serious fails the check, and is named", () => {
    const { code, said } = decide(result("a.warning"), result("a.error"));
    expect([code, said.split("\n")[0]]).toEqual([1, "backend/main.py:7: a.error: Do not run this"]);
    expect(said).not.toContain("a.warning");
  });
  test("a hint does not, nor what somebody has looked at and said so in its place", () => {
    expect(decide()).toMatchObject({ code: 0, said: "" });
    expect(decide(result("a.warning"), result("a.note"), result("a.error", { suppressions: [{ kind: "inSource" }] }))).toMatchObject({ code: 0, said: "" });
  });
  test("a result's own level counts more than its rule's", () => expect(decide(result("a.warning", { level: "error" })).code).toBe(1));
  test("findings that were not written are no success", () => expect(runScript(step).code).not.toBe(0));
});

describe("where there is no Security tab, the run's summary has what is found", () => {
  const bare = workflowFiles(BARE);
  const shown = (report: object) => runScript(script(bare, "security.yml", "trivy", "Findings of trivy"), { files: { "trivy.sarif": JSON.stringify(report) } });
  const found = (ruleId: string, text = "Package: openssl\nFixed Version: 3 | 4") => ({
    ruleId,
    message: { text },
    locations: [{ physicalLocation: { artifactLocation: { uri: "backend/requirements.txt" }, region: { startLine: 7 } } }],
  });
  const rules = ["error", "note"].map((level) => ({ id: level, defaultConfiguration: { level } }));
  const report = (...results: object[]) => ({ runs: [{ tool: { driver: { rules } }, results }] });

  test("the serious first, one line each, without what somebody has looked at", () => {
    const { code, summary } = shown(report(found("note"), found("error"), { ...found("error"), suppressions: [{ kind: "inSource" }] }));
    const row = (level: string) => `| ${level} | ${level} | backend/requirements.txt:7 | Package: openssl Fixed Version: 3 \\| 4 |`;
    expect([code, summary.trim().split("\n")]).toEqual([
      0,
      ["### trivy: 2 findings", "", "| | | where | |", "| --- | --- | --- | --- |", row("error"), row("note")],
    ]);
  });
  test("of many as much as a summary holds, and how many more; of none that there is none", () => {
    const { summary } = shown(report(...Array.from({ length: 1000 }, () => found("error", "x".repeat(5000)))));
    expect([summary.length < 1_000_000, summary.trim().endsWith("\nand 800 more")]).toEqual([true, true]);
    expect(shown(report())).toMatchObject({ code: 0, summary: "### trivy: 0 findings\n" });
  });
  test("of each scan, of the images too; and nowhere else, where anybody may read a summary", () => {
    const told = (all: typeof files) => all.flatMap(({ text }) => [...text.matchAll(/name: Findings of (\S+) to the summary/g)].map((one) => one[1]));
    expect(told(bare).sort()).toEqual(["image-backend", "image-frontend", "semgrep", "semgrep", "trivy", "trivy"]);
    expect(told(files)).toEqual([]);
  });
});

test("findings go to the Security tab from all but the merge queue, whose branch is gone by then, and forks, which may not", () => {
  const uploads = (event: events.Event) =>
    ["trivy", "semgrep"]
      .flatMap((job) => steps("security.yml", job))
      .filter(({ uses }) => uses?.startsWith("github/codeql-action/"))
      .filter((step) => holds(step.if, { github: { event_name: event.name, event: event.payload } }, { success: true, failure: false, cancelled: false }))
      .length;
  expect([events.mergeGroup(), events.pullRequest("fork")].map(uploads)).toEqual([0, 0]);
  expect([events.pullRequest("branch"), events.schedule("23 5 * * 1")].map(uploads)).toEqual([2, 2]);
});
