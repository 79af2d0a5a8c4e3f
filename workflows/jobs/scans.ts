/** Security scans of the source, and of the image that ships. */
import { AUTOMATION } from "../../secrets/catalogue.ts";
import { expression, secret, TOKEN, type Job, type Permissions, type Step } from "../model.ts";
import { abilitiesOf } from "../github-plan.ts";
import type { WorkflowOptions } from "../options.ts";
import { VERSIONS } from "../pins.ts";
import { checkout, inside } from "../steps.ts";
import { RUNNER } from "./runners.ts";

/** Rules that find what matters in Python and TypeScript without an account. */
const RULES = ["p/security-audit", "p/secrets", "p/python", "p/typescript"];

/** Tests of this program have what looks like secrets: nobody's. Regular expressions of paths from the repository's root, of which the scan of secrets reads none. */
const NOT_SCANNED = "not-scanned.txt";
const testsOf = ({ programPath }: WorkflowOptions): string => `^${inside(programPath, "test/").replace(/[.+*?^$()[\]{}|\\]/g, "\\$&")}`;

/** Of any other event both stay empty. */
const QUEUED: Step = {
  name: "What the merge queue brings",
  id: "queued",
  run: `jq --raw-output '.merge_group // {} | to_entries[] | select(.key == "base_sha" or .key == "head_sha") | "\\(.key)=\\(.value)"' "$GITHUB_EVENT_PATH" | tee --append "$GITHUB_OUTPUT"`,
};

/** Of jq: how serious each rule of a SARIF run is, where its findings do not say so themselves. */
const LEVELS = "(.tool.driver.rules // [] | map({ key: .id, value: .defaultConfiguration.level }) | from_entries)";
/** A summary holds a megabyte. */
const MOST = 200;

/** `pullRequests`: also for those of forks, whose token may not upload. */
export function scans(options: WorkflowOptions, { pullRequests }: { pullRequests: boolean }): Record<string, Job> {
  const upload = uploadOf(options, pullRequests);
  const job = (name: string, minutes: number, permissions: Permissions, steps: readonly Step[]): Job => ({
    name,
    "runs-on": RUNNER,
    "timeout-minutes": minutes,
    permissions: { contents: ["read", "check out"], ...permissions },
    steps: [...steps],
  });
  return {
    trivy: job("Scan source and configuration (Trivy)", 15, upload.permissions, [
      checkout(),
      trivy("Report all", { "scan-type": "fs", "scan-ref": ".", format: "sarif", output: "trivy.sarif" }),
      ...upload.step("trivy"),
      trivy("Fail on what is serious and can be mended", { "scan-type": "fs", "scan-ref": ".", ...SERIOUS }),
    ]),
    semgrep: job("Scan source (Semgrep)", 15, upload.permissions, [
      checkout(),
      {
        name: "Report all",
        env: { SEMGREP: VERSIONS.semgrep },
        run: `
docker run --rm --volume "$PWD:/src" --workdir /src "$SEMGREP" \\
  semgrep scan ${RULES.map((rule) => `--config ${rule}`).join(" ")} --metrics off --sarif-output semgrep.sarif`,
      },
      ...upload.step("semgrep"),
      {
        name: "Fail on what is serious",
        why: "Rules of the lower kinds are hints, and whoever writes them adds new ones on any day: they would keep a change from being merged that has nothing to do with them.",
        run: `
jq --raw-output '
  .runs[] | ${LEVELS} as $level
  | .results[] | select((.level // $level[.ruleId]) == "error" and (.suppressions // []) == [])
  | .locations[0].physicalLocation as $place
  | "\\($place.artifactLocation.uri):\\($place.region.startLine): \\(.ruleId): \\(.message.text | gsub("\\n"; " "))"' semgrep.sarif > serious.txt
cat serious.txt
[ ! -s serious.txt ] || { echo "::error::Semgrep has found what is serious: see above"; exit 1; }`,
      },
    ]),
    "leaked-secrets": job("Scan for leaked secrets", 15, {}, [
      checkout({ history: true }),
      {
        name: "Leave out what is nobody's",
        env: { TESTS: testsOf(options) },
        run: `echo "$TESTS" > ${NOT_SCANNED}`,
      },
      ...(pullRequests ? [QUEUED] : []),
      {
        name: "TruffleHog",
        why: "Of a push and a pull request it takes the commits that they bring by itself, of the merge queue only where it is told; else all that there ever was.",
        uses: "trufflesecurity/trufflehog",
        with: {
          version: VERSIONS.trufflehog,
          ...(pullRequests && { base: expression("steps.queued.outputs.base_sha"), head: expression("steps.queued.outputs.head_sha") }),
          extra_args: `--results=verified,unknown --exclude-paths=${NOT_SCANNED}`,
        },
      },
    ]),
  };
}

/** It compares two commits, and is done at once where there are none: a job that was skipped could not be told from one that should have run. */
export const dependencyReview = (): Job => ({
  name: "Review new dependencies",
  "runs-on": RUNNER,
  "timeout-minutes": 5,
  permissions: { contents: ["read", "compare the dependencies of both commits"] },
  steps: [
    checkout(),
    {
      name: "Dependency review",
      if: "github.event_name == 'pull_request'",
      uses: "actions/dependency-review-action",
      with: { "fail-on-severity": "high" },
    },
  ],
});

