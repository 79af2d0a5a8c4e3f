/** Room for a backup: taken beside the database that serves, which stops where its disk is full. */
import { backupsFolder, backupsOf } from "./backup-note.ts";
import { Failure } from "./context.ts";
import { freeBytes } from "./host-figures.ts";
import { sayBytes } from "./render.ts";

/** Bytes that stay free for whoever else writes. */
export const RESERVE = 256 << 20;
/** One is somewhat larger than the last one. */
const GROWTH = 1.1;
/** Bytes from one look to the next. */
const STEP = 16 << 20;

const TO_MEND = "fewer are kept here: pulumi config set --path recoloca:backup.keep 3; or a larger disk: docs/aws.md, Later";

/** By the last one of the same, before anything is written. Of the very first one nobody knows. */
export function checkBackupRoom(stack: string, what: string, volume: string | undefined): void {
  const free = freeBytes(backupsFolder(stack));
  const last = backupsOf(stack)
    .filter((one) => one.volume === volume)
    .sort((one, other) => (one.at < other.at ? 1 : -1))[0];
  if (free >= (last?.bytes ?? 0) * GROWTH + RESERVE) return;
  throw new Failure(`BACKUP FAILED: there is no room for ${what}`, [
    [
      "free",
      `${sayBytes(free)} below ${backupsFolder(stack)}, of which ${sayBytes(RESERVE)} stay free${last ? `; the last one, ${last.name}, has ${sayBytes(last.bytes)}` : ""}`,
    ],
    ["to mend it", TO_MEND],
  ]);
}

/** Passes on what comes, as long as enough stays free. */
export const whileThereIsRoom = (stack: string) =>
  async function* (chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
    let since = 0;
    for await (const chunk of chunks) {
      since += chunk.length;
      if (since >= STEP) {
        since = 0;
        const free = freeBytes(backupsFolder(stack));
        if (free < RESERVE) throw new Error(`only ${sayBytes(free)} are left for whoever else writes there\n${TO_MEND}`);
      }
      yield chunk;
    }
  };
