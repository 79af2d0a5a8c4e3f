/** Workflows as they are made: what is refused, what is read back, and how long it takes. */
import * as fs from "node:fs";
import * as path from "node:path";
import { parse } from "yaml";
import { describe, expect, test } from "vitest";
import { problems } from "../../workflows/check.ts";
import { allowedActions, unusedSecrets, uses, workflowFiles, workflows } from "../../workflows/index.ts";
import { secret, type Job, type UsesStep, type Workflow } from "../../workflows/model.ts";
import { replaced, type WorkflowOptions } from "../../workflows/options.ts";
import { readPins } from "../../workflows/pins.ts";
import { MARK } from "../../workflows/yaml.ts";
import { ALL, BARE, BY_APPROVAL, BY_TAG, BY_TEAMS, REVIEWED } from "../workflows/options.ts";

test("generating and checking every file of a repository takes less than two seconds", () => {
  const start = performance.now();
  workflowFiles(BY_TAG);
  expect(performance.now() - start).toBeLessThan(2000);
});

test.each(Object.entries(ALL))("every file says that it is generated, and is read back as what was meant: %s", (_name, options) => {
  const files = workflowFiles(options);
  for (const { text } of files) expect(text.split("\n")[0]).toContain(MARK);
  for (const { file, jobs, on } of workflows(options)) {
    const back = parse(files.find(({ path }) => path.endsWith(`/${file}`))!.text) as { on: object; jobs: Record<string, { steps: { run?: string }[] }> };
    expect(Object.keys(back.on)).toEqual(expect.arrayContaining(Object.keys(on)));
    for (const [id, job] of Object.entries(jobs)) {
      expect(back.jobs[id]!.steps.map((step) => step.run?.trim())).toEqual(job.steps.map((step) => ("run" in step ? step.run.trim() : undefined)));
      expect(back.jobs[id]).toMatchObject({
        name: job.name,
        "timeout-minutes": job["timeout-minutes"],
        "runs-on": job["runs-on"],
        ...(job.env && { env: job.env }),
      });
    }
  }
});

const job = (more: Partial<Job> = {}): Job => ({
  name: "A",
  "runs-on": "ubuntu-24.04",
  "timeout-minutes": 5,
  permissions: {},
  steps: [{ name: "s", run: "true" }],
  ...more,
});
const of = (more: Partial<Job>, around: Partial<Workflow> = {}) =>
  problems({
    file: "a.yml",
    name: "A workflow",
    says: "",
    on: {},
    concurrency: { group: "a", "cancel-in-progress": true },
    jobs: { a: job(more) },
    ...around,
  }).join("\n");

describe("a workflow is refused", () => {
  test.each<[string, Partial<Job>, string]>([
    ["without a limit of time", { "timeout-minutes": 0 }, "wants 1 to 60"],
    ["without permissions", { permissions: undefined as unknown as object }, "{} is none"],
    ["with an expression in a script", { steps: [{ name: "s", run: "echo ${{ github.ref }}" }] }, "where it would be code"],
    ["with a secret and no environment", { env: { A: secret("SLACK_WEBHOOK_URL") } }, "of the environment automation, and has no environment"],
    [
      "with a secret of another environment",
      { environment: { name: "staging" }, env: { A: secret("INFRASTRUCTURE_APP_PRIVATE_KEY") } },
      "of the environment of infrastructure runs, and has an environment that is deployed to",
    ],
    ["with a secret that no workflow may see", { environment: { name: "staging" }, env: { A: "${{ secrets.SECRET_KEY }}" } }, "no workflow may see"],
    ["with a secret that there is not", { environment: { name: "staging" }, env: { A: "${{ secrets.NOBODY }}" } }, "is not in the catalogue"],
    ["with a variable that no stack writes", { env: { A: "${{ vars.NOBODY }}" } }, "no stack writes"],
    ["that needs a job that is not there", { needs: ["b"] }, 'needs "b"'],
    ["that reads an output that is not there", { env: { A: "${{ needs.b.outputs.c }}" } }, "needs.b.outputs.c, which is not there"],
    [
      "that reads a step that is not before",
      { steps: [{ name: "s", run: "true", env: { A: "${{ steps.x.outputs.y }}" } }] },
      "steps.x, which is no step before it",
    ],
    ["that runs always", { if: "always() && true" }, '"!cancelled()" is what is meant'],
    ["that leaves a token behind", { steps: [{ name: "s", uses: "actions/checkout" }] }, "persist-credentials: false"],
    ["with a name that is not ASCII", { name: "\u{1f680} Deploy" }, "plain ASCII"],
  ])("%s", (_what, more, says) => expect(of(more)).toContain(says));
  test("in which two jobs have one name, or none has a group", () => {
    expect(of({}, { jobs: { a: job(), b: job() } })).toContain('two jobs are called "A"');
    expect(problems({ file: "a.yml", name: "A", says: "", on: {}, jobs: { a: job() } })).toEqual([
      "job a: neither it nor the workflow has a concurrency group",
    ]);
  });
  test("and one that is right is not", () => expect(of({})).toBe(""));
});

