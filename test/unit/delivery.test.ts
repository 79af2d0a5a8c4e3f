/** The five measures, from what GitHub would answer. */
import { describe, expect, test } from "vitest";
import { readDelivery, type Deployment, type Incident } from "../../metrics/deployments.ts";
import { measure, quantile } from "../../metrics/dora.ts";
import { hours, page, rows, summary } from "../../metrics/page.ts";
import { show } from "../../metrics/main.ts";

const WINDOW = { from: "2026-11-01T00:00:00Z", to: "2026-11-15T00:00:00Z" };
const at = (day: number, hour = 12, minute = 0) =>
  `2026-11-${String(day).padStart(2, "0")}T${String(hour).padStart(2, "0")}:${String(minute).padStart(2, "0")}:00Z`;
let id = 0;
const deployment = (day: number, ended: "success" | "failure" | "waiting", more: Partial<Deployment> = {}): Deployment => ({
  id: ++id,
  environment: "production",
  sha: `sha-${day}`,
  at: at(day),
  kind: "release",
  states:
    ended === "waiting"
      ? [{ state: "waiting", at: at(day) }]
      : [
          { state: "in_progress", at: at(day, 12, 30) },
          { state: ended, at: at(day, 12, 40) },
        ],
  ...more,
});
const commit = (when: string, more = {}) => ({ sha: when, at: when, subject: "better", merge: false, bot: false, ...more });
const of = (deployments: Deployment[], incidents: Incident[] = []) => measure({ deployments, incidents }, "production", WINDOW);

describe("measures", () => {
  test("nothing deployed: nothing is claimed, and the page says so", () => {
    expect(of([])).toMatchObject({ releases: 0, perWeek: 0 });
    expect(rows(of([])).map(([, value]) => value)).toEqual(["–", "–", "–", "–", "–"]);
  });
  test("frequency counts releases that came live; rollbacks, redeploys, failures and those that wait are none", () => {
    const all = [
      deployment(2, "success"),
      deployment(3, "success", { kind: "rollback" }),
      deployment(4, "success", { kind: "redeploy" }),
      deployment(5, "failure"),
      deployment(6, "waiting"),
      deployment(9, "success"),
    ];
    const { releases, perWeek, days } = of(all);
    expect([releases, perWeek, days.length]).toEqual([2, 1, 15]);
    expect(days.filter(({ live }) => live > 0).map(({ day }) => day)).toEqual(["2026-11-02", "2026-11-09"]);
  });
  test("lead time is from a commit to its being live; merges, bots and clocks that run ahead do not count", () => {
    const commits = [commit(at(1, 12, 40)), commit(at(2, 10, 40)), commit(at(2, 11), { merge: true }), commit(at(1), { bot: true }), commit(at(3))];
    expect(of([deployment(2, "success", { commits }), deployment(5, "success")]).leadTime).toEqual({ median: 2, p90: 24, commits: 2 });
  });
  test("a release that was replaced later has not failed, and one that was repeated is live once", () => {
    const states = [
      { state: "failure", at: at(2, 12, 10) },
      { state: "success", at: at(2, 12, 40) },
      { state: "success", at: at(2, 13) },
      { state: "inactive", at: at(9) },
    ];
    expect(of([deployment(2, "success", { states })])).toMatchObject({ releases: 1, failRate: { run: 0, felt: 0 } });
  });
  test("failed runs and failures that people felt are told apart", () => {
    const bad = deployment(3, "success");
    const named = deployment(6, "success");
    const all = [deployment(2, "success"), bad, deployment(4, "success", { kind: "rollback" }), deployment(5, "failure"), named, deployment(8, "success")];
    const { failRate, recovery, reworkRate } = of(all, [{ number: 1, openedAt: at(7), deployment: named.id }]);
    expect(failRate).toEqual({ run: 0.2, felt: 0.4 });
    // 24 h to the rollback; 24 h 40 min from the incident to the release after it.
    expect(recovery).toEqual({ median: 24, failures: 2, open: 0 });
    expect(reworkRate).toBe(0.2);
  });
  test("a failure that goes on is said, and an incident that was closed is over", () => {
    const bad = deployment(3, "success");
    expect(of([bad], [{ number: 1, openedAt: at(3, 13), deployment: bad.id }]).recovery).toEqual({ failures: 1, open: 1 });
    expect(rows(of([bad], [{ number: 1, openedAt: at(3, 13), deployment: bad.id }]))[3]).toEqual([
      "Failed deployment recovery time",
      "–",
      "1 failure, 1 not over",
    ]);
    expect(of([bad], [{ number: 1, openedAt: at(3, 13), closedAt: at(3, 15), deployment: bad.id }]).recovery).toEqual({ median: 2, failures: 1, open: 0 });
  });
  test("rework is a rollback, a hotfix or a revert", () => {
    const fixes = ["hotfix: a", 'Revert "b"', "better"].map((subject, index) => deployment(2 + index, "success", { commits: [commit(at(1), { subject })] }));
    expect(of(fixes).reworkRate).toBe(0.67);
  });
  test("waiting for approval is apart from running", () => expect(of([deployment(2, "success")])).toMatchObject({ waiting: 30, running: 10 }));
  test("another environment's are another's", () => expect(of([deployment(2, "success", { environment: "staging" })]).releases).toBe(0));
  test("quantiles are values that were there", () => {
    expect([quantile([3, 1, 2], 0.5), quantile([1, 2, 3, 4, 5, 6, 7, 8, 9, 10], 0.9), quantile([], 0.5)]).toEqual([2, 9, undefined]);
    expect([hours(0.5), hours(30), hours(72)]).toEqual(["30 min", "30 h", "3 d"]);
  });
});

