import * as fs from "node:fs";
import * as path from "node:path";
import { expect } from "vitest";
import { scriptsOf, type Defect } from "./defect.ts";

/** Defects 1 to 41: the file as a whole, lint, unit tests, security scan. */
export const CHECKS_AND_SCANS: readonly Defect[] = [
  {
    numbers: [1],
    was: "no permissions: the token could do nothing, or everything",
    check: ({ workflows, jobs }) => {
      for (const { permissions } of workflows) expect(permissions).toEqual({});
      for (const { permissions } of jobs) expect(permissions).toBeDefined();
    },
  },
  {
    numbers: [2],
    was: "no concurrency",
    check: ({ workflows }) => {
      for (const { file, concurrency, jobs } of workflows)
        for (const [id, job] of Object.entries(jobs)) expect([file, id, job.concurrency ?? concurrency]).toEqual([file, id, expect.anything()]);
      const ci = workflows.find(({ file }) => file === "ci.yml")!.concurrency as Record<string, unknown>;
      expect(ci).toMatchObject({ "cancel-in-progress": true });
      expect(ci["group"]).toContain("pull_request.number");
    },
    also: [
      ["unit/workflows.test.ts", "in which two jobs have one name, or none has a group"],
      ["workflows/failing.test.ts", "deploys of an environment are in one group"],
      ["workflows/failing.test.ts", "nothing that deploys is ever cut off by a newer run"],
    ],
  },
  { numbers: [3], was: "no limit of time", check: ({ jobs }) => void jobs.forEach((job) => expect(job["timeout-minutes"]).toBeLessThanOrEqual(60)) },
  {
    numbers: [4],
    was: "actions at tags and branches that can be moved",
    check: ({ steps, text }) => {
      for (const { uses } of steps) if (uses) expect(uses).toMatch(/@[0-9a-f]{40}$/);
      for (const line of text.match(/uses: .*/g)!) expect(line).toMatch(/ # v\d/);
    },
  },
  {
    numbers: [5],
    was: "actions of dead major versions, on Node 12 to 20",
    check: (made) => {
      const least: Record<string, number> = {
        "actions/checkout": 7,
        "actions/setup-node": 7,
        "actions/setup-python": 7,
        "actions/upload-artifact": 7,
        "codecov/codecov-action": 5,
        "github/codeql-action/upload-sarif": 4,
        "docker/build-push-action": 7,
        "docker/login-action": 4,
      };
      for (const [name, major] of Object.entries(least)) for (const is of made.majors(name)) expect([name, is]).toEqual([name, Math.max(is, major)]);
    },
  },
  {
    numbers: [6],
    was: "ubuntu-latest, which changes under the pipeline",
    check: ({ jobs }) => void jobs.forEach((job) => expect(job["runs-on"]).toMatch(/^ubuntu-24\.04(-arm)?$/)),
  },
  {
    numbers: [7],
    was: "Node 18 and Python 3.11, at four places",
    check: ({ steps }) => {
      const versions = (key: string) => new Set(steps.flatMap((step) => (step.with?.[key] === undefined ? [] : [step.with[key]])));
      expect([...versions("node-version")]).toEqual(["24"]);
      expect([...versions("python-version")]).toEqual(["3.13"]);
    },
  },
  {
    numbers: [8, 42],
    was: "a pull request from develop ran everything twice, and built images that nothing deploys",
    by: ["workflows/reach.test.ts", "a push to any other branch starts nothing at all"],
  },
  {
    numbers: [9],
    was: "no merge queue, no redeploy by hand, no regard to what changed",
    check: ({ workflows }) => {
      for (const file of ["ci.yml", "security.yml"]) expect(workflows.find((one) => one.file === file)!.on).toHaveProperty("merge_group");
      expect(workflows.find(({ file }) => file === "redeploy.yml")!.on).toHaveProperty("workflow_dispatch");
      expect(workflows.find(({ file }) => file === "deploy.yml")!.on["push"]).toHaveProperty("paths-ignore");
    },
  },
  {
    numbers: [10, 93],
    was: "any tag that begins with v, on any commit, was a release",
    by: ["workflows/release-steps.test.ts", "a commit that is not on main, or is none, is refused"],
    also: [["workflows/reach.test.ts", "a release of production begins with a release tag"]],
  },
  { numbers: [11], was: "image names with capitals", by: ["unit/workflows.test.ts", "an image with capitals or a tag"] },
  {
    numbers: [12],
    was: "a checkout left its token on disk",
    check: (made) => void made.using("actions/checkout").forEach((step) => expect(step.with!["persist-credentials"]).toBe(false)),
  },
  {
    numbers: [13],
    was: "scripts without pipefail",
    check: ({ workflows }) => void workflows.forEach(({ defaults }) => expect(defaults.run.shell).toContain("-euo pipefail")),
  },
  { numbers: [14], was: "names with mis-decoded signs", check: ({ jobs }) => void jobs.forEach(({ name }) => expect(name).toMatch(/^[\x20-\x7e]+$/)) },
  {
    numbers: [15],
    was: "no single check to require: skipped jobs hung or passed",
    by: ["workflows/check-steps.test.ts", "one was skipped that should have run"],
  },
  { numbers: [16], was: "no summaries", by: ["workflows/summary-steps.test.ts", "the summary of a run says what came of it"] },
  {
    numbers: [17],
    was: "integration tests in the picture and not in the file",
    check: (made) => expect(made.job("deploy.yml", "deploy-staging").needs).toContain("integration"),
  },
  { numbers: [18], was: "set-up copied two and three times", cannot: "steps are functions (workflows/steps.ts); the copies are made and never edited" },
  {
    numbers: [19],
    was: "a cache whose key left out half of what was installed",
    check: (made) => void made.using("actions/setup-python").forEach((step) => expect(step.with!["cache-dependency-path"]).toBe("backend/requirements*.txt")),
  },
  {
    numbers: [20],
    was: "pip upgraded to whatever there was, and packages without hashes",
    check: ({ scripts }) => {
      for (const script of scripts) expect(script).not.toMatch(/--upgrade|install -U/);
      // Where one has a hash, pip refuses every package that has none; so none may, or all.
      for (const name of ["requirements.txt", "requirements-dev.txt"]) {
        const text = fs.readFileSync(path.join(import.meta.dirname, "../../../application/backend", name), "utf8");
        const packages = text.replaceAll("\\\n", " ").split("\n").filter((line) => line !== "" && !line.startsWith("#")); // prettier-ignore
        expect(packages.length).toBeGreaterThan(15);
        for (const line of packages) expect(line).toMatch(/^[\w[\]-]+==\S+( +; [^-]+)?( +--hash=sha256:[0-9a-f]{64})+$/);
      }
    },
  },
  {
    numbers: [21, 106],
    was: "scripts of all dependencies ran where there was a token that may write",
    check: ({ scripts }) =>
      void scripts.filter((script) => /\bnpm (ci|install)\b/.test(script)).forEach((script) => expect(script).toContain("--ignore-scripts")),
  },
  {
    numbers: [22],
    was: "the first finding hid all others, and a typo in the frontend those of the backend",
    check: (made) => {
      for (const id of ["lint-backend", "lint-frontend"]) {
        const lints = made.job("ci.yml", id).steps.filter(({ name }) => ["Lint", "Format", "Types"].includes(name));
        expect(lints.map((step) => step.if)).toEqual(["${{ !cancelled() }}", "${{ !cancelled() }}", "${{ !cancelled() }}"]);
        expect(made.job("ci.yml", id).needs).toEqual(["changes"]);
      }
    },
  },
  {
    numbers: [23],
    was: "three tools where one does",
    check: (made) => expect(scriptsOf(made.job("ci.yml", "lint-backend"))).toMatch(/ruff check[\s\S]*ruff format --check[\s\S]*mypy/),
  },
  {
    numbers: [24],
    was: "nobody looked at end-to-end tests, Dockerfiles, shell and the workflows themselves",
    check: (made) => {
      expect(scriptsOf(made.job("ci.yml", "lint-e2e"))).toContain("npm run lint");
      expect(scriptsOf(made.job("ci.yml", "lint-files"))).toContain("shellcheck");
      expect(made.using("hadolint/hadolint-action").length).toBeGreaterThan(1);
      expect(scriptsOf(made.job("ci.yml", "program"))).toContain("npm run workflows");
    },
  },
  {
    numbers: [25],
    was: "tests waited for lint",
    check: (made) => expect([made.job("ci.yml", "test-backend").needs, made.job("deploy.yml", "test-backend").needs]).toEqual([["changes"], undefined]),
  },
  {
    numbers: [26],
    was: "the frontend's tests waited for a database",
    check: (made) => expect(scriptsOf(made.job("ci.yml", "test-frontend"))).not.toMatch(/docker|postgres/),
  },
  {
    numbers: [27],
    was: "a database of another version than production's, by a tag that moves",
    check: (made) => {
      for (const { services } of made.jobs) expect(services).toBeUndefined();
      expect(scriptsOf(made.job("ci.yml", "integration"))).toMatch(/docker compose --file compose\.yaml .* up --detach --wait .* postgres redis/);
    },
    open: "Tests have the very services of the Compose file that production runs, so the version is the same; the sample's file names them by tags, postgres:17 and redis:8, which move within that version. Only a person who has a registry at hand can write their digests there or in POSTGRES_IMAGE and REDIS_IMAGE, and nobody who wrote this had one",
  },
  {
    numbers: [28],
    was: "migrations ran for the first time in production",
    check: (made) =>
      expect(scriptsOf(made.job("ci.yml", "integration"))).toMatch(/upgrade head[\s\S]*heads[\s\S]*downgrade -1[\s\S]*upgrade head[\s\S]*alembic check/),
  },
  {
    numbers: [29],
    was: "coverage made and thrown away",
    check: (made) =>
      void ["test-backend", "test-frontend"].forEach((id) => {
        expect(scriptsOf(made.job("ci.yml", id))).toContain("GITHUB_STEP_SUMMARY");
        expect(made.job("ci.yml", id).outputs).toHaveProperty("coverage");
      }),
  },
  {
    numbers: [30],
    was: "Codecov by a retired uploader without a token, both parts as one",
    check: (made) =>
      expect(
        made
          .using("codecov/codecov-action")
          .filter((step) => step.with!["report_type"] === undefined)
          .map((step) => [step.with!["flags"], step.with!["fail_ci_if_error"]]),
      ).toEqual([
        ["backend", true],
        ["frontend", true],
      ]),
  },
  { numbers: [31], was: "CI: true, which GitHub sets", check: ({ text }) => expect(text).not.toMatch(/\bCI: true/) },
  {
    numbers: [32],
    was: "no test of the frontend against a real backend",
    cannot: "end-to-end tests against staging are that, before production can be reached; a pull request has the backend's integration tests",
  },
  {
    numbers: [33],
    was: "trivy-action of its main branch",
    check: (made) => void made.using("aquasecurity/trivy-action").forEach((step) => expect(step.with!["version"]).toBe("v0.70.0")),
  },
  {
    numbers: [34],
    was: "the image that ships was never scanned, and no finding failed anything",
    check: (made) => {
      const scans = made.job("deploy.yml", "scan-images").steps.filter(({ uses }) => uses?.includes("trivy-action"));
      expect(scans.map((step) => step.with!["image-ref"])).toEqual(
        ["backend", "backend", "frontend", "frontend"].map((part) => `\${{ needs.images.outputs.${part} }}`),
      );
      expect(scans.filter((step) => step.with!["exit-code"] === "1")).toHaveLength(2);
      expect(made.job("deploy.yml", "deploy-staging").needs).toContain("scan-images");
    },
  },
  {
    numbers: [35],
    was: "a retired uploader of findings, without the right to upload, for forks too",
    check: (made) => {
      for (const job of made.jobs) if (job.steps.some(({ uses }) => uses?.includes("upload-sarif"))) expect(job.permissions["security-events"]).toBe("write");
      for (const step of made.job("security.yml", "trivy").steps) if (step.uses?.includes("upload-sarif")) expect(step.if).toContain("head.repo.fork != true");
    },
  },
  {
    numbers: [36],
    was: "an upload of a file that was not there",
    check: (made) =>
      void made.using("github/codeql-action/upload-sarif").forEach((step) => {
        expect(step.if).toMatch(/!cancelled\(\) && hashFiles\('(.*)\.sarif'\) != ''/);
        expect(step.with).toHaveProperty("category");
      }),
  },
  {
    numbers: [37],
    was: "Semgrep by an archived action, with a token that forks have not",
    check: (made) => {
      expect(scriptsOf(made.job("security.yml", "semgrep"))).toContain("semgrep scan --config p/security-audit");
      expect(JSON.stringify(made.job("security.yml", "semgrep"))).not.toContain("secrets.");
    },
  },
  {
    numbers: [38, 39, 40],
    was: "the scan for leaked secrets compared a commit with itself and failed, on every event",
    check: (made) =>
      void made.using("trufflesecurity/trufflehog").forEach((step) => {
        // Two commits are named where the merge queue says which, and never one twice.
        expect(step.with).toMatchObject({ version: "3.97.0", extra_args: "--results=verified,unknown --exclude-paths=not-scanned.txt" });
        expect([
          [undefined, undefined],
          ["${{ steps.queued.outputs.base_sha }}", "${{ steps.queued.outputs.head_sha }}"],
        ]).toContainEqual([step.with!["base"], step.with!["head"]]);
        for (const job of made.jobs) if (job.steps.includes(step)) expect(job.steps[0]!.with!["fetch-depth"]).toBe(0);
      }),
  },
  {
    numbers: [41],
    was: "no review of dependencies, no scan of configuration and of the workflows",
    check: (made) => {
      expect(made.using("actions/dependency-review-action")).toHaveLength(1);
      expect(JSON.stringify(made.job("security.yml", "trivy"))).toContain("misconfig");
      expect(scriptsOf(made.job("ci.yml", "program"))).toMatch(/npm run workflows/);
    },
    also: [["workflows/checkers.test.ts", "zizmor as an auditor has nothing to say"]],
    rest: "not here by choice: CodeQL, as Semgrep reads the source and zizmor the workflows, in private repositories too; a list of licences, which is a decision of the application's owner and would be one line of dependency review; Scorecard, which grades what the stack sets and its doctor compares; push protection is a setting of the repository that the stack leaves as it is",
  },
];
