/**
 * What Compose made of a file that nobody has read, looked at once more: a check of the text alone would have to read it exactly as Compose does,
 * each of its versions. Pure.
 */
import type { ComposeDocument, Service } from "./compose-split.ts";
import { nameOf } from "./image-name.ts";

/** Of a resolved service. Whatever is not here, and not empty, is refused by its name. */
const MAY = new Set(
  "cap_drop command container_name cpus cpu_shares depends_on entrypoint environment expose healthcheck hostname image init labels mem_limit memswap_limit networks pids_limit platform pull_policy read_only restart secrets configs security_opt shm_size stdin_open stop_signal tmpfs tty user volumes working_dir".split(
    " ",
  ),
);
const SECURITY = JSON.stringify(["no-new-privileges:true"]);

export interface Confinement {
  readonly stack: string;
  /** From the servers of these, to which the host has a login, nothing else is taken. */
  readonly repositories: readonly string[];
}

const isEmpty = (value: unknown) =>
  value === undefined || value === null || value === false || JSON.stringify(value) === "{}" || JSON.stringify(value) === "[]";
const present = (thing: object) => Object.entries(thing).flatMap(([key, value]) => (isEmpty(value) ? [] : [key]));

export function outsideOf(document: ComposeDocument, { stack, repositories }: Confinement): string[] {
  const volumes = document.volumes ?? {};
  return [
    ...present(document).flatMap((key) =>
      ["name", "services", "networks", "volumes", "secrets", "configs"].includes(key) || key.startsWith("x-") ? [] : [`"${key}"`],
    ),
    ...Object.entries(document.services).flatMap(([name, service]) => ofService(service, volumes, repositories).map((what) => `service "${name}": ${what}`)),
    ...Object.entries(volumes).flatMap(([name, volume]) => [
      ...present(volume ?? {}).flatMap((key) => (key === "name" ? [] : [`volume "${name}": ${key}`])),
      ...(volume?.name === undefined || volume.name === `${stack}_${name}` ? [] : [`volume "${name}": it would be ${volume.name}`]),
    ]),
    ...Object.entries((document as { networks?: Record<string, object | null> }).networks ?? {}).flatMap(([name, network]) =>
      present(network ?? {}).flatMap((key) => (["name", "ipam"].includes(key) ? [] : [`network "${name}": ${key}`])),
    ),
    ...(["secrets", "configs"] as const).flatMap((kind) =>
      Object.entries(document[kind] ?? {}).flatMap(([name, source]) =>
        present(source).flatMap((key) => (["name", "environment", "content"].includes(key) ? [] : [`${kind.slice(0, -1)} "${name}": ${key}`])),
      ),
    ),
  ].map((what) => `${what} is not allowed in an environment of a pull request`);
}

function ofService(service: Service, volumes: object, repositories: readonly string[]): string[] {
  const { image = "", volumes: mounts = [], security_opt: security } = service;
  const { server, path } = nameOf(image);
  const known = repositories.map(nameOf).filter((one) => one.server === server);
  // Docker's own images are everybody's; an id, or its beginning, is of whatever lies on the server.
  const shared = server === "docker.io" && path.startsWith("library/");
  const foreign = /^(sha256:|[0-9a-f]{1,64}$)/i.test(image) || (known.length > 0 && !shared && !known.some((one) => one.path === path));
  return [
    ...present(service).flatMap((key) => (MAY.has(key) || key.startsWith("x-") ? [] : [key])),
    ...(isEmpty(security) || JSON.stringify(security) === SECURITY ? [] : ["security_opt"]),
    ...mounts.flatMap(({ type, source, target }) =>
      type === "tmpfs" || (type === "volume" && source !== undefined && source in volumes) ? [] : [`the ${type} ${source ?? "without a name"} at ${target}`],
    ),
    ...(foreign ? [`the image ${image}`] : []),
  ];
}
