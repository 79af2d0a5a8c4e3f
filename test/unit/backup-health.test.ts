/** When a backup or a drill is late, which of them stay, and whether a bucket guards them: by what lies on the server, with its timers answered here. */
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { afterAll, beforeEach, describe, expect, test, vi } from "vitest";
import type { BackupNote } from "../../server/backup-note.ts";
import * as z from "zod";
import { backupForm } from "../../settings/backup.ts";

const root = fs.mkdtempSync(path.join(os.tmpdir(), "recoloca-backups-"));
vi.stubEnv("RECOLOCA_ROOT", root);
/** What systemd says of the timer. */
let timer: { active: boolean; last: string | undefined };
vi.doMock("../../server/backup-timers.ts", async (original) => ({ ...(await original<object>()), timesOf: async () => timer }));
const { backupFindings, lateOnes } = await import("../../server/backup-health.ts");
const { backupsOf, pruneBackups, writeNote } = await import("../../server/backup-note.ts");
const { keepDrill } = await import("../../server/drill.ts");
const { Store } = await import("../../server/store.ts");
afterAll(() => fs.rmSync(root, { recursive: true }));

const HOUR = 3600_000;
const ago = (hours: number) => new Date(Date.now() - hours * HOUR).toISOString();
const form = backupForm(z.string().transform(() => 60));
const backup = form.parse({ service: "postgres", every: "daily", drill: "Sun 05:00" });
const note = (name: string, at: string, more: Partial<BackupNote> = {}): BackupNote => ({
  ...{ name, stack: "shop-test", service: "postgres", at, bytes: 1, sha256: "", seconds: 1, program: "" },
  ...more,
});
let store: InstanceType<typeof Store>;
beforeEach(() => {
  fs.rmSync(root, { recursive: true, force: true });
  store = new Store("shop-test");
  fs.mkdirSync(store.folder, { recursive: true });
  fs.mkdirSync(path.join(root, "backups/shop-test"), { recursive: true });
  timer = { active: true, last: ago(5) };
});

describe("a backup", () => {
  const late = async () => (await lateOnes(store, backup, "backup")).map(({ what }) => what);
  test("is late when its time was hours ago and there is none since", async () => {
    writeNote(note("manual-1", ago(30)));
    expect(await late()).toEqual(["shop-test: a backup was due 5h ago, and there is none since"]);
    writeNote(note("manual-2", ago(4)));
    expect(await late()).toEqual([]);
  });
  test("is late where there was never one, and not within two hours of its time", async () => {
    expect(await late()).toHaveLength(1);
    timer.last = ago(1);
    expect(await late()).toEqual([]);
  });
  test("of a volume alone is none of the database", async () => {
    writeNote(note("manual-1.uploads", ago(1), { volume: "uploads" }));
    expect(await late()).toHaveLength(1);
  });
  test("whose timer does not run is said with what starts it", async () => {
    timer = { active: false, last: undefined };
    expect(await lateOnes(store, backup, "backup")).toEqual([
      { what: "shop-test: the timer of the backups does not run", fix: "systemctl enable --now recoloca-backup@shop-test.timer" },
    ]);
  });
  test("that nobody wants by the clock is never late", async () => {
    expect(await lateOnes(store, form.parse({ service: "postgres" }), "backup")).toEqual([]);
  });
});

test("a drill is late like a backup, and one that failed is found", async () => {
  expect((await lateOnes(store, backup, "drill")).map(({ what }) => what)).toEqual(["shop-test: a drill was due 5h ago, and there is none since"]);
  keepDrill(store, {
    at: ago(1),
    passed: false,
    backup: "manual-1",
    from: "server",
    compared: false,
    tables: 0,
    rows: 0,
    reason: "3 rows of orders are missing",
  });
  expect(await lateOnes(store, backup, "drill")).toEqual([]);
  expect((await backupFindings(store, backup)).map(({ what }) => what).join("\n")).toContain("the last drill failed 1h ago: 3 rows of orders are missing");
});

test("what a bucket does not guard is said with what does", async () => {
  const bucket = { name: "b", region: "r", prefix: "", pathStyle: false };
  const told = async (copy: object) => {
    writeNote(note("manual-1", ago(0), { bucket: copy as never }));
    return (await backupFindings(store, { ...backup, bucket })).map(({ what }) => what).join("\n");
  };
  expect(await told({ key: "k" })).toContain("the bucket b keeps no versions");
  expect(await told({ key: "k", version: "1" })).toContain("the bucket b locks nothing");
  expect(await told({ key: "k", version: "1", lock: { until: ago(-24) } })).not.toContain("bucket");
});

test("the oldest go beyond what is to be kept, of each kind, and never one that a release needs", () => {
  for (let day = 1; day <= 5; day++) {
    writeNote(note(`manual-${day}`, ago(24 * (10 - day))));
    writeNote(note(`manual-${day}.uploads`, ago(24 * (10 - day)), { volume: "uploads" }));
  }
  expect(pruneBackups(store, 2, ["manual-1"]).sort()).toEqual(["manual-2", "manual-2.uploads", "manual-3", "manual-3.uploads"]);
  expect(
    backupsOf("shop-test")
      .map(({ name }) => name)
      .sort(),
  ).toEqual(["manual-1", "manual-1.uploads", "manual-4", "manual-4.uploads", "manual-5", "manual-5.uploads"]);
});
