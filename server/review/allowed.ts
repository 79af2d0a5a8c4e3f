/**
 * What a Compose file of a pull request may have: nobody has read it yet, and what it starts runs beside others. A list of what is allowed, as
 * whatever Compose learns next is not; read before Compose reads it, as that opens files of the host by itself. Pure.
 */
import { isMap, isScalar, parseDocument, type Document } from "yaml";

type Value = unknown;
interface Given {
  readonly [key: string]: Value;
}

/** Of a service. What is not here is refused by its name. */
const SERVICE = new Set(
  "build command container_name cpus depends_on deploy entrypoint environment env_file expose healthcheck hostname image init labels mem_limit networks platform ports profiles pull_policy read_only restart secrets configs shm_size stdin_open stop_grace_period stop_signal tmpfs tty user volumes working_dir".split(
    " ",
  ),
);
const TOP = ["services", "volumes", "networks", "secrets", "configs", "name", "version"];
/** Of a volume or a network: it is made here, and nothing of the host is in it. */
const MADE: readonly string[] = [];
/** Of a secret or a config. */
const SOURCE = ["environment", "content"];
const MOUNT = ["type", "source", "target", "read_only", "volume", "tmpfs"];

const entriesOf = (value: Value): [string, Value][] => (typeof value === "object" && value !== null && !Array.isArray(value) ? Object.entries(value) : []);
const listOf = (value: Value): Value[] => (Array.isArray(value) ? (value as Value[]) : []);

export interface Read {
  readonly document: Document;
  readonly problems: readonly string[];
}

export function readAllowed(text: string): Read {
  const document = parseDocument(text, { merge: true, maxAliasCount: 100, uniqueKeys: true } as object);
  if (document.errors.length > 0) return { document, problems: [`the Compose file is not YAML: ${document.errors[0]!.message.split("\n")[0]!}`] };
  let given: Given;
  try {
    given = (document.toJS({ maxAliasCount: 100 }) ?? {}) as Given;
  } catch (error) {
    return { document, problems: [`the Compose file cannot be read: ${(error as Error).message}`] };
  }
  const problems = [
    ...Object.keys(given).flatMap((key) => (TOP.includes(key) || key.startsWith("x-") ? [] : [`"${key}" is not allowed at the top of the file`])),
    ...entriesOf(given["services"]).flatMap(([name, service]) => problemsOfService(name, service)),
    ...(["volumes", "networks"] as const).flatMap((kind) =>
      entriesOf(given[kind]).flatMap(([name, made]) => only(`${kind.slice(0, -1)} "${name}"`, made, MADE, "it would not be the environment's own")),
    ),
    ...(["secrets", "configs"] as const).flatMap((kind) =>
      entriesOf(given[kind]).flatMap(([name, source]) =>
        only(`${kind.slice(0, -1)} "${name}"`, source, SOURCE, "a file of the server is nobody's to give: environment: NAME"),
      ),
    ),
  ];
  if (entriesOf(given["services"]).length === 0) problems.push("the Compose file has no services");
  return { document, problems };
}

const only = (what: string, value: Value, allowed: readonly string[], why: string): string[] =>
  entriesOf(value).flatMap(([key]) => (allowed.includes(key) ? [] : [`${what}: "${key}" is not allowed; ${why}`]));

function problemsOfService(name: string, value: Value): string[] {
  const what = `service "${name}"`;
  if (typeof value !== "object" || value === null || Array.isArray(value)) return [`${what} is no service`];
  const service = value as Given;
  return [
    ...Object.keys(service).flatMap((key) =>
      SERVICE.has(key) || key.startsWith("x-") ? [] : [`${what}: "${key}" is not allowed in an environment of a pull request`],
    ),
    ...listOf(service["volumes"]).flatMap((mount) => problemsOfMount(what, mount)),
    ...problemsOfEnvFile(what, service["env_file"]),
    ...[...listOf(service["secrets"]), ...listOf(service["configs"])].flatMap((one) =>
      only(what, one, ["source", "target", "uid", "gid", "mode"], "it is given by its name"),
    ),
    ...entriesOf(service["deploy"]).flatMap(([key]) => (["resources", "labels"].includes(key) ? [] : [`${what}: deploy.${key} is not allowed`])),
    ...entriesOf((service["deploy"] as Given | undefined)?.["resources"]).flatMap(([key, some]) =>
      only(what, some, ["cpus", "memory", "pids"], `deploy.resources.${key} may not name devices`),
    ),
  ];
}

/** A named volume or memory; whatever begins like a path, or is computed, could be the host's. */
function problemsOfMount(what: string, mount: Value): string[] {
  if (typeof mount === "string") {
    const [source = "", target] = mount.split(":");
    return target === undefined || /^[A-Za-z0-9][A-Za-z0-9_-]*$/.test(source) ? [] : [`${what} mounts ${source}: only volumes with a name are allowed`];
  }
  const { type, source } = mount as { type?: Value; source?: Value };
  const named = type === "tmpfs" || (type === "volume" && (source === undefined || (typeof source === "string" && /^[A-Za-z0-9][A-Za-z0-9_-]*$/.test(source))));
  return [
    ...(named ? [] : [`${what} mounts ${String(source)}: only volumes with a name are allowed`]),
    ...only(what, mount, MOUNT, "a mount is a named volume or tmpfs"),
  ];
}

function problemsOfEnvFile(what: string, file: Value): string[] {
  const names = Array.isArray(file) ? (file as Value[]) : file === undefined ? [] : [file];
  return names.flatMap((one) => {
    const name = typeof one === "string" ? one : (one as { path?: Value } | null)?.path;
    return name === ".env" || name === "./.env" ? [] : [`${what}: env_file ${String(name)} is not allowed; .env has all variables`];
  });
}

/** Limits as Compose takes them, in place of whatever the file says: an equal share of the memory for each service. */
export function limited(document: Document, memory: number): string {
  const services = document.get("services");
  if (!isMap(services)) return document.toString();
  // Written out: an alias that is shared would carry one service's limits to another.
  const plain = document.toJS({ maxAliasCount: 100 }) as { services: Record<string, Given> } & Given;
  const share = Math.floor(memory / Math.max(1, services.items.filter(({ key }) => isScalar(key)).length));
  const limits = { mem_limit: `${share}m`, memswap_limit: `${share}m`, pids_limit: 500, security_opt: ["no-new-privileges:true"] };
  const shorter = Object.fromEntries(
    Object.entries(plain.services).map(([name, { ports: _ports, deploy: _deploy, ...service }]) => [name, { ...service, ...limits }]),
  );
  return JSON.stringify({ ...plain, services: shorter });
}
