/** The scripts of checks, messages and findings, run as they stand in the files. */
import { execFileSync, spawn, type ChildProcess } from "node:child_process";
import * as fs from "node:fs";
import * as http from "node:http";
import type { AddressInfo } from "node:net";
import * as os from "node:os";
import * as path from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { parse } from "yaml";
import { workflowFiles } from "../../workflows/index.ts";
import { ALL, BARE, BY_APPROVAL, BY_TAG } from "./options.ts";
import { runScript, script } from "./scripts.ts";

const files = workflowFiles(BY_TAG);

describe("which parts a pull request touches", () => {
  /** A merge of a branch into main, as GitHub checks it out, that changed this file. */
  function merged(file: string): string {
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), "merge-"));
    const git = (...args: string[]) => execFileSync("git", ["-c", "user.name=t", "-c", "user.email=t@example.com", ...args], { cwd: folder, stdio: "ignore" });
    const write = (name: string) => {
      fs.mkdirSync(path.dirname(path.join(folder, name)), { recursive: true });
      fs.writeFileSync(path.join(folder, name), String(Math.random()));
      git("add", ".");
      git("commit", "--quiet", "--message", name);
    };
    git("init", "--quiet", "--initial-branch", "main");
    write("README.md");
    git("checkout", "--quiet", "-b", "branch");
    write(file);
    git("checkout", "--quiet", "main");
    write("backend/of-somebody-else.py");
    git("merge", "--no-ff", "--no-edit", "branch");
    return folder;
  }
  const touched = (options: (typeof ALL)["by tag"], file: string, event = "pull_request") =>
    Object.entries(
      runScript(script(workflowFiles(options), "ci.yml", "changes", "Compare"), { folder: merged(file), env: { GITHUB_EVENT_NAME: event } }).outputs,
    )
      .filter(([, value]) => value === "true")
      .map(([area]) => area);

  test.each([
    ["backend/main.py", ["backend"]],
    ["compose.yaml", ["backend"]],
    ["frontend/Dockerfile", ["frontend", "files"]],
    ["e2e/a.spec.ts", ["e2e"]],
    ["scripts/a.sh", ["files"]],
    ["infrastructure/index.ts", ["program"]],
    [".github/dependabot.yml", ["program"]],
    ["docs/a.md", []],
    [".github/workflows/ci.yml", ["backend", "frontend", "e2e", "program", "files"]],
  ])("%s: %j", (file, areas) => expect(touched(BY_TAG, file)).toEqual(areas));
  test("a program that is the root is what is not the application", () => {
    expect(touched(BY_APPROVAL, "index.ts")).toEqual(["program"]);
    expect(touched(BY_APPROVAL, "frontend/page.tsx")).toEqual(["frontend"]);
  });
  test("in the merge queue everything is", () => expect(touched(BY_TAG, "docs/a.md", "merge_group")).toHaveLength(5));
});

describe("the required check", () => {
  const step = script(files, "ci.yml", "required", "Everything that should have run");
  const areas = { backend: "true", frontend: "false" };
  const AREAS = JSON.stringify({ "lint-backend": "backend", "lint-frontend": "frontend" });
  const check = (results: Record<string, string>, outputs: object = areas) => {
    const needs = { changes: { result: "success", outputs }, "lint-backend": { result: "success" }, "lint-frontend": { result: "skipped" } };
    const all = Object.fromEntries(Object.entries(needs).map(([id, one]) => [id, { ...one, result: results[id] ?? one.result }]));
    return runScript(step, { env: { NEEDS: JSON.stringify(all), AREAS } }).code;
  };
  test("passes when all passed, but for what nothing was changed of", () => expect(check({})).toBe(0));
  test.each([
    ["one failed", { "lint-backend": "failure" }],
    ["one was cancelled", { "lint-backend": "cancelled" }],
    ["one was skipped that should have run", { "lint-backend": "skipped" }],
    ["nobody knows what changed", { changes: "failure" }],
  ])("fails when %s", (_what, results) => expect(check(results)).not.toBe(0));
  test("fails when what changed was not said", () => expect(check({}, {})).not.toBe(0));
});

