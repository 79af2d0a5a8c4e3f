/**
 * What Compose made of a stack's file the last time. Releases of the same file and the same values differ in their images, which are
 * put in afterwards: asking Compose again would give the same, and costs the start of a large program while everybody waits.
 */
import { createHash } from "node:crypto";
import * as fs from "node:fs";
import { composeVersion, resolveCompose } from "./compose.ts";
import { writeWhole } from "./store.ts";

interface Kept {
  readonly key: string;
  /** With `HERE` for the folder, which is another one for each release. */
  readonly document: string;
}

/** Raised when what is kept is another thing. */
const FORMAT = 1;
const HERE = "@recoloca-project@";

/** What names other files is read anew each time: they may have changed. */
const READS_FILES = /(^|[\s{,-])["']?(env_file|label_file|extends|include|file)["']?\s*:/m;

export interface Asked {
  readonly stack: string;
  /** Text of `compose.yaml` in the folder. */
  readonly text: string;
  readonly folder: string;
  readonly environment: Record<string, string>;
  /** Where it is kept. Absent: asked anew, and not kept. */
  readonly kept?: string | undefined;
}

/** As `resolveCompose`; only what nobody complained of is kept. Rejects with Compose's own words. */
export async function readThrough({ stack, text, folder, environment, kept }: Asked): Promise<{ document: string; complaints: string[] }> {
  const ask = () => resolveCompose(stack, `${folder}/compose.yaml`, folder, environment);
  if (kept === undefined) return ask();
  if (READS_FILES.test(text)) {
    forget(kept);
    return ask();
  }
  const key = keyOf({ stack, text, environment });
  const last = lastIn(kept);
  if (last?.key === key) return { document: last.document.replaceAll(HERE, folder), complaints: [] };
  const asked = await ask();
  if (asked.complaints.length === 0 && !asked.document.includes(HERE)) keep(kept, { key, document: asked.document.replaceAll(folder, HERE) });
  else forget(kept);
  return asked;
}

/** Everything that Compose's answer hangs on: also which Compose it is, and what of this process's environment it would take. */
function keyOf(what: Pick<Asked, "stack" | "text" | "environment">): string {
  const named = [...what.text.matchAll(/\$\{?([A-Za-z_]\w*)/g)].map((match) => match[1]!);
  const own = Object.entries(process.env).filter(([name]) => named.includes(name) || /^(COMPOSE|DOCKER)_/.test(name));
  return createHash("sha256")
    .update(JSON.stringify([FORMAT, what.stack, what.text, what.environment, own.sort(), composeVersion()]))
    .digest("hex");
}

function lastIn(file: string): Kept | undefined {
  try {
    return JSON.parse(fs.readFileSync(file, "utf8")) as Kept;
  } catch {
    return undefined;
  }
}

/** The values of an older release stand in it: where the next one is not kept in its place, nothing is. */
const forget = (file: string) => fs.rmSync(file, { force: true });

function keep(file: string, kept: Kept): void {
  try {
    writeWhole(file, JSON.stringify(kept));
  } catch {
    // A full disk is somebody else's news: the next release asks again.
  }
}
