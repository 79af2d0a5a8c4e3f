/**
 * Pulumi where its own downloads may not be reachable. The CLI on PATH serves if it is recent enough and brings its Node
 * language host; else the CLI is built from its pinned Go module, and programs of ours stand in for the language host and the
 * plugins of @pulumi/command and @pulumi/random.
 */
import { execFileSync } from "node:child_process";
import * as fs from "node:fs";
import * as path from "node:path";
import { cacheFolder, checkout, localFolder } from "./cache.ts";
import { goProgram } from "./go-program.ts";

const CLI = "3.259.0";
const OLDEST = [3, 249];
/** Those that a stack without a cloud needs. */
const PLUGINS = { command: "1.2.1", random: "4.21.2" };

export interface Toolchain {
  /** Environment for every call of Pulumi: PATH, PULUMI_HOME, and no looking outside. */
  readonly env: NodeJS.ProcessEnv;
  readonly pulumi: string;
  /** For the person: `node 24.21 · pulumi 3.259.0 (built from source, kept for next time)`. */
  readonly says: string;
  readonly standIns: readonly string[];
}

const onPath = (name: string) =>
  (process.env["PATH"] ?? "")
    .split(path.delimiter)
    .map((folder) => path.join(folder, name))
    .find((file) => fs.existsSync(file));

/** A CLI that is installed, new enough, and comes with its language host. */
function installed(): { file: string; version: string } | undefined {
  const file = onPath("pulumi");
  if (!file || !onPath("pulumi-language-nodejs")) return undefined;
  const version = execFileSync(file, ["version"], { encoding: "utf8", env: { ...process.env, PULUMI_SKIP_UPDATE_CHECK: "true" } })
    .trim()
    .replace(/^v/, "");
  const [major = 0, minor = 0] = version.split(".").map(Number);
  return major > OLDEST[0]! || (major === OLDEST[0] && minor >= OLDEST[1]!) ? { file, version } : undefined;
}

const cli = (log: (line: string) => void) =>
  goProgram(
    {
      name: "pulumi",
      version: CLI,
      package: "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi",
      flags: ["-ldflags", `-s -w -X github.com/pulumi/pulumi/sdk/v3/go/common/version.Version=v${CLI}`, "-tags", "grpcnotrace"],
      takes: "about four minutes",
    },
    log,
  );

const launcher = (script: string) => `#!/bin/sh\nexec "${process.execPath}" "${path.join(checkout, "tools", script)}" "$@"\n`;

function place(file: string, text: string): void {
  if (fs.existsSync(file) && fs.readFileSync(file, "utf8") === text) return;
  fs.mkdirSync(path.dirname(file), { recursive: true });
  fs.writeFileSync(`${file}.new`, text, { mode: 0o755 });
  fs.renameSync(`${file}.new`, file);
}

/** The engine looks for language hosts beside the CLI's real file, so the CLI gets a name in the launchers' folder. */
function linkOrCopy(from: string, to: string): void {
  if (fs.existsSync(to) && fs.statSync(to).size === fs.statSync(from).size) return;
  fs.mkdirSync(path.dirname(to), { recursive: true });
  fs.rmSync(to, { force: true });
  try {
    fs.linkSync(from, to);
  } catch {
    fs.copyFileSync(from, `${to}.new`);
    fs.chmodSync(`${to}.new`, 0o755);
    fs.renameSync(`${to}.new`, to);
  }
}

export async function ensureToolchain(log: (line: string) => void): Promise<Toolchain> {
  const home = localFolder("pulumi-home");
  const nodeVersion = `node ${process.versions.node.split(".").slice(0, 2).join(".")}`;
  const nodeFolder = path.dirname(process.execPath);
  // Compiled code of the SDK and of the program, kept between runs.
  const common = { ...process.env, PULUMI_HOME: home, PULUMI_SKIP_UPDATE_CHECK: "true", NODE_COMPILE_CACHE: cacheFolder("compiled") };
  const own = installed();
  if (own) {
    const env = { ...common, PATH: `${nodeFolder}${path.delimiter}${process.env["PATH"]}` };
    return { env, pulumi: own.file, says: `${nodeVersion} · pulumi ${own.version}`, standIns: [] };
  }
  const folder = localFolder("toolchain");
  const pulumi = path.join(folder, "pulumi");
  linkOrCopy(await cli(log), pulumi);
  place(path.join(folder, "pulumi-language-nodejs"), launcher("language-host/main.cjs"));
  for (const [name, version] of Object.entries(PLUGINS))
    place(path.join(home, "plugins", `resource-${name}-v${version}`, `pulumi-resource-${name}`), launcher(`${name}-plugin/main.cjs`));
  const env = { ...common, PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: "true", PATH: [folder, nodeFolder, process.env["PATH"]].join(path.delimiter) };
  return {
    env,
    pulumi,
    says: `${nodeVersion} · pulumi ${CLI} (built from source, kept for next time)`,
    standIns: ["language host", "command plugin", "random plugin"],
  };
}
