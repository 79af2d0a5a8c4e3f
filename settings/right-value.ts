/** What the form of a field allows, in few words, and a value that would be right. */
import { boundsOf, MANY, type Schema } from "./fields.ts";
import { nearest } from "./problems.ts";

const either = (words: readonly string[]) => (words.length < 3 ? words.join(" or ") : `one of ${words.join(", ")}`);

/** `example`: a value of the key's own example at that place. */
export function allowed(schema: Schema, example?: unknown): string {
  if (schema.enum) return either(schema.enum.map(String));
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  if (schema.anyOf) return [...new Set(schema.anyOf.map((one) => allowed(one)))].join(" or ");
  switch (schema.type) {
    case "array":
      return `a list${sizeOf(schema)}: ${listOf(schema.items ?? {}, example)}`;
    case "boolean":
      return "true or false";
    case "integer":
    case "number":
      return `a ${schema.type === "integer" ? "whole " : ""}number${rangeOf(schema)}`;
    case "object":
      return schema.properties ? `a structure with ${few(needed(schema))}` : `a structure of names and values: ${inFile(inStructure(schema))}`;
    default:
      return schema.format === "uri" ? "a URL: https://..." : "text";
  }
}

const sizeOf = ({ minItems, maxItems }: Schema) => (maxItems === undefined ? (minItems === undefined ? "" : " with at least one") : ` of at most ${maxItems}`);
function listOf(items: Schema, example: unknown): string {
  if (items.enum) return `[${items.enum.slice(0, 2).join(", ")}]${items.enum.length > 2 ? `, of ${items.enum.join(", ")}` : ""}`;
  if (items.properties) return `[{${Object.keys(items.properties).join(", ")}}]`;
  return inFile(Array.isArray(example) ? (example as object) : ["WORD", "WORD"]);
}

function rangeOf(schema: Schema): string {
  const { least, most } = boundsOf(schema);
  if (least === undefined) return "";
  return most === undefined ? `, ${least} or more` : ` from ${least} to ${most}`;
}

/** As YAML has it in one line. */
export const inFile = (value: unknown): string =>
  Array.isArray(value)
    ? `[${value.map(inFile).join(", ")}]`
    : typeof value === "object" && value !== null
      ? `{${Object.entries(value)
          .map(([name, inner]) => `${name}: ${inFile(inner)}`)
          .join(", ")}}`
      : String(value);

/** What was nearly written, what the key's own example has there, the form's default, its first choice, or what its words end with. */
export function rightValue(schema: Schema, example: unknown, { got, wants }: { readonly got: unknown; readonly wants: string }): string | object {
  if (schema.type === "array")
    return Array.isArray(example) ? (example as object) : [schema.items?.properties ? inStructure(schema.items) : (schema.items?.enum?.[0] ?? "WORD")];
  if (schema.type === "object") return inStructure(schema);
  const named = /^wants (true|false):/.exec(wants)?.[1];
  if (named !== undefined) return named;
  const nearly = typeof got === "string" && schema.enum ? nearest(got, schema.enum.map(String)) : undefined;
  const known = nearly ?? (isOne(example) ? String(example) : undefined) ?? (isOne(schema.default) ? String(schema.default) : undefined);
  if (known !== undefined && known !== "") return known;
  if (schema.enum) return String(schema.enum[0]);
  if (schema.type === "boolean") return "true";
  if (schema.type === "integer" || schema.type === "number")
    return schema.maximum === undefined || schema.maximum >= MANY ? "NUMBER" : String(schema.minimum ?? 1);
  if (schema.format === "uri") return "https://...";
  if (/ a duration /.test(wants)) return /such as ([^ ,]+)/.exec(wants)?.[1] ?? "30s";
  if (/ an image by digest/.test(wants)) return "REGISTRY/NAME@sha256:DIGEST";
  if (/ an e-mail address/.test(wants)) return "ops@recoloca.ai";
  return /: ([^\s,]+)(, \S+)*$/.exec(wants)?.[1] ?? "VALUE";
}

const isOne = (value: unknown): value is string | number | boolean => ["string", "number", "boolean"].includes(typeof value);

/** Names of what must be in a structure, or of what may be. */
const needed = ({ properties = {}, required = [] }: Schema): readonly string[] => (required.length > 0 ? required : Object.keys(properties));
const MOST_NAMED = 4;
const few = (names: readonly string[]) => [...names.slice(0, MOST_NAMED), ...(names.length > MOST_NAMED ? ["..."] : [])].join(", ");

function inStructure(schema: Schema): Record<string, string> {
  if (schema.properties)
    return Object.fromEntries(
      needed(schema)
        .slice(0, MOST_NAMED)
        .map((name) => [name, "VALUE"]),
    );
  const of = typeof schema.additionalProperties === "object" ? schema.additionalProperties.type : undefined;
  return { NAME: of === "integer" ? "NUMBER" : "VALUE" };
}

/** Of a key's example, where it is JSON: what stands at a place; of a list its first. */
export function foundIn(example: string, path: readonly PropertyKey[]): unknown {
  try {
    return path.reduce<unknown>(
      (value, part) => (value as Record<PropertyKey, unknown> | undefined)?.[typeof part === "number" ? 0 : part],
      JSON.parse(example),
    );
  } catch {
    return undefined;
  }
}
