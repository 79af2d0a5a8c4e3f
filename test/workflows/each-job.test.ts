/** After each job of each event that leads to something, ended in each way: what depends on it does nothing. And the same for a run that somebody cancels in its middle. */
import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import { requiredChecks, workflowFiles, type File } from "../../workflows/index.ts";
import { everything } from "./everything.ts";
import * as events from "./events.ts";
import { ALL, BY_APPROVAL, BY_TAG } from "./options.ts";
import { acting, runsOf, type Ran, type Result } from "./simulator.ts";

interface Needing {
  jobs: Record<string, { needs?: string[] }>;
}

/** Jobs of a file that wait for this one, over whatever is between. */
function after(files: readonly File[], file: string, id: string): Set<string> {
  const { jobs } = parse(files.find(({ path }) => path.endsWith(`/${file}`))!.text) as Needing;
  const found = new Set<string>();
  const visit = (one: string) => {
    for (const [other, { needs = [] }] of Object.entries(jobs))
      if (needs.includes(one) && !found.has(other)) {
        found.add(other);
        visit(other);
      }
  };
  visit(id);
  return found;
}

/** Pull requests with environments of their own are no other way to anything that is here. */
const { reviewed: _, ...KINDS } = ALL;

const place = ({ workflow, job }: Ran) => `${workflow}/${job}`;
/** They run whatever happened, to say what did. */
const tells = ({ job, name }: Ran) => /^notify/.test(job) || requiredChecks.includes(name);

describe.each(Object.entries(KINDS))("%s", (_name, options) => {
  const files = workflowFiles(options);
  // Of those that start the same jobs, with the same environments, one.
  const leading = [
    ...new Map(
      everything(options).flatMap((event) => {
        const runs = runsOf(files, event);
        return acting(runs).length > 0 ? [[JSON.stringify(runs.map((ran) => [place(ran), ran.result, ran.environment])), event] as const] : [];
      }),
    ).values(),
  ];
  const waiting = new Map<string, Set<string>>();
  const waitsFor = (ran: Ran) => {
    if (!waiting.has(place(ran))) waiting.set(place(ran), after(files, ran.workflow, ran.job));
    return waiting.get(place(ran))!;
  };

  test("there are events that lead to something, and jobs that others wait for", () => {
    expect(leading.length).toBeGreaterThan(5);
    expect(waitsFor(runsOf(files, events.pushToMain()).find(({ job }) => job === "images")!)).toContain("deploy-staging");
  });

  test.each(["failure", "cancelled", "skipped"] as const)(
    "after a job that ended as %s, nothing that waits for it runs but what tells of it",
    (result: Result) => {
      for (const event of leading)
        for (const ran of runsOf(files, event).filter((one) => one.result === "success")) {
          const runs = runsOf(files, event, { results: { [place(ran)]: result } }).filter(
            ({ workflow, job }) => workflow === ran.workflow && waitsFor(ran).has(job),
          );
          expect([event.says, place(ran), runs.filter((one) => one.result !== "skipped" && !tells(one)).map(place)]).toEqual([event.says, place(ran), []]);
        }
    },
  );

  test("a run that somebody cancels in its middle does nothing any more from there on, and tells nobody", () => {
    for (const event of leading)
      for (const file of new Set(acting(runsOf(files, event)).map(({ workflow }) => workflow))) {
        const all = runsOf(files, event).filter(({ workflow }) => workflow === file);
        const order = all.map(({ job }) => job);
        for (const ran of all.filter((one) => one.result === "success")) {
          const runs = runsOf(files, event, { cancelled: place(ran) }).filter(({ workflow }) => workflow === file);
          const later = runs.filter(({ job, result }) => order.indexOf(job) > order.indexOf(ran.job) && result !== "skipped");
          expect([event.says, place(ran), later.filter(({ name }) => !requiredChecks.includes(name)).map(place)]).toEqual([event.says, place(ran), []]);
        }
      }
  });
});

/** What the jobs at the end of each way do, and after which failure they do not: by name, as people read it. */
test.each([
  [
    "end-to-end tests that fail, and nothing is offered for production",
    BY_APPROVAL,
    events.pushToMain(),
    "deploy.yml/e2e-staging",
    ["deploy.yml/deploy-staging"],
  ],
  ["a deploy to staging that fails", BY_APPROVAL, events.pushToMain(), "deploy.yml/deploy-staging", ["deploy.yml/deploy-staging"]],
  ["a build that fails", BY_APPROVAL, events.pushToMain(), "deploy.yml/build-backend-arm64", []],
  [
    "a release to production that fails, and no notes are published",
    BY_TAG,
    events.tag("v1.2.3"),
    "release.yml/deploy-production",
    ["release.yml/deploy-production"],
  ],
  ["measures that fail, and no page is published", BY_TAG, events.schedule("7 7 * * *"), "metrics.yml/measure", []],
] as const)("%s", (_what, options, event, job, still) => {
  const files = workflowFiles(options);
  const [file] = job.split("/");
  const of = (results: Record<string, Result>) =>
    acting(runsOf(files, event, { results }))
      .filter(({ workflow }) => workflow === file)
      .map(place);
  expect(of({}).length).toBeGreaterThan(still.length);
  for (const result of ["failure", "cancelled"] as const) expect(of({ [job]: result })).toEqual(still);
  expect(of({ [job]: "skipped" })).toEqual(still.filter((one) => one !== job));
});
