/** The workflow Metrics, step by step as it stands in the file: what it takes over, the program itself against GitHub's answers, what it leaves. */
import { spawn, type ChildProcess } from "node:child_process";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { checkout } from "../../tools/cache.ts";
import { workflowFiles } from "../../workflows/index.ts";
import { BY_TAG } from "./options.ts";
import { runScript, script } from "./scripts.ts";

const files = workflowFiles(BY_TAG);
const HOUR = 3_600_000;
const before = (hours: number) => new Date(Date.now() - hours * HOUR).toISOString();
const state = (name: string, hours: number, run: number) => ({
  state: name,
  created_at: before(hours),
  log_url: `https://github.com/r/r/actions/runs/${run}/job/1`,
});
/** In the shapes of GitHub's own description: two releases to production, a rollback in between, nothing on staging. */
const ANSWERS = {
  "/repos/r/r/deployments?environment=staging&per_page=100&page=1": [],
  "/repos/r/r/deployments?environment=production&per_page=100&page=1": [
    { id: 3, sha: "ccc", created_at: before(10) },
    { id: 2, sha: "aaa", created_at: before(20) },
    { id: 1, sha: "bbb", created_at: before(30) },
  ],
  "/repos/r/r/deployments/1/statuses?per_page=100&page=1": [state("success", 29, 71), state("in_progress", 29.5, 71)],
  "/repos/r/r/deployments/2/statuses?per_page=100&page=1": [state("success", 19, 72)],
  "/repos/r/r/deployments/3/statuses?per_page=100&page=1": [state("success", 9, 73)],
  "/repos/r/r/actions/runs/71": { path: ".github/workflows/release.yml" },
  "/repos/r/r/actions/runs/72": { path: ".github/workflows/rollback.yml@refs/heads/main" },
  "/repos/r/r/actions/runs/73": { path: ".github/workflows/release.yml" },
  "/repos/r/r/compare/aaa...ccc": { commits: [{ sha: "c", commit: { message: "hotfix: it\n\nwhy", author: { date: before(11) } }, parents: [{}], author: { type: "User" } }] },
}; // prettier-ignore

let github: ChildProcess;
let api = "";
beforeAll(async () => {
  // A process of its own: this one waits for the script, and could not answer it. Who has no token is told so; issues are asked for since a time.
  const serve = `const answers = ${JSON.stringify(ANSWERS)};
    require("node:http").createServer((asked, answer) => {
      const found = asked.url.startsWith("/repos/r/r/issues?labels=incident&state=all&since=") ? [] : answers[asked.url];
      const status = asked.headers.authorization !== "Bearer a-token" ? 401 : found === undefined ? 404 : 200;
      answer.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(found ?? { message: asked.url }));
    }).listen(0, "127.0.0.1", function () { console.log(this.address().port); });`;
  github = spawn(process.execPath, ["-e", serve], { stdio: ["ignore", "pipe", "inherit"] });
  api = `http://127.0.0.1:${await new Promise<string>((done) => github.stdout!.once("data", (text: Buffer) => done(text.toString().trim())))}`;
});
afterAll(() => void github.kill());

const folder = () => fs.mkdtempSync(path.join(os.tmpdir(), "metrics-"));
const read = (where: string, name: string) => fs.readFileSync(path.join(where, "delivery", name), "utf8");
const lines = (where: string) => read(where, "history.jsonl").trim().split("\n").map((line) => JSON.parse(line) as { run: string; environments: Record<string, { releases: number }> }); // prettier-ignore

/** The step that takes over what the run before left: `left`, or nothing, or what gh says in its place. */
const takeOver = (where: string, left?: string, gh = left === undefined ? "echo none" : `if [ "$1" = api ]; then echo 6; else mkdir --parents "$7"; printf '%s' '${left}' > "$7/history.jsonl"; fi`) =>
  runScript(script(files, "metrics.yml", "measure", "Take over"), { folder: where, env: { GH_REPO: "r/r" }, programs: { gh } }); // prettier-ignore
