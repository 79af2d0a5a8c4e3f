/** When a backup or a drill is late: by what lies on the server at a time that is given, with systemd's own reading of calendar expressions. */
import * as fs from "node:fs";
import * as path from "node:path";
import { beforeEach, describe, expect, test, vi } from "vitest";
import type { Times } from "../../server/backup-timers.ts";
import { HOUR, NOW, folder, form, hoursAgo, put, stackFolder } from "../backup-folder.ts";

/** What systemd says of the timer. */
let timer: Times;
let taken: boolean;
vi.doMock("../../server/backup-timers.ts", async (original) => ({ ...(await original<object>()), timesOf: async () => timer }));
vi.doMock("../../server/lock.ts", async (original) => ({ ...(await original<object>()), isTaken: async () => taken }));
const { backupFigures } = await import("../../server/backup-figures.ts");
const { backupFindings } = await import("../../server/backup-health.ts");
const { dueAfter } = await import("../../server/backup-timers.ts");
const { lateOnes } = await import("../../server/lateness.ts");
const { Store } = await import("../../server/store.ts");
const store = new Store("shop-test");

const backup = form.parse({ service: "postgres", every: "daily", drill: "Sun 05:00" });
const late = async (every = "daily", now = NOW) => (await lateOnes(store, { ...backup, every }, "backup", now)).map(({ what }) => what);
const said = (ago: string) => [`shop-test: a backup was due ${ago} ago, and there is none since`];
const failed = (at: string) => fs.writeFileSync(path.join(stackFolder, "backup-failed.json"), JSON.stringify({ at, reason: "no space is left for it" }));
const drilled = (at: string, passed = true) =>
  fs.writeFileSync(path.join(stackFolder, "drill.json"), JSON.stringify({ at, passed, reason: "rows are missing" }));

beforeEach(() => {
  timer = { active: true, placed: hoursAgo(1000), since: hoursAgo(1000) };
  taken = false;
});

describe("a backup", () => {
  test("each day is late two hours after its time, where there is none since", async () => {
    put("timed-1", hoursAgo(36));
    expect(await late()).toEqual(said("12h"));
    expect(await late("daily", NOW - 10 * HOUR - 1000)).toEqual([]);
    expect(await late("daily", NOW - 10 * HOUR)).toEqual(said("2h"));
    put("manual-2", hoursAgo(11));
    expect(await late()).toEqual([]);
  });
  test("that was never taken is late from its first time on, and not in an environment that was just made", async () => {
    timer = { active: true, placed: hoursAgo(1), since: hoursAgo(1) };
    expect(await late()).toEqual([]);
    timer = { active: true, placed: hoursAgo(30), since: hoursAgo(30) };
    expect(await late()).toEqual(said("12h"));
  });
  test("each hour is late after two hours, however often its timer goes off in vain", async () => {
    put("timed-1", hoursAgo(2.9));
    expect(await late("hourly", NOW - 1000)).toEqual([]);
    put("timed-1", hoursAgo(1.9));
    expect(await late("hourly")).toEqual([]);
    put("timed-1", hoursAgo(3.5));
    expect(await late("hourly")).toEqual(said("3h"));
  });
  test("that was first wanted by the clock today is not late for the months before", async () => {
    put("release-1", hoursAgo(2000));
    timer = { active: true, placed: hoursAgo(3), since: hoursAgo(3) };
    expect(await late()).toEqual([]);
  });
  test("is made up for by a server that was off at its time, which has two hours for it", async () => {
    put("timed-1", hoursAgo(80));
    timer = { active: true, placed: hoursAgo(1000), since: hoursAgo(1) };
    expect(await late()).toEqual([]);
    timer = { active: true, placed: hoursAgo(1000), since: hoursAgo(3) };
    expect(await late()).toEqual(said("2d"));
  });
  test("waits for whoever has the lock, as long as its timer does", async () => {
    put("timed-1", hoursAgo(33));
    taken = true;
    expect(await late("daily", NOW - 5 * HOUR)).toEqual([]);
    expect(await late()).toEqual(said("12h"));
  });
  test("that failed at its time is not late: it was told when it did, and stays a finding", async () => {
    put("timed-1", hoursAgo(36));
    failed(hoursAgo(11.9));
    expect(await late()).toEqual([]);
    expect((await backupFindings(store, backup)).map(({ what }) => what)[0]).toMatch(/the last backup failed .* no space is left for it/);
    expect(await late("daily", NOW + 24 * HOUR)).toEqual(said("12h"));
  });
  test("of a volume alone is none of the database", async () => {
    put("manual-1.uploads", hoursAgo(1), { volume: "uploads" });
    expect(await late()).toHaveLength(1);
  });
  test("whose timer does not run is said with what starts it", async () => {
    timer = { active: false };
    expect(await lateOnes(store, backup, "backup", NOW)).toEqual([
      { what: "shop-test: the timer of the backups does not run", fix: "systemctl enable --now recoloca-backup@shop-test.timer" },
    ]);
  });
  test("that nobody wants by the clock, or at a time that is over for good, is never late", async () => {
    expect(await lateOnes(store, form.parse({ service: "postgres" }), "backup", NOW)).toEqual([]);
    expect(await late("2020-01-01")).toEqual([]);
  });
});

