/** What a run leaves at GitHub for people: its summary, the notes of a release, the comment with the coverage. By the scripts as they stand in the files. */
import * as fs from "node:fs";
import * as path from "node:path";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import { workflowFiles } from "../../workflows/index.ts";
import * as events from "./events.ts";
import { BY_APPROVAL, BY_TAG } from "./options.ts";
import { runScript, script } from "./scripts.ts";
import { changing, runsOf } from "./simulator.ts";

const files = workflowFiles(BY_TAG);

describe("the summary of a run says what came of it", () => {
  const RECORD = { stack: "recoloca-staging", live: true, number: 14, release: "v2", outcome: "live", images: {}, provenance: { run: "https://run" } };
  const SHOWS = `case "$*" in *"history --json"*) echo '${JSON.stringify([RECORD])}' ;; *" show "*) echo "the story of 14" ;; *) echo "did $*" ;; esac`;
  test.each<[file: string, job: string, step: string, env: Record<string, string>, programs: Record<string, string>, says: RegExp]>([
    ["deploy.yml", "deploy-staging", "What became of it", { STACK: "staging", RUN: "https://run", PULUMI: "success" }, { node: SHOWS }, /release 14 v2: live[\s\S]*the story of 14/],
    ["release.yml", "deploy-production", "What became of it", { STACK: "staging", RUN: "https://run", PULUMI: "success" }, { node: SHOWS }, /release 14 v2: live/],
    ["redeploy.yml", "work", "What became of it", { STACK: "staging", RUN: "https://run", PULUMI: "success" }, { node: SHOWS }, /release 14 v2: live/],
    ["rollback.yml", "work", "Say why", { ACTOR: "ana", REASON: "it's slow" }, {}, /^ana: it's slow\n$/],
    ["rollback.yml", "work", "Tell the story", {}, { tail: "echo 'went back to 12'" }, /```\nwent back to 12\n```/],
    ["maintenance.yml", "work", "Turn the page", { DOORS: "off" }, { node: SHOWS }, /did operate\/main\.ts maintenance off/],
    ["infrastructure.yml", "up-staging", "Bring it up", { STACK: "staging", GITHUB_TOKEN: "t" }, { pulumi: "echo '3 updated'" }, /### staging\n```\n3 updated\n```/],
    ["metrics.yml", "measure", "Read GitHub's record", {}, { node: "echo '| lead time | 2 h |'" }, /lead time/],
    ["rotation.yml", "propose", "Read the days", {}, { node: "echo 'SECRET_KEY is due'" }, /SECRET_KEY is due/],
    ["deploy.yml", "images", "One name for backend", { IMAGE: "i", COMMIT: "c" }, { docker: `[ "$3" = create ] || echo '"sha256:a"'` }, /`i@sha256:a`/],
  ])("%s, %s: %s", (file, job, step, env, programs, says) => {
    const { code, summary, said } = runScript(script(files, file, job, step), { env: { BACKEND_AMD64: "a", BACKEND_ARM64: "b", ...env }, programs });
    expect([code, said]).toEqual([0, expect.any(String)]);
    expect(summary).toMatch(says);
  }); // prettier-ignore

  test("also where it failed, with the last of what was said", () => {
    const { code, summary } = runScript(script(files, "infrastructure.yml", "up-staging", "Bring it up"), {
      env: { STACK: "staging", GITHUB_TOKEN: "" },
      programs: { pulumi: `echo "$*"; echo 'error: bucket is not empty'; exit 255` },
    });
    expect(code).toBe(255);
    expect(summary).toBe("### staging\n```\nup --yes --diff --non-interactive --exclude **github:index/**\nerror: bucket is not empty\n```\n");
  });
});

describe("GitHub knows what was released", () => {
  const step = script(files, "release.yml", "publish", "Release at GitHub");
  const GH = `echo "$*" >> "$PWD/asked"; case "$1 $2" in "release view") exit "$(cat there)" ;; esac`;
  const asked = (there: string, gh = GH) => {
    const { code, folder } = runScript(step, { env: { TAG: "v1.2.3", GH_REPO: "recoloca/recoloca" }, programs: { gh }, files: { there } });
    return [code, fs.readFileSync(path.join(folder, "asked"), "utf8").trim().split("\n")];
  };
  test("the notes of a tag are published once, of that tag and no new one", () => {
    expect(asked("1")).toEqual([0, ["release view v1.2.3", "release create v1.2.3 --verify-tag --generate-notes"]]);
    expect(asked("0")).toEqual([0, ["release view v1.2.3"]]);
  });
  test("notes that cannot be published are a failed job", () => {
    expect(asked("1", `${GH}\n[ "$2" = view ] || exit 4`)[0]).toBe(4);
  });
  test("whatever moves a release is a deployment of its environment; what does not is none", () => {
    for (const options of [BY_TAG, BY_APPROVAL])
      for (const event of [
        events.pushToMain(),
        events.tag("v1.2.3"),
        ...["production", "demo"].map((environment) => events.dispatch("release.yml", { commit: "c0ffee2", environment })),
        ...["rollback.yml", "redeploy.yml", "maintenance.yml"].map((file) => events.dispatch(file, { environment: "production", reason: "x" })),
      ])
        for (const { workflow, job, changes } of changing(runsOf(workflowFiles(options), event))) {
          const { jobs } = parse(workflowFiles(options).find(({ path: name }) => name.endsWith(`/${workflow}`))!.text) as {
            jobs: Record<string, { environment: { deployment?: boolean } }>;
          };
          const moves = changes === "release" || changes === "rollback";
          expect([workflow, job, jobs[job]!.environment.deployment]).toEqual([workflow, job, moves ? undefined : false]);
        }
  });
});

describe("the coverage on a pull request", () => {
  const step = script(files, "ci.yml", "coverage", "Write one comment");
  /** `gh` with one page of comments, through the same jq that it has in it. */
  const comments = (...all: object[]) =>
    `case "$*" in *--jq*) echo '${JSON.stringify(all)}' | jq --raw-output "\${@: -1}" ;; *) echo "$*" > "$PWD/asked"; cp "$RUNNER_TEMP/comment.md" "$PWD/comment.md" ;; esac`;
  const comment = (env: Record<string, string>, gh = comments()) => {
    const { code, folder, said } = runScript(step, {
      env: { GITHUB_REPOSITORY: "r/r", NUMBER: "7", BACKEND: "", FRONTEND: "", BACKEND_TESTS: "skipped", FRONTEND_TESTS: "skipped", ...env },
      programs: { gh },
    });
    const read = (file: string) => (fs.existsSync(path.join(folder, file)) ? fs.readFileSync(path.join(folder, file), "utf8") : "");
    return { code, said, asked: read("asked").trim(), first: read("comment.md").split("\n")[0], row: read("comment.md").trim().split("\n").at(-1) };
  };
  const bot = { login: "github-actions[bot]" };
  test("is one comment, with what was measured", () => {
    const { code, asked, row } = comment({ BACKEND: "93", BACKEND_TESTS: "success", FRONTEND: "88.2", FRONTEND_TESTS: "success" });
    expect([code, row]).toEqual([0, "| 93 % | 88.2 % |"]);
    expect(asked).toMatch(/^api --silent --method POST repos\/r\/r\/issues\/7\/comments /);
  });
  test("is changed in its place, and no other comment is: not the same bot's of a preview, nor a person's who quotes it", () => {
    const { first } = comment({});
    const others = [
      { id: 1, user: { login: "ana" }, body: `${first}\nmine` },
      { id: 3, user: bot, body: "### Preview of staging" },
    ];
    expect(comment({}, comments(...others)).asked).toContain("--method POST");
    const { code, asked } = comment({}, comments(others[0]!, { id: 2, user: bot, body: `${first}\nLines` }, others[1]!));
    expect([code, asked]).toEqual([0, expect.stringMatching(/^api --silent --method PATCH repos\/r\/r\/issues\/comments\/2 /)]);
  });
  test("says what was left alone, and does not call that so whose tests failed", () => {
    expect(comment({ BACKEND: "93", BACKEND_TESTS: "success" }).row).toBe("| 93 % | not touched |");
    expect(comment({ BACKEND: "93", BACKEND_TESTS: "success", FRONTEND_TESTS: "failure" }).row).toBe("| 93 % | not measured: its tests failed |");
  });
  test("that cannot be written is a failed job, which nothing waits for", () => {
    expect(comment({ BACKEND: "93" }, "echo 'HTTP 403' >&2; exit 1")).toMatchObject({ code: 1, said: "HTTP 403\n" });
    const runs = runsOf(files, events.pullRequest("branch"), { results: { "ci.yml/coverage": "failure" } });
    expect(runs.find(({ workflow, job }) => workflow === "ci.yml" && job === "required")!.result).toBe("success");
  });
});