describe("the message to the team", () => {
  const step = script(files, "deploy.yml", "notify", "Write the message");
  const tell = (needs: Record<string, string>, subject = "Better <b> & more\n\nbody", about = "staging", brings = "", of = step) => {
    const { folder, code, said } = runScript(of, {
      env: {
        NEEDS: JSON.stringify(Object.fromEntries(Object.entries(needs).map(([id, result]) => [id, { result }]))),
        ABOUT: about,
        SUBJECT: subject,
        BRINGS: brings,
        ACTOR: "ana",
        COMMIT: "c0ffee0000",
        REPOSITORY: "https://github.com/r/r",
        RUN_ID: "7",
      },
    });
    expect([code, said]).toEqual([0, ""]);
    return (JSON.parse(fs.readFileSync(path.join(folder, "slack.json"), "utf8")) as { text: string }).text;
  };
  test("says what really came of it", () => {
    expect(tell({ images: "success", deploy: "success" })).toMatch(/^:white_check_mark: \*staging\* succeeded\n/);
    expect(tell({ images: "failure", deploy: "skipped" })).toMatch(/^:x: \*staging\* failed: images\n/);
    expect(tell({ images: "cancelled", deploy: "skipped" })).toMatch(/failed: images\n/);
    expect(tell({ images: "success", deploy: "skipped" })).toMatch(/ended early, not run: deploy\n/);
  });
  test("what a run is not meant to have is no early end: another environment's deploy, staging's infrastructure at a tag", () => {
    const done = { check: "success", find: "success" };
    const release = script(workflowFiles(BY_APPROVAL), "release.yml", "notify", "Write the message");
    expect(tell({ ...done, "deploy-production": "success", "deploy-demo": "skipped" }, "", "release", "", release)).toMatch(/\*release\* succeeded/);
    const infrastructure = script(workflowFiles(BARE), "infrastructure.yml", "notify", "Write the message");
    expect(tell({ ...done, "up-staging": "skipped", "up-production": "success" }, "", "it", "", infrastructure)).toMatch(/\*it\* succeeded/);
    expect(tell({ ...done, "up-staging": "failure", "up-production": "skipped" }, "", "it", "", infrastructure)).toMatch(/\*it\* failed: up-staging\n/);
  });
  test("says which commits a release brings, where it got as far as knowing", () => {
    const brings = { since: "since abcdef0, which was live", commits: ["c0ffee0 Better <!channel>", "and 3 more"] };
    expect(tell({ a: "success" }, "", "release v2", JSON.stringify(brings))).toContain(
      "\nIt brings: since abcdef0, which was live\n• c0ffee0 Better &lt;!channel&gt;\n• and 3 more\n<https://github.com/r/r/actions/runs/7|the run>",
    );
    expect(tell({ a: "failure" })).not.toContain("It brings");
  });
  test("says what changed, by whom, and where; nobody's words are markup", () => {
    expect(tell({ a: "success" })).toContain(
      "<https://github.com/r/r/commit/c0ffee0000|c0ffee0> Better &lt;b&gt; &amp; more (by ana)\n<https://github.com/r/r/actions/runs/7|the run>",
    );
    expect(tell({ a: "success" }, "", "rollback: <!channel>")).toBe(
      ":white_check_mark: *rollback: &lt;!channel&gt;* succeeded\nby ana\n<https://github.com/r/r/actions/runs/7|the run>",
    );
  });
});

/** `gh` with issues in a file: enough of it for the script, through the same jq that gh has in it. */
const GH_ISSUES = `
state=issues.json; [ -f $state ] || echo '[]' > $state
case "$1 $2" in
  "label create") ;;
  "issue list") jq '[.[] | select(.state == "open")]' $state ;;
  "issue create") jq --arg title "$4" --arg body "$(cat)" '. + [{ number: (length + 1), state: "open", title: $title, body: $body }]' $state > new && mv new $state ;;
  "issue close") jq --argjson number "$3" 'map(if .number == $number then .state = "closed" else . end)' $state > new && mv new $state ;;
  *) echo "unknown: $*" >&2; exit 2 ;;
esac`;

