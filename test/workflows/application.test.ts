/** The workflows' own commands, run on the sample application: what is quick of them. Each also on one that has a fault. */
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { parse } from "yaml";
import { checkout } from "../../tools/cache.ts";
import { workflowFiles } from "../../workflows/index.ts";
import { application, copyOfTheApplication, files, type Copy } from "./application.ts";
import { hadolint, say } from "./checkers.ts";
import { REVIEWED } from "./options.ts";
import { runScript } from "./scripts.ts";

const backend = application.backend.folder;
const frontend = application.frontend.folder;

let good: Copy;
let bad: Copy;
beforeAll(() => {
  good = copyOfTheApplication();
  bad = copyOfTheApplication();
  bad.write(`${backend}/bad.py`, "import os\n\n\ndef double(number: int) -> int:\n    return str( number)\n");
  bad.write(`${backend}/main.py`, (now) => now.replace("status_code=404", "status_code=200"));
  bad.write(`${frontend}/bad.js`, "const unused = 1\nparseInt(1);\n");
  bad.write(`${frontend}/server.js`, (now) => now.replace("statusCode = 404", "statusCode = 200"));
  bad.write(
    `${application.e2e}/tests/bad.spec.ts`,
    'import { test } from "@playwright/test";\ntest("no promise is waited for", ({ page }) => void page.nothing());\ntest.only("a", () => {});\n',
  );
  bad.write(`${application.e2e}/tests/unformatted.ts`, "export const one = 1\n");
}, 900_000);

test.each([
  [backend, "lint-backend", "Lint", /bad\.py.*F401|F401.*bad\.py/s],
  [backend, "lint-backend", "Format", /bad\.py/],
  [backend, "lint-backend", "Types", /bad\.py:5: error/],
  [frontend, "lint-frontend", "Lint", /'unused' is assigned a value but never used/],
  [frontend, "lint-frontend", "Format", /bad\.js/],
  [frontend, "lint-frontend", "Types", /bad\.js\(2,10\): error/],
  [application.e2e, "lint-e2e", "Lint", /no-focused-test/],
  [application.e2e, "lint-e2e", "Format", /unformatted\.ts/],
  [application.e2e, "lint-e2e", "Types", /bad\.spec\.ts\(2,\d+\): error.*nothing/],
])("%s: %s: %s: nothing to say, and something of a fault", (folder, job, step, says) => {
  const well = good.run(folder, job, step);
  expect(well.code, well.said).toBe(0);
  const fault = bad.run(folder, job, step);
  expect(fault.code).not.toBe(0);
  expect(fault.said).toMatch(says);
});

test.each([
  [backend, "test-backend", /test_what_is_not_there_is_said/],
  [frontend, "test-frontend", /✖ has nothing else/],
])("%s: %s: passes, tells what it covers, and fails of a fault", (folder, job, says) => {
  const well = good.run(folder, job, "Unit tests");
  expect(well.code, well.said).toBe(0);
  const { code, outputs, summary } = good.run(folder, job, "Tell the coverage");
  expect(code).toBe(0);
  expect(Number(outputs["percent"])).toBeGreaterThan(90);
  expect(summary).toMatch(/\d ?%/);
  const fault = bad.run(folder, job, "Unit tests");
  expect(fault.code).not.toBe(0);
  expect(fault.said).toMatch(says);
});

test("an end-to-end test that needs a second try passes, and the run says so", () => {
  const copy = copyOfTheApplication();
  for (const name of fs.readdirSync(path.join(checkout, application.e2e, "tests"))) copy.remove(`${application.e2e}/tests/${name}`);
  copy.write(
    `${application.e2e}/tests/flaky.spec.ts`,
    'import { expect, test } from "@playwright/test";\ntest("now and then", () => expect(test.info().retry).toBe(1));\n',
  );
  const run = (env: Record<string, string>) => copy.run(application.e2e, "e2e-staging", "Tests", { from: "deploy.yml", env });
  const { code, said } = run({ CI: "true" });
  expect([code, said]).toEqual([0, expect.stringContaining("1 flaky")]);
  expect(run({}).code).not.toBe(0);
});

