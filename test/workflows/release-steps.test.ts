/** The scripts that decide about releases, run as they stand in the files. */
import { execFileSync } from "node:child_process";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { parse } from "yaml";
import { workflowFiles } from "../../workflows/index.ts";
import { BY_APPROVAL, BY_TAG } from "./options.ts";
import { runScript, script, variables } from "./scripts.ts";

const files = workflowFiles(BY_TAG);
const RUN = "https://github.com/recoloca/recoloca/actions/runs/7";
const stepsOf = (file: string, job: string) =>
  (parse(files.find(({ path: name }) => name.endsWith(`/${file}`))!.text) as { jobs: Record<string, { steps: { name: string; with?: Record<string, unknown> }[] }> })
    .jobs[job]!.steps; // prettier-ignore
const commits: Record<string, string> = {};
let repository = "";

/** Three commits of main, of which the last is documentation alone, and one of a branch. */
beforeAll(() => {
  repository = fs.mkdtempSync(path.join(os.tmpdir(), "history-"));
  const git = (...args: string[]) =>
    execFileSync("git", ["-c", "user.name=t", "-c", "user.email=t@example.com", ...args], {
      cwd: repository,
      encoding: "utf8",
      stdio: ["ignore", "pipe", "ignore"],
    }).trim();
  const commit = (name: string, file: string) => {
    fs.mkdirSync(path.dirname(path.join(repository, file)), { recursive: true });
    fs.writeFileSync(path.join(repository, file), name);
    git("add", ".");
    git("commit", "--quiet", "--message", name);
    commits[name] = git("rev-parse", "HEAD");
  };
  git("init", "--quiet", "--initial-branch", "main");
  commit("old", "backend/main.py");
  commit("new", "backend/main.py");
  commit("docs", "docs/a.md");
  git("update-ref", "refs/remotes/origin/main", "HEAD");
  git("checkout", "--quiet", "-b", "elsewhere");
  commit("unmerged", "backend/main.py");
});

describe("a deploy never goes back", () => {
  const step = script(files, "deploy.yml", "deploy-staging", "A deploy never goes back");
  const with_ = (commit: string, live: string | undefined) =>
    runScript(step, {
      folder: repository,
      env: { STACK: "staging", COMMIT: commit },
      programs: {
        node: `[ "$*" = "operate/main.ts status --json" ] || exit 9; echo '${JSON.stringify(live === undefined ? [] : [{ stack: "recoloca-staging", live: { provenance: { commit: live } } }])}'`,
      },
    });
  test("to what is newer, the same, or unknown to this history it goes on", () => {
    for (const live of [commits["old"], commits["new"], undefined, "0".repeat(40)]) expect(with_(commits["new"]!, live).code).toBe(0);
  });
  test("to what is older it does not, and says what does", () => {
    const { code, said } = with_(commits["old"]!, commits["docs"]);
    expect(code).toBe(1);
    expect(said).toContain("to go back, run the workflow Rollback");
  });
  test("says what is live, for what comes after it", () => {
    expect(with_(commits["new"]!, commits["old"]).outputs).toEqual({ commit: commits["old"] });
    expect(with_(commits["new"]!, undefined).outputs).toEqual({ commit: "" });
  });
  test("a server that does not answer ends it before anything is changed", () => {
    expect(runScript(step, { folder: repository, env: { STACK: "staging", COMMIT: commits["new"]! }, programs: { node: "exit 1" } }).code).not.toBe(0);
  });
});