test("one issue for each finding: opened once, kept while it is there, closed when it is gone", () => {
  const step = script(files, "security-monitoring.yml", "live", "One issue");
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), "issues-"));
  const found = (...ids: string[]) => {
    const findings = ids.map((id) => ({ id, title: `"${id}" $(id)`, body: "b" }));
    const { code, said } = runScript(step, {
      folder,
      env: { RUN: "https://run", GH_REPO: "r/r" },
      programs: { gh: GH_ISSUES },
      files: { "findings.json": JSON.stringify(findings) },
    });
    expect([code, said]).toEqual([0, ""]);
    return (JSON.parse(fs.readFileSync(path.join(folder, "issues.json"), "utf8")) as { title: string; state: string }[]).map(
      ({ title, state }) => `${title} ${state}`,
    );
  };
  expect(found()).toEqual([]);
  expect(found("a", "b")).toEqual(['"a" $(id) open', '"b" $(id) open']);
  expect(found("a", "b")).toHaveLength(2);
  expect(found("b")).toEqual(['"a" $(id) closed', '"b" $(id) open']);
  expect(found("a", "b")).toEqual(['"a" $(id) closed', '"b" $(id) open', '"a" $(id) open']);
});

describe("performance", () => {
  const step = script(files, "performance.yml", "load", "Compare with");
  const compare = (p95: number, history: object[], passed = true) => {
    const { code, said, folder, summary } = runScript(step, {
      env: { PASSED: String(passed), COMMIT: "c0ffee", GH_REPO: "r/r" },
      programs: {
        gh:
          history.length === 0 ? "echo none" : `if [ "$1" = api ]; then echo 1; else mkdir -p "$7"; echo '${JSON.stringify(history)}' > "$7/history.json"; fi`,
      },
      files: { "results.json": JSON.stringify({ p95_ms: p95, failed_rate: 0, requests_per_second: 50 }) },
    });
    expect([code, said]).toEqual([0, ""]);
    const read = (name: string) => JSON.parse(fs.readFileSync(path.join(folder, name), "utf8")) as { id?: string; good?: boolean }[];
    return { findings: read("findings.json").map(({ id }) => id), last: read("history.json").at(-1)!.good, summary };
  };
  const good = (p95: number) => ({ p95_ms: p95, good: true });
  test("k6 is named as its action wants it, which puts a v before it", () => {
    const { text } = files.find(({ path: name }) => name.endsWith("/performance.yml"))!;
    expect(/k6-version: (.*)/.exec(text)![1]).toMatch(/^"?\d+\.\d+\.\d+"?$/);
  });
  test("the first result is the measure of the next", () => expect(compare(80, [])).toMatchObject({ findings: [], last: true }));
  test("compared with the middle of the last five good ones", () => {
    const history = [good(10), good(100), good(90), { p95_ms: 900, good: false }, good(110), good(95), good(400)];
    expect(compare(125, history)).toMatchObject({ findings: [], last: true });
    expect(compare(140, history)).toMatchObject({ findings: ["slower"], last: false });
    expect(compare(140, history).summary).toContain("| 140 ms | 100 ms |");
  });
  test("a few milliseconds are no regression", () => expect(compare(25, [good(10), good(10)])).toMatchObject({ findings: [] }));
  test("a missed threshold is a finding and no measure", () => expect(compare(80, [good(80)], false)).toMatchObject({ findings: ["threshold"], last: false }));
  test("where something was deployed meanwhile the result is not kept, and is no failure", () => {
    const load = script(files, "performance.yml", "load", "Load");
    const ended = (ids: string, code: number) =>
      runScript(load, {
        env: { BASE_URL: "x", ENVIRONMENT: "staging", GH_REPO: "r/r" },
        programs: { k6: `echo '{}' > results.json; exit ${code}`, gh: `n=$(cat n 2>/dev/null || echo 1); echo $((n + 1)) > n; set -- ${ids}; echo "\${!n}"` },
      });
    expect([ended("5 6", 99).code, fs.existsSync(path.join(ended("5 6", 99).folder, "results.json"))]).toEqual([0, false]);
    expect([ended("5 5", 99).code, fs.existsSync(path.join(ended("5 5", 0).folder, "results.json"))]).toEqual([99, true]);
  });
});

