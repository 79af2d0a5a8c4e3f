/** Which settings a row is about, by their names in docs/configuration.md. Pure. */
import { fields } from "../../settings/fields.ts";
import { KEYS } from "../../settings/schema.ts";
import { Hidden, type Row } from "./row.ts";

/** Every key that is no structure, and every field of those that are: `watch`, `gates[].timeout`, `images.NAME`. */
export function settings(): string[] {
  const inside = fields();
  return [...Object.keys(KEYS).filter((name) => inside[name] === undefined), ...Object.values(inside).flatMap((all) => all.map(({ path }) => path))];
}

const isStructure = (value: unknown): value is Readonly<Record<string, unknown>> =>
  value !== null && typeof value === "object" && !(value instanceof Hidden) && !Array.isArray(value);

function leaves(path: string, value: unknown): string[] {
  if (isStructure(value)) return Object.entries(value).flatMap(([name, one]) => leaves(`${path}.${name}`, one));
  if (Array.isArray(value) && value.some(isStructure)) return value.flatMap((one, index) => leaves(`${path}[${index}]`, one));
  return [path];
}

const formOf = (setting: string) =>
  new RegExp(
    `^${setting
      .replace(/[.[\]]/g, "\\$&")
      .replace("\\[\\]", "\\[\\d+\\]")
      .replace("NAME", "[^.]+")}$`,
  );

let known: (readonly [string, RegExp])[] | undefined;

/** Throws where the row sets what no setting is called. */
export function settingsOf({ set, along = [] }: Pick<Row, "set" | "along">): string[] {
  const all = (known ??= settings().map((name) => [name, formOf(name)] as const));
  const found = Object.entries(set).flatMap(([path, value]) =>
    leaves(path, value).flatMap((leaf) => {
      if (along.some((one) => leaf === one || path === one)) return [];
      const [match] = all.filter(([, form]) => form.test(leaf));
      // A whole structure that is taken out.
      if (!match && value === undefined && all.some(([name]) => name.startsWith(`${leaf}.`))) return [leaf];
      if (!match) throw new Error(`no setting is called ${leaf}`);
      return [match[0]];
    }),
  );
  return [...new Set(found)];
}
