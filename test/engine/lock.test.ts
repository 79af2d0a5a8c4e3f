/** A run that was killed leaves its stack locked. What the next run says of it, by the workflows' own scripts, is what settles it. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import * as fs from "node:fs";
import { afterAll, beforeAll, expect, test } from "vitest";
import { inSite, testSite } from "../../local/site.ts";
import { ensureToolchain } from "../../tools/toolchain.ts";
import { workflowFiles } from "../../workflows/index.ts";
import { TestStack } from "../doubles/test-stack.ts";
import { BY_TAG } from "../workflows/options.ts";
import { runScript, script } from "../workflows/scripts.ts";

const program = inSite(testSite, "locked", "infrastructure");
const state = inSite(testSite, "locked", "state");
const files = workflowFiles({ ...BY_TAG, backend: { kind: "s3", url: `file://${state}`, passphrase: false } });
const atWork = `${program}/at-work`;
let env: Record<string, string>;
let pulumi: string;

const step = (file: string, job: string, name: string, programs: Record<string, string> = {}) =>
  runScript(script(files, file, job, name), {
    folder: program,
    env: { ...env, STACK: "staging", PULUMI_STACK: "staging", GITHUB_TOKEN: "a-token" },
    // Two rounds of ten seconds that take none.
    programs: { seq: "echo 1 2", sleep: "", ...programs },
  });
const up = () => step("infrastructure.yml", "up-staging", "Bring it up");

beforeAll(async () => {
  fs.rmSync(inSite(testSite, "locked"), { recursive: true, force: true });
  fs.mkdirSync(program, { recursive: true });
  fs.writeFileSync(`${program}/Pulumi.yaml`, "name: recoloca\nmain: index.js\nruntime: { name: nodejs, options: { typescript: false } }\n");
  // Says that it is at work, and then is, for as long as there is the file "hold".
  fs.writeFileSync(
    `${program}/index.js`,
    `import * as fs from "node:fs";\nif (fs.existsSync("hold")) { fs.writeFileSync("at-work", String(process.pid)); await new Promise((done) => setTimeout(done, 1e9)); }\n`,
  );
  const stack = await TestStack.open({ program, name: "staging", folder: inSite(testSite, "locked") });
  env = Object.fromEntries(Object.entries(stack.forOperators).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])));
  pulumi = (await ensureToolchain(() => undefined)).pulumi;
});
afterAll(() => fs.rmSync(inSite(testSite, "locked"), { recursive: true, force: true }));

test("the stack is selected, and brought up while nobody has it", () => {
  expect(step("infrastructure.yml", "up-staging", "Select the stack")).toMatchObject({ code: 0 });
  const ran = up();
  expect(ran.code, ran.said).toBe(0);
});

test("after a kill both kinds of run fail, and each names whose lock it is and what takes it away", async () => {
  fs.writeFileSync(`${program}/hold`, "");
  const run = spawn(pulumi, ["up", "--yes", "--skip-preview", "--non-interactive", "--stack", "staging"], { cwd: program, env, stdio: "ignore" });
  const ended = once(run, "exit");
  await expect.poll(() => fs.existsSync(atWork), { timeout: 60_000 }).toBe(true);
  run.kill("SIGKILL");
  await ended;
  const left = Number(fs.readFileSync(atWork, "utf8"));
  try {
    process.kill(left);
  } catch {
    // It has seen that its engine is gone.
  }
  fs.rmSync(`${program}/hold`);
  // The server has no release yet.
  for (const ran of [up(), step("deploy.yml", "deploy-staging", "Release", { node: "echo '[]'" })]) {
    expect(ran.code, ran.said).not.toBe(0);
    expect(ran.said).toContain("::error::another run has had the stack for 10 minutes, or was killed and left its lock");
    expect(ran.summary).toContain(`(pid ${run.pid})`);
    expect(ran.summary).toContain(`pulumi login 'file://${state}'\npulumi cancel --stack staging --yes\n`);
  }
});

test("what it names, given as it stands there, lets the next run through", () => {
  const commands = /\n(pulumi login .*\npulumi cancel .*)\n/.exec(up().summary)![1]!;
  const settled = runScript(commands, { folder: program, env });
  expect(settled.code, settled.said).toBe(0);
  const ran = up();
  expect(ran.code, ran.said).toBe(0);
});
