/** Runs that somebody repeats: what they reach, whose place they take, and that they neither put an older release in place of a newer one nor speak for images they never saw. */
import { describe, expect, test } from "vitest";
import { workflowFiles } from "../../workflows/index.ts";
import { seeded } from "../chaos/matrix.ts";
import { everything } from "./everything.ts";
import * as events from "./events.ts";
import { ALL, BY_APPROVAL, BY_TAG } from "./options.ts";
import { changing, runsOf, type Ran } from "./simulator.ts";
import { runScript, script } from "./scripts.ts";

test.each(Object.entries(ALL))("it reaches what it reached the first time and nothing more, whoever repeats it: %s", (_name, options) => {
  const files = workflowFiles(options);
  const reached = (event: events.Event) => runsOf(files, event).map(({ concurrency: _, ...ran }): Omit<Ran, "concurrency"> => ran);
  for (const event of everything(options)) expect([event.says, reached(events.again(event, "somebody-else"))]).toEqual([event.says, reached(event)]);
});

test("it takes the place of no newer run that waits, and of none that deploys", () => {
  for (const options of [BY_TAG, BY_APPROVAL]) {
    const groups = (event: events.Event) =>
      changing(runsOf(workflowFiles(options), event))
        .filter(({ workflow }) => workflow === "deploy.yml")
        .map(({ concurrency }) => concurrency);
    const [first] = groups(events.pushToMain());
    const [second] = groups(events.again(events.pushToMain("0".repeat(40)), "somebody"));
    expect(first!.map(({ group }) => group)).toEqual(["main-to-staging", "deploy-staging"]);
    expect(second!.map(({ group }) => group)).toEqual(["main-to-staging-again", "deploy-staging"]);
    expect([...first!, ...second!].filter(({ cancels }) => cancels)).toEqual([]);
  }
});

interface Arrival {
  readonly at: number;
  /** Which push it is of; a larger one is newer. */
  readonly commit: number;
  readonly queue: "pushes" | "repeated";
  readonly checks: number;
  readonly deploys: number;
}

/** What comes live, in order, by GitHub's rules of a group: one runs, one waits, and what waited gives way. Throws where a deploy would give way. */
function live(arrivals: readonly Arrival[]): number[] {
  const order: number[] = [];
  const running: Record<string, Arrival | undefined> = {};
  const waiting: Record<string, Arrival | undefined> = {};
  const due: { at: number; then: () => void }[] = arrivals.map((one) => ({ at: one.at, then: () => enter(one.queue, one) }));
  let now = 0;
  const later = (seconds: number, then: () => void) => void due.push({ at: now + seconds, then });
  const start = (group: string, one: Arrival) => {
    running[group] = one;
    if (group !== "deploy") return later(one.checks, () => enter("deploy", one));
    // The step "A deploy never goes back", once its turn has come.
    const goes = one.commit >= (order.at(-1) ?? -1);
    later(goes ? one.deploys : 1, () => {
      if (goes) order.push(one.commit);
      leave("deploy");
      leave(one.queue);
    });
  };
  const enter = (group: string, one: Arrival) => {
    if (running[group] === undefined) return start(group, one);
    if (group === "deploy" && waiting[group]) throw new Error("a deploy that waited gave way");
    waiting[group] = one;
  };
  const leave = (group: string) => {
    const next = waiting[group];
    running[group] = waiting[group] = undefined;
    if (next) start(group, next);
  };
  while (due.length > 0) {
    due.sort((a, b) => a.at - b.at);
    const next = due.shift()!;
    now = next.at;
    next.then();
  }
  return order;
}

