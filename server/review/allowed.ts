/**
 * What a Compose file of a pull request may have: nobody has read it yet, and what it starts runs beside others. A list of what is allowed, as
 * whatever Compose learns next is not; read before Compose reads it, as that opens files of the host by itself. Pure.
 */
import { parseDocument, visit, type Document } from "yaml";

type Value = unknown;
interface Given {
  readonly [key: string]: Value;
}

/** Of a service. What is not here is refused by its name. */
const SERVICE = new Set(
  "build cap_drop command container_name cpus depends_on deploy entrypoint environment env_file expose healthcheck hostname image init labels logging mem_limit mem_reservation networks pids_limit platform ports pull_policy read_only restart secrets configs shm_size stdin_open stop_grace_period stop_signal tmpfs tty ulimits user volumes working_dir".split(
    " ",
  ),
);
const TOP = ["services", "volumes", "networks", "secrets", "configs", "name", "version"];
/** What one of a kind may say of itself, and why nothing else: a volume or a network is made here, and nothing of the host is in it. */
const MADE = { keys: [], why: "it would not be the environment's own" };
const SOURCE = { keys: ["environment", "content"], why: "a file of the server is nobody's to give: environment: NAME" };
const KINDS: Readonly<Record<string, { readonly keys: readonly string[]; readonly why: string }>> = {
  volumes: MADE,
  networks: MADE,
  secrets: SOURCE,
  configs: SOURCE,
};
const MOUNT = ["type", "source", "target", "read_only", "volume", "tmpfs"];

const entriesOf = (value: Value): [string, Value][] => (typeof value === "object" && value !== null && !Array.isArray(value) ? Object.entries(value) : []);
const listOf = (value: Value): Value[] => (Array.isArray(value) ? (value as Value[]) : []);

/** Containers cost more than their memory. */
const MOST_SERVICES = 12;
const MOST_OF_A_KIND = 24;
/** MiB that a container wants to start at all. */
const LEAST = 32;
/** Of what is left of the file, with its aliases written out. */
const MOST_CHARACTERS = 400_000;

export interface Read {
  /** The very value that was looked at: nothing of the text goes on. */
  readonly given: Given;
  readonly problems: readonly string[];
}

export function readAllowed(text: string): Read {
  const document = parseDocument(text, { merge: true, maxAliasCount: 100, uniqueKeys: true } as object);
  if (document.errors.length > 0) return { given: {}, problems: [`the Compose file is not YAML: ${document.errors[0]!.message.split("\n")[0]!}`] };
  let given: Given;
  try {
    // Through JSON, as it will go on: nothing in it is another thing to whoever reads it next.
    const written = JSON.stringify(document.toJS({ maxAliasCount: 100 }) ?? {});
    if (written.length > MOST_CHARACTERS)
      return { given: {}, problems: [`the Compose file has ${written.length} characters, and may have ${MOST_CHARACTERS}`] };
    given = JSON.parse(written) as Given;
  } catch (error) {
    return { given: {}, problems: [`the Compose file cannot be read: ${(error as Error).message}`] };
  }
  const services = entriesOf(given["services"]);
  const problems = [
    ...(merges(given) ? ['a key "<<" in quotes is not allowed: it would be another thing to Compose'] : []),
    ...Object.keys(given).flatMap((key) => (TOP.includes(key) || key.startsWith("x-") ? [] : [`"${key}" is not allowed at the top of the file`])),
    ...services.flatMap(([name, service]) => problemsOfService(name, service)),
    ...Object.entries(KINDS).flatMap(([kind, { keys, why }]) => {
      const all = entriesOf(given[kind]);
      return [
        ...all.flatMap(([name, one]) => only(`${kind.slice(0, -1)} "${name}"`, one, keys, why)),
        ...(all.length > MOST_OF_A_KIND ? [`the Compose file has ${all.length} ${kind}, and may have ${MOST_OF_A_KIND}`] : []),
      ];
    }),
    ...numbers(document),
    ...(services.length > MOST_SERVICES ? [`the Compose file has ${services.length} services, and may have ${MOST_SERVICES}`] : []),
  ];
  if (services.length === 0) problems.push("the Compose file has no services");
  return { given, problems };
}

/** What readers of YAML take for different numbers: an id beyond 2^53, a mode with a zero before it. In quotes they are what they were written as. */
function numbers(document: Document): string[] {
  const found: string[] = [];
  visit(document, {
    Scalar: (_place, { value, source = "" }) => {
      if (typeof value === "number" && (/^[-+]?0\d/.test(source) || (Number.isInteger(value) && !Number.isSafeInteger(value))))
        found.push(`the number ${source} wants quotes: not every reader takes it for the same one`);
    },
  });
  return found;
}