describe("options that cannot be are one error", () => {
  const error = (more: Partial<WorkflowOptions>) => {
    try {
      workflowFiles({ ...BY_TAG, ...more });
      return "";
    } catch (thrown) {
      return (thrown as Error).message;
    }
  };
  test("that names all of them", () => {
    const said = error({
      visibility: "private",
      plan: "free",
      production: "approval",
      environments: [{ name: "Staging", from: "push" }],
      programPath: "../elsewhere",
    });
    for (const one of ["nothing was written", "needs reviewers", 'take the plan "team"', "0 are production", 'got "Staging"', 'got "../elsewhere"'])
      expect(said).toContain(one);
  });
  test("a default branch that no shell could take", () => {
    expect(error({ defaultBranch: "tr'unk" })).toContain(`defaultBranch: got "tr'unk", wants the name of a branch: main`);
  });
  test("an image with capitals or a tag", () => {
    const { application } = BY_TAG;
    expect(error({ application: { ...application, backend: { ...application.backend, image: "ghcr.io/Recoloca/backend" } } })).toContain(
      "in lower case and without a tag",
    );
  });
  test("a bucket or a tunnel at AWS without AWS", () => {
    const { aws: _aws, ...rest } = BY_TAG;
    expect(() => workflowFiles({ ...rest, reach: "session-manager" })).toThrow(/the state is in a bucket there[\s\S]*Session Manager/);
  });
});

test("another default branch stands wherever main stood, and nowhere else", () => {
  for (const options of [BY_TAG, BY_APPROVAL]) {
    const main = workflowFiles(options);
    expect(workflowFiles({ ...options, defaultBranch: "trunk" }).map(({ text }) => text)).toEqual(
      main.map(({ text }) => text.replaceAll(/(?<!\/)\bmain\b(?!\.ts)|(?<=refs\/heads\/|origin\/|compare\/)main\b/g, "trunk")),
    );
  }
});

test("a pin that is missing, moves, has no version or no use is named, all at once", () => {
  expect(Object.values(readPins()).every(({ sha }) => /^[0-9a-f]{40}$/.test(sha))).toBe(true);
  const list = (steps: string[]) => `runs:\n  steps:\n${steps.map((step) => `    - uses: ${step}\n`).join("")}`;
  expect(() => readPins(list(["actions/checkout@v7", `actions/attest@${"a".repeat(40)}`, `actions/cache@${"b".repeat(40)} # v5.0.5`]))).toThrow(
    /actions\/checkout: got "@v7"[\s\S]*actions\/attest: its release is missing[\s\S]*actions\/cache: no workflow uses it[\s\S]*docker\/login-action: is missing/,
  );
});

test("what a plan lacks is switched off and said, and nothing of it is in the files", () => {
  const all = (options: WorkflowOptions) =>
    workflowFiles(options)
      .map(({ text }) => text)
      .join("\n");
  expect(replaced(BY_TAG)).toEqual([]);
  expect(replaced(BARE).join("\n")).toMatch(/reviewers[\s\S]*attestations[\s\S]*Security[\s\S]*passphrase/);
  for (const one of ["actions/attest@", "upload-sarif", "dependency-review-action", "gh attestation verify"]) {
    expect(all(BARE)).not.toContain(one);
    expect(all(BY_TAG)).toContain(one);
  }
});

test("what each environment has to hold is known, and every secret of workflows is read by one", () => {
  for (const options of [BY_TAG, BY_APPROVAL]) expect(unusedSecrets(options)).toEqual(["REVIEW_SSH_KEY", "PULUMI_CONFIG_PASSPHRASE"]);
  expect(unusedSecrets(BARE)).toEqual(["REVIEW_SSH_KEY"]);
  expect(uses(REVIEWED)["staging-review"]).toEqual({
    secrets: ["REVIEW_SSH_KEY"],
    variables: ["REVIEW_ADDRESS", "REVIEW_HOST_KEY", "REVIEW_PORT", "REVIEW_USER"],
  });
  const { staging, production, automation, "production-infrastructure": infrastructure } = uses(BY_TAG);
  expect(staging).toEqual({ secrets: ["TEST_USER_EMAIL", "TEST_USER_PASSWORD"], variables: ["AWS_ROLE", "PUBLIC_URL", "PULUMI_STACK"] });
  expect(production).toEqual({ secrets: [], variables: ["AWS_ROLE", "PUBLIC_URL", "PULUMI_STACK"] });
  expect(automation!.secrets).toEqual(["CODECOV_TOKEN", "SEMGREP_APP_TOKEN", "SLACK_WEBHOOK_URL"]);
  expect(infrastructure!.secrets).toEqual(["INFRASTRUCTURE_APP_PRIVATE_KEY"]);
  expect(uses(BY_TAG)[""]!.variables).toEqual(["AWS_PLAN_ROLE_PRODUCTION", "AWS_PLAN_ROLE_STAGING"]);
});

