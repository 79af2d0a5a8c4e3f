/** Which events reach what: production by exactly these, and strangers nothing. Both directions, for each kind of repository. */
import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import { policiesOf } from "../../components/pulumi-access/policies.ts";
import { githubForm } from "../../settings/github-form.ts";
import { githubSettings } from "../../settings/github.ts";
import { requiredChecks, workflowFiles } from "../../workflows/index.ts";
import type { WorkflowOptions } from "../../workflows/options.ts";
import * as events from "./events.ts";
import type { Event } from "./events.ts";
import { everything, HAND, REQUESTS } from "./everything.ts";
import { ALL, BARE, BY_APPROVAL, BY_TAG, BY_TEAMS, REVIEWED } from "./options.ts";
import { ADMITS, changing, OTHER, ranJobs, runsOf, type Ran } from "./simulator.ts";

const reaching = (options: WorkflowOptions, environment: string, kinds: readonly Ran["changes"][]) => {
  const files = workflowFiles(options);
  return everything(options)
    .filter((event) => changing(runsOf(files, event)).some((ran) => ran.environment === environment && kinds.includes(ran.changes)))
    .map(({ says }) => says);
};

/** As `everything` says each of these. */
const hand = (file: string, environment: string) =>
  HAND.filter(([name]) => name === file).map(([, inputs]) => `${file} by hand, ${JSON.stringify({ ...inputs, environment })}`);
const byHand = (environment: string) => HAND.map(([file, inputs]) => `${file} by hand, ${JSON.stringify({ ...inputs, environment })}`);

test("environments let in what the simulation takes for granted: by the rules that the settings give them", () => {
  const github = (more: object) => githubForm.parse({ visibility: "public", plan: "team", ...more });
  const of = (environment: string, more: object) =>
    githubSettings({ repository: "recoloca/recoloca", github: github(more), review: {} }, environment, {
      url: "",
      stack: environment,
      organization: "recoloca",
    })!.environments;
  const all = [...of("staging", {}), ...of("production", { ownsRepository: true, visibility: "private" })];
  const matching = (pattern: string) => pattern.replace(/[.]/g, "\\.").replace(/[*]/g, "[^/]*");
  expect(all.map(({ environment }) => environment)).toEqual(
    expect.arrayContaining(["staging", "production", "automation", "staging-review", "production-infrastructure"]),
  );
  const refs = ["heads/main", "heads/v1.2.3", "heads/evil", "tags/v1.2.3", "tags/v1.2.3-rc1", "tags/v1", "tags/main", "pull/7/merge"].map(
    (ref) => `refs/${ref}`,
  );
  for (const { environment, branches, tags } of all.filter((one) => one.environment !== "production-review")) {
    const rules = [...branches.map((one) => (one.startsWith("refs/") ? one : `refs/heads/${one}`)), ...tags.map((one) => `refs/tags/${one}`)];
    const lets = (ref: string) => rules.some((rule) => new RegExp(`^${matching(rule)}$`).test(ref));
    expect([environment, refs.filter(lets)]).toEqual([environment, refs.filter((ref) => (ADMITS[environment] ?? OTHER).test(ref))]);
  }
  const approved = of("production", {}).find(({ environment }) => environment === "production-infrastructure")!;
  expect([approved.branches, approved.tags]).toEqual([["main"], []]);
});

test("no job of a run that may go on is refused by its environment: the default branch's, and a release tag's", () => {
  for (const options of Object.values(ALL)) {
    const files = workflowFiles(options);
    const trusted = everything(options).filter(({ ref }) => /^refs\/(heads\/main|tags\/v\d+\.\d+\.\d+)$/.test(ref));
    for (const event of trusted) {
      const refused = runsOf(files, event).filter(({ admitted, result }) => !admitted && result !== "skipped");
      expect([event.says, refused.map(({ workflow, job }) => `${workflow}/${job}`)]).toEqual([event.says, []]);
    }
  }
});

test("a release of production begins with a release tag on the way by tag, and with nothing else", () => {
  for (const options of [BY_TAG, BARE])
    expect(reaching(options, "production", ["release", "rollback", "maintenance"])).toEqual(["the tag v1.2.3", "the tag v10.0.12", ...byHand("production")]);
});

