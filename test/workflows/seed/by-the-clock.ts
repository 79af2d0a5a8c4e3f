import { expect } from "vitest";
import { parse } from "yaml";
import { scriptsOf, type Defect } from "./defect.ts";

const SERVER = "going back is a command of the server, by its own record (recoloca rollback, test/server, test/journeys); there is no script to rewrite files";

/** Defects 102 to 152: updates, load, monitoring, metrics, the rollback script, secrets and snippets. */
export const BY_THE_CLOCK: readonly Defect[] = [
  {
    numbers: [102, 103, 104, 105, 107, 108],
    was: "a job that updated the runner's packages and not the lock files, if it had not died first",
    cannot: "GitHub's own Dependabot raises dependencies (.github/dependabot.yml); no job here does, so none has a token for it",
  },
  {
    numbers: [109],
    was: "one pull request for everything, and nothing for tests, images and actions",
    check: ({ files }) => {
      const { updates } = parse(files.find(({ path }) => path.endsWith("dependabot.yml"))!.text) as {
        updates: { "package-ecosystem": string; directories: string[]; groups: object; cooldown: Record<string, number> }[];
      };
      expect(updates.map((one) => one["package-ecosystem"])).toEqual(["npm", "pip", "docker", "docker-compose", "npm", "github-actions"]);
      expect(updates[0]!.directories).toEqual(["/frontend", "/e2e"]);
      for (const { groups, cooldown } of updates) expect([Object.keys(groups).length, cooldown["default-days"]]).toEqual([1, 7]);
    },
  },
  {
    numbers: [110],
    was: "at minute 0, when everybody's runs, in an unnamed time zone",
    check: ({ workflows, text }) => {
      const crons = workflows.flatMap(({ on }) => ((on["schedule"] ?? []) as { cron: string }[]).map(({ cron }) => cron));
      expect(crons.length).toBeGreaterThan(4);
      for (const cron of crons) expect(Number(cron.split(" ")[0]) % 5).not.toBe(0);
      for (const line of text.match(/- cron: .*/g)!) expect(line).toContain("UTC");
    },
  },
  {
    numbers: [112],
    was: "a condition on an event that never starts the workflow",
    check: ({ workflows }) => {
      for (const { file, on, jobs } of workflows)
        for (const [, event] of JSON.stringify(jobs).matchAll(/github\.event_name == '(\w+)'/g))
          expect([file, event, event! in on]).toEqual([file, event, true]);
    },
  },
  {
    numbers: [113, 114],
    was: "a report read in a form that it never had",
    by: ["workflows/check-steps.test.ts", "compared with the middle of the last five good ones"],
  },
  { numbers: [115], was: "a comment that was not waited for, without the right to write it", check: ({ text }) => expect(text).not.toContain("github-script") },
  { numbers: [116], was: "no threshold: any latency was a success", by: ["workflows/check-steps.test.ts", "a missed threshold is a finding and no measure"] },
  {
    numbers: [117],
    was: "k6 from wherever a key server pointed",
    check: (made) => {
      expect(made.using("grafana/setup-k6-action").map((step) => step.with)).toEqual([{ "k6-version": "2.3.0" }]);
      expect(made.text).not.toMatch(/apt-get|apt-key|hkp:/);
    },
  },
  {
    numbers: [118],
    was: "load while something else was deployed, compared with nothing",
    by: ["workflows/check-steps.test.ts", "where something was deployed meanwhile the result is not kept"],
  },
  {
    numbers: [119],
    was: "Node installed for nothing, and a script at a place that nobody had named",
    check: (made) => {
      expect(JSON.stringify(made.job("performance.yml", "load"))).not.toContain("setup-node");
      expect(scriptsOf(made.job("performance.yml", "load"))).toContain("k6 run --quiet tests/performance/load.js");
    },
  },
  {
    numbers: [120],
    was: "a scanner's image that does not exist any more",
    check: (made) => expect(made.text.match(/ghcr\.io\/zaproxy\/zaproxy@sha256:[0-9a-f]{64}/g)).toHaveLength(3),
  },
  {
    numbers: [122],
    was: "an attack on staging every day",
    check: (made) => {
      expect(made.job("security-monitoring.yml", "zap-full").if).toContain("github.event.schedule == '37 2 * * 0'");
      expect(scriptsOf(made.job("security-monitoring.yml", "zap-baseline"))).toContain("zap-baseline.py");
    },
  },
  {
    numbers: [123],
    was: "findings with their places in an issue that anyone may read",
    by: ["workflows/check-steps.test.ts", "ZAP: of medium risk or higher, by kind, without the places"],
  },
  { numbers: [124], was: "nothing came of a finding", by: ["workflows/check-steps.test.ts", "one issue for each finding"] },
  {
    numbers: [125, 126],
    was: "npm's audit kept Python's from running, which needed an account and looked at itself",
    check: (made) => {
      expect(made.text).not.toMatch(/npm audit|safety check/);
      expect(scriptsOf(made.job("security-monitoring.yml", "dependencies"))).toContain("trivy fs");
    },
  },
  { numbers: [127], was: "nobody looked at the images that are live", by: ["workflows/check-steps.test.ts", "Trivy: each digest that is live"] },
  {
    numbers: [128],
    was: "a report kept twice, at a path that was guessed",
    check: (made) => expect(made.of("security-monitoring.yml")).not.toContain("report_html"),
  },
  {
    numbers: [129, 130, 131, 132],
    was: "runs of any kind counted as deployments, by wall time, and printed",
    by: ["unit/delivery.test.ts", "frequency counts releases that came live"],
    also: [
      ["unit/delivery.test.ts", "waiting for approval is apart from running"],
      ["workflows/metrics-steps.test.ts", "each run is one line, also one that is repeated"],
    ],
  },
  {
    numbers: [133, 134, 135],
    was: "metrics hung on another workflow's display name, with the rights of the default branch",
    by: ["workflows/reach.test.ts", "nothing is started by events that carry a stranger's change under the rights of main"],
  },
  {
    numbers: [136],
    was: "neither change fail rate nor recovery time",
    by: ["unit/delivery.test.ts", "failed runs and failures that people felt are told apart"],
  },
  {
    numbers: [137, 138, 139, 140, 142, 143],
    was: "a rollback script that found the release that was live, ignored the database and told nobody",
    cannot: SERVER,
  },
  {
    numbers: [144, 145],
    was: "the application's secrets and AWS's keys at GitHub, where no workflow used them",
    by: ["unit/workflows.test.ts", "every secret of workflows is read by one"],
    also: [["unit/github-policies.test.ts", "each secret is in the one environment whose jobs use it, sent as a secret, and none is of the repository"]],
  },
  {
    numbers: [147],
    was: "one secret for two environments, and some forgotten",
    by: ["unit/secrets.test.ts", "what that list forgot is here or gone with a reason"],
  },
  {
    numbers: [148],
    was: "a file with secrets that looked as if it was committed",
    cannot: "a stack's secrets are encrypted in its own file, by pulumi config set --secret; there is no .env file",
  },
  {
    numbers: [149],
    was: "one cache for three tools, of which one never wrote to it",
    check: (made) => {
      expect(made.text).not.toContain("uses: actions/cache");
      for (const job of made.jobs) if (/deploy|up-/.test(job.id)) expect(JSON.stringify(job)).not.toMatch(/"cache":|cache-from/);
    },
  },
  { numbers: [150], was: "a matrix of two, limited to two", check: (made) => void made.jobs.forEach((job) => expect(job.strategy).toBeUndefined()) },
  {
    numbers: [151],
    was: "a container around a job that made it slower and took its tools away",
    check: (made) => void made.jobs.forEach((job) => expect(job.container).toBeUndefined()),
  },
  {
    numbers: [152],
    was: "no environments of pull requests, drills, runbook, owners of the workflows, rulesets and time limits of artifacts, and no word on what it costs",
    check: ({ steps }) => {
      for (const step of steps) if (step.uses?.startsWith("actions/upload-artifact@")) expect(step.with!["retention-days"]).toBeLessThanOrEqual(90);
    },
    also: [
      ["workflows/reach.test.ts", "is opened or renewed"],
      ["unit/backup-lateness.test.ts", "of a drill, or of a failure, counts as one that failed"],
      ["unit/github-policies.test.ts", "writes each file once, over none that it did not write"],
      ["unit/github-policies.test.ts", "lets nothing into main but by a pull request with its checks"],
    ],
    rest: "what to do when something fails is in docs/interruptions.md and docs/backups.md, what it costs in docs/cost.md, for people to read",
  },
];