describe("findings of scans", () => {
  test("ZAP: of medium risk or higher, by kind, without the places and what the rules ignore", () => {
    const step = script(files, "security-monitoring.yml", "zap-baseline", "Scan");
    const alerts = [
      { pluginid: "10038", alertRef: "10038-1", alert: "No CSP", riskcode: "2", riskdesc: "Medium (High)", count: "3", instances: [{ uri: "https://secret" }] },
      { pluginid: "10021", alert: "Sniffing", riskcode: "1", riskdesc: "Low (High)", count: "1", instances: [] },
      { pluginid: "10020", alert: "Framing", riskcode: "2", riskdesc: "Medium (High)", count: "1", instances: [] },
    ];
    const rules = { ".zap/rules.tsv": "# why\n10020\tIGNORE\t(nothing to click on)\n10038\tWARN\t(to be mended)\n" };
    const { code, folder } = runScript(step, {
      env: { PUBLIC_URL: "https://s", ZAP: "zap" },
      programs: { docker: `echo '${JSON.stringify({ site: [{ alerts }] })}' > zap.json` },
      files: rules,
    });
    const found = fs.readFileSync(path.join(folder, "findings.json"), "utf8");
    expect(code).toBe(0);
    expect((JSON.parse(found) as { id: string }[]).map(({ id }) => id)).toEqual(["zap-10038"]);
    expect(found).not.toContain("https://secret");
    expect(runScript(step, { env: { PUBLIC_URL: "https://s", ZAP: "zap" }, programs: { docker: "exit 3" } }).code).toBe(1);
  });
  test("Trivy: each digest that is live, of each environment that something is known of", () => {
    const step = script(files, "security-monitoring.yml", "live", "Scan each digest");
    const report = {
      Results: [
        {
          Vulnerabilities: [
            { VulnerabilityID: "CVE-1", PkgName: "openssl", InstalledVersion: "3.0", FixedVersion: "3.1", Severity: "HIGH" },
            { VulnerabilityID: "CVE-2", PkgName: "zlib", Severity: "HIGH" },
          ],
        },
        {},
      ],
    };
    const { code, folder, summary } = runScript(step, {
      env: { GH_REPO: "r/r" },
      programs: {
        gh: `if [ "$1" = api ]; then case "$2" in *live-staging*) echo 5 ;; *) echo none ;; esac; else mkdir -p "$7"; echo '{ "images": { "backend": "b@sha256:1", "worker": "b@sha256:1", "frontend": "f@sha256:2" } }' > "$7/live.json"; fi`,
        trivy: `echo "$@" >> asked; while [ "$1" != --output ]; do shift; done; echo '${JSON.stringify(report)}' > "$2"`,
      },
    });
    expect(code).toBe(0);
    expect(
      fs
        .readFileSync(path.join(folder, "asked"), "utf8")
        .trim()
        .split("\n")
        .map((line) => line.split(" ").at(-1)),
    ).toEqual(["b@sha256:1", "f@sha256:2"]);
    expect((JSON.parse(fs.readFileSync(path.join(folder, "findings.json"), "utf8")) as { id: string }[]).map(({ id }) => id)).toContain(
      "CVE-1 openssl staging",
    );
    expect(fs.readFileSync(path.join(folder, "findings.json"), "utf8")).not.toContain("CVE-2");
    expect(summary).toContain("production: nothing is known to be live");
  });
  test.each([
    ["GitHub does not answer", "exit 1", "GitHub does not say who left live-staging"],
    ["what was left is gone by its age", "echo expired", "what is live in staging was written down so long ago"],
    ["it cannot be downloaded", '[ "$1" != api ] || { echo 5; exit 0; }; exit 1', "live-staging of run 5 cannot be downloaded"],
  ])("what is live cannot be known, as %s: the run fails, and no issue is closed by it", (_why, gh, says) => {
    const step = script(files, "security-monitoring.yml", "live", "Scan each digest");
    const { code, folder, said } = runScript(step, { env: { GH_REPO: "r/r" }, programs: { gh } });
    expect(code).not.toBe(0);
    expect(said).toContain(says);
    expect(fs.existsSync(path.join(folder, "findings.json"))).toBe(false);
  });
  test("what is live is the server's word of each night, kept where that scan looks for it; a server that is silent leaves what was kept before", () => {
    const night = (
      parse(files.find(({ path: name }) => name.endsWith("/infrastructure.yml"))!.text) as {
        jobs: Record<string, { steps: { name: string; with?: object }[] }>;
      }
    ).jobs["drift-staging"]!.steps;
    expect(night.at(-1)).toMatchObject({ name: "Keep what is live now", with: { name: "live-staging", path: "live.json" } });
    const step = script(files, "infrastructure.yml", "drift-staging", "Read what is live now");
    const read = (node: string) => {
      const { code, folder } = runScript(step, { env: { STACK: "staging" }, programs: { node } });
      const file = path.join(folder, "live.json");
      return [code === 0, fs.existsSync(file) && (JSON.parse(fs.readFileSync(file, "utf8")) as unknown)];
    };
    const record = (number: number, live: boolean, stack = "recoloca-staging") => ({
      stack,
      number,
      live,
      release: `v${number}`,
      images: { a: `a@sha256:${number}` },
      provenance: { commit: "c" },
    });
    const all = [record(3, false), record(2, true), record(9, true, "recoloca-demo")];
    expect(read(`[ "$*" = "operate/main.ts history --json" ] && echo '${JSON.stringify(all)}'`)).toEqual([
      true,
      { number: 2, release: "v2", images: { a: "a@sha256:2" }, commit: "c" },
    ]);
    expect(read("exit 1")).toEqual([false, false]);
  });
  describe.each([
    ["its servers", "Compare", "drift-staging", "pulumi"],
    ["GitHub's side", "Compare what it has at GitHub", "drift-github-staging", "node"],
  ])("drift of %s", (_what, name, id, program) => {
    const step = script(files, "infrastructure.yml", "drift-staging", name);
    const compared = (says: string) => {
      const { code, folder, said, summary } = runScript(step, {
        env: { STACK: "staging" },
        programs: { [program]: says },
        // Of what was compared before it.
        files: program === "node" ? { "findings.json": '[{ "id": "drift-staging" }]' } : {},
      });
      const file = path.join(folder, "findings.json");
      return { code, said, summary, found: fs.existsSync(file) ? (JSON.parse(fs.readFileSync(file, "utf8")) as { id: string; title: string; body: string }[]) : undefined };
    }; // prettier-ignore
    test("is an issue with what differs; none closes it", () => {
      expect(compared("exit 0")).toMatchObject({ code: 0, found: [] });
      const { code, found, summary } = compared("echo '~ it \"differs\"'; exit 7");
      expect([code, found!.map((one) => one.id), found![0]!.title]).toEqual([0, [id], expect.stringMatching(/staging.* is not what it should be$/) as string]);
      expect(found![0]!.body).toContain('\n```\n~ it "differs"\n\n```\n');
      expect(summary).toBe('~ it "differs"\n');
    });
    test("is not known where there is no comparison: the run fails, and opens and closes nothing", () => {
      for (const code of [1, 4, 255])
        expect(compared(`echo 'no network' >&2; exit ${code}`)).toMatchObject({ code: 1, found: undefined, summary: "no network\n" });
    });
  });
});

