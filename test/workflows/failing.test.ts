/** After a job that fails: what runs all the same, and what does not. And that what is deployed is what was built and tested, in order. */
import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import { workflowFiles } from "../../workflows/index.ts";
import { seeded } from "../chaos/matrix.ts";
import * as events from "./events.ts";
import { ALL, BY_APPROVAL, BY_TAG } from "./options.ts";
import { changing, ranJobs, runsOf, type Ran, type Result } from "./simulator.ts";

const of = (file: string, runs: readonly Ran[]) => runs.filter(({ workflow }) => workflow === file);
const after = (runs: readonly Ran[], job: string): Result => runs.find((one) => one.job === job)!.result;

describe.each(Object.entries(ALL))("%s", (_name, options) => {
  const files = workflowFiles(options);
  const main = of("deploy.yml", runsOf(files, events.pushToMain()));
  /** What stands between a push and staging. */
  const before = main.map(({ job }) => job).filter((job) => !["codecov", "deploy-staging", "e2e-staging", "offer", "notify"].includes(job));

  test("there is much before staging, and one way to it", () => {
    expect(before.length).toBeGreaterThan(12);
    expect(changing(main).map(({ job }) => job)).toEqual(["deploy-staging"]);
  });

  for (const result of ["failure", "cancelled"] as const)
    test(`whatever fails before staging, nothing is deployed, tested or offered, and no environment's secret is read: ${result}`, () => {
      for (const job of before) {
        const runs = of("deploy.yml", runsOf(files, events.pushToMain(), { results: { [`deploy.yml/${job}`]: result } }));
        for (const later of ["deploy-staging", "e2e-staging", "offer"])
          if (runs.some((one) => one.job === later)) expect([job, later, after(runs, later)]).toEqual([job, later, "skipped"]);
        const read = runs.filter(({ result: own, environment }) => own !== "skipped" && environment !== undefined).map(({ environment }) => environment);
        expect([job, [...new Set(read)]]).toEqual([job, ["automation"]]);
      }
    });

  test("the team is told of a failure wherever it is, once", () => {
    for (const job of [...before, "codecov", "deploy-staging", "e2e-staging"]) {
      const runs = of("deploy.yml", runsOf(files, events.pushToMain(), { results: { [`deploy.yml/${job}`]: "failure" } }));
      expect(runs.filter(({ secrets, result }) => result !== "skipped" && secrets.includes("SLACK_WEBHOOK_URL")).map((one) => one.job)).toEqual(["notify"]);
    }
  });

  test("a run that somebody cancelled tells nobody and changes nothing more", () => {
    const runs = of("deploy.yml", runsOf(files, events.pushToMain(), { results: { "deploy.yml/integration": "cancelled" }, cancelled: true }));
    expect(changing(runs)).toEqual([]);
    expect(after(runs, "notify")).toBe("skipped");
  });

  test("codecov that is down keeps nothing from being deployed", () => {
    const runs = of("deploy.yml", runsOf(files, events.pushToMain(), { results: { "deploy.yml/codecov": "failure" } }));
    expect(after(runs, "deploy-staging")).toBe("success");
  });

  test("what a job needs before a deploy is everything that was checked", () => {
    const { jobs } = parse(files.find(({ path }) => path.endsWith("/deploy.yml"))!.text) as { jobs: Record<string, { needs?: string[] }> };
    const direct = jobs["deploy-staging"]!.needs!;
    const covered = new Set([...direct, ...direct.flatMap((id) => jobs[id]!.needs ?? [])]);
    expect(before.filter((job) => !covered.has(job))).toEqual([]);
  });

  test("images that were not found release nothing", () => {
    const event = options.production === "tag" ? events.tag("v1.2.3") : events.dispatch("release.yml", { commit: "abc", environment: "production" });
    const runs = of("release.yml", runsOf(files, event, { results: { "release.yml/find": "failure" } }));
    expect(ranJobs(runs)).toEqual(["release.yml/find", "release.yml/notify"]);
  });

  test("a program that does not pass its own checks changes no infrastructure", () => {
    for (const event of [events.pushToMain(), events.dispatch("infrastructure.yml")]) {
      const runs = of("infrastructure.yml", runsOf(files, event, { results: { "infrastructure.yml/check": "failure" } }));
      expect(changing(runs)).toEqual([]);
      expect(after(runs, "notify")).toBe("success");
    }
  });

  test("infrastructure of production waits for that of staging", () => {
    const runs = of("infrastructure.yml", runsOf(files, events.dispatch("infrastructure.yml"), { results: { "infrastructure.yml/up-staging": "failure" } }));
    expect(runs.find(({ job }) => job === "up-production")!.result).toBe("skipped");
  });

  test("staging gets the digests that this run built, of the commit of this run", () => {
    const [deploy] = changing(main);
    expect([deploy!.env["BACKEND"], deploy!.env["FRONTEND"]]).toEqual([
      `ghcr.io/recoloca/backend@sha256:${events.pushToMain().sha}`,
      `ghcr.io/recoloca/frontend@sha256:${events.pushToMain().sha}`,
    ]);
    expect([deploy!.env["COMMIT"], deploy!.checkout]).toEqual([events.pushToMain().sha, events.pushToMain().sha]);
  });

  test("production gets the digests that were found to be tested, and builds nothing", () => {
    const event = options.production === "tag" ? events.tag("v1.2.3") : events.dispatch("release.yml", { commit: "c0ffee2", environment: "production" });
    const runs = of("release.yml", runsOf(files, event));
    const [deploy] = changing(runs);
    expect(deploy!.env["BACKEND"]).toBe("ghcr.io/recoloca/backend@sha256:tested");
    const commit = options.production === "tag" ? event.sha : "c0ffee2";
    expect([deploy!.checkout, deploy!.env["COMMIT"]]).toEqual([commit, commit]);
    expect(files.find(({ path }) => path.endsWith("/release.yml"))!.text).not.toMatch(/build-push-action|docker build|imagetools create/);
  });

  test("images are pushed in one workflow alone, and nothing there is built twice for a commit", () => {
    const pushing = files.filter(({ text }) => /push: true/.test(text)).map(({ path }) => path);
    // An environment of a pull request takes its own, which no release can be made of.
    expect(pushing).toEqual([".github/workflows/deploy.yml", ...(options.review ? [".github/workflows/review.yml"] : [])]);
  });

  test("nothing that deploys is ever cut off by a newer run", () => {
    for (const event of [
      events.pushToMain(),
      events.tag("v1.2.3"),
      events.dispatch("release.yml", { commit: "a", environment: "production" }),
      events.dispatch("rollback.yml", { environment: "production", release: "", data: "refuse", reason: "x" }),
    ])
      for (const { job, concurrency } of changing(runsOf(files, event))) expect([job, concurrency.some(({ cancels }) => cancels)]).toEqual([job, false]);
  });

  test("deploys of an environment are in one group, and nothing that waits for a person is in it but a release", () => {
    const release = options.production === "tag" ? events.tag("v1.2.3") : events.dispatch("release.yml", { commit: "a", environment: "production" });
    const groups = (event: events.Event, environment: string) =>
      changing(runsOf(files, event))
        .filter((ran) => ran.environment === environment)
        .map(({ concurrency }) => concurrency.map(({ group }) => group));
    expect(groups(events.pushToMain(), "staging")).toEqual([["main-to-staging", "deploy-staging"]]);
    expect(groups(events.dispatch("infrastructure.yml"), "production-infrastructure")).toEqual([["production-infrastructure"]]);
    for (const one of groups(release, "production")) expect(one).toEqual(["deploy-production"]);
    expect(groups(events.dispatch("rollback.yml", { environment: "production", release: "", data: "refuse", reason: "x" }), "production")).toEqual([
      ["by-hand-production"],
    ]);
    // Nobody approves anything within a run of main.
    expect(main.filter(({ environment }) => environment === "production")).toEqual([]);
  });
});

