/** How long a push takes to be live, and what it costs, on paper: the same assumptions for this pipeline and for the first one. */
import * as fs from "node:fs";
import * as path from "node:path";
import { Made, type Job, type Step } from "./seed/defect.ts";

const PLATFORM = 120;
/** Seconds of a watch window, as the stacks' files have it. */
const WATCH: Record<string, number> = { staging: 30, production: 120 };

/** What a step is assumed to take, in seconds; the first that fits. No figure here was measured but those of a release, in the README's table. */
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
  [/pytest|test:ci|npm run (unit|workflows)/, 60, "a suite of tests"],
  [/compose .* up --detach --wait|alembic upgrade head\n/, 20, "start the services, or migrate"],
  [/pulumi up/, 5, "a release, whose measured 4.1 s are in the README, and its watch window"],
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
  return assumed + slept.reduce((sum, one) => sum + one, 0) + (/pulumi up .*--target/.test(run) ? (WATCH[environment] ?? 30) : 0);
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
const way = ({ jobs }: Path) => jobs.join(" → ");

/** docs/workflows.md with today's figures between its marks. */
export const withArithmetic = (page: string): string =>
  page.replace(/<!-- arithmetic -->[\s\S]*<!-- \/arithmetic -->/, () => `<!-- arithmetic -->\n${arithmetic()}\n<!-- /arithmetic -->`);

function arithmetic(): string {
  const [ours, first] = [new Made(), firstPipeline()];
  const of = (made: Made, file: string) => made.jobs.filter((job) => job.file === file);
  const staging = [pathTo(ours, "deploy.yml", "deploy-staging"), pathTo(first, "ci-cd.yml", "deploy-staging")] as const;
  const tested = [pathTo(ours, "deploy.yml", "e2e-staging"), pathTo(first, "ci-cd.yml", "e2e-tests")] as const;
  const release = pathTo(ours, "release.yml", "deploy-production");
  // Its production needs the end-to-end tests, which no tag runs; without that condition it would be built and checked once more.
  const again = pathTo(first, "ci-cd.yml", "build-images");
  const production = { seconds: again.seconds + jobSeconds(first.job("ci-cd.yml", "deploy-production")), jobs: [...again.jobs, "deploy-production"] };
  const push = [billed(of(ours, "deploy.yml")), billed(of(first, "ci-cd.yml").filter(({ id }) => id !== "deploy-production"))] as const;
  const tag = [billed(of(ours, "release.yml")), billed(of(first, "ci-cd.yml").filter(({ id }) => !/staging|e2e/.test(id)))] as const;
  const slept = (made: Made) =>
    made.scripts
      .flatMap((script) => [...script.matchAll(/^\s*sleep (\d+)$/gm)].map((match) => Number(match[1])).filter((one) => one >= 30))
      .reduce((sum, one) => sum + one, 0);
  return `
| | this pipeline | the first one |
| --- | --- | --- |
| push to staging live | ${clock(staging[0].seconds)} | ${clock(staging[1].seconds)} |
| over | ${way(staging[0])} | ${way(staging[1])} |
| push to staging tested end to end | ${clock(tested[0].seconds)} | ${clock(tested[1].seconds)} |
| tag to production live, approval apart | ${clock(release.seconds)} | never; ${clock(production.seconds)} if its condition were mended |
| over | ${way(release)} | ${way(production)} |
| of it slept, whatever the release did | ${slept(ours)} s | ${slept(first)} s |
| billed minutes of a push to main | ${push[0]} | ${push[1]} |
| billed minutes of a release | ${tag[0]} | ${tag[1]} |

Assumed for both: ${START} s until a job begins, ${PLATFORM} s to build an image for one platform (also where the first pipeline would have emulated it), ${OTHER} s for a step that is not in this list.

| step | seconds |
| --- | --- |
${ASSUMED.map(([, seconds, what]) => `| ${what} | ${seconds} |`).join("\n")}
`;
}