describe("a preview", () => {
  const run = (pulumi: string) => runScript(script(files, "infrastructure.yml", "preview", "Preview"), { env: { STACK: "staging" }, programs: { pulumi } });
  test("is kept for the comment; one that fails is shown, and fails the step", () => {
    expect(run('[ "$*" = "preview --json --non-interactive" ] && echo "{}"')).toMatchObject({ code: 0, said: "" });
    expect(run("echo '{}'; echo 'error: no such stack' >&2; exit 255")).toMatchObject({ code: 255, said: "error: no such stack\n" });
  });

  test("is commented by the program of this repository, for GitHub's own answers", async () => {
    const asked: string[] = [];
    const bodies: string[] = [];
    const server = http.createServer((request, response) => {
      asked.push(`${request.method} ${request.url} ${request.headers.authorization}`);
      let body = "";
      request.on("data", (part: Buffer) => (body += part.toString()));
      request.on("end", () => {
        bodies.push(body);
        response.setHeader("content-type", "application/json").end(request.method === "GET" ? "[]" : "{}");
      });
    });
    await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
    const comment = (preview: string, log = "") =>
      new Promise<{ code: number | null; summary: string }>((done) => {
        const folder = fs.mkdtempSync(path.join(os.tmpdir(), "comment-"));
        fs.writeFileSync(path.join(folder, "preview.json"), preview);
        fs.writeFileSync(path.join(folder, "preview.log"), log);
        const summary = path.join(folder, "summary");
        const step = script(workflowFiles({ ...BY_TAG, programPath: "." }), "infrastructure.yml", "preview", "Comment");
        const env = {
          ...{ PATH: process.env["PATH"], RUNNER_TEMP: folder, GITHUB_STEP_SUMMARY: summary, STACK: "staging", RUN: "https://run", COMMIT: "c0ffee00" },
          ...{ PULL_REQUEST: "5", GITHUB_TOKEN: "t", GITHUB_REPOSITORY: "r/r", GITHUB_API_URL: `http://127.0.0.1:${(server.address() as AddressInfo).port}` },
        };
        const child = spawn("bash", ["--noprofile", "--norc", "-euo", "pipefail", "-c", step], {
          cwd: path.join(import.meta.dirname, "../.."),
          env,
          stdio: "ignore",
        });
        child.on("close", (code) => done({ code, summary: fs.readFileSync(summary, "utf8") }));
      });
    const recorded = fs.readFileSync(path.join(import.meta.dirname, "../previews/restart.json"), "utf8");
    const good = await comment(recorded);
    expect(good).toEqual({ code: 0, summary: expect.stringContaining("### Preview of staging: 1 updated, 21 stay") as string });
    expect(asked).toEqual(["GET /repos/r/r/issues/5/comments?per_page=100&page=1 Bearer t", "POST /repos/r/r/issues/5/comments Bearer t"]);
    expect((JSON.parse(bodies[1]!) as { body: string }).body).toBe(good.summary);
    const failed = await comment("", "error: no such stack");
    expect(failed).toEqual({ code: 1, summary: expect.stringContaining("error: no such stack") as string });
    server.close();
  });
});