test("a release of production begins with the workflow Release from main on the way by approval, and with nothing else", () => {
  expect(reaching(BY_APPROVAL, "production", ["release", "rollback", "maintenance"])).toEqual([
    ...byHand("production"),
    'release.yml by hand, {"commit":"c0ffee2","environment":"production"}',
  ]);
});

test.each(Object.entries(ALL))("staging gets a release by a push to main that is not documentation alone, or by hand: %s", (_name, options) => {
  expect(reaching(options, "staging", ["release", "rollback", "maintenance"])).toEqual(["a push to main", "a push to main", ...byHand("staging")]);
});

const MERGED = ["a push to main", "a push to main", "infrastructure.yml by hand, {}"];
const { bare: _bare, ...APPROVED } = ALL;

test.each(Object.entries(APPROVED))("infrastructure is changed by a push to main that touches it, or by hand from main: %s", (_name, options) => {
  for (const environment of ["staging", "production"]) expect(reaching(options, `${environment}-infrastructure`, ["infrastructure"])).toEqual(MERGED);
});

test("where nobody can be asked to approve, production's infrastructure is changed by a release tag or by hand, and by no merge", () => {
  const options: WorkflowOptions = { ...BARE, environments: BY_APPROVAL.environments };
  for (const environment of ["staging", "demo"]) expect(reaching(options, `${environment}-infrastructure`, ["infrastructure"])).toEqual(MERGED);
  expect(reaching(options, "production-infrastructure", ["infrastructure"])).toEqual(["the tag v1.2.3", "the tag v10.0.12", "infrastructure.yml by hand, {}"]);
  const ups = (event: Event) => ranJobs(runsOf(workflowFiles(options), event)).filter((job) => job.startsWith("infrastructure.yml/"));
  expect(ups(events.tag("v1.2.3"))).toEqual(["check", "up-production", "notify"].map((job) => `infrastructure.yml/${job}`));
});

test("an environment of a person's choice gets a release when he says so, and never by itself", () => {
  expect(reaching(BY_APPROVAL, "demo", ["release"])).toEqual([
    ...hand("redeploy.yml", "demo"),
    'release.yml by hand, {"commit":"c0ffee2","environment":"demo"}',
  ]);
});

describe("an environment of a pull request", () => {
  const files = workflowFiles(REVIEWED);
  const active = (event: Event, world = {}) => runsOf(files, event, world).filter(({ workflow, result }) => workflow === "review.yml" && result !== "skipped");
  const BUILDS = ["build-backend", "build-frontend"];

  test.each([
    events.labelled("branch", "labeled", ["review"], "review"),
    ...["opened", "reopened", "synchronize"].map((action) => events.labelled("branch", action, ["bug", "review"])),
  ])("is opened or renewed: $says; by one key alone, in one environment alone", (event) => {
    const runs = active(event);
    expect(runs.map(({ job }) => job)).toEqual([...BUILDS, "open"]);
    expect(runs.flatMap(({ secrets }) => secrets)).toEqual(["REVIEW_SSH_KEY"]);
    expect(runs.map(({ environment }) => environment)).toEqual([undefined, undefined, "staging-review"]);
    expect(runs.every(({ admitted }) => admitted)).toBe(true);
    expect(runs.map(({ permissions }) => permissions["id-token"])).toEqual([undefined, undefined, undefined]);
    const others = runsOf(files, event).filter(({ workflow, result }) => workflow !== "review.yml" && result !== "skipped");
    expect(others.flatMap(({ secrets, environment }) => [...secrets, environment].filter(Boolean))).toEqual([]);
  });

  test.each([
    events.labelled("branch", "closed", ["review"]),
    // One that was merged is closed on the branch that it went into.
    { ...events.labelled("branch", "closed", ["review"]), ref: "refs/heads/main" },
    events.labelled("branch", "unlabeled", [], "review"),
  ])("is closed: $says, on $ref", (event) => {
    expect(active(event).map(({ job, result }) => [job, result])).toEqual([["close", "success"]]);
  });

  test.each([
    events.labelled("branch", "labeled", ["review", "bug"], "bug"),
    events.labelled("branch", "unlabeled", ["review"], "bug"),
    events.labelled("branch", "closed", []),
    ...REQUESTS,
  ])("is none of $says", (event) => expect(active(event)).toEqual([]));

  test("an image that is not built opens none", () => {
    const event = events.labelled("branch", "synchronize", ["review"]);
    expect(active(event, { results: { "review.yml/build-frontend": "failure" } }).map(({ job, result }) => [job, result])).toEqual([
      ["build-backend", "success"],
      ["build-frontend", "failure"],
    ]);
  });

  test("one of a pull request waits for the other, and not for those of others", () => {
    const [run] = active(events.labelled("branch", "synchronize", ["review"]));
    expect(run!.concurrency).toEqual([{ group: "review-7", cancels: false }]);
  });

  test("another label that comes or goes takes the place of no run that waits", () => {
    const group = (action: string, label: string) => {
      const runs = runsOf(files, events.labelled("branch", action, ["review"], label)).filter(({ workflow }) => workflow === "review.yml");
      return [...new Set(runs.flatMap(({ concurrency }) => concurrency.map((one) => one.group)))];
    };
    for (const action of ["labeled", "unlabeled"]) expect([group(action, "review"), group(action, "bug")]).toEqual([["review-7"], ["review-7-1"]]);
  });
});

