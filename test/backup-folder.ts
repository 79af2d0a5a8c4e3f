/** A server's folders of a stack and its backups, with nothing in them, and what a backup leaves there. */
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { afterAll, beforeEach, vi } from "vitest";
import * as z from "zod";
import type { Plan } from "../release/plan.ts";
import type { BackupNote } from "../server/backup-note.ts";
import { backupForm } from "../settings/backup.ts";

/** To be set before anything of `server/` is imported, which is then imported by `await import`. */
export const root = fs.mkdtempSync(path.join(os.tmpdir(), "recoloca-backups-"));
vi.stubEnv("RECOLOCA_ROOT", root);
// Calendar expressions are in the server's own time.
vi.stubEnv("TZ", "UTC");

export const STACK = "shop-test";
export const folder = path.join(root, "backups", STACK);
export const stackFolder = path.join(root, STACK);

beforeEach(() => {
  fs.rmSync(root, { recursive: true, force: true });
  fs.mkdirSync(folder, { recursive: true });
  fs.mkdirSync(stackFolder, { recursive: true });
});
afterAll(() => fs.rmSync(root, { recursive: true }));

export const HOUR = 3600_000;
/** A Wednesday at noon. */
export const NOW = Date.parse("2026-11-25T12:00:00Z");
export const hoursAgo = (hours: number, now = NOW) => new Date(now - hours * HOUR).toISOString();

export const form = backupForm(z.string().transform(() => 60));

export const noteOf = (name: string, at: string, more: Partial<BackupNote> = {}): BackupNote => ({
  ...{ name, stack: STACK, service: "postgres", at, bytes: 4, sha256: "", seconds: 1, program: "" },
  ...more,
});

/** A backup as it lies on a server. `bytes` of its file: others than those of its note where it is damaged, none where it is gone. */
export function put(name: string, at: string, more: Partial<BackupNote> = {}, bytes: number | null = 4): void {
  fs.writeFileSync(path.join(folder, `${name}.json`), JSON.stringify(noteOf(name, at, more)));
  if (bytes !== null) fs.writeFileSync(path.join(folder, `${name}.backup`), "x".repeat(bytes));
}

/** The stack with one live release, whose plan says this. */
export function live(plan: Partial<Plan>): void {
  fs.mkdirSync(path.join(stackFolder, "releases/1"), { recursive: true });
  fs.writeFileSync(path.join(stackFolder, "state.json"), JSON.stringify({ live: { number: 1, slot: "blue" } }));
  fs.writeFileSync(path.join(stackFolder, "releases/1/plan.json"), JSON.stringify({ notify: [], variables: {}, masked: [], ...plan }));
  fs.writeFileSync(
    path.join(stackFolder, "releases/1/record.json"),
    JSON.stringify({ format: 1, number: 1, release: "r1", outcome: "live", told: true, provenance: {}, startedAt: hoursAgo(100) }),
  );
}