describe("a clock that jumped back", () => {
  test("leaves backups of the future, which say nothing of those of today", async () => {
    put("timed-9", hoursAgo(-24 * 365));
    put("timed-1", hoursAgo(36));
    expect(await late()).toEqual(said("12h"));
    put("timed-2", hoursAgo(1));
    expect(await late()).toEqual([]);
    const { figures } = await backupFigures(store, backup, NOW);
    expect(figures.backupAge).toBe(3600);
  });
  test("with nothing but the future to go by, counts from when the timer began to run, and else from nothing", async () => {
    timer = { active: true, placed: hoursAgo(-5), since: hoursAgo(30) };
    expect(await late()).toEqual(said("12h"));
    timer = { active: true, placed: hoursAgo(-5), since: hoursAgo(-5) };
    expect(await late()).toEqual([]);
  });
});

describe("a drill", () => {
  const lateDrill = async () => (await lateOnes(store, backup, "drill", NOW)).map(({ what }) => what);
  test("is late like a backup", async () => {
    expect(await lateDrill()).toEqual(["shop-test: a drill was due 38d ago, and there is none since"]);
    drilled(hoursAgo(9 * 24));
    expect(await lateDrill()).toEqual(["shop-test: a drill was due 3d ago, and there is none since"]);
    drilled(hoursAgo(3 * 24));
    expect(await lateDrill()).toEqual([]);
  });
  test("that failed is found, and not late as well", async () => {
    drilled(hoursAgo(3 * 24), false);
    expect(await lateDrill()).toEqual([]);
    expect((await backupFindings(store, { ...backup, every: undefined })).map(({ what }) => what).join("\n")).toMatch(
      /the last drill failed .*: rows are missing/,
    );
  });
});

describe("a damaged file", () => {
  const damage = (name: string) => fs.writeFileSync(name, '{"at": "2026-1');
  test("of a drill, or of a failure, counts as one that failed", async () => {
    put("timed-1", hoursAgo(1));
    for (const name of ["drill.json", "backup-failed.json"]) damage(path.join(stackFolder, name));
    const found = (await backupFindings(store, backup)).map(({ what }) => what).join("\n");
    expect(found).toMatch(/the last backup failed \d+s ago: .*backup-failed.json cannot be read/);
    expect(found).toMatch(/the last drill failed \d+s ago: .*drill.json cannot be read/);
  });
  test("of a backup is said with what removes it, and hides none of the others", async () => {
    put("timed-1", hoursAgo(1));
    damage(path.join(folder, "timed-0.json"));
    expect(await late()).toEqual([]);
    const file = path.join(folder, "timed-0.json");
    expect(await backupFindings(store, { ...backup, every: undefined, drill: undefined })).toEqual([
      { what: `shop-test: ${file} cannot be read: nobody knows any more what the backup beside it is`, fix: `rm ${file} ${folder}/timed-0.backup` },
    ]);
  });
});

describe("in figures", () => {
  const figures = async (change: object = {}) => backupFigures(store, { ...backup, ...change }, NOW);
  test("how old, and no trouble", async () => {
    put("timed-1", hoursAgo(11.5));
    drilled(hoursAgo(50));
    expect(await figures()).toEqual({ figures: { backupAge: 41_400, backup: 0, drill: 0, drillAge: 180_000 }, words: {} });
  });
  test("what is late has words, what failed was told already; a drill that failed has no age", async () => {
    put("timed-1", hoursAgo(36));
    drilled(hoursAgo(1), false);
    expect(await figures()).toEqual({ figures: { backupAge: 129_600, backup: 1, drill: 1 }, words: { backup: said("12h")[0] } });
    failed(hoursAgo(1));
    expect(await figures()).toEqual({ figures: { backupAge: 129_600, backup: 1, drill: 1 }, words: {} });
  });
  test("without any, and without drills", async () => {
    expect(await figures({ every: undefined, drill: undefined })).toEqual({ figures: { backup: 0 }, words: {} });
  });
});

test("a time is due by the server's own clock, over its summer time too", async () => {
  const due = async (when: string, after: string) => new Date((await dueAfter(when, Date.parse(after)))!).toISOString();
  expect(await due("*-*-* 03:15:00", "2026-11-25T03:15:00Z")).toBe("2026-11-26T03:15:00.000Z");
  vi.stubEnv("TZ", "Europe/Berlin");
  try {
    expect(await due("*-*-* 03:15:00", "2026-10-24T12:00:00Z")).toBe("2026-10-25T02:15:00.000Z");
    expect(await due("*-*-* 03:15:00", "2026-10-23T12:00:00Z")).toBe("2026-10-24T01:15:00.000Z");
  } finally {
    vi.stubEnv("TZ", "UTC");
  }
});