describe("Pulumi Cloud", () => {
  /** Every token that any event makes a job ask for, with what GitHub says of the run. */
  function asked(options: WorkflowOptions): { claim: string; token: string }[] {
    const files = workflowFiles(options);
    const all = everything(options).flatMap((event) =>
      runsOf(files, event)
        .filter(({ pulumi, result, admitted }) => pulumi !== undefined && result !== "skipped" && admitted)
        .map(({ environment, pulumi }) => ({
          claim: environment === undefined ? (event.name === "pull_request" ? "pull_request" : `ref:${event.ref}`) : `environment:${environment}`,
          token: pulumi!,
        })),
    );
    return all.filter((one, index) => all.findIndex((other) => other.claim === one.claim && other.token === one.token) === index);
  }
  const sorted = (all: readonly { claim: string; token: string }[]) => all.map(({ claim, token }) => `${claim} → ${token}`).sort();

  test("a job asks for the token of the team of the stack that it works on; a pull request's, of the one that reads staging", () => {
    const stacks = ["demo", "production", "staging"];
    expect(sorted(asked(BY_TEAMS))).toEqual(
      [
        ...stacks.flatMap((name) => [`environment:${name} → team:recoloca-${name}`, `environment:${name}-infrastructure → team:recoloca-${name}`]),
        ...stacks.map((name) => `ref:refs/heads/main → team:recoloca-${name}-preview`),
        "pull_request → team:recoloca-staging-preview",
      ].sort(),
    );
  });

  test("what Pulumi Cloud lets in is what jobs ask for, and nothing besides", () => {
    const policies = policiesOf({
      ...{ organization: "recoloca", application: "recoloca", owner: "recoloca", repository: "recoloca", defaultBranch: "main", token: "team" },
      environments: BY_TEAMS.environments.map(({ name }) => ({ name, infrastructure: `${name}-infrastructure` })),
      previewed: "staging",
    });
    const lets = policies.map((one) => ({
      claim: one.rules.sub.replace("repo:recoloca/recoloca:", ""),
      token: "teamName" in one ? `team:${one.teamName}` : "",
    }));
    expect(sorted(lets)).toEqual(sorted(asked(BY_TEAMS)));
  });

  test.each([
    ["nobody says which edition", undefined, "organization"],
    ["the edition has no teams", "team", "organization"],
    ["there is an account alone", "individual", "user:recoloca"],
  ] as const)("where %s all ask for the same, and a pull request's for none", (_what, edition, token) => {
    const all = asked({ ...BY_APPROVAL, backend: { kind: "cloud", organization: "recoloca", ...(edition && { edition }) } });
    expect([...new Set(all.map((one) => one.token))]).toEqual([token]);
    expect(all.some(({ claim }) => claim === "pull_request")).toBe(false);
  });

  test("nobody asks it where the state is in a bucket", () => expect(asked(BY_TAG)).toEqual([]));
});

