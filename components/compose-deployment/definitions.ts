/**
 * What each service's container is made from, as hashes: its definition in the Compose file, and each variable that it uses.
 * They travel in the plan and come back with what is live, so that a preview can say what changes and why. Pure.
 */
import { createHash } from "node:crypto";
import { parse } from "yaml";
import { canonical, type Definition } from "../../release/plan.ts";

/** Short, and still no place for everyone: a weak value can be tried out. They travel and rest only where the values do. */
const short = (text: string) => createHash("sha256").update(text).digest("hex").slice(0, 8);

type Kind = "secrets" | "configs";
type Service = Record<string, unknown> & Partial<Record<Kind, (string | { source: string })[]>>;
type Document = { services: Record<string, Service> } & Partial<Record<Kind, Record<string, { environment?: string } | null>>>;

const VARIABLE = /\$\{?([A-Za-z_][A-Za-z0-9_]*)/g;

export function definitionsOf(compose: string, variables: Record<string, string>): Record<string, Definition> {
  const { services, ...given } = parse(compose, { merge: true }) as Document;
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

/** What differs, in a person's words, or nothing. */
export function changesOf(old: Definition | undefined, now: Definition): string[] {
  if (!old) return [];
  const names = [...new Set([...Object.keys(old.variables), ...Object.keys(now.variables)])].sort();
  const variables = names.filter((name) => old.variables[name] !== now.variables[name]);
  return [...(old.definition === now.definition ? [] : ["definition"]), ...variables];
}