test("with pushes and repeated runs in any order, staging never gets an older release, and the newest push gets there", () => {
  const random = seeded(11);
  for (let round = 0; round < 2000; round++) {
    let at = 0;
    let newest = -1;
    const arrivals = Array.from({ length: 3 + Math.floor(random() * 10) }, (): Arrival => {
      const again = newest > 0 && random() < 0.4;
      const commit = again ? Math.floor(random() * newest) : ++newest;
      return { at: (at += random() * 10), commit, queue: again ? "repeated" : "pushes", checks: 1 + random() * 20, deploys: 1 + random() * 5 };
    });
    const order = live(arrivals);
    expect(order).toEqual([...order].sort((a, b) => a - b));
    expect(order.at(-1)).toBe(newest);
    // In one queue for both, a repeated run would now and then take the newest one's place.
    if (round === 0) expect(live(GIVES_WAY.map((one) => ({ ...one, queue: "pushes" })))).not.toContain(2);
  }
});

const GIVES_WAY: readonly Arrival[] = [
  { at: 0, commit: 1, queue: "pushes", checks: 10, deploys: 1 },
  { at: 1, commit: 2, queue: "pushes", checks: 10, deploys: 1 },
  { at: 2, commit: 0, queue: "repeated", checks: 10, deploys: 1 },
];

describe("end-to-end tests speak for the images of their own run alone", () => {
  type Deployments = Readonly<Record<number, readonly (readonly [state: string, run: string])[]>>;
  const url = (run: string) => `https://github.com/recoloca/recoloca/actions/runs/${run}/job/9`;
  /** Answers as the API does, newest first, through the same jq that gh has in it. */
  const gh = (deployments: Deployments) => `
case "$2" in
  ${Object.entries(deployments)
    .map(([id, statuses]) => `*/deployments/${id}/statuses*) body='${JSON.stringify(statuses.map(([state, run]) => ({ state, log_url: url(run) })))}' ;;`)
    .join("\n  ")}
  *"/deployments?environment=staging"*) body='${JSON.stringify(
    Object.keys(deployments)
      .sort((a, b) => Number(b) - Number(a))
      .map((id) => ({ id: Number(id) })),
  )}' ;;
  *) exit 9 ;;
esac
jq --raw-output "$4" <<< "$body"`;
  const steps = ["What is there is what this run deployed", "It still is"].map((name) => script(workflowFiles(BY_TAG), "deploy.yml", "e2e-staging", name));
  const ask = (deployments: Deployments, program = gh(deployments)) =>
    runScript(steps[0]!, {
      env: { GH_REPO: "recoloca/recoloca", ENVIRONMENT: "staging", GITHUB_RUN_ID: "7" },
      programs: { gh: program },
    });

  test("before and after the tests it is asked the same", () => expect(steps[1]).toBe(steps[0]));

  test.each<[string, Deployments]>([
    ["this run's deployment is live", { 2: [["success", "7"]], 1: [["inactive", "5"], ["success", "5"]] }],
    ["a newer one failed, and was taken back", { 3: [["failure", "8"], ["in_progress", "8"]], 2: [["success", "7"]] }],
    ["a newer one waits for its approval", { 3: [["waiting", "8"]], 2: [["success", "7"]] }],
  ])("they are of it where %s", (_what, deployments) => expect(ask(deployments)).toMatchObject({ code: 0, said: "" })); // prettier-ignore

  test.each<[string, Deployments, string]>([
    ["a newer commit is live", { 2: [["success", "8"]], 1: [["inactive", "7"], ["success", "7"]] }, url("8")],
    ["a newer one is on its way", { 2: [["in_progress", "8"]], 1: [["success", "7"]] }, url("8")],
    ["another run's number begins the same", { 1: [["success", "77"]] }, url("77")],
    ["nothing was deployed", {}, "nobody"],
  ])("they are not where %s, and the run says so", (_what, deployments, by) => {
    const { code, said } = ask(deployments);
    expect([code, said]).toEqual([1, `::error::what staging has is not of this run, but of ${by}: repeat all jobs of this run, or go on with a newer one\n`]);
  }); // prettier-ignore

  test("GitHub that does not answer is no yes", () => {
    expect(ask({}, "exit 1").code).not.toBe(0);
    expect(ask({}, 'case "$2" in */statuses*) exit 1 ;; *) echo 5 ;; esac').code).not.toBe(0);
  });
});
