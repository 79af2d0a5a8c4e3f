/** Inputs held against the SDK's typings, and outputs filled up to them. */
import { isRecord, isUnknown, type Values } from "./values.ts";
import type { Properties, Shape, Typings } from "./typings.ts";

export interface Failure {
  /** `metadataOptions.httpTokens`. */
  readonly property: string;
  readonly reason: string;
}

/** Every unknown property, every missing one, every value of another type; at any depth. */
export function faults(values: Values, typings: Typings): Failure[] {
  const found: Failure[] = [];
  const record = (value: Values, properties: Properties, at: string): void => {
    const below = (key: string) => (at === "" ? key : `${at}.${key}`);
    for (const key of Object.keys(value))
      if (!properties[key]) found.push({ property: below(key), reason: `is no property of it; there are: ${Object.keys(properties).sort().join(", ")}` });
    for (const [key, { shape, required }] of Object.entries(properties)) {
      const held = value[key];
      if (held !== undefined && held !== null) check(held, shape, below(key));
      else if (required) found.push({ property: below(key), reason: "is required, and is missing" });
    }
  };
  const check = (value: unknown, shape: Shape, at: string): void => {
    if (isUnknown(value) || shape.kind === "any") return;
    if (shape.kind === "choice") {
      const fit = shape.of.find((one) => fits(value, one));
      if (fit) check(value, fit, at);
      else found.push({ property: at, reason: `got ${said(value)}, wants ${shape.of.map(named).join(" or ")}` });
    } else if (!fits(value, shape)) found.push({ property: at, reason: `got ${said(value)}, wants ${named(shape)}` });
    else if (shape.kind === "list") (value as unknown[]).forEach((one, index) => check(one, shape.of, `${at}[${index}]`));
    else if (shape.kind === "map") for (const [key, one] of Object.entries(value as Values)) check(one, shape.of, `${at}.${key}`);
    else if (shape.kind === "object") record(value as Values, typings.objects[shape.name]!, at);
  };
  record(values, typings.inputs, "");
  return found;
}

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
