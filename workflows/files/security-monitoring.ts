/** What is found after a release: vulnerabilities of what is live and of what is locked, and what ZAP sees of staging from outside; one issue for each. */
import { expression, TOKEN, variable, type Job, type Permissions, type Step, type Workflow } from "../model.ts";
import { onDefaultBranch, readableWithoutSecret, type WorkflowOptions } from "../options.ts";
import { newest } from "../jobs/artifacts.ts";
import { login } from "../jobs/images.ts";
import { ISSUE_PERMISSIONS, issuesOf } from "../jobs/issues.ts";
import { notifyOfFailure } from "../jobs/notify.ts";
import { RUNNER } from "../jobs/runners.ts";
import { VERSIONS } from "../pins.ts";
import { checkout, keep } from "../steps.ts";

const WEEKLY = "37 2 * * 0";
const HOW = {
  baseline: { says: "looks at what it answers, harmless", program: "zap-baseline.py" },
  api: { says: "calls every operation of the API's own description", program: "zap-api-scan.py" },
  full: { says: "attacks it", program: "zap-full-scan.py" },
} as const;

export function securityMonitoring(options: WorkflowOptions): Workflow {
  const staging = options.environments.find(({ from }) => from === "push")!.name;
  const jobs: Record<string, Job> = {
    live: live(options),
    dependencies: dependencies(options),
    "zap-baseline": zap(options, staging, "baseline", `github.event.schedule != '${WEEKLY}'`),
    "zap-api": zap(options, staging, "api", `github.event.schedule != '${WEEKLY}'`),
    "zap-full": zap(options, staging, "full", `github.event.schedule == '${WEEKLY}'`),
  };
  return {
    file: "security-monitoring.yml",
    name: "Security monitoring",
    says: `Every day: the images that are live, and the locked dependencies, against the vulnerabilities that are known today (Trivy); ${staging} from outside (ZAP). On Sundays ZAP attacks ${staging} too. Each finding has one issue, which is closed when it is gone. Issues name the kind of a finding and not the place${options.visibility === "public" ? ": anyone may read them, and so reports are not kept either" : "; the reports are kept for a week"}.`,
    on: {
      schedule: [
        { cron: "37 6 * * *", says: "daily 06:37" },
        { cron: WEEKLY, says: "Sundays 02:37, the attack" },
      ],
      workflow_dispatch: {},
    },
    concurrency: { group: "security-monitoring", "cancel-in-progress": false },
    jobs: { ...jobs, notify: notifyOfFailure({ needs: Object.keys(jobs), about: "security monitoring" }) },
  };
}

const setUp: Step = { name: "Install Trivy", uses: "aquasecurity/setup-trivy", with: { version: VERSIONS.trivy, cache: false } };

/** What of a report of Trivy is a finding: serious, and there is a version without it. */
const FINDINGS = `
findings() {
  jq --arg where "$1" '[.Results[]?.Vulnerabilities[]? | select(.FixedVersion) | {
    id: "\\(.VulnerabilityID) \\(.PkgName) \\($where)",
    title: "\\(.VulnerabilityID) in \\(.PkgName) (\\($where))",
    body: "\\(.Severity | ascii_downcase): \\(.Title // .VulnerabilityID)\\n\\n\\(.PkgName) \\(.InstalledVersion), mended in \\(.FixedVersion)\\n\\n\\(.PrimaryURL // "")" }] | unique_by(.id)' "$2"
}`;

