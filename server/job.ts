/**
 * A job: one command in one service's image, environment and network, to its end. Never `docker exec`, never a foreground run:
 * a killed client would leave the command running with nobody to wait for it. A job is a named, labelled container; whoever
 * takes up an interrupted transaction finds it, waits for it or removes it.
 */
import { compose } from "./compose.ts";
import type { ComposeDocument } from "./compose-split.ts";
import * as engine from "./engine.ts";
import { run } from "./process.ts";
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
  /** A file of the host, or a pipe with a name there, that takes the command's standard output; writable for whoever runs in the container. */
  readonly output?: string;
  /** A file of the host that the command may write into; writable for whoever runs in the container. Its place there is in COUNTS. */
  readonly counts?: string;
}

/**
 * Where they are in the container; its shell opens both, so that nothing stands between the command and the file. The engine would
 * keep a standard input of its own open for ever, whatever was sent. Of an output it gives up what a busy host has not passed on
 * two seconds after the command's end, and the command has ended well all the same (moby daemon/monitor.go, containerd's shim).
 */
const INPUT = "/run/recoloca-input";
const OUTPUT = "/run/recoloca-output";
const COUNTS = "/run/recoloca-counts";

export const jobName = ({ stack, kind, number }: Pick<Job, "stack" | "kind" | "number">) => `${stack}-${kind}-${number}`;

const dollars = (text: string) => text.replaceAll("$", "$$$$");

/** Its container is there, and runs. */
export async function start(job: Job): Promise<string> {
  const { kind, stack, document, service, network, command, environment, file, input, output, counts } = job;
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
  const redirected = [input !== undefined && `< ${INPUT}`, output !== undefined && `> ${OUTPUT}`].filter((one) => one !== false);
  const line = redirected.length === 0 ? command : ["sh", "-c", `exec "$@" ${redirected.join(" ")}`, "sh", ...command];
  const mounts = [
    ...(input === undefined ? [] : [{ type: "bind", source: input, target: INPUT, read_only: true }]),
    ...(output === undefined ? [] : [{ type: "bind", source: output, target: OUTPUT }]),
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
  await compose({ project: `${document.name ?? stack}-${kind}`, file, environment }, ["up", "--detach"]);
  return name;
}

export interface Ended {
  readonly code: number;
  readonly stdout: string;
  /** Both outputs' last lines. */
  readonly output: string;
  readonly late: boolean;
}

/** How a started job ended; one that takes longer is stopped. Its container stays: the caller removes it once it has kept what it learned. */
export async function endOf(name: string, seconds: number): Promise<Ended> {
  const end = await engine.waitForEnd(name, seconds);
  if (end === "gone") return { code: 137, stdout: "", output: `its container ${name} was removed meanwhile`, late: false };
  if (end === "late") await engine.stopContainers([name]);
  const { stdout } = await run("docker", ["logs", name]);
  return { code: end === "late" ? 124 : end, stdout, output: await engine.logTail(name, 15), late: end === "late" };
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
