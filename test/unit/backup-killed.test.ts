/** What becomes of a backup or a drill that was killed, and who hears of what is late: with a webhook that is real, and systemd's commands written down. */
import * as fs from "node:fs";
import * as http from "node:http";
import type { AddressInfo } from "node:net";
import * as path from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { observationSchema } from "../../release/observation.ts";
import type { Times } from "../../server/backup-timers.ts";
import { HOUR, NOW, folder, form, hoursAgo, live, put, root, stackFolder } from "../backup-folder.ts";

let timer: Times;
let taken: boolean;
const removedJobs = vi.fn(() => Promise.resolve());
vi.doMock("../../server/backup-timers.ts", async (original) => ({ ...(await original<object>()), timesOf: async () => timer }));
vi.doMock("../../server/lock.ts", async (original) => ({ ...(await original<object>()), isTaken: async () => taken, take: () => !taken }));
vi.doMock("../../server/engine.ts", async (original) => ({ ...(await original<object>()), removeJobs: removedJobs, baseContainers: async () => [] }));
const { BACKUP_JOBS } = await import("../../server/backup-place.ts");
const begun = await import("../../server/interrupted-backups.ts");
const { lastFailure } = await import("../../server/backup-failure.ts");
const { backupFindings, backupLine } = await import("../../server/backup-health.ts");
const { backup: backupCommand, whileBegun } = await import("../../server/commands/backup.ts");
const { drillCommand } = await import("../../server/commands/drill.ts");
const { overdueCommand } = await import("../../server/commands/overdue.ts");
const { resumeCommand } = await import("../../server/commands/resume.ts");
const { lastDrill } = await import("../../server/drill.ts");
const { tellLate } = await import("../../server/late-news.ts");
const { Store } = await import("../../server/store.ts");
const store = new Store("shop-test");
const backup = form.parse({ service: "postgres", every: "daily", drill: "Sun 05:00" });

const heard: { what: string; text: string; over?: boolean }[] = [];
let answers = 200;
let url: string;
const receiver = http.createServer((request, response) => {
  let text = "";
  request.setEncoding("utf8").on("data", (part: string) => (text += part));
  request.on("end", () => {
    if (answers === 200) heard.push(JSON.parse(text) as (typeof heard)[number]);
    response.writeHead(answers).end();
  });
});
const told = () => heard.splice(0).map(({ text }) => text);

/** Stands in for systemd's command: writes down what it was asked, and is there or not. */
let bin: string;
const asked = () => {
  const file = path.join(bin, "asked");
  const lines = fs.existsSync(file) ? fs.readFileSync(file, "utf8").trim().split("\n") : [];
  fs.rmSync(file, { force: true });
  return lines;
};
const systemctl = (code: number) => fs.writeFileSync(path.join(bin, "systemctl"), `#!/bin/sh\necho "$*" >> ${bin}/asked\nexit ${code}\n`, { mode: 0o755 });
const resume = () => resumeCommand({ words: [], options: { stack: "shop-test" } });

