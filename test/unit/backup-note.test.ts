/** Which backups stay on a server, what is measured of them, what an interruption leaves, and what a bucket does not guard. */
import * as fs from "node:fs";
import * as path from "node:path";
import { describe, expect, test } from "vitest";
import type { Remote } from "../../server/bucket.ts";
import { NOW, folder, form, hoursAgo, noteOf, put, root, stackFolder } from "../backup-folder.ts";

const { backupFindings } = await import("../../server/backup-health.ts");
const { announce, backupsOf, pruneBackups, removePartialBackups, unusedName, writeNote } = await import("../../server/backup-note.ts");
const { newestOfDatabase } = await import("../../server/bucket.ts");
const { writeMetrics } = await import("../../server/prometheus-textfile.ts");
const { Store } = await import("../../server/store.ts");
const store = new Store("shop-test");
const days = (count: number) => hoursAgo(24 * count);
const kept = () =>
  backupsOf("shop-test")
    .map(({ name }) => name)
    .sort();

describe("of the oldest", () => {
  const prune = (keep: number, needed: string[] = []) => pruneBackups(store, keep, needed, NOW).sort();

  test("go those beyond what is to be kept, of each kind, files and notes, and never one that a release needs", () => {
    for (let day = 1; day <= 5; day++) {
      put(`manual-${day}`, days(10 - day));
      put(`manual-${day}.uploads`, days(10 - day), { volume: "uploads" });
    }
    expect(prune(2, ["manual-1"])).toEqual(["manual-2", "manual-2.uploads", "manual-3", "manual-3.uploads"]);
    expect(kept()).toEqual(["manual-1", "manual-1.uploads", "manual-4", "manual-4.uploads", "manual-5", "manual-5.uploads"]);
    expect(fs.readdirSync(folder)).toHaveLength(12);
    expect(prune(2, ["manual-1"])).toEqual([]);
  });

  test("never goes the newest whole one: those that are cut short or gone take no place, and go when they are old enough", () => {
    put("timed-1", days(9));
    put("timed-2", days(8));
    put("timed-3", days(7), {}, 3);
    put("timed-4", days(6), {}, null);
    expect(prune(1)).toEqual(["timed-1"]);
    expect(kept()).toEqual(["timed-2", "timed-3", "timed-4"]);
    put("timed-5", days(5));
    expect(prune(1)).toEqual(["timed-2", "timed-3", "timed-4"]);
  });

  test("one whose note is damaged is left to a person, and takes no place", () => {
    put("timed-1", days(9));
    put("timed-2", days(8));
    fs.writeFileSync(path.join(folder, "timed-2.json"), "{");
    put("timed-3", days(7));
    fs.writeFileSync(path.join(folder, "timed-3.json"), JSON.stringify({ ...noteOf("timed-3", "yesterday") }));
    expect(prune(1)).toEqual([]);
    expect(fs.readdirSync(folder)).toHaveLength(6);
  });

  test("one of a clock that was ahead does not push out those of today", () => {
    put("timed-9", days(-300));
    put("timed-1", days(2));
    put("timed-2", days(1));
    expect(prune(1)).toEqual(["timed-1"]);
    expect(kept()).toEqual(["timed-2", "timed-9"]);
  });
});

test("a name that is taken, by a backup or by one of a volume, is not written over", () => {
  put("release-2", days(9));
  put("release-3.uploads", days(9), { volume: "uploads" });
  expect(["release-1", "release-2", "release-3", "release-20"].map((name) => unusedName("shop-test", name))).toEqual([
    "release-1",
    "release-2-2",
    "release-3-2",
    "release-20",
  ]);
  put("release-2-2", days(8));
  expect(unusedName("shop-test", "release-2")).toBe("release-2-3");
});

test("an interruption's half files go, and a whole one that had no note yet; those beside them stay", () => {
  put("timed-1", days(1));
  fs.writeFileSync(path.join(folder, "timed-2.backup.partial"), "ha");
  fs.writeFileSync(path.join(folder, "counts.partial"), "");
  announce(noteOf("timed-3", days(0)));
  fs.writeFileSync(path.join(folder, "timed-3.backup"), "full");
  // Cut off between its note and the end of its announcement: it is there.
  announce(noteOf("timed-1", days(1)));
  fs.writeFileSync(path.join(folder, "brought-by-hand.backup"), "mine");
  removePartialBackups("shop-test");
  expect(fs.readdirSync(folder).sort()).toEqual(["brought-by-hand.backup", "timed-1.backup", "timed-1.json"]);
});

describe("for node_exporter", () => {
  const collector = path.join(root, "collector");
  const written = () => fs.readFileSync(path.join(collector, "recoloca-shop-test.prom"), "utf8").split("\n").filter((line) => !line.startsWith("#")); // prettier-ignore

  test("age, size and place of the newest of the database, and how the last drill went", () => {
    fs.mkdirSync(collector);
    put("timed-1", days(3));
    put("timed-2", days(2), { bytes: 4096, bucket: { key: "k", bytes: 1, sha256: "" } });
    put("timed-2.uploads", days(1), { volume: "uploads", bytes: 7 });
    fs.writeFileSync(path.join(stackFolder, "drill.json"), JSON.stringify({ at: days(1), passed: false }));
    writeMetrics(store, collector);
    expect(written()).toEqual([
      `recoloca_backup_timestamp_seconds{stack="shop-test"} ${NOW / 1000 - 2 * 86_400}`,
      'recoloca_backup_bytes{stack="shop-test"} 4096',
      'recoloca_backup_in_bucket{stack="shop-test"} 1',
      `recoloca_drill_timestamp_seconds{stack="shop-test"} ${NOW / 1000 - 86_400}`,
      'recoloca_drill_passed{stack="shop-test"} 0',
      "",
    ]);
    expect(fs.statSync(path.join(collector, "recoloca-shop-test.prom")).mode & 0o777).toBe(0o644);
  });

  test("nothing of what there is not, and nothing where nobody collects it", () => {
    fs.mkdirSync(collector);
    writeMetrics(store, collector);
    expect(written()).toEqual(["", ""]);
    writeMetrics(store, path.join(root, "nowhere"));
    expect(fs.existsSync(path.join(root, "nowhere"))).toBe(false);
  });
});

test("a drill is of the newest of the database in the bucket, and not of one that a clock that was ahead has dated", () => {
  const remote = (id: string): Remote => ({ id, name: id.split("/")[1]!, at: days(0), bytes: 1, key: id, encrypted: false });
  const all = ["20270901T031500Z/timed-9", "20261125T031500Z/timed-2.uploads", "20261125T031500Z/timed-2", "20261124T031500Z/timed-1"].map(remote);
  expect(newestOfDatabase(all, NOW)?.name).toBe("timed-2");
  expect(newestOfDatabase(all.slice(0, 1), NOW)?.name).toBe("timed-9");
  expect(newestOfDatabase([], NOW)).toBeUndefined();
});

test("what a bucket does not guard is said with what does", async () => {
  const bucket = { name: "b", region: "r", prefix: "", pathStyle: false };
  const told = async (copy: object) => {
    writeNote(noteOf("manual-1", days(0), { bucket: copy as never }));
    return (await backupFindings(store, { ...form.parse({ service: "postgres" }), bucket })).map(({ what }) => what).join("\n");
  };
  expect(await told({ key: "k" })).toContain("the bucket b keeps no versions");
  expect(await told({ key: "k", version: "1" })).toContain("the bucket b locks nothing");
  expect(await told({ key: "k", version: "1", lock: { until: days(-1) } })).not.toContain("bucket");
});
