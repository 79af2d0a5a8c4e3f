/** The fields of a configuration's structures, from the very forms that check them: where each stands, which values it takes, its default. */
import * as z from "zod";
import { KEYS, type Key } from "./schema.ts";

/** What is read of JSON Schema here. */
export interface Schema {
  readonly type?: string;
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly default?: unknown;
  readonly minimum?: number;
  readonly exclusiveMinimum?: number;
  readonly maximum?: number;
  readonly pattern?: string;
  readonly format?: string;
  readonly minLength?: number;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly items?: Schema;
  readonly propertyNames?: Schema;
  readonly additionalProperties?: Schema | boolean;
  readonly anyOf?: readonly Schema[];
}

export interface Field {
  /** `gates[].timeout`; `variables.NAME` of what may have any name. */
  readonly path: string;
  /** `80 to 90`, `true or false`, `public, internal, private`. */
  readonly form: string;
  /** Undefined where there is none. */
  readonly fallback: string | undefined;
  readonly required: boolean;
}

/** From here on a largest number is none. */
export const MANY = 2 ** 31;

/** Of a number; `most` is undefined where there is none, both are where nothing is said of the least. */
export function boundsOf({ minimum, exclusiveMinimum, maximum = MANY }: Schema): { least?: number; most?: number } {
  const least = minimum ?? (exclusiveMinimum === undefined ? undefined : exclusiveMinimum + 1);
  return least === undefined ? {} : { least, ...(maximum < MANY && { most: maximum }) };
}

/** Of one value, in few words. */
function formOf(schema: Schema): string {
  if (schema.enum) return schema.enum.map((one) => `\`${String(one)}\``).join(", ");
  if (schema.const !== undefined) return `\`${JSON.stringify(schema.const)}\``;
  if (schema.anyOf) return [...new Set(schema.anyOf.map(formOf))].join(" or ");
  if (schema.type === "array") return `list of: ${formOf(schema.items ?? {})}`;
  if (schema.type === "boolean") return "true or false";
  if (schema.type === "integer" || schema.type === "number") return range(schema);
  if (schema.format === "uri") return "URL";
  if (schema.format === "cidrv4" || schema.format === "cidrv6") return "range of addresses";
  return schema.type === "object" ? "structure" : "text";
}

function range(schema: Schema): string {
  const { least, most } = boundsOf(schema);
  if (least === undefined) return "number";
  return most === undefined ? `number, ${least} or more` : `${least} to ${most}`;
}

const shown = (value: unknown): string | undefined => {
  if (value === undefined || (typeof value === "object" && Object.keys(value as object).length === 0)) return undefined;
  return typeof value === "string" ? value || undefined : JSON.stringify(value);
};

/** What has fields itself is not one. */
function fieldsIn(schema: Schema, path: string): Field[] {
  const inside = Object.entries(schema.properties ?? {}).flatMap(([name, field]) => {
    const here = `${path}.${name}`;
    const own = fieldsIn(field, here);
    return own.length > 0
      ? own
      : [
          {
            path: here,
            form: formOf(field),
            fallback: shown(field.default),
            required: schema.required?.includes(name) === true && field.default === undefined,
          },
        ];
  });
  if (schema.items) return fieldsIn(schema.items, `${path}[]`);
  const any = schema.additionalProperties;
  if (typeof any === "object" && inside.length === 0 && schema.type === "object") {
    const own = fieldsIn(any, `${path}.NAME`);
    return own.length > 0 ? own : [{ path: `${path}.NAME`, form: formOf(any), fallback: undefined, required: false }];
  }
  return inside;
}

const schemaOf = (form: z.ZodType) => z.toJSONSchema(form, { io: "input", unrepresentable: "any" }) as Schema;

/** Of a value that may have several forms, each of them. */
const formsOf = (schema: Schema): readonly Schema[] => schema.anyOf?.flatMap(formsOf) ?? [schema];

/** Names of the fields that a structure there may have. */
export const namesIn = (schema: Schema): string[] => [...new Set(formsOf(schema).flatMap(({ properties = {} }) => Object.keys(properties)))];

/** The form at a place inside a key, and how the reference calls the place: `gates[].timeout`, `variables.NAME`. */
export function fieldAt(key: Key, name: string, path: readonly PropertyKey[]): { readonly schema: Schema; readonly reference: string } {
  let [schema, reference] = [schemaOf(key.form), name];
  for (const part of path) {
    const forms = formsOf(schema);
    const any = forms.map(({ additionalProperties }) => additionalProperties).find((one) => typeof one === "object");
    const own = typeof part === "string" ? forms.map(({ properties }) => properties?.[part]).find((one) => one !== undefined) : undefined;
    reference += typeof part === "number" ? "[]" : `.${own || !any ? String(part) : "NAME"}`;
    schema = (typeof part === "number" ? forms.find(({ items }) => items)?.items : (own ?? any)) ?? {};
  }
  return { schema, reference };
}

/** Of every key that is a structure, by the key's name. */
export function fields(): Record<string, Field[]> {
  return Object.fromEntries(
    (Object.entries(KEYS) as [string, Key][]).flatMap(([name, { form }]) => {
      const found = fieldsIn(schemaOf(form), name);
      return found.length > 0 ? [[name, found]] : [];
    }),
  );
}
