/** `make test`: every check in order, each with its time; the slowest parts, what failed and one count at the end. */
import { execFileSync, spawn, type ChildProcess } from "node:child_process";
import * as fs from "node:fs";
import * as path from "node:path";
import { stripVTControlCharacters } from "node:util";
import { cacheFolder, localFolder } from "../tools/cache.ts";
import { givenTurn, leftOut, TURNS, turnOf } from "./turns.ts";
import { WHOLE } from "./whole.ts";

const root = path.join(import.meta.dirname, "..");
const bin = (name: string) => path.join(root, "node_modules", ".bin", name);
const report = (name: string) => localFolder("reports", `${name}.json`);

interface Check {
  readonly name: string;
  readonly command: readonly string[];
  readonly vitest?: boolean;
}

const vitest = (name: string, projects: readonly string[], ...more: string[]): Check => ({
  name,
  command: [
    bin("vitest"),
    "run",
    ...projects.flatMap((project) => ["--project", project]),
    ...["--reporter=default", "--reporter=json", `--outputFile.json=${report(name)}`],
    ...more,
  ],
  vitest: true,
});

/** One after the other, but for those in one line, which run at once: each of them has one processor's work. */
const CHECKS: readonly (readonly Check[])[] = [
  [
    { name: "lint", command: [bin("eslint"), "."] },
    { name: "types", command: [bin("tsc"), "--noEmit"] },
    { name: "format", command: [bin("prettier"), "--check", "--log-level=warn", "."] },
  ],
  [vitest("unit", ["unit"], "--coverage")],
  [vitest("workflows", ["workflows"])],
  // Together: they share their servers, and the longest files of all begin first.
  [vitest("servers", ["ssh", "engine", "server", "chaos", "journeys"])],
];

/** Whose turn it is among the files that take minutes; undefined where all are wanted. */
function wantedTurn(): number | undefined {
  if (WHOLE) return undefined;
  const given = givenTurn();
  if (given !== undefined && !TURNS[given - 1]) throw new Error(`TURN got ${process.env["TURN"]}, wants 1 to ${TURNS.length}, or WHOLE=1`);
  return given ?? turnOf(commits());
}

function commits(): number {
  try {
    return Number(execFileSync("git", ["rev-list", "--count", "HEAD"], { cwd: root, encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }));
  } catch {
    // No checkout of git's.
    return 0;
  }
}

const turn = wantedTurn();
// What Node compiles is kept between all that the tests start. Vitest takes it out where it counts which lines ran.
const env = { ...process.env, NODE_COMPILE_CACHE: cacheFolder("compiled"), TURN: turn === undefined ? "" : String(turn) };

interface Report {
  numPassedTests: number;
  numFailedTests: number;
  numPendingTests: number;
  testResults: {
    name: string;
    startTime: number;
    endTime: number;
    message: string;
    status: string;
    assertionResults: { fullName: string; status: string; duration?: number; failureMessages: string[] }[];
  }[];
}

/** What a failure said: its first 12 lines, and its last 24, which are how what it ran ended. */
function indented(text: string): string {
  const lines = stripVTControlCharacters(text).split("\n");
  const kept = lines.length > 36 ? [...lines.slice(0, 12), `… ${lines.length - 36} lines …`, ...lines.slice(-24)] : lines;
  return kept.map((line) => `    ${line}`).join("\n");
}

/** A failure in one line of at most 240 characters. */
function inOneLine(failure: string): string {
  const [name = "", why = ""] = failure.split("\n");
  return `${name.slice(-120)}: ${why.trim().slice(0, 118)}`;
}

const count = { passed: 0, failed: 0, skipped: 0 };
type Time = readonly [what: string, seconds: number];
const times: Record<"checks" | "files" | "tests", Time[]> = { checks: [], files: [], tests: [] };
/** What failed, with why. */
const failures: string[] = [];
/** With when each began. */
const running = new Map<ChildProcess, readonly [name: string, since: number]>();