/** With the rules of Semgrep's platform, where there is an account: a finding is kept there. */
export const semgrepPlatform = (): Job => ({
  name: "Scan source (Semgrep's platform)",
  if: "github.event_name == 'schedule' || github.event_name == 'workflow_dispatch'",
  "runs-on": RUNNER,
  "timeout-minutes": 20,
  environment: { name: AUTOMATION, deployment: false },
  permissions: { contents: ["read", "check out"] },
  env: { SEMGREP_APP_TOKEN: secret("SEMGREP_APP_TOKEN") },
  steps: [
    {
      name: "No token, no platform",
      if: "env.SEMGREP_APP_TOKEN == ''",
      run: 'echo "SEMGREP_APP_TOKEN is not set: the rules in the workflow do" >> "$GITHUB_STEP_SUMMARY"',
    },
    { ...checkout(), if: "env.SEMGREP_APP_TOKEN != ''" },
    {
      name: "Semgrep",
      if: "env.SEMGREP_APP_TOKEN != ''",
      env: { SEMGREP: VERSIONS.semgrep },
      run: 'docker run --rm --env SEMGREP_APP_TOKEN --volume "$PWD:/src" --workdir /src "$SEMGREP" semgrep ci',
    },
  ],
});

/** The digest that staging and production get, not an image built for the scan. */
export function imageScan(options: WorkflowOptions): Job {
  const upload = uploadOf(options, false);
  return {
    name: "Scan the images that ship",
    needs: ["images"],
    "runs-on": RUNNER,
    "timeout-minutes": 15,
    permissions: {
      ...(abilitiesOf(options).codeScanning && { contents: ["read", "name the commit of the findings"] as const }),
      packages: ["read", "pull the images"],
      ...upload.permissions,
    },
    env: { TRIVY_USERNAME: expression("github.actor"), TRIVY_PASSWORD: TOKEN },
    steps: [
      ...(abilitiesOf(options).codeScanning ? [checkout()] : []),
      ...(["backend", "frontend"] as const).flatMap((part) => [
        {
          ...trivy(`Report all of ${part}`, { "image-ref": expression(`needs.images.outputs.${part}`), format: "sarif", output: `image-${part}.sarif` }),
          if: "!cancelled()",
        },
        ...upload.step(`image-${part}`),
        {
          ...trivy(`Fail on what is serious and can be mended in ${part}`, { "image-ref": expression(`needs.images.outputs.${part}`), ...SERIOUS }),
          if: "!cancelled()",
        },
      ]),
    ],
  };
}

const SERIOUS = { format: "table", "exit-code": "1", severity: "HIGH,CRITICAL", "ignore-unfixed": true };

const trivy = (name: string, more: Record<string, string | boolean>): Step => ({
  name,
  uses: "aquasecurity/trivy-action",
  with: { version: VERSIONS.trivy, scanners: "image-ref" in more ? "vuln" : "vuln,misconfig", ...more },
});

/** All of a report, the serious first. The repository is private, and so is the summary. */
const inSummary = (name: string): Step => ({
  name: `Findings of ${name} to the summary`,
  if: `!cancelled() && hashFiles('${name}.sarif') != ''`,
  run: `
jq --raw-output '
  def cell: gsub("\\\\s+"; " ") | gsub("[|]"; "\\\\|") | .[0:300];
  [.runs[] | ${LEVELS} as $level
    | .results[] | select((.suppressions // []) == [])
    | (.locations[0].physicalLocation // {}) as $place
    | { level: (.level // $level[.ruleId] // "warning"), rule: .ruleId, text: .message.text,
        place: "\\($place.artifactLocation.uri // ""):\\($place.region.startLine // "")" }]
  | sort_by(.level != "error", .level != "warning")
  | "### ${name}: \\(length) findings",
    (select(length > 0) | "", "| | | where | |", "| --- | --- | --- | --- |",
      (.[0:${MOST}][] | "| \\([.level, .rule, .place, .text | cell] | join(" | ")) |"),
      (select(length > ${MOST}) | "", "and \\(length - ${MOST}) more"))' ${name}.sarif >> "$GITHUB_STEP_SUMMARY"`,
});

function uploadOf(options: WorkflowOptions, pullRequests: boolean): { permissions: Permissions; step: (name: string) => Step[] } {
  if (!abilitiesOf(options).codeScanning) return { permissions: {}, step: (name) => [inSummary(name)] };
  return {
    permissions: {
      "security-events": ["write", "put findings into the Security tab"],
      ...(options.visibility === "private" && { actions: ["read", "name the run of the findings"] as const }),
    },
    step: (name) => [
      {
        name: `Findings of ${name} to the Security tab`,
        // The merge queue's branch is gone before GitHub has read them; the pull request had the same ones.
        if: `!cancelled() && hashFiles('${name}.sarif') != ''${pullRequests ? " && github.event_name != 'merge_group' && github.event.pull_request.head.repo.fork != true" : ""}`,
        uses: "github/codeql-action/upload-sarif",
        with: { sarif_file: `${name}.sarif`, category: name },
      },
    ],
  };
}
