/** The Compose file as this program reads it, for its checks and previews; on the host Compose itself has the last word. */
import { createRequire } from "node:module";
import type * as Yaml from "js-yaml";

// As Pulumi's SDK has loaded it already; an import of ours would load its other half, for 8 ms of every run.
const yaml = createRequire(import.meta.url)("js-yaml") as typeof Yaml;

/** YAML 1.2 with merge keys, as Compose has it: no dates, and `on` is a word. */
const SCHEMA = yaml.CORE_SCHEMA.extend({ implicit: [(yaml as unknown as { types: { merge: Yaml.Type } }).types.merge] });

/** Throws an error with the place in its message: `bad indentation of a mapping entry (3:5)`. */
export const readYaml = (text: string): unknown => yaml.load(text, { schema: SCHEMA });

export const placeOf = (error: unknown): string => (error as Error).message.split("\n")[0]!;
