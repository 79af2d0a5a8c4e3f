/**
 * What a package's SDK says of a resource or a function: which inputs there are, which are required, which outputs always have
 * a value. Read from the typings that come with the SDK, once, and kept for the next run in a file named by the SDK's version.
 */
import * as fs from "node:fs";
import { createRequire } from "node:module";
import * as path from "node:path";
import { cacheFolder } from "../../tools/cache.ts";

export type Shape =
  | { readonly kind: "string" | "number" | "boolean" | "any" }
  | { readonly kind: "list" | "map"; readonly of: Shape }
  /** By its name in `Typings.objects`. */
  | { readonly kind: "object"; readonly name: string }
  | { readonly kind: "choice"; readonly of: readonly Shape[] };

export interface Property {
  readonly shape: Shape;
  /** Of an input: it must be given. Of an output: it always has a value. */
  readonly required: boolean;
}
export type Properties = Readonly<Record<string, Property>>;

export interface Typings {
  readonly inputs: Properties;
  readonly outputs: Properties;
  readonly objects: Readonly<Record<string, Properties>>;
}

/** Of a type or function, `aws:ec2/instance:Instance`: its SDK, the file of the SDK that declares it, and its name there. */
export interface Declared {
  readonly package: string;
  readonly file: string;
  readonly name: string;
}

export function declared(token: string): Declared {
  const [sdk = "", module = "", name = ""] = token.split(":");
  if (sdk === "pulumi" && module === "providers") return { package: name, file: "provider.d.ts", name: "Provider" };
  // Providers that are no bridge to Terraform's name no file: `pulumiservice:index:DriftSchedule`.
  const file = module === "index" ? `${name.charAt(0).toLowerCase()}${name.slice(1)}` : module.replace(/^index\//, "");
  return { package: sdk, file: `${file}.d.ts`, name };
}

const require = createRequire(import.meta.url);
export const sdkFolder = (sdk: string) => path.dirname(require.resolve(`@pulumi/${sdk}/package.json`));
export const sdkVersion = (sdk: string) => (JSON.parse(fs.readFileSync(path.join(sdkFolder(sdk), "package.json"), "utf8")) as { version: string }).version;

/** The form of what is kept: another one is read anew. */
const FORMAT = 1;
const known = new Map<string, Promise<Typings | undefined>>();

/** Nothing where the SDK has no such type. */
export function typingsOf(token: string): Promise<Typings | undefined> {
  const found = known.get(token) ?? read(token);
  known.set(token, found);
  return found;
}

async function read(token: string): Promise<Typings | undefined> {
  const place = declared(token);
  if (!fs.existsSync(path.join(sdkFolder(place.package), place.file))) return undefined;
  const kept = cacheFolder("typings", `${place.package}-${sdkVersion(place.package)}-${FORMAT}`, `${token.replace(/[^A-Za-z0-9]+/g, "_")}.json`);
  if (fs.existsSync(kept)) return JSON.parse(fs.readFileSync(kept, "utf8")) as Typings;
  const { readTypings } = await import("./read-typings.ts");
  const typings = readTypings(place);
  if (!typings) return undefined;
  fs.mkdirSync(path.dirname(kept), { recursive: true });
  fs.writeFileSync(`${kept}.${process.pid}`, JSON.stringify(typings));
  fs.renameSync(`${kept}.${process.pid}`, kept);
  return typings;
}