beforeAll(async () => {
  await new Promise<void>((done) => receiver.listen(0, "127.0.0.1", done));
  url = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/hook`;
});
afterAll(() => receiver.close());
beforeEach(() => {
  bin = path.join(root, "bin");
  fs.mkdirSync(bin, { recursive: true });
  vi.stubEnv("PATH", `${bin}:${process.env["PATH"]!.replace(/^.*\/bin:(?=\/)/, "")}`);
  systemctl(0);
  removedJobs.mockClear();
  taken = false;
  answers = 200;
  heard.splice(0);
  timer = { active: true, placed: hoursAgo(1000), since: hoursAgo(1000) };
  live({ backup, notify: [{ url, format: "json" }] });
  vi.spyOn(process.stdout, "write").mockReturnValue(true);
});

describe("one that was killed", () => {
  const halfFile = () => path.join(folder, "timed-1.backup.partial");
  const kill = (kind: "backup" | "drill", timed: boolean) => {
    fs.writeFileSync(halfFile(), "half");
    begun.begin(store, kind, { by: timed ? "its timer" : "ana@shop", timed });
  };

  test("by its timer is started again, once; its half file and its containers go", async () => {
    kill("backup", true);
    expect(await resume()).toBe(0);
    expect(asked()).toEqual(["start --no-block recoloca-backup@shop-test.service"]);
    expect(fs.existsSync(halfFile())).toBe(false);
    expect(removedJobs).toHaveBeenCalledWith("shop-test", BACKUP_JOBS);
    expect([lastFailure(store), told()]).toEqual([undefined, []]);
    // It has not begun yet, as somebody has the lock, when this server loses its power.
    await resume();
    expect(asked()).toEqual(["start --no-block recoloca-backup@shop-test.service"]);
    kill("backup", true);
    await resume();
    expect(asked()).toEqual([]);
    expect(lastFailure(store)!.reason).toMatch(/^the one by its timer that began at \S+ \S+ UTC was killed before its end, as the one before it was$/);
    expect(told()).toEqual([`shop-test: the backup failed: ${lastFailure(store)!.reason}`]);
    expect(begun.begunHere(store)).toEqual([]);
    await resume();
    expect([asked(), told()]).toEqual([[], []]);
  });

  test("is forgotten once the one that was started again has ended, well or not", async () => {
    kill("backup", true);
    await resume();
    await whileBegun(store, "backup", { by: "its timer", timed: true }, () => Promise.resolve());
    expect(begun.begunHere(store)).toEqual([]);
    await expect(whileBegun(store, "drill", { by: "its timer", timed: true }, () => Promise.reject(new Error("no")))).rejects.toThrow("no");
    expect(begun.begunHere(store)).toEqual([]);
  });

  test("by hand is told and has failed; a drill is like a backup", async () => {
    kill("backup", false);
    kill("drill", false);
    await resume();
    expect(asked()).toEqual([]);
    expect(told()).toEqual([
      expect.stringMatching(/^shop-test: the backup failed: the one by ana@shop that began at .* was killed before its end$/),
      expect.stringMatching(/^shop-test: the drill failed: the one by ana@shop/),
    ]);
    expect(lastDrill(store)).toMatchObject({ passed: false });
  });

  test("by its timer is told where systemd does not start it again", async () => {
    systemctl(1);
    kill("backup", true);
    await resume();
    expect(told()).toHaveLength(1);
  });

  test("is in status and doctor until then, and not while one is taken", async () => {
    kill("backup", true);
    expect(await backupLine(store)).toMatch(/^a backup by its timer that began \d+s ago was killed$/);
    expect(await backupFindings(store, { ...backup, every: undefined, drill: undefined })).toEqual([
      {
        what: expect.stringMatching(/^shop-test: a backup by its timer that began \d+s ago was killed$/) as string,
        fix: "systemctl start recoloca-resume@shop-test, which happens by itself in a moment; or recoloca backup",
      },
    ]);
    taken = true;
    expect(await backupLine(store)).toBeUndefined();
  });

  test("is taken up by each start of the system and each hour, and left alone while one is taken", async () => {
    put("timed-0", new Date().toISOString());
    fs.writeFileSync(path.join(stackFolder, "drill.json"), JSON.stringify({ at: new Date().toISOString(), passed: true }));
    const started = ["start --no-block recoloca-resume@shop-test.service"];
    expect([await resumeCommand({ words: [], options: {} }), await overdueCommand(), asked()]).toEqual([0, 0, []]);
    kill("drill", false);
    await resumeCommand({ words: [], options: {} });
    expect(asked()).toEqual(started);
    await overdueCommand();
    expect(asked()).toEqual(started);
    taken = true;
    await overdueCommand();
    expect(asked()).toEqual([]);
    expect(told()).toEqual([]);
  });

  test("so is a release that nobody has brought to its end", async () => {
    put("timed-0", new Date().toISOString());
    fs.writeFileSync(path.join(stackFolder, "drill.json"), JSON.stringify({ at: new Date().toISOString(), passed: true }));
    const newest = path.join(stackFolder, "releases", "99");
    fs.mkdirSync(newest, { recursive: true });
    fs.writeFileSync(path.join(newest, "plan.json"), "{}");
    fs.writeFileSync(path.join(newest, "record.json"), JSON.stringify({ format: 1, number: 99, release: "r99", startedAt: new Date().toISOString() }));
    try {
      await overdueCommand();
      expect(asked()).toEqual(["start --no-block recoloca-resume@shop-test.service"]);
      taken = true;
      await overdueCommand();
      expect(asked()).toEqual([]);
    } finally {
      fs.rmSync(newest, { recursive: true });
    }
  });

  test("and an end that nobody was told of: whoever is to tell it waits for whoever has the lock", async () => {
    const newest = store.state().live!.number;
    store.setRecord({ ...store.record(newest)!, told: false });
    taken = true;
    const telling = resume();
    expect(told()).toEqual([]);
    taken = false;
    expect(await telling).toBe(0);
    expect(told()).toEqual(["shop-test: release 1 (r1) came live"]);
    expect(store.record(newest)!.told).toBe(true);
  });

  test("with its file damaged is told all the same", async () => {
    fs.writeFileSync(path.join(stackFolder, "backup-begun.json"), '{"at"');
    await resume();
    expect(told()).toEqual([expect.stringContaining("the one by somebody that began at")]);
  });

  test("by its own person's Ctrl-C leaves nothing and is no failure", async () => {
    const exit = vi.spyOn(process, "exit").mockReturnValue(undefined as never);
    await whileBegun(store, "backup", { by: "ana@shop", timed: false }, async () => {
      process.emit("SIGINT");
      expect(exit).toHaveBeenCalledWith(130);
      fs.writeFileSync(halfFile(), "half");
      await resume();
    });
    expect([asked(), told(), lastFailure(store), begun.begunHere(store)]).toEqual([[], [], undefined, []]);
    expect(fs.existsSync(halfFile())).toBe(false);
    expect(process.listenerCount("SIGINT")).toBe(0);
    exit.mockRestore();
  });
});

describe("with nothing but recoloca:notify", () => {
  const LATE = "shop-test: a backup was due 12h ago, and there is none since";
  const drilled = (at: string) => fs.writeFileSync(path.join(stackFolder, "drill.json"), JSON.stringify({ at, passed: true }));
  beforeEach(() => {
    put("timed-1", hoursAgo(36));
    drilled(hoursAgo(50));
  });

  test("what is late is told once, its end once, and the next one again", async () => {
    await tellLate(store, NOW);
    expect(heard).toEqual([{ stack: "shop-test", what: "alarm", metric: "backup", over: false, at: expect.any(String) as string, text: LATE }]);
    heard.splice(0);
    for (let hour = 1; hour < 30; hour++) await tellLate(store, NOW + hour * HOUR);
    expect(told()).toEqual([]);
    put("timed-2", hoursAgo(0, NOW + 30 * HOUR));
    await tellLate(store, NOW + 30 * HOUR);
    await tellLate(store, NOW + 31 * HOUR);
    expect(told()).toEqual(["shop-test: the backups: over, as it should be"]);
    await tellLate(store, NOW + 60 * HOUR);
    expect(told()).toEqual(["shop-test: a backup was due 24h ago, and there is none since".replace("24h", "1d")]);
  });

  test("a drill is told beside it", async () => {
    drilled(hoursAgo(9 * 24));
    await tellLate(store, NOW);
    expect(told()).toEqual([LATE, "shop-test: a drill was due 3d ago, and there is none since"]);
  });

  test("one that was late and then fails is not said to be over", async () => {
    await tellLate(store, NOW);
    told();
    const failed = path.join(stackFolder, "backup-failed.json");
    fs.writeFileSync(failed, JSON.stringify({ at: hoursAgo(0), reason: "no space" }));
    await tellLate(store, NOW + 1000);
    expect(told()).toEqual([]);
    fs.rmSync(failed);
    put("timed-2", hoursAgo(0));
    await tellLate(store, NOW + HOUR);
    expect(told()).toEqual(["shop-test: the backups: over, as it should be"]);
  });

  test("what nobody has taken is told again by the next look, and once more where the state is damaged", async () => {
    answers = 404;
    await tellLate(store, NOW);
    answers = 200;
    for (let look = 0; look < 2; look++) await tellLate(store, NOW);
    expect(told()).toEqual([LATE]);
    fs.writeFileSync(path.join(stackFolder, "late.json"), "{");
    for (let look = 0; look < 2; look++) await tellLate(store, NOW);
    expect(told()).toEqual([LATE]);
  });

  test("who only wants to know of what went well hears nothing, and neither does anybody of a stack that is measured: that tells by itself", async () => {
    live({ backup, notify: [{ url, format: "json", on: ["live"] }] });
    await tellLate(store, NOW);
    live({ backup, notify: [{ url, format: "json" }] });
    const order = { application: "shop", environment: "test", sink: { to: "otlp", endpoint: "https://otlp.example.com", headers: {} }, logs: false };
    const observed = observationSchema.parse({ ...order, limits: { disk: 85, memory: 90, errors: 5 }, tells: true });
    fs.mkdirSync(path.join(root, "observation/shop-test"), { recursive: true });
    fs.writeFileSync(path.join(root, "observation/shop-test/order.json"), JSON.stringify(observed));
    await tellLate(store, NOW);
    expect(told()).toEqual([]);
  });

  test("a stack that cannot be looked at keeps nobody from hearing of another", async () => {
    fs.mkdirSync(path.join(root, "a-broken-one/releases"), { recursive: true });
    fs.writeFileSync(path.join(root, "a-broken-one/state.json"), "{");
    expect(await overdueCommand()).toBe(1);
    expect(told().join()).toContain("shop-test: a backup was due");
  });
});

describe("by its timer on a disk that is full", () => {
  test.each([
    ["backup", backupCommand, /^shop-test: the backup failed: EISDIR/],
    ["drill", drillCommand, /^shop-test: the drill failed: EISDIR/],
  ])("a %s is told, though not even its beginning could be kept", async (_what, command, says) => {
    fs.writeFileSync(path.join(stackFolder, "releases/1/base.compose.json"), JSON.stringify({ services: { postgres: {} } }));
    live({ backup: form.parse({ service: "postgres", restore: ["x"], count: ["x"], drop: ["x"] }), notify: [{ url, format: "json" }] });
    // What is in the way of the first file that it writes is as good as no room for it.
    fs.mkdirSync(path.join(stackFolder, "owner.json"));
    await expect(command({ words: [], options: { stack: "shop-test", timed: true } })).rejects.toThrow("EISDIR");
    expect(told()).toEqual([expect.stringMatching(says)]);
  });
});
