/** Age and state of the backups for node_exporter's textfile collector, where that is on this host. */
import * as fs from "node:fs";
import * as path from "node:path";
import { newestOf } from "./backup-note.ts";
import { lastDrill } from "./drill.ts";
import { writeWhole, type Store } from "./store.ts";

/** Debian's package reads it; nobody else has to be told. */
const FOLDER = "/var/lib/prometheus/node-exporter";

const fileOf = (stack: string, folder = FOLDER) => path.join(folder, `recoloca-${stack}.prom`);

/** Of a stack that is gone: an age that only grows would be an alarm about nothing. */
export const removeMetrics = (stack: string) => fs.rmSync(fileOf(stack), { force: true });

/** Nothing where the folder is not there: nobody collects it. */
export function writeMetrics(store: Store, folder = FOLDER): void {
  if (!fs.existsSync(folder)) return;
  const { stack } = store;
  const newest = newestOf(stack);
  const drilled = lastDrill(store);
  const time = (at: string) => Math.floor(Date.parse(at) / 1000);
  const values: readonly (readonly [string, string, number | undefined])[] = [
    ["recoloca_backup_timestamp_seconds", "When the newest backup was taken.", newest && time(newest.at)],
    ["recoloca_backup_bytes", "Its size.", newest?.bytes],
    ["recoloca_backup_in_bucket", "Whether its copy is in the bucket.", newest && Number(newest.bucket !== undefined)],
    ["recoloca_drill_timestamp_seconds", "When a backup was last restored to see whether it can be.", drilled && time(drilled.at)],
    ["recoloca_drill_passed", "Whether that went well.", drilled && Number(drilled.passed)],
  ];
  const text = values.flatMap(([name, help, value]) =>
    value === undefined ? [] : [`# HELP ${name} ${help}`, `# TYPE ${name} gauge`, `${name}{stack="${stack}"} ${value}`],
  );
  writeWhole(fileOf(stack, folder), `${text.join("\n")}\n`, 0o644);
}
