/** The host program as one file, made from `server/` when the program runs, so that it can never be an older one. */
import { createHash } from "node:crypto";
import * as path from "node:path";
import { gzipSync } from "node:zlib";

export interface HostProgram {
  readonly text: string;
  /** The text as it travels, and as it lies in the stack's state: gzip in base64, a third of it. */
  readonly packed: string;
  /** First 12 hex digits of the text's SHA-256: its folder's name on the host. */
  readonly hash: string;
}

export async function hostProgram(): Promise<HostProgram> {
  const { build } = await import("esbuild");
  const built = await build({
    entryPoints: [path.join(import.meta.dirname, "..", "..", "server", "main.ts")],
    bundle: true,
    platform: "node",
    target: "node18",
    minify: true,
    write: false,
    logLevel: "silent",
  });
  const text = built.outputFiles[0]!.text;
  return { text, packed: gzipSync(text).toString("base64"), hash: createHash("sha256").update(text).digest("hex").slice(0, 12) };
}

/** Reads the packed program on standard input; a half-copied one never gets the name. */
export function installScript(hash: string): string {
  const folder = `/opt/recoloca/${hash}`;
  return `set -eu
mkdir -p ${folder}
base64 -d | gzip -d > ${folder}/recoloca.js.new
mv ${folder}/recoloca.js.new ${folder}/recoloca.js
node ${folder}/recoloca.js install
`;
}
