/** The same change as everyone starts: the same Compose file and images, `docker compose up --detach`, no edge. */
import { must } from "../local/command";
import type { Images } from "../local/images";
import { onServer, serverName } from "../local/server";
import { benchmarkSite } from "../local/site";
import type { Addresses } from "./visitors";

const FOLDER = "/root/compose-up";
const COMPOSE = `cd ${FOLDER} && DOCKER_CONFIG=/etc/recoloca/docker docker compose --project-name plain --progress quiet`;

const server = async (command: string, input?: string): Promise<string> => {
  const ran = await onServer(benchmarkSite, command, input);
  if (ran.code !== 0) throw new Error(`${command}: ${ran.output}`);
  return ran.stdout;
};

const override = (images: Images) =>
  JSON.stringify({ services: { backend: { image: images.backend }, worker: { image: images.backend }, frontend: { image: images.frontend } } });

export async function prepare(compose: string, images: Images): Promise<Addresses> {
  await server(`mkdir -p ${FOLDER} && cat > ${FOLDER}/compose.yaml`, compose);
  await server(`cat > ${FOLDER}/.env`, `POSTGRES_PASSWORD=benchmark\nPOSTGRES_IMAGE=${images.postgres}\nREDIS_IMAGE=${images.redis}\n`);
  await write(images);
  await server(`${COMPOSE} run --rm backend alembic upgrade head && ${COMPOSE} up --detach`);
  const address = (await must("docker", ["inspect", "--format", "{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}", serverName(benchmarkSite)])).trim();
  return { api: `http://${address}:8000`, page: `http://${address}:3000` };
}

export const write = (images: Images) => server(`cat > ${FOLDER}/compose.override.yaml`, override(images));

export const pull = () => server(`${COMPOSE} pull --quiet backend worker frontend`);

/** Gives the moment, on the clock that server and visitors share, at which `up` began. */
export async function up(images: Images): Promise<number> {
  await write(images);
  const began = Date.now();
  await server(`${COMPOSE} up --detach`);
  return began;
}

export const remove = () => server(`${COMPOSE} down --volumes --timeout 5; rm -rf ${FOLDER}`);
