/**
 * A job: one command in one service's image, environment and network, to its end. Never `docker exec`, never a foreground run:
 * a killed client would leave the command running with nobody to wait for it. A job is a named, labelled container; whoever
 * takes up an interrupted transaction finds it, waits for it or removes it.
 */
import { spawn } from "node:child_process";
import type { Writable } from "node:stream";
import { compose } from "./compose.ts";
import type { ComposeDocument } from "./compose-split.ts";
import * as engine from "./engine.ts";
import { lastLines, run } from "./process.ts";
import { writeWhole } from "./store.ts";

export interface Job {
  /** `migration`, `backup`, ...: with the stack and the number it names the container. */
  readonly kind: string;
  readonly stack: string;
  readonly number: number;
  /** The project that the service belongs to, as it was written for Compose. */
  readonly document: ComposeDocument;
  readonly service: string;
  /** Key of the document's network that it joins; with an address of the range that is left for such. */
  readonly network: string;
  readonly command: readonly string[];
  readonly environment: Record<string, string>;
  /** Where its project's file is written. */
  readonly file: string;
  /** Added to the service's own. */
  readonly variables?: Record<string, string>;
  /** A file of the host that the command reads as its standard input; readable for whoever runs in the container. */
  readonly input?: string;
  /** A file of the host that the command may write into; writable for whoever runs in the container. Its place there is in COUNTS. */
  readonly counts?: string;
}

/** Where the input is in the container. The engine would keep a standard input of its own open for ever, whatever was sent. */
const INPUT = "/run/recoloca-input";
const COUNTS = "/run/recoloca-counts";

export const jobName = ({ stack, kind, number }: Pick<Job, "stack" | "kind" | "number">) => `${stack}-${kind}-${number}`;

const dollars = (text: string) => text.replaceAll("$", "$$$$");

async function create(job: Job, how: "--detach" | "--no-start", extra: object): Promise<string> {
  const { kind, stack, document, service, network, command, environment, file, input, counts } = job;
  const {
    healthcheck: _healthcheck,
    networks: _networks,
    depends_on: _dependsOn,
    labels: _labels,
    restart: _restart,
    ports: _ports,
    ...definition
  } = document.services[service]!;
  const name = jobName(job);
  const line = input === undefined ? command : ["sh", "-c", `exec "$@" < ${INPUT}`, "sh", ...command];
  const mounts = [
    ...(input === undefined ? [] : [{ type: "bind", source: input, target: INPUT, read_only: true }]),
    ...(counts === undefined ? [] : [{ type: "bind", source: counts, target: COUNTS }]),
  ];
  const variables = { ...job.variables, ...(counts !== undefined && { COUNTS }) };
  const added = Object.fromEntries(Object.entries(variables).map(([key, value]) => [key, dollars(value)]));
  writeWhole(
    file,
    JSON.stringify({
      ...document,
      services: {
        [kind]: {
          ...definition,
          ...extra,
          environment: { ...(definition["environment"] as object | undefined), ...added },
          container_name: name,
          command: line.map(dollars),
          volumes: [...(definition.volumes ?? []), ...mounts],
          entrypoint: [],
          restart: "no",
          labels: { "recoloca.stack": stack, "recoloca.job": kind },
          networks: { [network]: {} },
        },
      },
    }),
  );
  await engine.removeJob(name);
  await compose({ project: `${document.name ?? stack}-${kind}`, file, environment }, ["up", how]);
  return name;
}

/** Its container is there, and runs. */
export const start = (job: Job): Promise<string> => create(job, "--detach", {});

export interface Ended {
  readonly code: number;
  readonly stdout: string;
  /** Both outputs' last lines. */
  readonly output: string;
  readonly late: boolean;
}

/** How a started job ended; one that takes longer is stopped. Its container stays: the caller removes it once it has kept what it learned. */
export async function endOf(name: string, seconds: number): Promise<Ended> {
  const code = await engine.waitForEnd(name, seconds);
  if (code === undefined) await engine.stopContainers([name]);
  const { stdout } = await run("docker", ["logs", name]);
  return { code: code ?? 124, stdout, output: await engine.logTail(name, 15), late: code === undefined };
}

/** Runs a job whose output would be too large for a log: nothing of it is kept by the engine. Gives what it said on stderr. */
export async function pour(job: Job, output: Writable, seconds: number): Promise<{ code: number; said: string }> {
  const name = await create(job, "--no-start", { logging: { driver: "none" } });
  try {
    return await new Promise((done, fail) => {
      const child = spawn("docker", ["start", "--attach", name], { stdio: ["ignore", "pipe", "pipe"] });
      let said = "";
      let late = false;
      const timer = setTimeout(() => {
        late = true;
        void engine.removeJob(name).finally(() => child.kill("SIGKILL"));
      }, seconds * 1000);
      const broken = (error: Error) => {
        clearTimeout(timer);
        child.kill("SIGKILL");
        fail(error);
      };
      child.stderr.setEncoding("utf8").on("data", (text: string) => (said = lastLines(said + text, 15)));
      child.stdout.on("error", broken).pipe(output.on("error", broken), { end: false });
      child.on("error", broken);
      child.on("close", (code) => {
        clearTimeout(timer);
        done({ code: late ? 124 : (code ?? 1), said: late ? `took longer than ${seconds}s and was ended` : said });
      });
    });
  } finally {
    await engine.removeJob(name);
  }
}

/** Runs a job to its end and removes it. */
export async function finish(job: Job, seconds: number): Promise<Ended> {
  const name = await start(job);
  try {
    return await endOf(name, seconds);
  } finally {
    await engine.removeJob(name);
  }
}
