/** How long a push takes to be live, and what it costs, on paper: the same assumptions for this pipeline and for the first one. */
import * as fs from "node:fs";
import * as path from "node:path";
import { parse } from "yaml";
import { ownersOptions } from "../../operate/workflow-files.ts";
import { workflowFiles } from "../../workflows/index.ts";
import * as events from "./events.ts";
import { Made, type Job, type Step } from "./seed/defect.ts";
import { runsOf } from "./simulator.ts";

const PLATFORM = 120;
/** Seconds of a release's watch window, as the stacks' files of this repository have it: `30s`, `2m`. */
const WATCH: Record<string, number> = Object.fromEntries(
  ["staging", "production"].map((stack) => {
    const { config } = parse(fs.readFileSync(path.join(import.meta.dirname, `../../Pulumi.${stack}.yaml`), "utf8")) as { config: Record<string, string> };
    const [, count, unit] = /^(\d+)([sm])$/.exec(config["recoloca:watch"]!)!;
    return [stack, Number(count) * (unit === "m" ? 60 : 1)];
  }),
);

/** What a step is assumed to take, in seconds; the first that fits. Measured are only a release, in the README's table, and this program's own suites. */
const ASSUMED: readonly [form: RegExp, seconds: number, what: string][] = [
  [/actions\/checkout/, 5, "check out"],
  [
    /setup-(node|k6|buildx)|configure-aws|auth-actions|ssh-agent|login-action|metadata-action|artifact|action-slack|slack-github/,
    5,
    "set up, log in, keep or send something",
  ],
  [/setup-python/, 10, "set up Python"],
  [/aquasecurity\/trivy-action|trufflehog/, 30, "scan by Trivy or TruffleHog"],
  [/semgrep/, 60, "scan by Semgrep"],
  [/hadolint|upload-sarif|actions\/attest|codecov|pulumi\/actions/, 8, "lint a Dockerfile, upload findings or coverage, sign, install Pulumi"],
  [/playwright install --with-deps chromium/, 25, "install one browser"],
  [/playwright install/, 75, "install three browsers"],
  [/playwright test/, 120, "end-to-end tests"],
  [/npm ci/, 25, "install packages of Node"],
  [/pip install/, 30, "install packages of Python"],
  // On a machine of two cores, as GitHub's are for private repositories; those of public ones have four.
  [/npm run unit/, 134, "this program's unit suite, measured on two cores"],
  [/npm run workflows$/, 117, "this program's suite of the workflows, every event, measured on two cores"],
  [/pytest|test:ci|npm run workflows/, 60, "a suite of tests"],
  [/compose .* up --detach --wait|alembic upgrade head\n/, 20, "start the services, or migrate"],
  [/pulumi up .*--target/, 5, "a release, whose measured 4.1 s are in the README, without its watch window"],
  [/pulumi (up|preview)/, 60, "bring up or preview a stack of which little changes"],
  [/docker-compose .* up -d/, 13, "the first pipeline's update, measured in the README"],
  [/npm run|ruff|flake8|black|isort|mypy|shellcheck/, 15, "lint, format or types"],
];
/** From a job's being ready to its first step. */
const START = 15;
const OTHER = 2;

function secondsOf(step: Step, environment: string): number {
  const { uses = "", run = "" } = step;
  if (/build-push-action/.test(uses)) return PLATFORM * String(step.with!["platforms"]).split(",").length;
  const assumed = ASSUMED.find(([form]) => form.test(uses) || form.test(run))?.[1] ?? OTHER;
  const slept = [...run.matchAll(/\bsleep (\d+)/g)].map((match) => Number(match[1])).filter((seconds) => seconds >= 30);
  return assumed + slept.reduce((sum, one) => sum + one, 0) + (/pulumi up .*--target/.test(run) ? WATCH[environment]! : 0);
}

export const jobSeconds = (job: Job): number => START + job.steps.reduce((sum, step) => sum + secondsOf(step, job.environment?.name ?? ""), 0);

interface Path {
  readonly seconds: number;
  readonly jobs: readonly string[];
}

/** The longest way to the end of a job, over all that it needs. */
export function pathTo(made: Made, file: string, id: string): Path {
  const job = made.job(file, id);
  const needs = typeof job.needs === "string" ? [job.needs] : (job.needs ?? []);
  const longest = needs.map((need) => pathTo(made, file, need)).sort((a, b) => b.seconds - a.seconds)[0] ?? { seconds: 0, jobs: [] };
  return { seconds: longest.seconds + jobSeconds(job), jobs: [...longest.jobs, id] };
}

/** GitHub bills each job by whole minutes begun. */
export const billed = (jobs: readonly Job[]): number => jobs.reduce((sum, job) => sum + Math.ceil(jobSeconds(job) / 60), 0);

function firstPipeline(): Made {
  const folder = path.join(import.meta.dirname, "seed/first-pipeline");
  return new Made(fs.readdirSync(folder).map((name) => ({ path: `.github/workflows/${name}`, text: fs.readFileSync(path.join(folder, name), "utf8") })));
}

const clock = (seconds: number) => `${Math.floor(seconds / 60)} min ${String(Math.round(seconds % 60)).padStart(2, "0")} s`;
/** With the seconds of each, of which the whole is the sum. */
const way = (made: Made, file: string, { jobs }: Path) => jobs.map((id) => `${id} ${jobSeconds(made.job(file, id))}`).join(" → ");

/** Jobs that an event really starts, when all goes well. */
const started = (made: Made, event: events.Event): Job[] =>
  runsOf(made.files, event).flatMap(({ workflow, job, result }) => (result === "skipped" ? [] : [made.job(workflow, job)]));

