/** Which service of a Compose file keeps the data that a password opens, and what its logins are called. Pure. */
import { readYaml } from "../release/compose-file.ts";
import { variablesOf } from "../release/definitions.ts";
import type { Login } from "../release/logins.ts";

/** Secrets that a service is first started with, the variables that whoever logs in takes instead, and what their service is known by. */
export const DATABASE = {
  POSTGRES_PASSWORD: { kind: "postgres", user: "DATABASE_USER", password: "DATABASE_PASSWORD", what: "POSTGRES_PASSWORD or POSTGRES_PASSWORD_FILE" },
  REDIS_PASSWORD: { kind: "redis", user: "REDIS_USER", password: "REDIS_USER_PASSWORD", what: "redis-server or valkey-server with REDIS_PASSWORD" },
} as const satisfies Record<string, { kind: Login["kind"]; user: string; password: string; what: string }>;
export type Keeper = keyof typeof DATABASE;

export interface Service {
  readonly image?: string;
  readonly command?: unknown;
  readonly entrypoint?: unknown;
  readonly environment?: Readonly<Record<string, unknown>> | readonly string[];
  readonly secrets?: readonly (string | { readonly source?: string })[];
  readonly env_file?: unknown;
}

export interface Document {
  readonly services?: Readonly<Record<string, Service | null>>;
  readonly secrets?: Readonly<Record<string, { readonly environment?: string } | null>>;
  readonly configs?: Readonly<Record<string, { readonly environment?: string; readonly content?: string } | null>>;
}

/** An unreadable file has been complained about elsewhere. */
export function readServices(compose: string): Document {
  try {
    return (readYaml(compose) as Document | null) ?? {};
  } catch {
    return {};
  }
}

function environmentOf({ environment = {} }: Service): Record<string, string> {
  const entries = Array.isArray(environment) ? (environment as readonly string[]).map((line) => line.split(/=(.*)/s)) : Object.entries(environment);
  return Object.fromEntries(entries.map(([name, value]) => [name, typeof value === "string" ? value : JSON.stringify(value ?? "")]));
}

export interface Found {
  readonly kind: Login["kind"];
  readonly service: string;
  /** The user that the service is first started with. */
  readonly owner: string;
  /** Variables that the service itself is made from. */
  readonly uses: readonly string[];
}

/** Variables of each service. */
export const usesOf = (document: Document): Record<string, string[]> =>
  Object.fromEntries(Object.entries(document.services ?? {}).map(([service, definition]) => [service, variablesOf(definition ?? {}, document)]));

/** Services that are first started with that secret: those that are made from it by its name, or else each that is a database of its kind. */
export function databasesOf(document: Document, first: string): Found[] {
  const known = first in DATABASE ? DATABASE[first as Keeper] : undefined;
  if (!known) return [];
  const uses = usesOf(document);
  const found = Object.entries(document.services ?? {}).flatMap(([service, definition]): Found[] => {
    const environment = environmentOf(definition ?? {});
    const { image = "", command = "", entrypoint = "" } = definition ?? {};
    const is =
      known.kind === "postgres"
        ? "POSTGRES_PASSWORD" in environment || "POSTGRES_PASSWORD_FILE" in environment
        : /\b(redis|valkey)\b/i.test(`${image} ${JSON.stringify([command, entrypoint])}`) && uses[service]!.includes(first);
    const owner = known.kind === "redis" ? "default" : (environment["POSTGRES_USER"] ?? "postgres");
    return is ? [{ kind: known.kind, service, owner, uses: uses[service]! }] : [];
  });
  const named = found.filter((one) => one.uses.includes(first));
  return named.length > 0 ? named : found;
}

/** The one of them; undefined where there is none, or more than one. */
export function databaseOf(document: Document, first: string): Found | undefined {
  const found = databasesOf(document, first);
  return found.length === 1 ? found[0] : undefined;
}

/** By parity of the generation: the second value logs in as `recoloca_a`, the third as `recoloca_b`. */
export function loginNames(application: string): readonly [string, string] {
  const stem = application.replaceAll("-", "_").slice(0, 60);
  return [`${stem}_a`, `${stem}_b`];
}
