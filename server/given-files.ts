/**
 * What a Compose file gives to its services as files: `secrets` and `configs`. Compose copies one that comes from a variable
 * into the container only where it starts that container itself; as a file on the host it is there however it is started, also
 * after a reboot, and `docker inspect` does not show it. Pure.
 */
import { createHash } from "node:crypto";
import * as path from "node:path";
import type { ComposeDocument, Service } from "./compose-split.ts";

/** A secret or config of a Compose document, as `docker compose config` writes it. */
export interface Source {
  name?: string;
  file?: string;
  content?: string;
  environment?: string;
  external?: boolean;
  [key: string]: unknown;
}

const KINDS = ["secrets", "configs"] as const;
type Kind = (typeof KINDS)[number];

const sources = (document: ComposeDocument) => KINDS.flatMap((kind) => Object.entries(document[kind] ?? {}).map(([key, source]) => ({ kind, key, source })));

/** The text of one that has it from a variable or from the Compose file itself, where `docker compose config` has doubled each dollar sign. */
const textOf = (source: Source, variables: Record<string, string>) =>
  source.environment === undefined ? source.content?.replaceAll("$$", () => "$") : variables[source.environment];

export function problemsOfFiles(
  document: ComposeDocument,
  variables: Record<string, string>,
  folders: { readonly project: string; readonly store: string },
): string[] {
  return sources(document).flatMap(({ kind, key, source }) => {
    const what = `${kind.slice(0, -1)} "${key}"`;
    if (source.external) return [`${what} is external: it belongs to Swarm; take it from a variable (environment: NAME)`];
    if (source.environment !== undefined && variables[source.environment] === undefined)
      return [`${what} is read from the variable ${source.environment}, which has no value: add it to secrets`];
    if (source.file?.startsWith(`${folders.store}/`))
      return [
        `${what} is the file ${path.relative(folders.project, source.file)} beside the Compose file, which is not on the host; take it from a variable (environment: NAME)`,
      ];
    return [];
  });
}

export interface GivenFile {
  /** Below the folder that the project's files are kept in. */
  readonly name: string;
  readonly text: string;
}

/** The same sources, each a file below `folder`; and what is to be written there. */
export function asFiles(
  document: ComposeDocument,
  variables: Record<string, string>,
  folder: string,
): { sources: Pick<ComposeDocument, Kind>; files: GivenFile[] } {
  const files: GivenFile[] = [];
  const result: Pick<ComposeDocument, Kind> = {};
  for (const { kind, key, source } of sources(document)) {
    const text = textOf(source, variables);
    const { environment: _environment, content: _content, ...rest } = source;
    // Named by content: a container that starts again later finds what it was made with, whatever came after it.
    const name = `${kind}/${key}-${createHash("sha256")
      .update(text ?? "")
      .digest("hex")
      .slice(0, 8)}`;
    if (text !== undefined) files.push({ name, text });
    (result[kind] ??= {})[key] = text === undefined ? source : { ...rest, file: path.join(folder, name) };
  }
  return { sources: result, files };
}

/** What a service is given, for the hash of its definition: a changed secret is a changed service. */
export const givenTo = (service: Service, sources: Pick<ComposeDocument, Kind>) =>
  KINDS.flatMap((kind) => (service[kind] ?? []).map(({ source }) => sources[kind]?.[source]));