/** docs/workflows.md with today's figures between its marks. */
export const withArithmetic = (page: string): string =>
  page.replace(/<!-- arithmetic -->[\s\S]*<!-- \/arithmetic -->/, () => `<!-- arithmetic -->\n${arithmetic()}\n<!-- /arithmetic -->`);

function arithmetic(): string {
  // The files that are committed here: they run this program's own suites too, which a project that only uses it does not.
  const options = ownersOptions();
  const [ours, first] = [new Made(workflowFiles(options)), firstPipeline()];
  const { backend } = options;
  const withTeams = new Made(workflowFiles({ ...options, backend: backend.kind === "cloud" ? { ...backend, edition: "enterprise" } : backend }));
  const files = (jobs: readonly Job[], ...names: string[]) => jobs.filter(({ file }) => names.includes(file));
  const staging = [pathTo(ours, "deploy.yml", "deploy-staging"), pathTo(first, "ci-cd.yml", "deploy-staging")] as const;
  const tested = [pathTo(ours, "deploy.yml", "e2e-staging"), pathTo(first, "ci-cd.yml", "e2e-tests")] as const;
  const release = pathTo(ours, "release.yml", "deploy-production");
  // Its production needs the end-to-end tests, which no tag runs; without that condition it would be built and checked once more.
  const again = pathTo(first, "ci-cd.yml", "build-images");
  const production = { seconds: again.seconds + jobSeconds(first.job("ci-cd.yml", "deploy-production")), jobs: [...again.jobs, "deploy-production"] };
  const checked = longest(ours, "ci.yml", "security.yml");
  const request = [started(ours, events.pullRequest("branch")), started(first, events.pullRequest("branch"))] as const;
  const queued = started(ours, events.mergeGroup());
  const push = [started(ours, events.pushToMain()), started(first, events.pushToMain())] as const;
  const tag = [started(ours, events.tag("v1.2.3")), [...started(first, events.tag("v1.2.3")), first.job("ci-cd.yml", "deploy-production")]] as const;
  const infrastructure = pathTo(ours, "infrastructure.yml", "up-production");
  const theirs = pathTo(first, "ci-cd.yml", "unit-tests");
  const slept = (made: Made) =>
    made.scripts
      .flatMap((script) => [...script.matchAll(/^\s*sleep (\d+)$/gm)].map((match) => Number(match[1])).filter((one) => one >= 30))
      .reduce((sum, one) => sum + one, 0);
  return `
| | this pipeline | the first one |
| --- | --- | --- |
| pull request to its required checks, all of it touched | ${clock(checked.seconds)} | ${clock(theirs.seconds)}, of fewer |
| over | ${way(ours, checked.file, checked)} | ${way(first, "ci-cd.yml", theirs)} |
| push to staging live | ${clock(staging[0].seconds)} | ${clock(staging[1].seconds)} |
| over | ${way(ours, "deploy.yml", staging[0])} | ${way(first, "ci-cd.yml", staging[1])} |
| push to staging tested end to end | ${clock(tested[0].seconds)} | ${clock(tested[1].seconds)} |
| over | the same → e2e-staging ${jobSeconds(ours.job("deploy.yml", "e2e-staging"))} | the same → e2e-tests ${jobSeconds(first.job("ci-cd.yml", "e2e-tests"))} |
| tag to production live, approval apart | ${clock(release.seconds)} | never; ${clock(production.seconds)} if its condition were mended |
| over | ${way(ours, "release.yml", release)} | ${way(first, "ci-cd.yml", production)} |
| push that touches the program to production's infrastructure, approval apart | ${clock(infrastructure.seconds)} | none |
| over | ${way(ours, "infrastructure.yml", infrastructure)} | |
| of all of it slept, whatever the release did | ${slept(ours)} s | ${slept(first)} s |
| billed minutes of a push to a pull request: CI and Security | ${billed(files(request[0], "ci.yml", "security.yml"))} | ${billed(request[1])} |
| and its preview, where it touches the program and Pulumi Cloud has tokens of teams | ${billed(files(started(withTeams, events.pullRequest("branch")), "infrastructure.yml"))} | none |
| billed minutes of a merge by the queue | ${billed(queued)} | no queue |
| billed minutes of a push to main: Deploy | ${billed(files(push[0], "deploy.yml"))} | ${billed(push[1])} |
| and Infrastructure, where it touches the program | ${billed(files(push[0], "infrastructure.yml"))} | none |
| billed minutes of a release | ${billed(tag[0])} | ${billed(tag[1])}, if its condition were mended |

A number behind a job is its seconds: ${START} until it begins, and those of its steps by the list below; each job is billed by minutes begun. Which jobs an event starts the simulation of events says.
These are the workflow files of this repository, which also run the program's own suites (\`programTests\`); without that each job that checks it
takes the ${134 + 117 - 60} s less that the unit suite and the simulated events need.

Assumed for both: ${START} s until a job begins, ${PLATFORM} s to build an image for one platform (also where the first pipeline would have emulated it), ${OTHER} s for a step that is not in this list.

| step | seconds |
| --- | --- |
${ASSUMED.map(([, seconds, what]) => `| ${what} | ${seconds} |`).join("\n")}
${Object.entries(WATCH)
  .map(([stack, seconds]) => `| the watch window of a release on ${stack}, as its stack's file has it | ${seconds} |`)
  .join("\n")}
`;
}

/** The longest way to the required checks of these files. */
const longest = (made: Made, ...files: string[]): Path & { readonly file: string } =>
  files.map((file) => ({ file, ...pathTo(made, file, "required") })).sort((a, b) => b.seconds - a.seconds)[0]!;