/** The parser has followed every merge; what still has its name was in quotes. */
const merges = (value: Value): boolean =>
  typeof value === "object" && value !== null && (!Array.isArray(value) && "<<" in value ? true : Object.values(value).some(merges));

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
    ...problemsOfHealth(what, service["healthcheck"]),
    ...entriesOf(service["deploy"]).flatMap(([key]) => (["resources", "labels"].includes(key) ? [] : [`${what}: deploy.${key} is not allowed`])),
    ...entriesOf((service["deploy"] as Given | undefined)?.["resources"]).flatMap(([key, some]) =>
      only(what, some, ["cpus", "memory", "pids"], `deploy.resources.${key} may not name devices`),
    ),
  ];
}

/** Two characters at least: one before a colon is a drive to Compose, and what follows a path of the host. */
const VOLUME = /^[A-Za-z0-9][A-Za-z0-9_-]+$/;
/** Nothing that is filled in later, when nobody looks any more. */
const PLACE = /^\/[^:$]*$/;

/** A named volume or memory; whatever begins like a path, has no name or is computed could be the host's, or is counted by nobody. */
function problemsOfMount(what: string, mount: Value): string[] {
  const refused = (source: Value) => [`${what} mounts ${String(source)}: only volumes with a name are allowed`];
  if (typeof mount === "string") {
    const [source = "", target = "", mode = "rw", ...more] = mount.split(":");
    return VOLUME.test(source) && PLACE.test(target) && /^r[ow]$/.test(mode) && more.length === 0 ? [] : refused(mount);
  }
  if (typeof mount !== "object" || mount === null || Array.isArray(mount)) return refused(mount);
  const { type, source, target } = mount as { type?: Value; source?: Value; target?: Value };
  const placed = typeof target === "string" && PLACE.test(target);
  const named = (type === "tmpfs" && source === undefined) || (type === "volume" && typeof source === "string" && VOLUME.test(source));
  return [...(named && placed ? [] : refused(source ?? target)), ...only(what, mount, MOUNT, "a mount is a named volume or tmpfs")];
}

/** The engine itself runs them: as often as somebody likes, for everybody on the server. */
function problemsOfHealth(what: string, health: Value): string[] {
  return ["interval", "timeout"].flatMap((key) => {
    const given = (health as Given | undefined)?.[key];
    return given === undefined || (typeof given === "string" && /^(\d+h)?(\d+m)?(\d+s|[1-9]\d*\.\d+s)?$/.test(given) && /[1-9]/.test(given))
      ? []
      : [`${what}: healthcheck.${key} wants a second at least, got ${JSON.stringify(given)}`];
  });
}

function problemsOfEnvFile(what: string, file: Value): string[] {
  const names = Array.isArray(file) ? (file as Value[]) : file === undefined ? [] : [file];
  return names.flatMap((one) => {
    const name = typeof one === "string" ? one : (one as { path?: Value } | null)?.path;
    return name === ".env" || name === "./.env" ? [] : [`${what}: env_file ${String(name)} is not allowed; .env has all variables`];
  });
}

/** MiB for each service, or undefined where there would be too little for one. */
export function shareOf(given: Given, memory: number): number | undefined {
  const share = Math.floor(memory / Math.max(1, entriesOf(given["services"]).length));
  return share < LEAST ? undefined : share;
}

/** What is not said here is as often as the image says, also in its first moments: so all of it is said, and an image's own is left out. */
function looked(health: Value): Given {
  if (health === undefined || health === null) return { disable: true };
  const { start_interval: _often, ...rest } = health as Given;
  return { interval: "10s", timeout: "10s", ...rest, start_period: "1s" };
}

/** Limits as Compose takes them, in place of whatever the file says: an equal share of the memory for each service, and what stops within ten seconds. */
export function limited(given: Given, share: number): string {
  const limits = { mem_limit: `${share}m`, memswap_limit: `${share}m`, pids_limit: 500, cpu_shares: 256, security_opt: ["no-new-privileges:true"] };
  const shorter = Object.fromEntries(
    entriesOf(given["services"]).map(([name, service]) => {
      const {
        ports: _ports,
        deploy: _deploy,
        build: _build,
        stop_grace_period: _grace,
        logging: _logging,
        ulimits: _ulimits,
        mem_reservation: _least,
        ...rest
      } = service as Given;
      return [name, { ...rest, ...limits, healthcheck: looked(rest["healthcheck"]) }];
    }),
  );
  return JSON.stringify({ ...given, services: shorter });
}
