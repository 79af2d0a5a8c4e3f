/** Inputs held against the SDK's typings, and outputs filled up to them. */
import { isRecord, isUnknown, UNKNOWN, type Values } from "./values.ts";
import type { Properties, Shape, Typings } from "./typings.ts";

export interface Failure {
  /** `metadataOptions.httpTokens`. */
  readonly property: string;
  readonly reason: string;
}

/** Every unknown property, every missing one, every value of another type; at any depth. */
export function faults(values: Values, typings: Typings): Failure[] {
  const record = (value: Values, properties: Properties, at: string): Failure[] => {
    const below = (key: string) => (at === "" ? key : `${at}.${key}`);
    const strange = Object.keys(value).filter((key) => !properties[key]);
    const reason = `is no property of it; there are: ${Object.keys(properties).sort().join(", ")}`;
    const known = Object.entries(properties).flatMap(([key, { shape, required }]) => {
      const held = value[key];
      if (held !== undefined && held !== null) return check(held, shape, below(key));
      return required ? [{ property: below(key), reason: "is required, and is missing" }] : [];
    });
    return [...strange.map((key) => ({ property: below(key), reason })), ...known];
  };
  const choice = (value: unknown, of: readonly Shape[], at: string): Failure[] => {
    const found = of.filter((one) => fits(value, one)).map((one) => check(value, one, at));
    if (found.length === 0) return [{ property: at, reason: `got ${said(value)}, wants ${of.map(named).join(" or ")}` }];
    return found.find((one) => one.length === 0) ?? found[0]!;
  };
  const check = (value: unknown, shape: Shape, at: string): Failure[] => {
    if (isUnknown(value) || shape.kind === "any") return [];
    if (shape.kind === "choice") return choice(value, shape.of, at);
    if (!fits(value, shape)) return [{ property: at, reason: `got ${said(value)}, wants ${named(shape)}` }];
    if (shape.kind === "list") return (value as unknown[]).flatMap((one, index) => check(one, shape.of, `${at}[${index}]`));
    if (shape.kind === "map") return Object.entries(value as Values).flatMap(([key, one]) => check(one, shape.of, `${at}.${key}`));
    return shape.kind === "object" ? record(value as Values, typings.objects[shape.name]!, at) : [];
  };
  return record(values, typings.inputs, "");
}

/** Documents that may be given as objects or as JSON are JSON afterwards, as the provider has it. */
export const serialized = (values: Values, typings: Typings): Values =>
  Object.fromEntries(
    Object.entries(values).map(([key, value]) => {
      const shape = typings.inputs[key]?.shape;
      const either = isRecord(value) && shape?.kind === "choice" && shape.of.some((one) => one.kind === "string");
      const json = either ? JSON.stringify(value) : "";
      return [key, !either ? value : json.includes(UNKNOWN) ? UNKNOWN : json];
    }),
  );

function fits(value: unknown, shape: Shape): boolean {
  if (shape.kind === "list") return Array.isArray(value);
  if (shape.kind === "map" || shape.kind === "object") return isRecord(value);
  if (shape.kind === "choice") return shape.of.some((one) => fits(value, one));
  return shape.kind === "any" || typeof value === shape.kind;
}

const named = (shape: Shape): string =>
  ({
    list: "a list",
    map: "a map",
    object: "an object",
    choice: "one of several types",
    any: "anything",
    string: "a string",
    number: "a number",
    boolean: "true or false",
  })[shape.kind];

/** What is wrong is told by its type alone: it may be a secret. */
const said = (value: unknown) => (Array.isArray(value) ? "a list" : isRecord(value) ? "an object" : `a ${typeof value}`);

const EMPTY: Partial<Record<Shape["kind"], unknown>> = { string: "", number: 0, boolean: false, list: [], map: {} };

/** Outputs that always have a value, as empty as the provider gives them where there is nothing to say. */
export const filled = (typings: Typings, outputs: Values): Values => {
  const always = Object.entries(typings.outputs).filter(([, { required }]) => required);
  const empty = Object.fromEntries(always.flatMap(([name, { shape }]) => (EMPTY[shape.kind] === undefined ? [] : [[name, EMPTY[shape.kind]]])));
  return { ...empty, ...outputs };
};

/** Outputs that only the provider can tell: nobody gave them, and they always have a value. */
export const tellsLater = (typings: Typings, inputs: Values): string[] =>
  Object.entries(typings.outputs)
    .filter(([name, { required }]) => required && inputs[name] === undefined)
    .map(([name]) => name);
