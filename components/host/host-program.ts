/** The host program as one file, made from `server/` when the program runs, so that it can never be an older one. */
import { createHash } from "node:crypto";
import * as path from "node:path";

export interface HostProgram {
  readonly text: string;
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
  return { text, hash: createHash("sha256").update(text).digest("hex").slice(0, 12) };
}

/** Reads the program on standard input; a half-copied one never gets the name. */
export function installScript(hash: string): string {
  const folder = `/opt/recoloca/${hash}`;
  return `set -eu
mkdir -p ${folder}
cat > ${folder}/recoloca.js.new
mv ${folder}/recoloca.js.new ${folder}/recoloca.js
node ${folder}/recoloca.js install
`;
}