/** GitHub's queue of a group that cancels nothing: one runs, the newest waits, one that waited before it is replaced. */
function deployed(arrivals: readonly { at: number; takes: number }[]): number[] {
  const order: number[] = [];
  let [free, waiting] = [0, undefined as number | undefined];
  arrivals.forEach(({ at }, commit) => {
    if (waiting !== undefined && free <= at) {
      order.push(waiting);
      free += arrivals[waiting]!.takes;
      waiting = undefined;
    }
    if (free <= at) {
      order.push(commit);
      free = at + arrivals[commit]!.takes;
    } else waiting = commit;
  });
  return waiting === undefined ? order : [...order, waiting];
}

test("pushes never reach staging out of order, and the newest always does, however long each run takes", () => {
  for (const options of [BY_TAG, BY_APPROVAL]) {
    const run = (sha: string) => of("deploy.yml", runsOf(workflowFiles(options), events.pushToMain(sha)));
    const whole = (sha: string) => new Set(run(sha).map(({ concurrency }) => concurrency[0]!.group));
    // All jobs of all pushes are in one group of whole runs, so the queue is all there is.
    expect(new Set([...whole("a"), ...whole("b")]).size).toBe(1);
  }
  const random = seeded(7);
  for (let round = 0; round < 2000; round++) {
    let at = 0;
    const arrivals = Array.from({ length: 2 + Math.floor(random() * 8) }, () => ({ at: (at += random() * 10), takes: 1 + random() * 20 }));
    const order = deployed(arrivals);
    expect(order).toEqual([...order].sort((a, b) => a - b));
    expect(order.at(-1)).toBe(arrivals.length - 1);
  }
});
