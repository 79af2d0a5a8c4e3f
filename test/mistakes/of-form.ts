/**
 * Mistakes in the form of a value, of every key and every field that there is: made from the very forms that check them and that the
 * reference is written from, so that a new key gets its own by itself.
 */
import * as z from "zod";
import { MANY as MOST, type Schema } from "../../settings/fields.ts";
import { KEYS, type Key } from "../../settings/schema.ts";
import type { Config } from "./configurations.ts";

/** Where something stands: `["routes", 0, "port"]`. */
export type Path = readonly (string | number)[];

export interface Mistake {
  readonly what: string;
  /** Where it is planted; two mistakes at once stand beside each other. */
  readonly at: Path;
  /** Of the complaint, without namespace: `routes[0].port`. */
  readonly key: string;
  /** In every complaint about it: what was got, what is allowed. */
  readonly says: readonly RegExp[];
  readonly plant: (config: Config) => void;
  /** What else is complained about, where this is there at all. */
  readonly also?: RegExp;
  /** The key whose value anyone could read. */
  readonly plain?: string;
}

const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === "object" && value !== null && !Array.isArray(value);

/** As `pulumi config set --path` has it. */
export const written = (path: Path): string =>
  path.map((part, index) => (typeof part === "number" ? `[${part}]` : index === 0 ? part : /^[\w-]+$/.test(part) ? `.${part}` : `["${part}"]`)).join("");

const parentOf = (config: Config, path: Path) =>
  path
    .slice(0, -1)
    .reduce<Record<string, unknown>>(
      (value, part, index) => (value[part] ??= typeof path[index + 1] === "number" ? [] : {}) as Record<string, unknown>,
      config,
    );

const put = (path: Path, value: unknown) => (config: Config) => {
  parentOf(config, path)[path.at(-1)!] = structuredClone(value);
};
const remove = (path: Path) => (config: Config) => {
  Reflect.deleteProperty(parentOf(config, path), path.at(-1)!);
};

/** One letter of a name less, or two in another order: what a tired person writes. */
function misspelt(name: string, taken: readonly string[]): string {
  const tries = [name.slice(0, -1), name.slice(0, 1) + name.slice(2), `${name}s`, `${name}x`];
  return tries.find((one) => one.length > 2 && !taken.includes(one))!;
}

