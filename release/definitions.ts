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
type Given = Partial<Record<Kind, Readonly<Record<string, { readonly environment?: string; readonly content?: string } | null>>>>;
type Document = { services: Record<string, Service> } & Given;

const VARIABLE = /\$\{?([A-Za-z_][A-Za-z0-9_]*)/g;
// `$$` is a dollar sign to Compose, not a variable.
const namedIn = (text: string) => [...text.replaceAll("$$", "").matchAll(VARIABLE)].map((match) => match[1]!);

/** Variables that a service is made from, those of the files that it is given among them. Those of an environment file are not known by name. */
export function variablesOf(service: object, given: Given): string[] {
  const used = new Set(namedIn(canonical(service)));
  for (const kind of ["secrets", "configs"] as const)
    for (const one of (service as Service)[kind] ?? []) {
      const { environment, content = "" } = given[kind]?.[typeof one === "string" ? one : one.source] ?? {};
      if (environment !== undefined) used.add(environment);
      for (const name of namedIn(content)) used.add(name);
    }
  return [...used];
}

export function definitionsOf(compose: string, variables: Record<string, string>): Record<string, Definition> {
  const { services, ...given } = readYaml(compose) as Document;
  return Object.fromEntries(
    Object.entries(services).map(([name, service]) => {
      // A whole environment file may hold any of them.
      const names = service["env_file"] === undefined ? variablesOf(service, given) : Object.keys(variables);
      return [
        name,
        { definition: short(canonical(service)), variables: Object.fromEntries(names.sort().map((key) => [key, short(`${key}=${variables[key] ?? ""}`)])) },
      ];
    }),
  );
}

/** Whether a service has a named volume; on the host Compose says so itself. */
export function keepsData(compose: string, name: string): boolean {
  const { services, volumes = {} } = readYaml(compose) as { services: Record<string, { volumes?: (string | { source?: string })[] }>; volumes?: object };
  const sources = (services[name]?.volumes ?? []).map((mount) => (typeof mount === "string" ? mount.split(":")[0] : mount.source));
  return sources.some((source) => source !== undefined && source in volumes);
}