describe("what a release brings is what was not live before it", () => {
  const step = script(files, "release.yml", "deploy-production", "What it brings");
  const brings = (live: string, commit: string, folder = repository) => {
    const { code, said, outputs, summary } = runScript(step, { folder, env: { LIVE: live, COMMIT: commit } });
    expect([code, said]).toEqual([0, ""]);
    return { ...(JSON.parse(outputs["brings"]!) as { since: string; commits: string[] }), summary };
  };
  const short = (name: string) => commits[name]!.slice(0, 7);
  test("newest first, in the summary and for the message to the team", () => {
    const { since, commits: brought, summary } = brings(commits["old"]!, commits["docs"]!);
    expect([since, brought]).toEqual([`since ${short("old")}, which was live`, [`${short("docs")} docs`, `${short("new")} new`]]);
    expect(summary).toBe(`### What it brings: since ${short("old")}, which was live\n\n- ${short("docs")} docs\n- ${short("new")} new\n`);
  });
  test("nothing, where it is live; and where that is unknown, it says so and ends nothing", () => {
    expect(brings(commits["new"]!, commits["new"]!)).toMatchObject({ since: "no commit that was not live", commits: [] });
    expect(brings("", commits["new"]!)).toMatchObject({ since: "nothing was live before", commits: [] });
    expect(brings("0".repeat(40), commits["new"]!)).toMatchObject({ since: "0000000 was live before, which this history has not", commits: [] });
  });
  test("ten of many, without merges, none of them wide, nobody's words markup", () => {
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), "many-"));
    const git = (...args: string[]) => execFileSync("git", ["-c", "user.name=t", "-c", "user.email=t@example.com", ...args], { cwd: folder, encoding: "utf8" }).trim();
    git("init", "--quiet", "--initial-branch", "main");
    for (let index = 0; index <= 13; index++) git("commit", "--quiet", "--allow-empty", "--message", index === 13 ? `<b> ${"x".repeat(200)}` : `change ${index}`);
    git("checkout", "--quiet", "-b", "side");
    git("commit", "--quiet", "--allow-empty", "--message", "aside");
    git("checkout", "--quiet", "main");
    git("merge", "--quiet", "--no-ff", "--message", "a merge", "side");
    const { commits: brought, summary } = brings(git("rev-list", "--max-parents=0", "HEAD"), git("rev-parse", "HEAD"), folder);
    expect([brought.length, brought.at(-1), brought.some((one) => one.includes("a merge"))]).toEqual([11, "and 4 more", false]);
    expect(brought.find((one) => one.includes("<b>"))).toMatch(/^[0-9a-f]{7} <b> x{88}$/);
    expect(summary).toContain("&lt;b&gt; x");
  }); // prettier-ignore
});

describe("what became of a release is the server's own word", () => {
  const step = script(files, "deploy.yml", "deploy-staging", "What became of it");
  const record = (more: object) => ({
    stack: "recoloca-staging",
    live: false,
    number: 14,
    release: "v2",
    outcome: "live",
    images: { backend: "b@sha256:1" },
    provenance: { run: RUN, commit: "abc" },
    ...more,
  });
  const ask = (records: object[], { pulumi = "success", before = 13, release = "v2" } = {}) =>
    runScript(`echo ${before} > "$RUNNER_TEMP/before"\n${step}`, {
      env: { STACK: "staging", RUN, RELEASE: release, PULUMI: pulumi },
      programs: { node: `case "$2" in history) echo '${JSON.stringify(records)}' ;; show) echo "the story of $3" ;; esac` },
    });

  test("live: passes, with its story in the summary, and writes down what is live", () => {
    const { code, summary, folder } = ask([record({ live: true }), record({ number: 13, provenance: { run: "other" } })]);
    expect(code).toBe(0);
    expect(summary).toContain("staging: release 14 v2: live");
    expect(summary).toContain("the story of 14");
    expect(JSON.parse(fs.readFileSync(path.join(folder, "live.json"), "utf8"))).toEqual({
      number: 14,
      release: "v2",
      images: { backend: "b@sha256:1" },
      commit: "abc",
    });
  });
  test.each(["rolled-back", "failed", "refused", "stuck", null])("%s: fails, whatever Pulumi said, and says why; what is live is the old one", (outcome) => {
    const old = record({ number: 13, release: "v1", live: true, provenance: { run: "other", commit: "abb" } });
    const { code, said, folder } = ask([record({ outcome, reason: 'gate "api" got 500\nmore' }), old]);
    expect(code).toBe(1);
    expect(said).toContain(`release 14: ${outcome ?? "not finished"}. gate "api" got 500`);
    expect(fs.readFileSync(path.join(folder, "live.json"), "utf8")).toContain('"release": "v1"');
  });
  test("a run that the server never heard of fails, though something is live", () => {
    const { code, said } = ask([record({ number: 13, release: "v1", live: true, provenance: { run: "other" } })]);
    expect(code).toBe(1);
    expect(said).toContain("has not heard of this release");
  });
  test("the same release once more, where nothing had to be done, passes", () => {
    expect(ask([record({ live: true, provenance: { run: "an earlier run" } })]).code).toBe(0);
  });
  test("a connection that was cut decides nothing: the record does", () => {
    expect(ask([record({ live: true })], { pulumi: "failure" }).code).toBe(0);
    expect(ask([record({ outcome: "failed" }), record({ number: 13, live: true, provenance: {} })], { pulumi: "success" }).code).toBe(1);
  });
  test("the same release once more, which Pulumi could not ask for, is no success of this run", () => {
    expect(ask([record({ live: true, provenance: { run: "an earlier run" } })], { pulumi: "failure" }).code).toBe(1);
  });
  test("a redeploy is known by having begun after this run did", () => {
    const old = record({ number: 14, live: true, provenance: { run: "another" } });
    expect(ask([record({ number: 15, live: true, provenance: {} }), record({ number: 14, provenance: {} })], { release: "", before: 14 }).summary).toContain(
      "release 15",
    );
    expect(ask([record({ number: 15, outcome: "rolled-back", provenance: {} }), old], { release: "", before: 14 }).code).toBe(1);
    // Nothing had to be done; or Pulumi failed before it could ask for anything.
    expect(ask([old], { release: "", before: 14 }).code).toBe(0);
    expect(ask([old], { release: "", before: 14, pulumi: "failure" }).code).toBe(1);
  });
  test("another stack on the same server is not asked", () => {
    expect(ask([record({ stack: "other-staging", live: true })]).code).toBe(1);
  });
});

