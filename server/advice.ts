/** What is said below an error that ended a command. */
import { Wrong } from "./command-line.ts";
import { Damaged } from "./store.ts";

const FULL = "the disk is full: df -h; docker system df; docker image prune --all takes away what no container uses";

export function adviceOn(error: Error): string {
  if (error instanceof Wrong) return `  ${error.usage ?? "recoloca --help says what there is"}\n`;
  if (error instanceof Damaged) return `  ${Damaged.FIX}\n`;
  return (error as NodeJS.ErrnoException).code === "ENOSPC" ? `  ${FULL}\n` : "";
}
