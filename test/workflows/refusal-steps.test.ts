/** Steps that stand before a change and say no: images that somebody else built, a stack's file that names a release, another branch. As they stand in the files. */
import { describe, expect, test } from "vitest";
import { workflowFiles } from "../../workflows/index.ts";
import { parse } from "yaml";
import { ALL, BARE, BY_TAG } from "./options.ts";
import { runScript, script } from "./scripts.ts";

const files = workflowFiles(BY_TAG);

describe.each([
  ["deploy.yml", "deploy-staging"],
  ["release.yml", "deploy-production"],
])("the signature of what is deployed, in %s", (file, job) => {
  const step = script(files, file, job, "Built by this repository's own workflow");
  const verify = (gh: string) => runScript(step, { env: { BACKEND: "ghcr.io/r/backend@sha256:b", FRONTEND: "ghcr.io/r/frontend@sha256:f" }, programs: { gh } });

  test("is asked of both images, by the workflow that builds, on main, on GitHub's own machines", () => {
    expect(verify('echo "$*"')).toMatchObject({
      code: 0,
      said: ["backend@sha256:b", "frontend@sha256:f"]
        .map(
          (image) =>
            `attestation verify oci://ghcr.io/r/${image} --repo recoloca/recoloca --signer-workflow recoloca/recoloca/.github/workflows/deploy.yml --source-ref refs/heads/main --deny-self-hosted-runners\n`,
        )
        .join(""),
    });
  });
  test.each(["backend", "frontend"])("that fails for the %s ends the job there", (part) => {
    const { code, said } = verify(`case "$*" in *${part}*) echo 'no attestation of that workflow' >&2; exit 1 ;; esac`);
    expect([code, said]).toEqual([1, "no attestation of that workflow\n"]);
  });
  test("comes before the job has an identity, the stack or the way to the server", () => {
    const { jobs } = parse(files.find(({ path }) => path.endsWith(`/${file}`))!.text) as { jobs: Record<string, { steps: { name: string }[] }> };
    expect(jobs[job]!.steps.map(({ name }) => name).slice(0, 2)).toEqual(["Log in to the registry", expect.stringContaining("own workflow, from main")]);
  });
});

test("where a plan has no signatures none is asked, and the digest is that of the run that built it", () => {
  for (const [file, job] of [
    ["deploy.yml", "deploy-staging"],
    ["release.yml", "deploy-production"],
  ] as const)
    // prettier-ignore
    expect(() => script(workflowFiles(BARE), file, job, "Built by this repository's own workflow")).toThrow("has no step");
});

test("of infrastructure that a tag begins only what is on main is brought up, before the run has an identity", () => {
  const { jobs } = parse(workflowFiles(BARE).find(({ path }) => path.endsWith("/infrastructure.yml"))!.text) as {
    jobs: Record<string, { steps: { name: string; with?: object }[] }>;
  };
  const steps = jobs["up-production"]!.steps;
  expect(steps.slice(0, 2).map(({ name }) => name)).toEqual(["Check out", "Only what is on main"]);
  expect(steps[0]!.with).toMatchObject({ "fetch-depth": 0 });
  const step = script(workflowFiles(BARE), "infrastructure.yml", "up-production", "Only what is on main");
  const asked = (code: number) =>
    runScript(step, { env: { GITHUB_SHA: "c0ffee" }, programs: { git: `[ "$*" = "merge-base --is-ancestor c0ffee origin/main" ] && exit ${code}; exit 9` } });
  expect(asked(0)).toMatchObject({ code: 0, said: "" });
  expect(asked(1)).toMatchObject({ code: 1, said: "::error::c0ffee is not on main: only what was merged is brought up\n" });
});

describe("an infrastructure run moves no release", () => {
  const jobs = ["up-staging", "up-production"].map((job) => [job, script(files, "infrastructure.yml", job, "No release is named")] as const);
  test.each(jobs)("%s: a stack's file that names one is refused, with what takes it out", (_job, step) => {
    const { code, said } = runScript(step, {
      env: { STACK: "staging" },
      programs: { pulumi: '[ "$*" = "config get recoloca:release" ] || exit 9; echo v1.2.3' },
    });
    expect([code, said]).toEqual([1, "::error::Pulumi.staging.yaml names a release: pulumi config rm recoloca:images; pulumi config rm recoloca:release\n"]);
  });
  test.each(jobs)("%s: one that names none goes on", (_job, step) => {
    expect(runScript(step, { env: { STACK: "staging" }, programs: { pulumi: "echo 'error: configuration key not found' >&2; exit 255" } })).toMatchObject({
      code: 0,
      said: "",
    });
  });
});

test("what people start is refused from any branch but the default one, whatever the environment's rules say", () => {
  for (const options of Object.values(ALL))
    for (const file of ["rollback.yml", "redeploy.yml", "maintenance.yml"]) {
      const only = script(workflowFiles({ ...options, defaultBranch: "trunk" }), file, "work", "Only from trunk");
      expect(runScript(only, { env: { REF: "refs/heads/trunk" } })).toMatchObject({ code: 0, said: "" });
      for (const REF of ["refs/heads/main", "refs/tags/trunk", "refs/heads/trunk2"])
        expect(runScript(only, { env: { REF } })).toMatchObject({ code: 1, said: `::error::run it from trunk, got ${REF}\n` });
    }
});
