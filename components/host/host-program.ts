/** The host program, and those beside it, as one file each, made from `server/` when the program runs, so that none can ever be an older one. */
import { createHash } from "node:crypto";
import * as fs from "node:fs";
import * as path from "node:path";

export interface HostProgram {
  /** Its text as it travels, and as it lies in the stack's state: gzip in base64, a third of it. */
  readonly packed: string;
  /** First 12 hex digits of the text's SHA-256: its folder's name on the host. */
  readonly hash: string;
}

const checkout = path.join(import.meta.dirname, "..", "..");
/** All that the host program is made of: our own folders, and packages as the lock file names them. */
const SOURCES = ["server", "release"];
const KEPT = path.join(checkout, "node_modules", ".cache", "recoloca");

/** Where each begins, below `server/`: the host program itself, and those beside it that only some stacks want. */
const ENTRIES = {
  host: "main.ts",
  trace: "trace/main.ts",
  bucket: "bucket/main.ts",
  measurements: "measurements/main.ts",
  review: "review/main.ts",
} as const;

/** Made once for what it is made of: the bundler needs 0.15 s of the processor, just when the server is being asked. */
export async function bundled(name: keyof typeof ENTRIES): Promise<HostProgram> {
  const entry = ENTRIES[name];
  const kind = `${entry.replace(/\W/g, "-")}-`;
  const kept = path.join(KEPT, `${kind}${fingerprint()}.json`);
  if (fs.existsSync(kept)) return JSON.parse(fs.readFileSync(kept, "utf8")) as HostProgram;
  const text = await bundle(entry);
  const { gzipSync } = await import("node:zlib");
  const program = { packed: gzipSync(text).toString("base64"), hash: createHash("sha256").update(text).digest("hex").slice(0, 12) };
  keep(kept, kind, JSON.stringify(program));
  return program;
}

async function bundle(entry: string): Promise<string> {
  const { build } = await import("esbuild");
  const built = await build({
    entryPoints: [path.join(checkout, "server", entry)],
    bundle: true,
    platform: "node",
    target: "node18",
    minify: true,
    write: false,
    logLevel: "silent",
  });
  return built.outputFiles[0]!.text;
}

/** Of the sources and of this file, which says how they are bundled. */
function fingerprint(): string {
  const hash = createHash("sha256");
  for (const file of [import.meta.filename, path.join(checkout, "package-lock.json"), ...SOURCES.flatMap(sourcesIn)])
    hash
      .update(`${path.relative(checkout, file)}\0`)
      .update(fs.readFileSync(file))
      .update("\0");
  return hash.digest("hex").slice(0, 16);
}

const sourcesIn = (folder: string): string[] =>
  fs
    .readdirSync(path.join(checkout, folder), { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".ts"))
    .sort()
    .map((name) => path.join(checkout, folder, name));

/** In place of earlier ones of its kind. Where nothing can be written it is made again the next time. */
function keep(file: string, kind: string, text: string): void {
  try {
    fs.mkdirSync(KEPT, { recursive: true });
    for (const old of fs.readdirSync(KEPT).filter((name) => name.startsWith(kind))) fs.rmSync(path.join(KEPT, old));
    fs.writeFileSync(`${file}.${process.pid}`, text);
    fs.renameSync(`${file}.${process.pid}`, file);
  } catch {
    // Two programs at once, or a folder that only another user may write.
  }
}
