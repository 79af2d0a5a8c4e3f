import { expect } from "vitest";
import * as events from "../events.ts";
import { runsOf, type World } from "../simulator.ts";
import { scriptsOf, type Defect, type Made, type Step } from "./defect.ts";

const builds = (made: Made) => made.using("docker/build-push-action").filter((step) => step.with!["push"] === true);
/** Files with a job that has the channel's address, where the event comes and these jobs end so. */
const tellers = (made: Made, event: events.Event, results: World["results"] = {}) =>
  runsOf(made.files, event, { results }).flatMap(({ workflow, secrets, result }) =>
    result !== "skipped" && secrets.includes("SLACK_WEBHOOK_URL") ? [workflow] : [],
  );
const SERVER = "a deploy is one transaction on the server, which no workflow can take part in (docs/interruptions.md, test/chaos)";

/** Defects 43 to 101: images, staging, end-to-end tests, production, messages. */
export const BUILD_AND_DEPLOY: readonly Defect[] = [
  {
    numbers: [43],
    was: "Dockerfiles broke after the merge",
    check: (made) => void ["build-backend", "build-frontend"].forEach((id) => expect(made.job("ci.yml", id).steps.at(-1)!.with!["push"]).toBe(false)),
  },
  {
    numbers: [44],
    was: "no right to push images",
    check: (made) =>
      void made.jobs
        .filter(({ steps }) => steps.some((step) => builds(made).includes(step)))
        .forEach((job) => expect(job.permissions["packages"]).toBe("write")),
  },
  {
    numbers: [45],
    was: "images for arm64 on a machine of amd64, which cannot run them",
    check: (made) => {
      for (const job of made.jobs)
        for (const step of job.steps)
          if (builds(made).includes(step))
            expect([step.with!["platforms"], job["runs-on"]]).toEqual(
              step.with!["platforms"] === "linux/arm64" ? ["linux/arm64", "ubuntu-24.04-arm"] : ["linux/amd64", "ubuntu-24.04"],
            );
      expect(new Set(builds(made).map((step) => step.with!["platforms"])).size).toBe(2);
    },
  },
  {
    numbers: [46],
    was: "two images overwrote each other's cache",
    check: (made) => {
      const caches = builds(made).map((step) => step.with!["cache-to"]);
      expect(new Set(caches).size).toBe(4);
      expect(caches[0]).toContain("scope=backend-amd64");
    },
  },
  {
    numbers: [47, 48],
    was: "a list of tags was used as one name, and the digests were never used",
    by: ["workflows/failing.test.ts", "staging gets the digests that this run built, of the commit of this run"],
  },
  {
    numbers: [49, 50],
    was: "a tag that begins with a dash: every build of a tag failed",
    check: ({ text }) => {
      expect(text).not.toContain("docker/metadata-action");
      expect(text).toContain("backend:commit-${{ github.sha }}-amd64");
    },
  },
  {
    numbers: [51],
    was: "production would have got an image that staging never ran",
    by: ["workflows/failing.test.ts", "production gets the digests that were found to be tested, and builds nothing"],
  },
  {
    numbers: [52, 53, 54],
    was: "staging's address and keys were built into the image that production was to get",
    check: (made) =>
      void builds(made).forEach((step) => {
        // The week of the distribution's packages, which is the same for every environment.
        expect(step.with!["build-args"]).toBe("PACKAGES_OF=${{ steps.week.outputs.of }}");
        expect(JSON.stringify(step)).not.toMatch(/secrets\.|vars\./);
      }),
  },
  {
    numbers: [55, 146],
    was: "hosts and users as secrets, so that outputs with them in it came out empty",
    check: (made) => {
      for (const { outputs } of made.jobs) expect(JSON.stringify(outputs ?? {})).not.toContain("secrets.");
      expect(made.text).not.toMatch(/secrets\.\w*(HOST|USER|URL|BUCKET)\b(?<!WEBHOOK_URL)/);
    },
  },
  {
    numbers: [56],
    was: "nothing said who had built an image, and nobody asked",
    check: (made) => {
      for (const step of builds(made)) expect(step.with).toMatchObject({ provenance: "mode=max", sbom: true });
      expect(made.using("actions/attest")).toHaveLength(2);
      for (const [file, id] of [
        ["deploy.yml", "deploy-staging"],
        ["release.yml", "deploy-production"],
      ] as const)
        expect(scriptsOf(made.job(file, id))).toMatch(
          /gh attestation verify "oci:\/\/\$image"[\s\S]*--signer-workflow '[^']+\/deploy\.yml' --source-ref refs\/heads\/main/,
        );
    },
  },
  { numbers: [57], was: "latest moved with every tag", check: ({ text }) => expect(text).not.toMatch(/:latest\b|type=semver/) },
  {
    numbers: [58],
    was: "images had no labels, nobody asked one before it went out, and old ones are never removed from the registry",
    check: (made) => {
      expect(builds(made).length).toBeGreaterThan(1);
      for (const step of builds(made)) expect(step.with!["labels"]).toMatch(/image\.source=.*\n.*image\.revision=\$\{\{ github\.sha \}\}$/);
    },
    open: "Each new container is asked by the server, directly, before it gets a visitor. GHCR keeps every image, and a person removes old ones. Which of them may be gone back to only the servers know. Each night's comparison asks them what is live; but a run that deleted for good by what it was told could take a way back from a server that was silent that night, and an image of two platforms is three there, of which two have no name. What it costs is storage, which GitHub does not bill for images of public repositories",
  },
  {
    numbers: [59],
    was: "both images built one after the other",
    check: (made) => void ["build-backend-amd64", "build-frontend-arm64"].forEach((id) => expect(made.job("deploy.yml", id).needs).toBeUndefined()),
  },
  { numbers: [60], was: "any server was trusted that answered", check: ({ text }) => expect(text).not.toMatch(/StrictHostKeyChecking|ssh-keyscan|\bssh -/) },
  { numbers: [61], was: "expressions, secrets among them, were put into scripts as text", by: ["unit/workflows.test.ts", "with an expression in a script"] },
  {
    numbers: [62, 63, 64, 69, 70],
    was: "a script on the server went on after a failure, was eaten by its own commands, and rewrote the Compose file by a pattern",
    cannot: SERVER,
  },
  {
    numbers: [65],
    was: "the server was never logged in to the registry",
    cannot: "the stack has the login for its server (components/registry-access), and a release brings it along",
  },
  { numbers: [66, 141], was: "docker-compose of 2023", check: ({ text }) => expect(text).not.toContain("docker-compose -f") },
  {
    numbers: [67, 68, 88, 91],
    was: "an update that stopped the old release first and migrated afterwards; a rollback that began for any failure, and after a migration broke the old code",
    cannot: SERVER,
  },
  {
    numbers: [71, 89],
    was: "270 s of sleep, and then one question that could not tell old from new",
    check: (made) => {
      for (const [file, id] of [
        ["deploy.yml", "deploy-staging"],
        ["release.yml", "deploy-production"],
        ["rollback.yml", "work"],
      ] as const)
        for (const line of scriptsOf(made.job(file, id)).split("\n")) if (/\bsleep\b/.test(line)) expect(line.trim()).toMatch(/^sleep (0\.1|10)$/);
      expect(scriptsOf(made.job("deploy.yml", "deploy-staging"))).toContain("the stack is currently locked".slice(4));
    },
  },
  {
    numbers: [72],
    was: "two addresses for one environment",
    check: ({ text }) => {
      expect(text).not.toMatch(/https:\/\/[a-z.]*recoloca/);
      expect(text).toContain("vars.PUBLIC_URL");
    },
  },
  {
    numbers: [73],
    was: "a checkout that nothing used",
    check: (made) => {
      // Where a job only asks another machine to do something, there is nothing to check out.
      for (const job of made.jobs.filter(({ steps }) => steps.some(({ uses }) => uses?.startsWith("actions/checkout@"))))
        expect([job.id, /ssh .*@/.test(scriptsOf(job))]).toEqual([job.id, false]);
      // And where something is, a later step reads it: a command that works on files, a folder to work in, or an action that is given one.
      const reads = ({ run = "", uses = "", ...step }: Step) =>
        /\b(npm|node|git|pip|pulumi|semgrep|shellcheck|trivy|k6|docker)\b/.test(run) ||
        "working-directory" in step ||
        /build-push|trufflehog|trivy-action|hadolint|dependency-review|codecov/.test(uses);
      for (const job of made.jobs) {
        const at = job.steps.findIndex(({ uses }) => uses?.startsWith("actions/checkout@"));
        if (at >= 0) expect([job.file, job.id, job.steps.slice(at + 1).some(reads)]).toEqual([job.file, job.id, true]);
      }
    },
  },
  {
    numbers: [74],
    was: "two merges raced, and the older one could win",
    by: ["workflows/failing.test.ts", "pushes never reach staging out of order"],
    also: [
      ["workflows/again.test.ts", "with pushes and repeated runs in any order"],
      ["workflows/release-steps.test.ts", "to what is older it does not, and says what does"],
    ],
  },
  {
    numbers: [75, 92],
    was: "environments without rules; whoever may push a tag deploys",
    by: ["unit/github-policies.test.ts", "administrators keep to the rules of an environment, and only named branches and tags get one"],
    also: [
      ["unit/github-policies.test.ts", "lets nobody move a release's tag"],
      ["workflows/reach.test.ts", "environments let in what the simulation takes for granted"],
      ["workflows/release-steps.test.ts", "a commit that is not on main, or is none, is refused"],
    ],
    rest: "whoever may push a tag may ask for a release, and a reviewer of production's environment approves it",
  },
  {
    numbers: [76],
    was: "every branch's workflow could read production's key",
    check: (made) =>
      void made.jobs.forEach((job) => {
        if (JSON.stringify(job).includes("secrets.")) expect([job.id, job.environment?.name]).toEqual([job.id, expect.any(String)]);
      }),
  },
  {
    numbers: [77],
    was: "a key for ever, with a whole shell",
    check: ({ text }) => {
      expect(text).not.toMatch(/SSH_KEY|ssh-agent|AWS_ACCESS_KEY/);
      expect(text).toContain("role-to-assume: ${{ vars.AWS_ROLE }}");
    },
  },
  {
    numbers: [78],
    was: "no way back, no record, no word of a failure",
    check: (made) => {
      expect(made.job("deploy.yml", "notify").needs).toContain("deploy-staging");
      expect(made.of("rollback.yml")).toContain("operate/main.ts rollback");
      for (const [file, id] of [
        ["deploy.yml", "deploy-staging"],
        ["rollback.yml", "work"],
      ] as const)
        expect(JSON.stringify(made.job(file, id))).toContain("live.json");
    },
  },
  {
    numbers: [79, 111, 121],
    was: "artifacts by a version that GitHub refuses: the job failed before its first step",
    check: (made) => expect(Math.min(...made.majors("actions/upload-artifact"))).toBeGreaterThanOrEqual(4),
  },
  {
    numbers: [80],
    was: "a test user's password outside of any environment",
    check: (made) => expect(made.job("deploy.yml", "e2e-staging").environment).toEqual({ name: "staging", deployment: false }),
  },
  {
    numbers: [81],
    was: "three browsers installed for one",
    check: (made) => expect(scriptsOf(made.job("deploy.yml", "e2e-staging"))).toContain("playwright install --with-deps chromium"),
  },
  {
    numbers: [82],
    was: "session cookies in the report that anyone may read, and no report where a test failed",
    check: (made) => {
      const { steps } = made.job("deploy.yml", "e2e-staging");
      expect(steps.at(-2)!.run).toMatch(/storageState.* -delete/);
      expect(steps.at(-1)).toMatchObject({ if: "${{ !cancelled() }}", with: { "retention-days": 7 } });
    },
  },
  {
    numbers: [83],
    was: "another deploy could replace what was being tested",
    by: ["workflows/again.test.ts", "end-to-end tests speak for the images of their own run alone"],
  },
  {
    numbers: [84],
    was: "no word on tests that fail now and then",
    by: ["workflows/application.test.ts", "an end-to-end test that needs a second try passes, and the run says so"],
  },
  {
    numbers: [85],
    was: "production needed a job that no tag ever ran: nothing could ever reach it",
    by: ["workflows/reach.test.ts", "a release of production begins with a release tag"],
  },
  {
    numbers: [86, 87],
    was: "production by the same script, after a backup that nobody checked",
    cannot: "a release takes its backup itself, reads it back, and is bound to it in the record (docs/backups.md)",
  },
  { numbers: [90], was: "nothing at GitHub said what was released", by: ["workflows/summary-steps.test.ts", "GitHub knows what was released"] },
  {
    numbers: [94, 97],
    was: "the message said success, of both environments, whatever had happened",
    by: ["workflows/check-steps.test.ts", "says what really came of it"],
  },
  {
    numbers: [95],
    was: "every pull request was told as a deploy",
    check: (made) => {
      for (const whose of ["branch", "fork", "dependabot"] as const) expect([whose, tellers(made, events.pullRequest(whose))]).toEqual([whose, []]);
    },
  },
  { numbers: [96], was: "a red build was told as a success", by: ["workflows/failing.test.ts", "the team is told of a failure wherever it is, once"] },
  {
    numbers: [98],
    was: "bold as Slack does not know it",
    by: ["workflows/check-steps.test.ts", "says what changed, by whom, and where; nobody's words are markup"],
  },
  {
    numbers: [99],
    was: "an archived action that sends to Slack",
    check: (made) => {
      for (const step of made.using("slackapi/slack-github-action")) expect(step.with).toMatchObject({ "webhook-type": "incoming-webhook", errors: true });
      expect(made.using("slackapi/slack-github-action").length).toBeGreaterThan(3);
    },
  },
  {
    numbers: [100],
    was: "a message that failed where there was no secret",
    check: (made) =>
      void made.jobs
        .filter(({ id }) => id === "notify")
        .forEach(({ steps }) => {
          for (const step of steps) expect(step.if).toContain("env.SLACK_WEBHOOK_URL");
        }),
  },
  {
    numbers: [101],
    was: "nobody was told of rollbacks, of approvals that wait, nor of what failed by the clock",
    also: [
      ["unit/github-policies.test.ts", "administrators keep to the rules of an environment, and only named branches and tags get one"],
      ["workflows/release-steps.test.ts", "an offer for production replaces the one that nobody approved, and no other run"],
    ],
    rest: "of an approval that waits GitHub itself tells each reviewer whom the environment names; the channel is not told, since no job may run before it",
    check: (made) => {
      for (const file of ["rollback.yml", "redeploy.yml", "maintenance.yml"]) {
        const event = events.dispatch(file, { environment: "production", release: "", data: "refuse", doors: "on", reason: "x" });
        expect([file, tellers(made, event, { [`${file}/work`]: "failure" })]).toEqual([file, [file]]);
      }
      for (const { file, on } of made.workflows)
        for (const { cron } of (on["schedule"] ?? []) as { cron: string }[])
          // What waits for no other: it fails by itself, and not because something else did.
          for (const { workflow, job } of runsOf(made.files, events.schedule(cron)).filter((ran) => ran.workflow === file && ran.result === "success"))
            if (job !== "required")
              expect([file, job, tellers(made, events.schedule(cron), { [`${workflow}/${job}`]: "failure" })]).toEqual([file, job, [file]]);
    },
  },
];