test("Dependabot's time of day stands in quotes: to the YAML that GitHub reads it would be a number", () => {
  const { text } = workflowFiles(BY_TAG).find(({ path }) => path.endsWith("/dependabot.yml"))!;
  const times = text.match(/^ +time: .*$/gm)!;
  expect(times.length).toBeGreaterThan(1);
  expect(times.filter((line) => !/: "\d\d:\d\d"$/.test(line))).toEqual([]);
});

test("Dependabot raises the Go programs of tools/, each of them, for those who change this program", () => {
  interface Update {
    readonly "package-ecosystem": string;
    readonly directories: string[];
    readonly allow?: { "dependency-name": string; "dependency-type": string }[];
  }
  const updates = (options: WorkflowOptions) =>
    (parse(workflowFiles(options).find(({ path: file }) => file.endsWith("/dependabot.yml"))!.text) as { updates: Update[] }).updates.filter(
      (one) => one["package-ecosystem"] === "gomod",
    );
  expect(updates(BY_TAG)).toEqual([]);
  const [one] = updates({ ...BY_TAG, programTests: true });
  expect(one!.directories).toEqual(["/infrastructure/tools/*"]);
  // To Go a tool's module is an indirect dependency, which is raised only where its name is allowed.
  const folder = path.join(import.meta.dirname, "../../tools");
  const wanted = fs.readdirSync(folder).flatMap((name) => {
    const file = path.join(folder, name, "go.mod");
    if (!fs.existsSync(file)) return [];
    const text = fs.readFileSync(file, "utf8");
    const tool = /^tool (\S+)$/m.exec(text)![1]!;
    return [...text.matchAll(/^\s+(\S+) v\S+/gm)].flatMap(([, module]) => (`${tool}/`.startsWith(`${module!}/`) ? [module!] : []));
  });
  expect(wanted).toHaveLength(6);
  expect(one!.allow!.map((each) => each["dependency-name"]).sort()).toEqual(wanted.sort());
  expect(new Set(one!.allow!.map((each) => each["dependency-type"]))).toEqual(new Set(["all"]));
});

test("every action that is pinned is used, and may be allowed by its commit", () => {
  const text = workflowFiles(BY_TAG)
    .concat(workflowFiles(BY_APPROVAL))
    .map((file) => file.text)
    .join("\n");
  for (const [name, { sha }] of Object.entries(readPins())) expect(text).toContain(`${name}@${sha}`);
  expect(allowedActions().every((one) => /^[^/]+\/[^/@]+@[0-9a-f]{40}$/.test(one))).toBe(true);
});

test("each file of results that tests write is kept, and sent where there is an account", () => {
  for (const options of Object.values(ALL)) {
    const jobs = workflows(options).find(({ file }) => file === "deploy.yml")!.jobs;
    const steps = Object.values(jobs).flatMap((job) => job.steps);
    const written = steps.flatMap((step) => ("run" in step ? [...step.run.matchAll(/--junitxml=(\S+)/g)].map((match) => match[1]!) : []));
    expect(written).toHaveLength(2);
    const kept = written.map((name) => {
      const [step] = steps.filter((one) => "uses" in one && String(one.with?.["path"]).endsWith(`/${name}`));
      return (step as UsesStep).with!["name"] as string;
    });
    const sent = jobs["codecov"]!.steps.flatMap((step) => ("uses" in step && step.with?.["report_type"] === "test_results" ? [step.with["directory"]] : []));
    expect(sent).toEqual(kept.map((name) => name.replace("-", "/")));
    for (const name of kept) expect(JSON.stringify(jobs["codecov"])).toContain(`"name":"${name}"`);
  }
});

test("where the App writes previews, the workflow writes none and compares all the same", () => {
  const text = (previews: "workflow" | "app") => workflowFiles({ ...BY_TEAMS, previews }).find(({ path }) => path.endsWith("/infrastructure.yml"))!.text;
  expect(text("workflow")).toContain("pull_request:");
  expect(text("app")).not.toMatch(/pull_request:|name: Preview of/);
  expect(text("app")).toContain("name: Compare staging");
  expect(() => workflowFiles({ ...BY_TAG, previews: "app" })).toThrow('previews: got "app", and the state is not at Pulumi Cloud, where the App runs');
});