function live(options: WorkflowOptions): Job {
  const { environments } = options;
  const permissions: Permissions = { actions: ["read", "read which images are live"], packages: ["read", "pull the images"], ...ISSUE_PERMISSIONS };
  return {
    name: "Vulnerabilities of the images that are live",
    why: readableWithoutSecret(options)
      ? "What is live is what the last deploy, release or rollback left written down, or the comparison of the night, which asks the server: so a rollback on the server itself is known here by the next morning."
      : "What is live is what the last deploy, release or rollback left written down. A rollback on the server itself is known here only once a run has settled it.",
    if: onDefaultBranch(options),
    "runs-on": RUNNER,
    "timeout-minutes": 30,
    permissions,
    env: { GH_TOKEN: TOKEN, GH_REPO: expression("github.repository") },
    steps: [
      setUp,
      login(),
      {
        name: "Scan each digest",
        run: `${newest(options)}
${FINDINGS.trim()}
for environment in ${environments.map(({ name }) => name).join(" ")}; do
  left=0
  newest "live-$environment" "live/$environment" || left=$?
  if [ "$left" = 3 ]; then
    echo "::error::what is live in $environment was written down so long ago that GitHub keeps it no more: a deploy, or the workflow Redeploy, writes it again"
    exit 1
  fi
  if [ "$left" != 0 ]; then echo "$environment: nothing is known to be live" >> "$GITHUB_STEP_SUMMARY"; continue; fi
  jq --raw-output '[.images[]?] | unique[]' "live/$environment/live.json" | while read -r image; do
    trivy image --quiet --severity HIGH,CRITICAL --ignore-unfixed --format json --output report.json "$image"
    findings "$environment" report.json >> each.json
    echo "- $environment: \\\`$image\\\`" >> "$GITHUB_STEP_SUMMARY"
  done
done
touch each.json
jq --slurp 'add // []' each.json > findings.json
echo "$(jq length findings.json) findings" >> "$GITHUB_STEP_SUMMARY"`,
      },
      issuesOf("security-live"),
    ],
  };
}

const dependencies = (options: WorkflowOptions): Job => ({
  name: "Vulnerabilities of locked dependencies",
  if: onDefaultBranch(options),
  "runs-on": RUNNER,
  "timeout-minutes": 15,
  permissions: { contents: ["read", "check out"], ...ISSUE_PERMISSIONS },
  steps: [
    checkout(),
    setUp,
    {
      name: "Scan the lock files",
      run: `
${FINDINGS.trim()}
trivy fs --quiet --scanners vuln --severity HIGH,CRITICAL --ignore-unfixed --format json --output report.json .
findings ${options.defaultBranch} report.json > findings.json
echo "$(jq length findings.json) findings" >> "$GITHUB_STEP_SUMMARY"`,
    },
    issuesOf("security-dependencies"),
  ],
});

function zap(options: WorkflowOptions, environment: string, kind: keyof typeof HOW, when: string): Job {
  const { application, visibility } = options;
  const { says, program } = HOW[kind];
  const asks = kind === "api" ? application.apiDescription : "";
  const rules = application.zapRules === undefined ? "" : ` -c ${application.zapRules}`;
  // What the rules ignore is in the report all the same where it was found by looking only: zaproxy/zaproxy#5212.
  const ignored = `($rules | split("\\n") | map(split("\\t") | select(.[1] == "IGNORE")[0])) as $ignored`;
  return {
    name: `ZAP, ${kind}: ${says}`,
    if: `${onDefaultBranch(options)} && ${when}`,
    "runs-on": RUNNER,
    "timeout-minutes": kind === "full" ? 60 : 20,
    environment: { name: environment, deployment: false },
    permissions: { contents: ["read", "check out the rules"], ...ISSUE_PERMISSIONS },
    env: { PUBLIC_URL: variable("PUBLIC_URL"), ZAP: VERSIONS.zap },
    steps: [
      checkout(),
      {
        name: "Scan",
        run: `
chmod a+rwx .
code=0
docker run --rm --volume "$PWD:/zap/wrk:rw" "$ZAP" ${program} -t "$PUBLIC_URL${asks}"${kind === "api" ? " -f openapi" : ""}${rules} -J zap.json -r zap.html -I > zap.log 2>&1 || code=$?
if [ ! -f zap.json ]; then echo "::error::ZAP ended with $code and no report"; ${visibility === "public" ? "" : "tail -n 20 zap.log; "}exit 1; fi
jq --rawfile rules ${application.zapRules ?? "/dev/null"} '${ignored}
| [.site[]?.alerts[]? | select((.riskcode | tonumber) >= 2) | select(.pluginid | IN($ignored[]) | not) | {
  id: "zap-\\(.pluginid)", title: "ZAP \\(.pluginid): \\(.alert)",
  body: "Risk: \\(.riskdesc). \\(.count) places.\\n\\nhttps://www.zaproxy.org/docs/alerts/\\(.alertRef // .pluginid)/" }] | unique_by(.id)' zap.json > findings.json
echo "$(jq length findings.json) findings of medium risk or higher" >> "$GITHUB_STEP_SUMMARY"`,
      },
      ...(visibility === "public" ? [] : [keep(`zap-${kind}`, "zap.html", 7)]),
      issuesOf(`security-zap-${kind}`),
    ],
  };
}