describe("the images of a release are those that were tested", () => {
  const step = script(files, "release.yml", "find", "Find the run");
  const images = { backend: "ghcr.io/recoloca/backend@sha256:b", frontend: "ghcr.io/recoloca/frontend@sha256:f" };
  const find = (
    wanted: string,
    runs: [id: number, commit: string, tested: boolean, status?: "in_progress"][],
    artifact = true,
    kept: object = images,
    of = step,
  ) =>
    runScript(of, {
      folder: repository,
      env: { WANTED: wanted, GH_REPO: "recoloca/recoloca", TESTED: "End-to-end tests against staging" },
      // Answers as the API does, through the same jq that gh has in it.
      programs: {
        gh: `
if [ "$1" = api ]; then
  case "$2" in
    */workflows/deploy.yml/runs*)
      body='${JSON.stringify({ workflow_runs: runs.map(([id, commit, , status = "completed"]) => ({ id, status, head_sha: commits[commit] })) })}'
      [[ "$2" != *status=* ]] || body="$(jq --arg asked "$2" '.workflow_runs |= map(select(.status as $status | $asked | test("status=\\($status)(&|$)")))' <<< "$body")" ;;
    ${runs
      .map(
        ([id, , tested]) =>
          `*/runs/${id}/jobs*) body='${JSON.stringify({
            jobs: [
              { name: "Lint backend", conclusion: "success" },
              { name: "End-to-end tests against staging", conclusion: tested ? "success" : "failure" },
            ],
          })}' ;;`,
      )
      .join("\n    ")}
  esac
  jq --raw-output "$4" <<< "$body"
else
  [ "$1 $2" = "run download" ] && ${artifact} || exit 1
  mkdir -p "$7"; echo "$3" > "$7/run"; echo '${JSON.stringify(kept)}' > "$7/images.json"
