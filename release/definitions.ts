/**
 * What each service's container is made from, as hashes: its definition in the Compose file, and each variable that it uses.
 * They travel in the plan and come back with what is live, so that a preview can say what changes and why. Pure.
 */
import { createHash } from "node:crypto";
import { readYaml } from "./compose-file.ts";
import { canonical, type Definition } from "./plan.ts";

/** Short, and still no place for everyone: a weak value can be tried out. They travel and rest only where the values do. */
const short = (text: string) => createHash("sha256").update(text).digest("hex").slice(0, 8);

type Kind = "secrets" | "configs";
type Service = Record<string, unknown> & Partial<Record<Kind, (string | { source: string })[]>>;
type Document = { services: Record<string, Service> } & Partial<Record<Kind, Record<string, { environment?: string } | null>>>;

const VARIABLE = /\$\{?([A-Za-z_][A-Za-z0-9_]*)/g;

export function definitionsOf(compose: string, variables: Record<string, string>): Record<string, Definition> {
  const { services, ...given } = readYaml(compose) as Document;
  return Object.fromEntries(
    Object.entries(services).map(([name, service]) => {
      const text = canonical(service);
      // `$$` is a dollar sign to Compose, not a variable.
      const used = new Set([...text.replaceAll("$$", "").matchAll(VARIABLE)].map((match) => match[1]!));
      for (const kind of ["secrets", "configs"] as const)
        for (const one of service[kind] ?? []) {
          const { environment } = given[kind]?.[typeof one === "string" ? one : one.source] ?? {};
          if (environment !== undefined) used.add(environment);
        }
      // A whole environment file may hold any of them.
      const names = service["env_file"] === undefined ? [...used] : Object.keys(variables);
      return [name, { definition: short(text), variables: Object.fromEntries(names.sort().map((key) => [key, short(`${key}=${variables[key] ?? ""}`)])) }];
    }),
  );
}

/** Whether a service has a named volume; on the host Compose says so itself. */
export function keepsData(compose: string, name: string): boolean {
  const { services, volumes = {} } = readYaml(compose) as { services: Record<string, { volumes?: (string | { source?: string })[] }>; volumes?: object };
  const sources = (services[name]?.volumes ?? []).map((mount) => (typeof mount === "string" ? mount.split(":")[0] : mount.source));
  return sources.some((source) => source !== undefined && source in volumes);
}