describe("Dockerfiles", () => {
  const all = ["application", "local", "test"].flatMap((folder) =>
    fs
      .readdirSync(path.join(checkout, folder), { recursive: true, encoding: "utf8" })
      .filter((name) => path.basename(name) === "Dockerfile" && !name.includes("node_modules"))
      .map((name) => path.join(folder, name)),
  );
  const text = (name: string) => fs.readFileSync(path.join(checkout, name), "utf8");
  interface Step {
    id?: string;
    uses?: string;
    run?: string;
    with?: Record<string, string>;
  }

  test("the linter has nothing to say, by the workflow's own threshold, and something of a fault", async () => {
    const program = await hadolint();
    const { jobs } = parse(files.find(({ path: name }) => name.endsWith("/ci.yml"))!.text) as {
      jobs: Record<string, { steps: { uses?: string; with?: Record<string, string> }[] }>;
    };
    const steps = jobs["lint-files"]!.steps.filter(({ uses }) => uses?.startsWith("hadolint/"));
    expect(steps.map((step) => step.with!["dockerfile"])).toEqual([`${backend}/Dockerfile`, `${frontend}/Dockerfile`]);
    const threshold = `--failure-threshold=${steps[0]!.with!["failure-threshold"]}`;
    const ran = say(program, [threshold, ...all], checkout);
    expect(ran.code, ran.out).toBe(0);
    const fault = path.join(fs.mkdtempSync(path.join(os.tmpdir(), "dockerfile-")), "Dockerfile");
    fs.writeFileSync(fault, text(all[0]!).replace("# hadolint ignore=DL3008\n", ""));
    expect(say(program, [threshold, fault], checkout)).toMatchObject({ code: 1, out: expect.stringContaining("DL3008") as string });
  });

  test.each([backend, frontend])("%s is built without a week, and installs its packages anew in each that it is given", (folder) => {
    const lines = text(`${folder}/Dockerfile`).split("\n");
    const week = lines.findIndex((line) => /^ARG PACKAGES_OF=\w+$/.test(line));
    const [from, install] = [lines.findLastIndex((line) => line.startsWith("FROM ")), lines.findIndex((line) => line.startsWith("RUN "))];
    expect(text(`${folder}/Dockerfile`)).toContain("apt-get install");
    // What a RUN finds in its environment is part of what its layer is known by.
    expect([week > from, week < install]).toEqual([true, true]);
  });

  test("every workflow that builds an image gives it the week", () => {
    const builds = workflowFiles(REVIEWED)
      .filter(({ path: name }) => name.includes("/workflows/"))
      .flatMap(({ text: file }) => Object.values((parse(file) as { jobs: Record<string, { steps: Step[] }> }).jobs))
      .filter(({ steps }) => steps.some(({ uses }) => uses?.startsWith("docker/build-push-action@")));
    expect(builds.length).toBeGreaterThan(6);
    for (const { steps } of builds) {
      const week = steps.findIndex(({ id }) => id === "week");
      const build = steps.findIndex(({ uses }) => uses?.startsWith("docker/build-push-action@"));
      expect([week < build, steps[build]!.with!["build-args"]]).toEqual([true, "PACKAGES_OF=${{ steps.week.outputs.of }}"]);
      expect(runScript(steps[week]!.run!).outputs["of"]).toMatch(/^\d{4}-W\d\d$/);
    }
  });

  /** Trivy is not had here. Its rule DS-0002 reads the last USER, and takes an exception only on that line or the one right above it: so does the linter, and both share that line. */
  test.each(all)("%s names whom it runs as, and is root for a reason that is written above", (name) => {
    const lines = text(name).trimEnd().split("\n");
    const last = lines.findLastIndex((line) => line.startsWith("USER "));
    expect(last).not.toBe(-1);
    if (/^USER (root|0)\b/.test(lines[last]!))
      expect(lines.slice(last - 2, last)).toEqual([expect.stringMatching(/^# .{30,}/), "# hadolint ignore=DL3002 # trivy:ignore:DS-0002"]);
  });
});

test("every file and folder that the workflows name is there", () => {
  interface Named {
    "working-directory"?: string;
    run?: string;
    with?: Record<string, string>;
  }
  const named = files
    .filter(({ path: name }) => name.includes("/workflows/"))
    .flatMap(({ text }) => Object.values((parse(text) as { jobs: Record<string, { steps: Named[] }> }).jobs).flatMap(({ steps }) => steps))
    .flatMap((step) => [
      step["working-directory"],
      ...["cache-dependency-path", "dockerfile", "context"].map((key) => step.with?.[key]?.replace("*.txt", ".txt")),
      ...(step.run?.match(/\bapplication\/[\w./-]+/g) ?? []),
    ])
    .filter((name): name is string => name !== undefined);
  expect(named).toEqual(expect.arrayContaining([application.loadTest, application.zapRules, application.composeFile]));
  expect([...new Set(named)].filter((name) => !fs.existsSync(path.join(checkout, name)))).toEqual([]);
});

test("what ZAP reads the API by is where the backend has it, and a route of both stacks leads there", () => {
  const { apiDescription } = application;
  expect(fs.readFileSync(path.join(checkout, application.backend.folder, "main.py"), "utf8")).toContain(`openapi_url="${apiDescription}"`);
  for (const stack of ["staging", "production"]) {
    const { config } = parse(fs.readFileSync(path.join(checkout, `Pulumi.${stack}.yaml`), "utf8")) as { config: Record<string, unknown> };
    const routes = config["recoloca:routes"] as { path: string; service: string }[];
    const longest = routes
      .filter((route) => route.path === "/" || apiDescription.startsWith(`${route.path}/`))
      .sort((one, other) => other.path.length - one.path.length);
    expect(longest[0]!.service).toBe("backend");
  }
});

test("the rules of ZAP are ones that it can read, each with its reason", () => {
  const lines = fs.readFileSync(path.join(checkout, application.zapRules!), "utf8").trimEnd().split("\n");
  const rules = lines.filter((line) => !line.startsWith("#"));
  expect(rules.length).toBeGreaterThan(0);
  for (const rule of rules) expect(rule).toMatch(/^\d+\t(IGNORE|INFO|WARN|FAIL)\t\(.{10,}\)$/);
});