const measure = (where: string, run: string, token = "a-token") =>
  runScript(script(files, "metrics.yml", "measure", "Read GitHub's record"), {
    folder: where,
    env: { GITHUB_TOKEN: token, GITHUB_API_URL: api, GITHUB_REPOSITORY: "r/r", GITHUB_RUN_ID: run },
    programs: { node: `exec '${process.execPath}' "${checkout}/$1" "\${@:2}"` },
  });

test("from GitHub's answers to summary, page and figures, for each environment", () => {
  const where = folder();
  expect(takeOver(where)).toMatchObject({ code: 0, said: "no run before has left a history that is still there: it begins with this one\n" });
  const { code, said, summary } = measure(where, "100");
  expect(code, said).toBe(0);
  expect(summary).toMatch(/^## Delivery of r\/r, .*\n\n### staging\n[\s\S]*no release[\s\S]*### production\n/);
  expect(summary).toContain("| Change lead time | 2 h | 90 % within 2 h, 1 commit |");
  expect(summary).toContain("| Change fail rate | 50 % | felt by people; 0 % failed before anyone felt it |");
  expect(read(where, "index.html")).toContain("Delivery of r/r");
  const { environments } = JSON.parse(read(where, "delivery.json")) as { environments: { name: string; measures: { releases: number; reworkRate: number } }[] };
  expect(environments.map(({ name, measures }) => [name, measures.releases, measures.reworkRate])).toEqual([["staging", 0, undefined], ["production", 2, 0.67]]); // prettier-ignore
});

test("each run is one line, also one that is repeated; what the run before left is taken over", () => {
  const first = folder();
  takeOver(first);
  measure(first, "100");
  const second = folder();
  expect(takeOver(second, read(first, "history.jsonl"))).toMatchObject({ code: 0 });
  measure(second, "101");
  measure(second, "101");
  expect(lines(second).map(({ run, environments }) => [run, environments["production"]!.releases])).toEqual([["100", 2], ["101", 2]]); // prettier-ignore
  expect(read(second, "history.jsonl")).not.toContain('"days"');
});

test("a history that is damaged keeps what can be read of it, and the run", () => {
  const where = folder();
  takeOver(where, `{"run":"1","at":"2026-01-01T00:00:00Z","environments":{"production":{"releases":1}}}\n{"run":"2","at":\n[]\nnull\n`);
  const { code, said } = measure(where, "102");
  expect([code, said]).toEqual([0, expect.stringContaining("\n::warning::3 of the lines in history.jsonl could not be read and are left out\n")]);
  expect(lines(where).map(({ run }) => run)).toEqual(["1", "102"]);
});

test("one that GitHub does not give now ends the run, and does not begin anew; what is gone by its age begins anew", () => {
  expect(takeOver(folder(), undefined, "exit 1")).toMatchObject({ code: 1, said: "::error::GitHub does not say who left delivery\n" });
  expect(takeOver(folder(), undefined, '[ "$1" = api ] && echo 6')).toMatchObject({ code: 1, said: "::error::delivery of run 6 cannot be downloaded\n" });
  expect(takeOver(folder(), undefined, "echo expired").code).toBe(0);
  // As the versions before left it, without a history.
  expect(takeOver(folder(), undefined, 'if [ "$1" = api ]; then echo 6; else mkdir --parents "$7"; fi').code).toBe(0);
});

test("a token that may not read is said, and nothing is written in place of what was measured", () => {
  const where = folder();
  takeOver(where, `{"run":"1","at":"2026-01-01T00:00:00Z","environments":{}}\n`);
  const { code, said } = measure(where, "103", "another");
  expect(code).toBe(1);
  expect(said).toMatch(/^error: GitHub answered 401 to repos\/r\/r\/deployments.*may the token read deployments, actions, contents and issues\?\n$/);
  expect(fs.readdirSync(path.join(where, "delivery"))).toEqual(["history.jsonl"]);
  expect(lines(where).map(({ run }) => run)).toEqual(["1"]);
});
