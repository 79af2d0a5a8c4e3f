/**
 * Run by the workflow Metrics: `node metrics/main.ts FOLDER ENVIRONMENT...` reads GitHub, writes FOLDER/index.html and FOLDER/delivery.json, adds a line to
 * FOLDER/history.jsonl, and prints the summary.
 */
import * as fs from "node:fs";
import { createRequire } from "node:module";
import * as path from "node:path";
import { readDelivery, type Ask, type Delivery } from "./deployments.ts";
import { measure, type Window } from "./dora.ts";
import { withLine, type Line } from "./history.ts";
import { page, summary, type Shown } from "./page.ts";

const DAYS = 90;
const LATEST = 20;

/** The chart library, as its package ships it. */
export function charts() {
  const folder = path.dirname(createRequire(import.meta.url).resolve("uplot/package.json"));
  const read = (name: string) => fs.readFileSync(path.join(folder, "dist", name), "utf8");
  return { script: read("uPlot.iife.min.js"), style: read("uPlot.min.css") };
}

export function show(repository: string, environments: readonly string[], delivery: Delivery, window: Window): Shown {
  const of = (name: string) => delivery.deployments.filter((one) => one.environment === name);
  return {
    repository,
    window,
    environments: environments.map((name) => ({ name, measures: measure(delivery, name, window), latest: of(name).slice(-LATEST).reverse() })),
  };
}

/** Adds to what an earlier run left; of that, what cannot be read is said, and is no reason to measure nothing. */
function remember(file: string, { window, environments }: Shown, run = window.to): void {
  const measured: Line["environments"] = Object.fromEntries(environments.map(({ name, measures: { days: _, ...rest } }) => [name, rest]));
  const before = fs.existsSync(file) ? fs.readFileSync(file, "utf8") : "";
  const { text, damaged } = withLine(before, { run, at: window.to, environments: measured });
  fs.writeFileSync(file, text);
  if (damaged > 0) process.stderr.write(`::warning::${damaged} of the lines in ${path.basename(file)} could not be read and are left out\n`);
}

const github =
  (api: string, token: string): Ask =>
  async (asked) => {
    const answer = await fetch(`${api}/${asked}`, {
      headers: { authorization: `Bearer ${token}`, accept: "application/vnd.github+json" },
      signal: AbortSignal.timeout(30_000),
    });
    if (!answer.ok) throw new Error(`GitHub answered ${answer.status} to ${asked}: may the token read deployments, actions, contents and issues?`);
    return answer.json();
  };

async function main(): Promise<void> {
  const [folder, ...environments] = process.argv.slice(2);
  const { GITHUB_API_URL: api = "https://api.github.com", GITHUB_REPOSITORY: repository, GITHUB_TOKEN: token } = process.env;
  if (folder === undefined || environments.length === 0 || !repository || !token)
    throw new Error(
      "wants a folder and the names of environments, GITHUB_REPOSITORY and GITHUB_TOKEN:\n  GITHUB_REPOSITORY=recoloca/recoloca GITHUB_TOKEN=$(gh auth token) node metrics/main.ts page staging production",
    );
  const now = new Date();
  const window = { from: new Date(now.getTime() - DAYS * 86_400_000).toISOString(), to: now.toISOString() };
  const delivery = await readDelivery(github(api, token), repository, environments, window.from);
  const shown = show(repository, environments, delivery, window);
  fs.mkdirSync(folder, { recursive: true });
  fs.writeFileSync(path.join(folder, "index.html"), page(shown, charts()));
  fs.writeFileSync(path.join(folder, "delivery.json"), JSON.stringify({ ...shown, incidents: delivery.incidents }, null, 1));
  remember(path.join(folder, "history.jsonl"), shown, process.env["GITHUB_RUN_ID"]);
  process.stdout.write(summary(shown));
}

if (process.argv[1] === import.meta.filename)
  main().catch((error: unknown) => {
    process.stderr.write(`error: ${(error as Error).message}\n`);
    process.exitCode = 1;
  });