const escaped = (text: string) => text.replace(/[.*+?^${}()|[\]\\/]/g, "\\$&");
const WANTS = /wants (?!a variable's name\n|string|number|array|object|boolean|int|record|Invalid|Too)\S+ ?/;
/** `secret`: nothing of what was got may be said. */
const got = (value: unknown, secret: boolean) =>
  secret ? [/got (something else|nothing), /, WANTS] : [new RegExp(`got ${escaped(JSON.stringify(value))}, `), WANTS];

interface Place {
  readonly path: Path;
  readonly secret: boolean;
  /** Whether Pulumi gives everything as text here: a key that holds no structure. */
  readonly text: boolean;
  readonly form: z.ZodType;
  /** The right configuration. */
  readonly config: Config;
}

/** Whether the form refuses that value just there. */
function refuses({ path, form, config }: Place, value: unknown): boolean {
  const changed = structuredClone(config);
  put(path, value)(changed);
  const inside = path.slice(1).join();
  return form.safeParse(changed[path[0]!]).error?.issues.some((one) => one.path.join() === inside) === true;
}

/** Fields that want others beside them, whatever is in them. */
const ALSO: Readonly<Record<string, RegExp>> = {
  "backup.command": /^backup\.(verify|restore|count|drop)$/,
  "backup.take": /^backup\.restore$/,
  "backup.url": /^backup\.(service|image)$/,
  "backup.image": /^backup\.url$/,
};

const wrong = (place: Place, value: unknown, what: string): Mistake => ({
  what: `${written(place.path)}: ${what}`,
  at: place.path,
  key: written(place.path),
  says: got(value, place.secret),
  plant: put(place.path, value),
  ...(written(place.path) in ALSO && { also: ALSO[written(place.path)]! }),
});

/** Words that a field may refuse. Where it takes anything there is nothing to plant. */
const WORDS = ["", "no such thing!", "5 minuts", "-x", "/absolute/../path", "UPPER_Case", "a..b", "http://", "30", "2026-13-45"];

function ofText(schema: Schema, place: Place): Mistake[] {
  const words = schema.enum ? ["nonsense", String(schema.enum[0]).slice(0, -1)] : WORDS;
  const refused = words.filter((word) => refuses(place, word)).map((word) => wrong(place, word, `the word ${JSON.stringify(word)}`));
  const structure = schema.anyOf?.some(({ type }) => type === "object") ? [] : [{ a: "structure" }];
  return place.text ? refused : [...refused, ...ofKind(place, [["a", "list"], ...structure])];
}

/** Of another kind altogether: each of them is refused, whatever the form says. */
const ofKind = (place: Place, values: readonly unknown[]) => values.map((value) => wrong(place, value, `${JSON.stringify(value)} in its place`));

function ofNumber({ type, minimum, exclusiveMinimum, maximum = MOST }: Schema, place: Place): Mistake[] {
  const least = minimum ?? exclusiveMinimum;
  const numbers = [...(least === undefined ? [] : [least - 1]), ...(maximum < MOST ? [maximum + 1] : []), ...(type === "integer" ? [(least ?? 1) + 0.5] : [])];
  const asGiven = (value: number) => (place.text ? String(value) : value);
  return ofKind(place, [...numbers.map(asGiven), "many", ...(place.text ? [""] : [{ a: 1 }])]);
}

function ofList(schema: Schema, place: Place): Mistake[] {
  const there = valueAt(place) as unknown[] | undefined;
  const items = schema.items ?? {};
  const inside = there?.length
    ? of(items, { ...place, path: [...place.path, there.length - 1] })
    : of(items, { ...place, path: [...place.path, 0], config: withList(place) });
  const short = schema.minItems === undefined ? [] : [wrong(place, [], "an empty list")];
  const many =
    schema.maxItems === undefined || !there?.length ? [] : [{ ...wrong(place, Array<unknown>(schema.maxItems + 1).fill(there[0]), "too many"), says: [WANTS] }];
  return [...ofKind(place, ["word", 7, { a: "structure" }]), ...short, ...many, ...inside];
}

const valueAt = ({ path, config }: Place) => path.reduce<unknown>((value, part) => (value as Record<string | number, unknown> | undefined)?.[part], config);

/** With an empty list where none is, for what is planted in it. */
function withList(place: Place): Config {
  const changed = structuredClone(place.config);
  put(place.path, [])(changed);
  return changed;
}

function ofStructure(schema: Schema, place: Place): Mistake[] {
  const { properties = {}, required = [], additionalProperties: any, propertyNames } = schema;
  const names = Object.keys(properties);
  const there = valueAt(place);
  // Whoever makes a structure makes all of it: what is missing beside one mistake would be another.
  const inside = (isRecord(there) || required.length === 0 ? names : []).flatMap((name) => of(properties[name]!, { ...place, path: [...place.path, name] }));
  const unknown =
    any === false && isRecord(there)
      ? names.slice(0, 2).map((name): Mistake => {
          const path = [...place.path, misspelt(name, names)];
          return {
            what: `${written(path)}: a name that is not known`,
            at: path,
            key: written(path),
            says: [/is not known; (did you mean ".+"\?|it is one of .+)/],
            plant: put(path, "x"),
          };
        })
      : [];
  const missing = isRecord(there)
    ? required
        .filter((name) => there[name] !== undefined)
        .map((name): Mistake => {
          const path = [...place.path, name];
          return { what: `${written(path)}: it is missing`, at: path, key: written(path), says: [/is missing: /, WANTS], plant: remove(path) };
        })
    : [];
  const named = isRecord(any) && isRecord(there) ? ofRecord(any, propertyNames ?? {}, there, place) : [];
  return [...ofKind(place, ["nonsense", 7, ["a"]]), ...unknown, ...missing, ...inside, ...named];
}

function ofRecord(values: Schema, names: Schema, there: Record<string, unknown>, place: Place): Mistake[] {
  const [first, right] = Object.entries(there)[0] ?? [];
  if (first === undefined) return [];
  const name = "no name!";
  const path = [...place.path, name];
  const misnamed =
    names.pattern === undefined
      ? []
      : [{ what: `${written(path)}: a name of another form`, at: path, key: written(path), says: [WANTS], plant: put(path, right) }];
  return [...misnamed, ...of(values, { ...place, path: [...place.path, first] })];
}

function of(schema: Schema, place: Place): Mistake[] {
  if (place.secret && place.path.length > 3) return [];
  if (schema.properties || isRecord(schema.additionalProperties)) return ofStructure(schema, place);
  if (schema.type === "array") return ofList(schema, place);
  if (schema.type === "boolean") return ofKind(place, ["perhaps", 7]);
  if (schema.type === "integer" || schema.type === "number") return ofNumber(schema, place);
  return ofText(schema, place);
}

/** Of one key: its own forms, its absence where it is wanted, a name that is nearly its own, a secret in plain text. */
function ofKey(name: string, key: Key, config: Config): Mistake[] {
  const schema = z.toJSONSchema(key.form, { io: "input", unrepresentable: "any" }) as Schema;
  const structured = ["array", "object"].includes(schema.type ?? "");
  const place: Place = { path: [name], secret: key.secret === true, text: !structured, form: key.form, config };
  const nearly = misspelt(name, Object.keys(KEYS));
  const unknown = {
    what: `${nearly}: a key that is not known`,
    at: [nearly],
    key: nearly,
    says: [/is not known; did you mean ".+"\?/, /pulumi config rm /],
    plant: put([nearly], config[name]),
  };
  const missing = key.required
    ? [{ what: `${name}: it is missing`, at: [name], key: name, says: [/is missing: \S+ \S+/, /pulumi config|in the stack's file/], plant: remove([name]) }]
    : [];
  const open = key.secret
    ? [
        {
          what: `${name}: anyone can read it`,
          at: [name],
          key: name,
          says: [/anyone to read; it must be encrypted/, /pulumi config set .*--secret/],
          plant: () => undefined,
          plain: name,
        },
      ]
    : [];
  return [...of(schema, place), unknown, ...missing, ...open];
}

/** Of every key that the right configuration has. */
export const mistakesOfForm = (config: Config): Mistake[] =>
  (Object.entries(KEYS) as [string, Key][]).flatMap(([name, key]) => (config[name] === undefined ? [] : ofKey(name, key, config)));
