/** The same change as everyone starts: the same Compose file and images, `docker compose up --detach`, no edge. */
import * as fs from "node:fs";
import * as path from "node:path";
import { must, sleep } from "../local/command.ts";
import type { Images } from "../local/images.ts";
import { onServer, serverName } from "../local/server.ts";
import { benchmarkSite } from "../local/site.ts";
import { step } from "../local/steps.ts";
import { checkout } from "../tools/cache.ts";
import { failed, longestGap } from "./answers.ts";
import { imagesOf, type Place } from "./place.ts";
import { visited } from "./under-load.ts";
import type { Addresses } from "./visitors.ts";

const FOLDER = "/root/compose-up";
const COMPOSE = `cd ${FOLDER} && DOCKER_CONFIG=/etc/recoloca/docker docker compose --project-name plain --progress quiet`;

const server = async (command: string, input?: string): Promise<string> => {
  const ran = await onServer(benchmarkSite, command, input);
  if (ran.code !== 0) throw new Error(`${command}: ${ran.output}`);
  return ran.stdout;
};

const override = (images: Images) =>
  JSON.stringify({ services: { backend: { image: images.backend }, worker: { image: images.backend }, frontend: { image: images.frontend } } });

async function prepare(compose: string, images: Images): Promise<Addresses> {
  await server(`mkdir -p ${FOLDER} && cat > ${FOLDER}/compose.yaml`, compose);
  await server(`cat > ${FOLDER}/.env`, `POSTGRES_PASSWORD=benchmark\nPOSTGRES_IMAGE=${images.postgres}\nREDIS_IMAGE=${images.redis}\n`);
  await write(images);
  await server(`${COMPOSE} run --rm backend alembic upgrade head && ${COMPOSE} up --detach`);
  const address = (await must("docker", ["inspect", "--format", "{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}", serverName(benchmarkSite)])).trim();
  return { api: `http://${address}:8000`, page: `http://${address}:3000` };
}

const write = (images: Images) => server(`cat > ${FOLDER}/compose.override.yaml`, override(images));

const pull = () => server(`${COMPOSE} pull --quiet backend worker frontend`);

/** Gives the moment, on the clock that server and visitors share, at which `up` began. */
async function up(images: Images): Promise<number> {
  await write(images);
  const began = Date.now();
  await server(`${COMPOSE} up --detach`);
  return began;
}

const remove = () => server(`${COMPOSE} down --volumes --timeout 5; rm -rf ${FOLDER}`);

export interface PlainRun {
  readonly version: string;
  readonly failed: number;
  readonly requests: number;
  /** Milliseconds without an answer. */
  readonly gap: number;
  /** Seconds from the command to the first answer after the last failed one; absent where none came. */
  readonly serving?: number;
}

async function changeUnderLoad({ loadClient }: Place, addresses: Addresses, version: string): Promise<PlainRun> {
  const images = await imagesOf(version);
  await write(images);
  await pull();
  const { result: began, seen } = await visited(`compose-${version}`, loadClient, addresses, async () => {
    const at = await up(images);
    await sleep(6000);
    return at;
  });
  const wrong = failed(seen.answers);
  const last = wrong.at(-1);
  const back = last && seen.answers.find((one) => one.answered > last.answered && one.status === 200);
  return {
    version,
    failed: wrong.length,
    requests: seen.answers.length,
    gap: longestGap(seen.answers, began),
    ...(back && { serving: (back.answered - began) / 1000 }),
  };
}

export async function measureComposeUp(place: Place): Promise<PlainRun[]> {
  await server("recoloca remove --application recoloca --environment local --volumes");
  const compose = fs.readFileSync(path.join(checkout, "application", "compose.yaml"), "utf8");
  const addresses = await prepare(compose, await imagesOf("2"));
  await sleep(5000);
  const runs: PlainRun[] = [];
  for (const version of ["3", "4", "5", "6", "7", "broken"])
    runs.push(
      await step(
        `compose ${version}`,
        () => changeUnderLoad(place, addresses, version),
        (one) => `${one.failed} of ${one.requests} failed, gap ${one.gap.toFixed(0)} ms`,
      ),
    );
  await remove();
  return runs;
}