/** What it prints comes as it is printed, or in one piece where others print as well. */
function ran({ name, command }: Check, alone: boolean): Promise<number | null> {
  const [program = "", ...args] = command;
  const child = spawn(program, args, {
    cwd: root,
    env,
    stdio: ["ignore", alone ? "inherit" : "pipe", alone ? "inherit" : "pipe"],
  });
  running.set(child, [name, performance.now()]);
  const printed: Buffer[] = [];
  for (const stream of [child.stdout, child.stderr]) stream?.on("data", (chunk: Buffer) => printed.push(chunk));
  return new Promise((done, failed) => {
    child.on("error", failed);
    child.on("close", (status) => {
      running.delete(child);
      process.stdout.write(Buffer.concat(printed));
      done(status);
    });
  });
}

async function checked(check: Check, alone: boolean): Promise<void> {
  if (check.vitest) fs.rmSync(report(check.name), { force: true });
  if (alone) process.stdout.write(`\n── ${check.name}\n`);
  const start = performance.now();
  const status = await ran(check, alone);
  const seconds = (performance.now() - start) / 1000;
  times.checks.push([check.name, seconds]);
  process.stdout.write(`── ${check.name} ${status === 0 ? "passed" : "FAILED"} in ${seconds.toFixed(1)} s\n`);
  const before = failures.length;
  if (!check.vitest) count[status === 0 ? "passed" : "failed"]++;
  else if (!fs.existsSync(report(check.name))) count.failed++;
  else {
    const read = JSON.parse(fs.readFileSync(report(check.name), "utf8")) as Report;
    count.passed += read.numPassedTests;
    count.failed += read.numFailedTests;
    count.skipped += read.numPendingTests;
    if (status !== 0 && read.numFailedTests === 0) count.failed++;
    for (const file of read.testResults) {
      if (file.status === "failed" && file.message) failures.push(`${check.name}\n${indented(file.message)}`);
      times.files.push([path.relative(root, file.name), (file.endTime - file.startTime) / 1000]);
      for (const one of file.assertionResults) {
        times.tests.push([`${check.name}: ${one.fullName.trim()}`, (one.duration ?? 0) / 1000]);
        if (one.status === "failed") failures.push(`${check.name}: ${one.fullName.trim()}\n${indented(one.failureMessages.join("\n"))}`);
      }
    }
  }
  if (status !== 0 && failures.length === before) failures.push(`${check.name}\n${indented("what it printed is above")}`);
}

function summary(): void {
  for (const [kind, all] of Object.entries(times)) {
    process.stdout.write(`\nslowest ${kind}\n`);
    for (const [name, seconds] of all.sort((a, b) => b[1] - a[1]).slice(0, 12)) process.stdout.write(`${seconds.toFixed(1).padStart(8)} s  ${name}\n`);
  }
  if (turn !== undefined) {
    const others = TURNS.map((_files, index) => index + 1).filter((one) => one !== turn);
    process.stdout.write(`\nleft out of turn ${turn}, for time; TURN=${others.join(" or ")} has them, WHOLE=1 all\n`);
    for (const file of leftOut(turn)) process.stdout.write(`            test/${file}\n`);
  }
  if (failures.length > 0) process.stdout.write(`\nfailed\n${failures.join("\n")}\n`);
  // At the very end, which is all that a log cut to its tail keeps.
  process.stdout.write(`\n${failures.map((failure) => `${inOneLine(failure)}\n`).join("")}`);
  process.stdout.write(`${count.passed} passed, ${count.failed} failed, ${count.skipped} skipped\n`);
}

// Whoever has no more time for it learns what took it.
process.on("SIGTERM", () => {
  for (const [child, [name, since]] of running) {
    child.kill();
    times.checks.push([`${name}, not ended`, (performance.now() - since) / 1000]);
  }
  summary();
  process.stdout.write("stopped before its end\n");
  process.exit(143);
});

fs.mkdirSync(localFolder("reports"), { recursive: true });
for (const group of CHECKS) {
  if (group.length > 1) process.stdout.write(`\n── ${group.map(({ name }) => name).join(", ")}\n`);
  await Promise.all(group.map((check) => checked(check, group.length === 1)));
}
summary();
process.exitCode = count.failed > 0 ? 1 : 0;