describe("an image that is there is not built again", () => {
  const step = script(files, "deploy.yml", "build-backend-amd64", "Was it built before?");
  test("what is there goes on; what is not is built", () => {
    expect(runScript(step, { env: { IMAGE: "i" }, programs: { docker: "echo '\"sha256:a\"'" } }).outputs).toEqual({ digest: "sha256:a" });
    const gone = runScript(step, {
      env: { IMAGE: "i" },
      programs: { docker: "echo 'ERROR: ghcr.io/recoloca/backend:commit-c0ffee-amd64: not found' >&2; exit 1" },
    });
    expect(gone).toMatchObject({ code: 0, outputs: {} });
  });
  test("a name that nothing was ever pushed under is built, also where the registry refuses to say so", () => {
    const refused = "echo 'ERROR: failed to authorize: unexpected status from GET request: 403 Forbidden' >&2; exit 1";
    expect(runScript(step, { env: { IMAGE: "i" }, programs: { docker: refused } })).toMatchObject({ code: 0, outputs: {} });
  });
  test("what the registry does not say is not built again, and its words are told", () => {
    for (const words of ["ERROR: dial tcp 1.2.3.4:443: i/o timeout", "ERROR: unexpected status from HEAD request: 503 Service Unavailable"]) {
      const { code, said, outputs } = runScript(step, { env: { IMAGE: "i" }, programs: { docker: `echo '${words}' >&2; exit 1` } });
      expect([code, outputs, said.includes(words), said.includes("run the failed jobs again")]).toEqual([1, {}, true, true]);
    }
  });
});

describe("it answers from outside", () => {
  let server: ChildProcess;
  let url = "";
  beforeAll(async () => {
    server = spawn(
      process.execPath,
      ["-e", 'require("http").createServer((_, a) => { a.end(); }).listen(0, function () { console.log(this.address().port) })'],
      { stdio: ["ignore", "pipe", "inherit"] },
    );
    url = `http://127.0.0.1:${await new Promise<string>((done) => server.stdout!.once("data", (text: Buffer) => done(text.toString().trim())))}`;
  });
  afterAll(() => void server.kill());
  const step = script(files, "deploy.yml", "deploy-staging", "It answers from outside");
  test("at each of the four health paths, with its time", () => {
    const { code, said } = runScript(step, { env: { PUBLIC_URL: url } });
    expect(code).toBe(0);
    expect(said.match(/^200 [\d.]+s \/\S+$/gm)).toHaveLength(4);
  });
  test("or the deploy is a failed one", () => expect(runScript(step, { env: { PUBLIC_URL: "http://127.0.0.1:9" } }).code).not.toBe(0));
});
