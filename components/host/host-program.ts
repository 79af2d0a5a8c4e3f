/** The host program as one file, made from `server/` when the program runs, so that it can never be an older one. */
import { createHash } from "node:crypto";
import * as fs from "node:fs";
import * as path from "node:path";
import { APT } from "./apt.ts";

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

/** Made once for what it is made of: the bundler needs 0.15 s of the processor, just when the server is being asked. */
export const hostProgram = (): Promise<HostProgram> => packed("main.ts");

/** The one that sends traces, which only some stacks want. */
export const traceProgram = (): Promise<HostProgram> => packed("trace/main.ts");

/** The one that speaks to a bucket, which only some stacks have. */
export const bucketProgram = (): Promise<HostProgram> => packed("bucket/main.ts");

/** The one that sends measurements, which only some stacks want. */
export const measurementsProgram = (): Promise<HostProgram> => packed("measurements/main.ts");

/** The one that opens environments of pull requests, which only some stacks have. */
export const reviewProgram = (): Promise<HostProgram> => packed("review/main.ts");

async function packed(entry: string): Promise<HostProgram> {
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

/** Beside the host program, at one place for all its versions. */
const besideScript = (name: string) => `set -eu
base64 -d | gzip -d > /opt/recoloca/recoloca-${name}.js.new
mv /opt/recoloca/recoloca-${name}.js.new /opt/recoloca/recoloca-${name}.js
`;
export const TRACE_SCRIPT = besideScript("trace");
export const MEASUREMENTS_SCRIPT = besideScript("measurements");

/** Beside the host program too, with the distribution's age where backups are encrypted on their way. */
export const bucketScript = (encrypted: boolean) =>
  `${besideScript("bucket")}${
    encrypted
      ? `${APT}if ! command -v age >/dev/null; then
  apt update
  apt install -y --no-install-recommends age
fi
`
      : ""
  }`;

/** With a name for it, and the hour in which what is over goes. */
export const REVIEW_SCRIPT = `${besideScript("review")}cat > /usr/local/bin/recoloca-review.new <<'END'
#!/bin/sh
exec node /opt/recoloca/recoloca-review.js "$@"
END
chmod 755 /usr/local/bin/recoloca-review.new
mv /usr/local/bin/recoloca-review.new /usr/local/bin/recoloca-review
cat > /etc/systemd/system/recoloca-review@.service <<'END'
[Unit]
Description=Removes environments of pull requests of %i that are over
After=docker.service

[Service]
Type=oneshot
ExecStart=/usr/local/bin/recoloca-review %i expire
END
cat > /etc/systemd/system/recoloca-review@.timer <<'END'
[Unit]
Description=Each hour: which environments of pull requests of %i are over

[Timer]
OnCalendar=hourly
RandomizedDelaySec=5m
Persistent=true

[Install]
WantedBy=timers.target
END
systemctl daemon-reload
`;

/** Reads the packed program on standard input; a half-copied one never gets the name. `window`: a systemd calendar expression; none where absent. */
export function installScript(hash: string, window?: string): string {
  const folder = `/opt/recoloca/${hash}`;
  return `set -eu
mkdir -p ${folder}
base64 -d | gzip -d > ${folder}/recoloca.js.new
mv ${folder}/recoloca.js.new ${folder}/recoloca.js
node ${folder}/recoloca.js install --window "${window ?? "never"}"
`;
}