fi`,
      },
    });

  test("of the commit itself", () => {
    const { code, outputs, summary } = find(commits["new"]!, [
      [2, "new", true],
      [1, "old", true],
    ]);
    expect(code).toBe(0);
    expect(outputs).toEqual({ commit: commits["new"], ...images });
    expect(summary).toContain("/actions/runs/2");
  });
  test("also of one that is still at it, as the run is that offers them for approval", () => {
    const offered = script(workflowFiles(BY_APPROVAL), "release.yml", "find", "Find the run");
    const { code, outputs } = find(commits["new"]!, [[2, "new", true, "in_progress"]], true, images, offered);
    expect([code, outputs["backend"]]).toEqual([0, images.backend]);
  });
  test("of an older one with the same application in it", () => {
    const { code, outputs, summary } = find(commits["docs"]!, [
      [2, "new", true],
      [1, "old", true],
    ]);
    expect([code, outputs["commit"]]).toEqual([0, commits["docs"]]);
    expect(summary).toContain(`images of ${commits["new"]}`);
  });
  test("never of an older one with another application in it", () => {
    const { code, said, outputs } = find(commits["new"]!, [[1, "old", true]]);
    expect([code, outputs]).toEqual([1, {}]);
    expect(said).toContain("no run of main has tested");
  });
  test("never of a run whose end-to-end tests failed, nor of a newer commit", () => {
    expect(find(commits["new"]!, [[2, "new", false]]).code).toBe(1);
    expect(find(commits["old"]!, [[2, "new", true]]).code).toBe(1);
  });
  test("a commit that is not on main, or is none, is refused", () => {
    expect(find(commits["unmerged"]!, [[2, "new", true]]).said).toContain("is not on main");
    expect(find("nonsense", [[2, "new", true]]).said).toContain("there is no commit nonsense");
  });
  test("by what the build wrote down: its digests, as the registry has them, and under the names that are looked for", () => {
    const built = (part: string) =>
      runScript(script(files, "deploy.yml", "images", `One name for ${part}`), {
        env: { ...{ IMAGE: `ghcr.io/recoloca/${part}`, COMMIT: "c0ffee" }, [`${part.toUpperCase()}_AMD64`]: "sha256:a", [`${part.toUpperCase()}_ARM64`]: "sha256:b" },
        programs: { docker: `case "$3" in create) [ "$*" = "buildx imagetools create --tag $IMAGE:commit-c0ffee $IMAGE@sha256:a $IMAGE@sha256:b" ] ;; inspect) [ "$4" = "$IMAGE:commit-c0ffee" ] && echo '"sha256:index-of-${part}"' ;; esac` },
      }).outputs;
    const outputs: Record<string, Readonly<Record<string, string>>> = { backend: built("backend"), frontend: built("frontend") };
    // What GitHub would put in the place of `${{ steps.backend.outputs.image }}`.
    const env = Object.fromEntries(
      Object.entries(variables(files, "deploy.yml", "images", "Write down")).map(([name, text]) => {
        const [, id = "", output = ""] = /^\$\{\{ steps\.(\w+)\.outputs\.(\w+) \}\}$/.exec(text)!;
        return [name, outputs[id]![output]!];
      }),
    );
    const { code, folder } = runScript(script(files, "deploy.yml", "images", "Write down"), { env });
    expect(code).toBe(0);
    const kept = stepsOf("deploy.yml", "images").find(({ name }) => name === "Keep the digests")!.with!;
    const written = JSON.parse(fs.readFileSync(path.join(folder, String(kept["path"])), "utf8")) as object;
    expect(step).toContain(`gh run download "$run" --name ${String(kept["name"])} `);
    expect(find(commits["new"]!, [[2, "new", true]], true, written).outputs).toEqual({
      commit: commits["new"],
      backend: "ghcr.io/recoloca/backend@sha256:index-of-backend",
      frontend: "ghcr.io/recoloca/frontend@sha256:index-of-frontend",
    });
    // The jobs that deploy read nothing else.
    const jobs = parse(files.find(({ path: name }) => name.endsWith("/release.yml"))!.text) as { jobs: Record<string, { env: Record<string, string> }> };
    expect(jobs.jobs["deploy-production"]!.env).toMatchObject({ BACKEND: "${{ needs.find.outputs.backend }}", FRONTEND: "${{ needs.find.outputs.frontend }}" });
  }); // prettier-ignore
  test("images that GitHub has thrown away are named as such", () => {
    const { code, said } = find(commits["new"]!, [[2, "new", true]], false);
    expect(code).toBe(1);
    expect(said).toContain("older than 90 days: push a new commit to main");
  });
});

describe("what people start", () => {
  const step = script(files, "rollback.yml", "work", "Go back");
  const back = (env: Record<string, string>) =>
    runScript(step, { env: { RELEASE: "", DATA: "refuse", REASON: "", ...env }, programs: { node: 'printf "%s|" "$@"' } });
  test("rollback gives the server the words that were chosen", () => {
    expect(back({}).said).toBe("operate/main.ts|rollback|");
    expect(back({ RELEASE: "12", DATA: "downgrade" }).said).toBe("operate/main.ts|rollback|12|--downgrade|");
    expect(back({ DATA: "restore" }).said).toBe("operate/main.ts|rollback|--restore|");
    expect(back({ REASON: 'it\'s slow; $(id) "x"' }).said).toBe(`operate/main.ts|rollback|--reason|it's slow; $(id) "x"|`);
  });
  test("what is no number of a release is refused, and is never a command", () => {
    for (const RELEASE of ["$(touch /tmp/x)", "12; id", "--restore", "v1"]) {
      const { code, said } = back({ RELEASE });
      expect(code).toBe(1);
      expect(said).toContain("wants its number");
    }
  });
  test("a rollback that the server refused is a failed run", () => {
    expect(runScript(step, { env: { RELEASE: "", DATA: "refuse", REASON: "" }, programs: { node: "exit 20" } }).code).toBe(20);
  });
  test("only from main", () => {
    const only = script(files, "rollback.yml", "work", "Only from main");
    expect(runScript(only, { env: { REF: "refs/heads/main" } }).code).toBe(0);
    expect(runScript(only, { env: { REF: "refs/heads/evil" } }).code).toBe(1);
  });
});

