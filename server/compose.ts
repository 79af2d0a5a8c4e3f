/** Docker Compose on this host: the authority on what a Compose file means, and what starts its services. */
import * as fs from "node:fs";
import { throughEngine } from "./docker-api.ts";
import { lastLines, run, type RunOptions } from "./process.ts";

/** Login of `recoloca login`, readable by the deploy identity alone. */
export const DOCKER_CONFIG = "/etc/recoloca/docker";
/** Compose lives for a moment: collecting its garbage less often spares a tenth of it. */
const ENVIRONMENT = { DOCKER_CONFIG, GOGC: "400" };

/** Compose's own program, which spares the start of `docker` in front of it: 35 ms of 75. */
const PROGRAM = ["/usr/libexec/docker/cli-plugins/docker-compose", "/usr/lib/docker/cli-plugins/docker-compose"].find((file) => fs.existsSync(file));
const composeRun = (args: readonly string[], options: RunOptions) =>
  throughEngine(() => (PROGRAM ? run(PROGRAM, args, options) : run("docker", ["compose", ...args], options)));

/** Another one where the package is another one. */
export function composeVersion(): string {
  const { size, mtimeMs } = fs.statSync(PROGRAM ?? "/usr/bin/docker", { throwIfNoEntry: false }) ?? { size: 0, mtimeMs: 0 };
  return `${PROGRAM} ${size} ${mtimeMs}`;
}

export interface ComposeCall {
  readonly project: string;
  readonly file: string;
  readonly environment: Record<string, string>;
}

export async function compose(call: ComposeCall, args: readonly string[], timeout = 300): Promise<void> {
  const ran = await composeRun(["--project-name", call.project, "--file", call.file, "--progress", "quiet", ...args], {
    env: { ...ENVIRONMENT, ...call.environment, COMPOSE_IGNORE_ORPHANS: "1" },
    timeout,
  });
  if (ran.code !== 0) throw new Error(lastLines(ran.stderr || ran.stdout, 6) || `docker compose ${args[0]} exited with ${ran.code}`);
}

/** The whole document as Compose itself understands it; `complaints` are its warnings, an unset variable among them. */
export async function resolveCompose(
  stack: string,
  file: string,
  folder: string,
  environment: Record<string, string>,
): Promise<{ document: string; complaints: string[] }> {
  const ran = await composeRun(["--project-name", stack, "--project-directory", folder, "--file", file, "config", "--format", "json"], {
    env: { ...ENVIRONMENT, ...environment },
    cwd: folder,
  });
  if (ran.code !== 0) throw new Error(lastLines(ran.stderr, 5));
  const complaints = ran.stderr.split("\n").flatMap((line) => /msg="(.*)"$/.exec(line)?.[1]?.replaceAll('\\"', '"') ?? []);
  return { document: ran.stdout, complaints };
}