test("GitHub is asked page by page; kinds come from the workflow's file, commits from a comparison with what was live", async () => {
  const asked: string[] = [];
  const answers: [RegExp, unknown][] = [
    [
      /deployments\?environment=production&per_page=100&page=1$/,
      Array.from({ length: 100 }, (_, index) => ({ id: index, sha: `s${index}`, created_at: at(index < 3 ? 9 - index : 5) })).slice(0, 3),
    ],
    [
      /deployments\/2\/statuses/,
      [
        { state: "success", created_at: at(7), log_url: "https://github.com/r/r/actions/runs/70/job/1" },
        { state: "in_progress", created_at: at(7) },
      ],
    ],
    [/deployments\/1\/statuses/, [{ state: "success", created_at: at(8), log_url: "https://github.com/r/r/actions/runs/71/job/1" }]],
    [/deployments\/0\/statuses/, [{ state: "success", created_at: at(9), log_url: "https://github.com/r/r/actions/runs/72/job/1" }]],
    [/runs\/71$/, { path: ".github/workflows/rollback.yml" }],
    [/runs\/7[02]$/, { path: ".github/workflows/release.yml" }],
    [/compare\/s1\.\.\.s0$/, { commits: [{ sha: "c", commit: { message: "one\n\ntwo", author: { date: at(8) } }, parents: [1], author: { type: "User" } }] }],
    [
      /issues\?labels=incident/,
      [
        { number: 4, created_at: at(8), closed_at: null, body: "caused by deployment: 2" },
        { number: 5, created_at: at(8), closed_at: null, body: null, pull_request: {} },
      ],
    ],
  ];
  const { deployments, incidents } = await readDelivery(
    async (path) => {
      asked.push(path);
      const found = answers.find(([form]) => form.test(path));
      if (!found) throw new Error(`not foreseen: ${path}`);
      return found[1];
    },
    "r/r",
    ["production"],
    at(1),
  );
  expect(
    deployments.map(({ id: one, kind, commits, states }) => [one, kind, commits?.map(({ subject }) => subject), states.map(({ state }) => state)]),
  ).toEqual([
    [2, "release", undefined, ["in_progress", "success"]],
    [1, "rollback", undefined, ["success"]],
    [0, "release", ["one"], ["success"]],
  ]);
  expect(incidents).toEqual([{ number: 4, openedAt: at(8), deployment: 2 }]);
  expect(asked.some((path) => path.includes("page=2"))).toBe(false);
});

test("the page asks nobody for anything, and nobody's words are markup", () => {
  const delivery = { deployments: [deployment(2, "success", { sha: "<img src=x>" })], incidents: [] };
  const text = page(show("recoloca/recoloca", ["production"], delivery, WINDOW), { script: "var a = '</script>'", style: "" });
  expect(text).not.toMatch(/<img|(src|href)="http|@import|url\(/);
  expect(text).toContain("&lt;img s");
  expect(text.match(/<\/script>/g)).toHaveLength(3);
  expect(summary(show("recoloca/recoloca", ["production"], delivery, WINDOW))).toContain("| Deployment frequency | 0.5 a week | 1 release |");
});