describe.each(Object.entries(ALL))("%s", (_name, options) => {
  const files = workflowFiles(options);
  const all = everything(options).map((event) => ({ event, runs: runsOf(files, event) }));

  // A release's tag does, and runs what the tagged commit has: the rules of tags let few create one (github-policies.test.ts).
  test("no pull request, branch, fork or Dependabot reaches a secret or an environment", () => {
    for (const { event, runs } of all.filter(({ event: { ref } }) => ref !== "refs/heads/main" && !/^refs\/tags\/v\d+\.\d+\.\d+$/.test(ref))) {
      const active = runs.filter(({ result }) => result !== "skipped");
      expect([event.says, active.flatMap(({ secrets }) => secrets)]).toEqual([event.says, []]);
      expect([event.says, active.filter(({ environment, admitted }) => environment !== undefined && admitted)]).toEqual([event.says, []]);
    }
  });

  /** What the jobs that a pull request starts may write: `ci.yml/coverage pull-requests`. */
  const writes = (event: Event) =>
    runsOf(files, event)
      .filter(({ result }) => result !== "skipped")
      .flatMap(({ workflow, job, permissions }) =>
        Object.entries(permissions).flatMap(([scope, access]) => (access === "write" ? [`${workflow}/${job} ${scope}`] : [])),
      );
  const findings = files.some(({ text }) => text.includes("upload-sarif")) ? ["trivy", "semgrep"].map((job) => `security.yml/${job} security-events`) : [];
  const preview = files.some(({ text }) => text.includes("Preview of staging"))
    ? ["id-token", "pull-requests"].map((one) => `infrastructure.yml/preview ${one}`)
    : [];

  test("a fork's run writes nothing; a branch's has an identity in its preview alone", () => {
    expect(writes(events.pullRequest("fork"))).toEqual([]);
    expect(writes(events.pullRequest("branch")).sort()).toEqual(["ci.yml/coverage pull-requests", ...preview, ...findings].sort());
  });

  test("Dependabot's run comments and tells findings, and has no identity: also where a person pushed to its branch, and the run has his rights", () => {
    for (const event of [events.pullRequest("dependabot"), { ...events.pullRequest("dependabot"), from: "us" as const }])
      expect(writes(event).sort()).toEqual(["ci.yml/coverage pull-requests", ...findings].sort());
    // And no job that may write runs what a pull request brings.
    const { jobs } = parse(files.find(({ path }) => path.endsWith("/ci.yml"))!.text) as { jobs: Record<string, { steps: { uses?: string }[] }> };
    expect(jobs["coverage"]!.steps.filter(({ uses }) => uses)).toEqual([]);
  });

  test("a push to any other branch starts nothing at all, nor does any other tag", () => {
    for (const event of [
      ...["develop", "feature/a", "v1.2.3"].map(events.pushToBranch),
      ...["v1", "v-anything", "v1.2.3-rc1", "1.2.3", "xv1.2.3"].map(events.tag),
    ])
      expect([event.says, runsOf(files, event)]).toEqual([event.says, []]);
  });

  test("nothing that knows the stack begins for a stranger's pull request, even to fail", () => {
    for (const of of ["fork", "dependabot"] as const) {
      const begun = runsOf(files, events.pullRequest(of)).filter(({ result }) => result !== "skipped");
      expect(begun.filter(({ workflow }) => workflow === "infrastructure.yml")).toEqual([]);
      expect(begun.filter(({ permissions }) => "pull-requests" in permissions && of === "fork")).toEqual([]);
    }
  });

  test("nothing is started by events that carry a stranger's change under the rights of main", () => {
    for (const event of [...["success", "failure", "cancelled"].map(events.workflowRun), events.commentTarget(), events.deploymentStatus(), events.release()])
      expect(runsOf(files, event)).toEqual([]);
  });

  test("the checks that a merge requires are there for a pull request and in the merge queue, by these names, and on nothing else", () => {
    const gates = (event: Event) =>
      runsOf(files, event)
        .map(({ name }) => name)
        .filter((name) => requiredChecks.includes(name))
        .sort();
    for (const event of [events.pullRequest("branch"), events.pullRequest("fork"), events.mergeGroup(), events.pullRequest("branch", ["docs/a.md"])])
      expect(gates(event)).toEqual([...requiredChecks].sort());
    expect(gates(events.pushToMain())).toEqual([]);
  });

  test("a required check runs whatever happened before it", () => {
    for (const result of ["failure", "cancelled", "skipped"] as const)
      for (const event of [events.pullRequest("branch"), events.mergeGroup()]) {
        const gates = runsOf(files, event, { results: { "ci.yml/lint-backend": result, "security.yml/trivy": result } }).filter(({ name }) =>
          requiredChecks.includes(name),
        );
        expect(gates.map(({ result: own }) => own)).toEqual(["success", "success"]);
        const cancelled = runsOf(files, event, { results: { "*/changes": result }, cancelled: true }).filter(({ name }) => requiredChecks.includes(name));
        expect(cancelled.map(({ result: own }) => own)).toEqual(["success", "success"]);
      }
  });

  test("every job says what it may, at most this", () => {
    const allowed: Record<string, readonly string[]> = {
      packages: ["deploy.yml/build-", "deploy.yml/images", "review.yml/build-"],
      "id-token": [
        "deploy.yml/images",
        "deploy.yml/deploy-",
        "release.yml/deploy-",
        "rollback.yml/work",
        "redeploy.yml/work",
        "maintenance.yml/work",
        "infrastructure.yml/",
        "metrics.yml/publish",
      ],
      pages: ["metrics.yml/publish"],
      contents: ["release.yml/publish", "rotation.yml/propose"],
      actions: ["deploy.yml/offer"],
      issues: ["performance.yml/load", "security-monitoring.yml/", "infrastructure.yml/drift-", "rotation.yml/propose"],
      "pull-requests": ["ci.yml/coverage", "infrastructure.yml/preview", "rotation.yml/propose", "review.yml/"],
      attestations: ["deploy.yml/images"],
      "artifact-metadata": ["deploy.yml/images"],
      "security-events": ["deploy.yml/", "security.yml/"],
    };
    for (const { path, text } of files.filter((file) => file.path.includes("/workflows/"))) {
      const { permissions, jobs } = parse(text) as { permissions: object; jobs: Record<string, { permissions: Record<string, string> }> };
      expect(permissions).toEqual({});
      for (const [id, job] of Object.entries(jobs))
        for (const [scope, access] of Object.entries(job.permissions)) {
          const place = `${path.split("/").at(-1)}/${id}`;
          if (access === "write") expect([scope, place, allowed[scope]?.some((one) => place.startsWith(one)) ?? false]).toEqual([scope, place, true]);
        }
    }
  });

  test("what a pull request runs is what main runs before it deploys", () => {
    const jobs = (event: Event, file: string) =>
      runsOf(files, event)
        .filter(({ workflow }) => workflow === file)
        .map(({ job }) => job);
    const before = [...jobs(events.pullRequest("branch"), "ci.yml"), ...jobs(events.pullRequest("branch"), "security.yml")];
    const only = ["changes", "coverage", "required", "build-backend", "build-frontend", "dependencies", "semgrep-platform"];
    const main = jobs(events.pushToMain(), "deploy.yml");
    expect(before.filter((job) => !only.includes(job)).filter((job) => !main.includes(job))).toEqual([]);
  });
});

test("after a pull request that leaves a part alone its jobs are skipped, and nothing else is", () => {
  const outputs = { changes: { backend: "true", frontend: "false", e2e: "false", program: "false", files: "false" } };
  const jobs = ranJobs(runsOf(workflowFiles(BY_TAG), events.pullRequest("branch"), { outputs })).filter((one) => one.startsWith("ci.yml"));
  expect(jobs).toEqual(["changes", "lint-backend", "test-backend", "integration", "build-backend", "coverage", "required"].map((job) => `ci.yml/${job}`));
});
