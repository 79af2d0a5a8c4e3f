/** Puts this program in place on the host: its name, its folders, and the edge with nothing to serve yet. */
import * as fs from "node:fs";
import type { Given } from "../command-line.ts";
import { applyConfiguration } from "../edge.ts";
import { LIVE_FILE } from "../live-answer.ts";
import { ROOT, writeWhole } from "../store.ts";

const NAME = "/usr/local/bin/recoloca";

export async function install(_given: Given): Promise<number> {
  const program = fs.realpathSync(process.argv[1]!);
  fs.mkdirSync(ROOT, { recursive: true, mode: 0o700 });
  fs.mkdirSync("/etc/recoloca", { recursive: true, mode: 0o755 });
  writeWhole(NAME, starter(process.execPath, program), 0o755);
  const changed = await applyConfiguration();
  process.stdout.write(` recoloca is in place: ${NAME}${changed ? "; the edge is configured" : ""}\n`);
  return 0;
}

/**
 * A deploy runs in a unit of its own, with the caller's pipes: a cut connection takes the pipes away, not the process. A
 * small semi-space keeps the program's memory low beside the application it serves.
 */
const starter = (node: string, program: string) => `#!/bin/sh
program="${node} --max-semi-space-size=2 ${program}"
if [ "$1" = deploy ] && [ -d /run/systemd/system ]; then
  exec systemd-run --quiet --collect --pipe --wait --service-type=exec --unit="recoloca-deploy-$(date +%s)-$$" --property=TimeoutStopSec=30 -- $program "$@"
fi
# Asked before every preview: an answer that needs no start of Node.
answer="${ROOT}/$3-$5/${LIVE_FILE}"
if [ "$1 $2 $4" = "live --application --environment" ] && [ -f "$answer" ]; then exec cat "$answer"; fi
exec $program "$@"
`;
