/**
 * Whom a variable of the release reaches, by what each service is made from. A mere word of that name, in a comment or as the name that a container
 * knows something by, reaches nobody. Pure; needs no reader of YAML, so that both ends can ask it.
 */
import type { Definition } from "./plan.ts";

export interface Takers {
  /** Text of the Compose file. */
  readonly compose: string;
  readonly definitions: Readonly<Record<string, Pick<Definition, "variables">>>;
}

/** A service with an environment file may get any variable by it, whatever it is called. */
const ENVIRONMENT_FILE = /(^|[\s{,-])["']?env_file["']?\s*:/m;

/** Services that name it: in an interpolation, or as the source of a secret or a config. */
export const takersOf = ({ definitions }: Takers, variable: string): string[] =>
  Object.keys(definitions).filter((service) => Object.hasOwn(definitions[service]!.variables, variable));

/** Whether it reaches a service, or may. */
export const reaches = (file: Takers, variable: string): boolean => takersOf(file, variable).length > 0 || ENVIRONMENT_FILE.test(file.compose);