describe("the release is named and set as the program wants it", () => {
  const step = script(files, "deploy.yml", "deploy-staging", "Name the release");
  const name = (NAME: string) =>
    runScript(step, {
      folder: repository,
      env: { NAME, COMMIT: commits["new"]!, BACKEND: "b@sha256:1", FRONTEND: "f@sha256:2", ACTOR: "ana", RUN },
      programs: { pulumi: 'echo "$*"' },
    });
  test("by tag, or by day and commit; images of every service, who, and which run", () => {
    expect(name("v1.2.3").said.split("\n").slice(0, 7)).toEqual([
      "config set --path recoloca:images.backend b@sha256:1",
      "config set --path recoloca:images.worker b@sha256:1",
      "config set --path recoloca:images.frontend f@sha256:2",
      "config set --path recoloca:release v1.2.3",
      `config set --path recoloca:provenance.commit ${commits["new"]}`,
      "config set --path recoloca:provenance.actor ana",
      `config set --path recoloca:provenance.run ${RUN}`,
    ]);
    expect(name("").said).toMatch(new RegExp(`recoloca:release \\d{4}\\.\\d\\d\\.\\d\\d-${commits["new"]!.slice(0, 7)}\\n`));
  });
});

describe("a release run", () => {
  const step = script(files, "deploy.yml", "deploy-staging", "Release");
  const run = (pulumi: string) =>
    runScript(step, {
      env: { STACK: "staging", PULUMI_STACK: "recoloca/recoloca/staging" },
      programs: { node: "echo '[]'", pulumi: `n=$(cat n 2> /dev/null || echo 0); echo $((n + 1)) > n; ${pulumi}`, sleep: "" },
    });
  test("waits while another run has the stack, and then does its own", () => {
    const { code, said, folder } = run('[ "$n" -ge 2 ] || { echo "error: the stack is currently locked by 1 lock(s)"; exit 255; }; echo "$*"');
    expect([code, fs.readFileSync(path.join(folder, "n"), "utf8").trim()]).toEqual([0, "3"]);
    expect(said).toContain("--target **::recoloca-release");
  });
  test("that failed for any other reason is not tried again", () => {
    const { code, folder } = run("exit 4");
    expect([code, fs.readFileSync(path.join(folder, "n"), "utf8").trim()]).toEqual([4, "1"]);
  });
  test("gives up after a while, and says what takes a lock away that was left", () => {
    const { said, summary } = run('echo "[409] Conflict: Another update is currently in progress"; exit 255');
    expect(said).toContain("has had the stack for 10 minutes");
    expect(said).toContain("pulumi cancel --stack recoloca/recoloca/staging --yes");
    expect(summary).toContain("pulumi login 's3://recoloca-state'\npulumi cancel --stack recoloca/recoloca/staging --yes\n");
  });
});

test("an offer for production replaces the one that nobody approved, and no other run", () => {
  const step = script(workflowFiles(BY_APPROVAL), "deploy.yml", "offer", "Withdraw");
  const waiting = [
    { databaseId: 1, displayTitle: "Release abc to production" },
    { databaseId: 2, displayTitle: "Release abc to demo" },
  ];
  const { code, said } = runScript(step, {
    env: { COMMIT: "c0ffee", PRODUCTION: "production" },
    programs: { gh: `if [ "$1 $2" = "run list" ]; then echo '${JSON.stringify(waiting)}' | jq --raw-output "\${@: -1}"; else echo "gh $*"; fi` },
  });
  expect([code, said.trim().split("\n")]).toEqual([
    0,
    ["gh run cancel 1", "gh workflow run release.yml --ref main --field commit=c0ffee --field environment=production"],
  ]);
});
