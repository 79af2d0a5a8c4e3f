/**
 * The same change with what is at hand everywhere, the same Compose file and images: `docker compose up --detach` as everyone starts, without
 * an edge; and docker-rollout's method behind a proxy.
 */
import * as fs from "node:fs";
import * as path from "node:path";
import { must, sleep } from "../local/command.ts";
import type { Images } from "../local/images.ts";
import { mustOnServer, serverName } from "../local/server.ts";
import { benchmarkSite } from "../local/site.ts";
import { step } from "../local/steps.ts";
import { checkout } from "../tools/cache.ts";
import { failed, longestGap } from "./answers.ts";
import { imagesOf, type Place } from "./place.ts";
import { visited } from "./under-load.ts";
import type { Addresses } from "./visitors.ts";

const FOLDER = "/root/compose-up";
const ENVIRONMENT = `cd ${FOLDER} && export DOCKER_CONFIG=/etc/recoloca/docker`;
const COMPOSE = `${ENVIRONMENT} && docker compose --project-name plain --progress quiet`;

const server = (command: string, input?: string) => mustOnServer(benchmarkSite, command, input);

/** What the method adds to a service: nothing, or what docker-rollout asks for, no published ports and a health check. */
type Extra = (port: number, path: string) => string;

const override = ({ backend, frontend }: Images, extra: Extra) =>
  `services:\n  backend:\n    image: ${backend}\n${extra(8000, "/api/v1/health")}  worker:\n    image: ${backend}\n  frontend:\n    image: ${frontend}\n${extra(3000, "/")}`;

const nothing: Extra = () => "";
const checked: Extra = (port, where) => `    ports: !reset []
    healthcheck:
      test: ["CMD", "python3", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:${port}${where}', timeout=2)"]
      interval: 1s
      timeout: 2s
      retries: 60
`;

const write = (images: Images, extra: Extra) => server(`cat > ${FOLDER}/compose.override.yaml`, override(images, extra));

async function prepare(compose: string, extra: Extra): Promise<string> {
  const images = await imagesOf("2");
  await server(`mkdir -p ${FOLDER} && cat > ${FOLDER}/compose.yaml`, compose);
  await server(
    `cat > ${FOLDER}/.env`,
    `POSTGRES_PASSWORD=benchmark\nDATABASE_PASSWORD=benchmark\nPOSTGRES_IMAGE=${images.postgres}\nREDIS_IMAGE=${images.redis}\n`,
  );
  await write(images, extra);
  await server(`${COMPOSE} run --rm backend alembic upgrade head && ${COMPOSE} up --detach`);
  return (await must("docker", ["inspect", "--format", "{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}", serverName(benchmarkSite)])).trim();
}

const remove = () => server(`${COMPOSE} down --volumes --timeout 5; rm -rf ${FOLDER}`);

export interface PlainRun {
  readonly version: string;
  readonly failed: number;
  readonly requests: number;
  /** Milliseconds without an answer. */
  readonly gap: number;
  /** Seconds from the command to the new release serving; absent where it never did. */
  readonly serving?: number;
}

/** One change under load; the work gives the moment at which it began, and how long the new release took to serve where it knows. */
async function changeUnderLoad(
  { loadClient }: Place,
  addresses: Addresses,
  version: string,
  { extra, work }: { readonly extra: Extra; readonly work: () => Promise<{ readonly serving?: number }> },
): Promise<PlainRun> {
  await write(await imagesOf(version), extra);
  await server(`${COMPOSE} pull --quiet backend worker frontend`);
  const { result, seen } = await visited(`compose-${version}`, loadClient, addresses, async () => {
    const began = Date.now();
    return { began, ...(await work()) };
  });
  const wrong = failed(seen.answers);
  const last = wrong.at(-1);
  // On the clock that server and visitors share.
  const back = last && seen.answers.find((one) => one.answered > last.answered && one.status === 200);
  // What is answered once nobody asks any more says nothing about gaps.
  const end = Math.max(...seen.answers.map((one) => one.sent));
  const serving = result.serving ?? (back && (back.answered - result.began) / 1000);
  return {
    version,
    failed: wrong.length,
    requests: seen.answers.length,
    gap: longestGap(
      seen.answers.filter((one) => one.answered <= end),
      result.began,
    ),
    ...(serving !== undefined && { serving }),
  };
}

const brief = (one: PlainRun) => `${one.failed} of ${one.requests} failed, gap ${one.gap.toFixed(0)} ms, serving after ${one.serving?.toFixed(1) ?? "never"} s`;

async function withComposeUp(place: Place, compose: string): Promise<PlainRun[]> {
  const address = await prepare(compose, nothing);
  const addresses = { api: `http://${address}:8000`, page: `http://${address}:3000` };
  await sleep(5000);
  const work = async () => {
    await server(`${COMPOSE} up --detach`);
    await sleep(6000);
    return {};
  };
  const runs: PlainRun[] = [];
  for (const version of ["3", "4", "5", "6", "7", "broken"])
    runs.push(await step(`compose ${version}`, () => changeUnderLoad(place, addresses, version, { extra: nothing, work }), brief));
  await remove();
  return runs;
}

async function withRollout(place: Place, compose: string): Promise<PlainRun[]> {
  const address = await prepare(compose, checked);
  const addresses = { api: `http://${address}:8090`, page: `http://${address}:8090` };
  await server(`cat > ${FOLDER}/rollout-server.cjs`, fs.readFileSync(path.join(import.meta.dirname, "rollout-server.cjs"), "utf8"));
  await server(`systemd-run --quiet --collect --unit=rollout-route node ${FOLDER}/rollout-server.cjs route`);
  await sleep(8000);
  const work = async () => {
    const { serving } = JSON.parse(await server(`${ENVIRONMENT} && node rollout-server.cjs roll`)) as { serving: number };
    return { serving: serving / 1000 };
  };
  const runs: PlainRun[] = [];
  for (const version of ["3", "4", "5"])
    runs.push(await step(`rollout ${version}`, () => changeUnderLoad(place, addresses, version, { extra: checked, work }), brief));
  await server("systemctl stop rollout-route");
  await remove();
  return runs;
}

export async function measureOtherWays(place: Place): Promise<{ plain: PlainRun[]; rollout: PlainRun[] }> {
  await server("recoloca remove --application recoloca --environment local --volumes");
  const compose = fs.readFileSync(path.join(checkout, "application", "compose.yaml"), "utf8");
  return { plain: await withComposeUp(place, compose), rollout: await withRollout(place, compose) };
}
