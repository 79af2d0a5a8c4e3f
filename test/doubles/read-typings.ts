/** Reads an SDK's typings with TypeScript's own parser. Apart from `typings.ts`, because the compiler takes a while to load. */
import * as fs from "node:fs";
import * as path from "node:path";
import ts from "typescript";
import { type Declared, type Properties, type Property, sdkFolder, type Shape, type Typings } from "./typings.ts";

type Members = ts.NodeArray<ts.TypeElement | ts.ClassElement>;

const sources = new Map<string, ts.SourceFile>();
function parse(file: string): ts.SourceFile {
  const source = sources.get(file) ?? ts.createSourceFile(file, fs.readFileSync(file, "utf8"), ts.ScriptTarget.Latest);
  sources.set(file, source);
  return source;
}

/** Interfaces and classes of a file by name, with the namespaces they are in: `ec2.InstanceMetadataOptions`. */
function declarations(file: string): Map<string, Members> {
  const found = new Map<string, Members>();
  const walk = (statements: readonly ts.Statement[], prefix: string): void => {
    for (const one of statements) {
      if ((ts.isInterfaceDeclaration(one) || ts.isClassDeclaration(one)) && one.name) found.set(`${prefix}${one.name.text}`, one.members);
      if (ts.isModuleDeclaration(one) && one.body && ts.isModuleBlock(one.body)) walk(one.body.statements, `${prefix}${one.name.text}.`);
    }
  };
  walk(parse(file).statements, "");
  return found;
}

const known = new Map<string, Map<string, Members>>();
function declarationsOf(file: string): Map<string, Members> {
  const found = known.get(file) ?? declarations(file);
  known.set(file, found);
  return found;
}

const entity = (name: ts.EntityName): string => (ts.isIdentifier(name) ? name.text : `${entity(name.left)}.${name.right.text}`);

export function readTypings(place: Declared): Typings | undefined {
  const folder = sdkFolder(place.package);
  const own = declarationsOf(path.join(folder, place.file));
  const isFunction = /^[a-z]/.test(place.name);
  const title = place.name.charAt(0).toUpperCase() + place.name.slice(1);
  const inputs = own.get(`${title}Args`);
  const outputs = own.get(isFunction ? `${title}Result` : place.name);
  if (!outputs) return undefined;

  const objects: Record<string, Properties> = {};
  /** Objects are kept by name and once, because some contain themselves. */
  const object = (name: string): Shape => {
    const [where = "", ...rest] = name.split(".");
    const members = declarationsOf(path.join(folder, "types", where === "inputs" ? "input.d.ts" : "output.d.ts")).get(rest.join("."));
    if (members && !objects[name]) {
      objects[name] = {};
      objects[name] = properties(members);
    }
    return members ? { kind: "object", name } : { kind: "any" };
  };

  const reference = (node: ts.TypeReferenceNode): Shape => {
    const name = entity(node.typeName);
    if (name === "pulumi.Input" || name === "pulumi.Output" || name === "Promise") return shape(node.typeArguments![0]!);
    if (name.startsWith("inputs.") || name.startsWith("outputs.")) return object(name);
    if (name.startsWith("pulumi.asset.") || name.startsWith("enums.")) return { kind: "any" };
    // Another resource: what arrives is its id.
    return { kind: "string" };
  };

  const union = (types: readonly ts.TypeNode[]): Shape => {
    const all = types.filter((one) => one.kind !== ts.SyntaxKind.UndefinedKeyword).map(shape);
    const [first] = all;
    if (all.length === 1) return first!;
    return all.some((one) => one.kind === "any") ? { kind: "any" } : { kind: "choice", of: all };
  };

  const shape = (node: ts.TypeNode): Shape => {
    if (node.kind === ts.SyntaxKind.StringKeyword) return { kind: "string" };
    if (node.kind === ts.SyntaxKind.NumberKeyword) return { kind: "number" };
    if (node.kind === ts.SyntaxKind.BooleanKeyword) return { kind: "boolean" };
    if (ts.isLiteralTypeNode(node) && ts.isStringLiteral(node.literal)) return { kind: "string" };
    if (ts.isParenthesizedTypeNode(node)) return shape(node.type);
    if (ts.isArrayTypeNode(node)) return { kind: "list", of: shape(node.elementType) };
    if (ts.isUnionTypeNode(node)) return union(node.types);
    if (ts.isTypeReferenceNode(node)) return reference(node);
    const index = ts.isTypeLiteralNode(node) ? node.members.find(ts.isIndexSignatureDeclaration) : undefined;
    return index ? { kind: "map", of: shape(index.type) } : { kind: "any" };
  };

  const maybe = (node: ts.TypeNode): boolean =>
    node.kind === ts.SyntaxKind.UndefinedKeyword ||
    (ts.isUnionTypeNode(node) && node.types.some(maybe)) ||
    (ts.isTypeReferenceNode(node) && (node.typeArguments ?? []).some(maybe));

  const properties = (members: Members): Properties => {
    const found: Record<string, Property> = {};
    for (const one of members)
      if ((ts.isPropertySignature(one) || ts.isPropertyDeclaration(one)) && one.type && ts.isIdentifier(one.name))
        found[one.name.text] = { shape: shape(one.type), required: !one.questionToken && !maybe(one.type) };
    return found;
  };

  return { inputs: inputs ? properties(inputs) : {}, outputs: properties(outputs), objects };
}
