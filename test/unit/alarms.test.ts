/** What is told of an environment that is watched: what its figures crossed, and how its releases ended. */
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { describe, expect, test, vi } from "vitest";
import { alarmsOf } from "../../components/environment-alarms/alarms.ts";
import { ALARMS, METRICS, type Figures } from "../../release/metrics.ts";
import { newsOf, withUnheard } from "../../server/alarms.ts";
import { shareOf } from "../../server/measured.ts";
import type { Memory } from "../../server/observation.ts";

const LIMITS = { disk: 85, memory: 90, errors: 5 };

describe("alarms", () => {
  /** What is told at each of these looks, one after the other. */
  function toldOf(looks: readonly { figures: Figures; words?: Record<string, string> }[]): string[][] {
    let alarms: Memory["alarms"] = {};
    return looks.map(({ figures, words = {} }) => {
      const { news, alarms: after } = newsOf("recoloca-staging", { figures, words }, LIMITS, alarms);
      alarms = after;
      return news.map(({ text }) => text);
    });
  }
  const disk = (...used: number[]) => used.map((share) => ({ figures: { disk: share } }));

  test("too full for long enough is told once, and its end once", () => {
    expect(toldOf(disk(80, 86, 90, 91, 91, 92, 93, 93, 70, 60))).toEqual([
      [],
      [],
      [],
      [],
      [],
      ["recoloca-staging: the disk: 92 % used, the limit is 85 %"],
      [],
      [],
      ["recoloca-staging: the disk: over, 70 % used"],
      [],
    ]);
  });

  test("what comes and goes is not told, nor its end", () => {
    expect(toldOf(disk(90, 90, 90, 90, 80, 90, 90, 90, 90, 80)).flat()).toEqual([]);
  });

  test("what could not be measured is as it was", () => {
    const looks = [...disk(90, 90), { figures: {} }, ...disk(90, 90, 90)];
    expect(toldOf(looks).map((told) => told.length)).toEqual([0, 0, 0, 0, 0, 1]);
  });

  test("an unhealthy release is told in the words of doctor; a late backup too, a failed one was told when it failed", () => {
    const sick = { figures: { unhealthy: 1 }, words: { unhealthy: 'recoloca-staging: "backend" is unhealthy' } };
    expect(toldOf([sick, sick, sick, { figures: { unhealthy: 0 } }])).toEqual([
      [],
      [],
      ['recoloca-staging: "backend" is unhealthy'],
      ["recoloca-staging: the live release: over, as it should be"],
    ]);
    expect(toldOf([{ figures: { backup: 1 } }])).toEqual([[]]);
    expect(toldOf([{ figures: { backup: 1 }, words: { backup: "a backup was due 3h ago" } }])).toEqual([["a backup was due 3h ago"]]);
  });

  test("what no webhook took is told again, with nothing of what ended before anybody had heard of it", () => {
    const [full, over, sick] = [
      { metric: "disk", over: false, text: "full" },
      { metric: "disk", over: true, text: "over" },
      { metric: "unhealthy", over: false, text: "sick" },
    ] as const;
    expect(withUnheard([full], [])).toEqual([full]);
    expect(withUnheard([full], [sick])).toEqual([full, sick]);
    expect(withUnheard([full, sick], [over])).toEqual([sick]);
    // Its beginning was heard.
    expect(withUnheard([], [over])).toEqual([over]);
    expect(withUnheard([over], [])).toEqual([over]);
    expect(withUnheard([over], [full])).toEqual([full]);
  });

  test("CloudWatch's look at what the server sends, at the same limits, and say where to look", () => {
    const all = alarmsOf("recoloca-staging", LIMITS);
    expect(Object.keys(all).sort()).toEqual([...Object.keys(ALARMS), "silent"].sort());
    expect(all["disk"]).toMatchObject({
      metricName: METRICS.disk.name,
      threshold: 85,
      evaluationPeriods: 5,
      period: 60,
      comparisonOperator: "GreaterThanThreshold",
    });
    for (const { metricName, alarmDescription } of Object.values(all)) {
      expect(Object.values(METRICS).map(({ name }): string => name)).toContain(metricName);
      expect(alarmDescription.length).toBeLessThan(1024);
    }
  });
});

describe("the share of failed requests", () => {
  const live = { number: 2, slot: "blue", answers: { all: 1000, failed: 100 } } as const;
  const memory = (all: number, failed: number, minutes: Memory["minutes"] = []) => ({ counted: { slot: "blue" as const, all, failed }, minutes });

  test("is of what was answered since the last look, and in the minutes before it", () => {
    expect(shareOf({ all: 1200, failed: 110 }, live, memory(1100, 100, [{ all: 300, failed: 0 }]))).toMatchObject({ figures: { requests: 100, errors: 2.5 } });
  });
  test("a release that has just come is counted from its switch on; one of two is no outage", () => {
    expect(shareOf({ all: 1002, failed: 101 }, live, { counted: { slot: "green", all: 5, failed: 5 } as never, minutes: [] })).toMatchObject({
      figures: { requests: 2, errors: 0 },
    });
  });
  test("an edge that was started anew begins at nothing, and five minutes are looked back on", () => {
    const before = [1, 2, 3, 4, 5].map(() => ({ all: 100, failed: 100 }));
    const { figures, minutes } = shareOf({ all: 100, failed: 0 }, live, memory(5000, 100, before));
    expect(figures).toEqual({ requests: 100, errors: 80 });
    expect(minutes).toHaveLength(5);
  });
});

test("a release's end is told once, what was before the first look is history, and a stack that was removed begins anew", async () => {
  const root = fs.mkdtempSync(path.join(os.tmpdir(), "observed-"));
  vi.stubEnv("RECOLOCA_ROOT", root);
  vi.resetModules();
  const { endedReleases } = await import("../../server/look.ts");
  const { Store } = await import("../../server/store.ts");
  const store = new Store("recoloca-staging");
  const release = (number: number, outcome?: string) => {
    fs.mkdirSync(path.join(store.folder, "releases", String(number)), { recursive: true });
    fs.writeFileSync(store.file(number, "plan.json"), "{}");
    const record = { format: 1, number, release: `r${number}`, provenance: { actor: "Ana" }, startedAt: "2026-11-25T18:00:00Z", outcome, reason: "it died" };
    fs.writeFileSync(store.file(number, "record.json"), JSON.stringify(record));
  };
  const told = (from: number | undefined) => {
    const { occurrences, told: until } = endedReleases(store, from);
    return [until, ...occurrences.map(({ text }) => text)];
  };
  try {
    expect(told(undefined)).toEqual([0]);
    release(1, "live");
    release(2);
    expect(told(undefined)).toEqual([1]);
    expect(told(1)).toEqual([1]);
    release(2, "rolled-back");
    release(3, "live");
    expect(told(1)).toEqual([3, "recoloca-staging: release 2 (r2) by Ana was rolled back: it died", "recoloca-staging: release 3 (r3) by Ana came live"]);
    expect(told(3)).toEqual([3]);
    fs.rmSync(store.folder, { recursive: true });
    release(1, "live");
    expect(told(3)).toEqual([1, "recoloca-staging: release 1 (r1) by Ana came live"]);
  } finally {
    vi.unstubAllEnvs();
    fs.rmSync(root, { recursive: true });
  }
});
