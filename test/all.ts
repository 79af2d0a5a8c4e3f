/** `make test`: every check in order, each with its time; the slowest parts, what failed and one count at the end. */
import { spawnSync } from "node:child_process";
import * as fs from "node:fs";
import * as path from "node:path";
import { stripVTControlCharacters } from "node:util";
import { localFolder } from "../tools/cache.ts";

const root = path.join(import.meta.dirname, "..");
const bin = (name: string) => path.join(root, "node_modules", ".bin", name);
const report = (name: string) => localFolder("reports", `${name}.json`);

interface Check {
  readonly name: string;
  readonly command: readonly string[];
  readonly vitest?: boolean;
}

const vitest = (name: string, ...more: string[]): Check => ({
  name,
  command: [bin("vitest"), "run", "--project", name, "--reporter=default", "--reporter=json", `--outputFile.json=${report(name)}`, ...more],
  vitest: true,
});

const CHECKS: readonly Check[] = [
  { name: "lint", command: [bin("eslint"), "."] },
  { name: "format", command: [bin("prettier"), "--check", "--log-level=warn", "."] },
  { name: "types", command: [bin("tsc"), "--noEmit"] },
  vitest("unit", "--coverage"),
  vitest("workflows"),
  vitest("ssh"),
  vitest("engine"),
  vitest("server"),
  vitest("chaos"),
  vitest("journeys"),
];

interface Report {
  numPassedTests: number;
  numFailedTests: number;
  numPendingTests: number;
  testResults: { message: string; status: string; assertionResults: { fullName: string; status: string; duration?: number; failureMessages: string[] }[] }[];
}

/** The first 30 lines of what a failure said. */
const indented = (text: string) =>
  stripVTControlCharacters(text)
    .split("\n")
    .slice(0, 30)
    .map((line) => `    ${line}`)
    .join("\n");

const count = { passed: 0, failed: 0, skipped: 0 };
const times: [string, number][] = [];
/** What failed, with why: said once more at the very end, which is all that a log cut to its tail keeps. */
const failures: string[] = [];
fs.mkdirSync(localFolder("reports"), { recursive: true });
for (const check of CHECKS) {
  if (check.vitest) fs.rmSync(report(check.name), { force: true });
  process.stdout.write(`\n── ${check.name}\n`);
  const start = performance.now();
  const [program = "", ...args] = check.command;
  const { status } = spawnSync(program, args, { cwd: root, stdio: ["ignore", "inherit", "inherit"] });
  times.push([check.name, (performance.now() - start) / 1000]);
  process.stdout.write(`── ${check.name} ${status === 0 ? "passed" : "FAILED"} in ${times.at(-1)![1].toFixed(1)} s\n`);
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
      for (const one of file.assertionResults) {
        times.push([`${check.name}: ${one.fullName.trim()}`, (one.duration ?? 0) / 1000]);
        if (one.status === "failed") failures.push(`${check.name}: ${one.fullName.trim()}\n${indented(one.failureMessages.join("\n"))}`);
      }
    }
  }
  if (status !== 0 && failures.length === before) failures.push(`${check.name}\n${indented("what it printed is above")}`);
}
process.stdout.write("\nslowest\n");
for (const [name, seconds] of times.sort((a, b) => b[1] - a[1]).slice(0, 12)) process.stdout.write(`${seconds.toFixed(1).padStart(8)} s  ${name}\n`);
if (failures.length > 0) process.stdout.write(`\nfailed\n${failures.join("\n")}\n`);
process.stdout.write(`\n${count.passed} passed, ${count.failed} failed, ${count.skipped} skipped\n`);
process.exitCode = count.failed > 0 ? 1 : 0;
