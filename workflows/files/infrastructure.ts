/** Everything of a stack but releases: previewed on a pull request, brought up after a merge, compared with what is there each night. */
import { infrastructureOf } from "../../secrets/catalogue.ts";
import { abilitiesOf } from "../github-plan.ts";
import { secret, TOKEN, variable, expression, type Job, type Step, type Workflow } from "../model.ts";
import { OF_THIS_REPOSITORY, onDefaultBranch, previewable, readableWithoutSecret, type WorkflowOptions } from "../options.ts";
import { checks } from "../jobs/checks.ts";
import { ISSUE_PERMISSIONS, issuesOf } from "../jobs/issues.ts";
import { notify, notifyOfFailure } from "../jobs/notify.ts";
import { keepRecord } from "../jobs/deploy.ts";
import { readLive } from "../jobs/outcome.ts";
import { RUNNER } from "../jobs/runners.ts";
import { alone, ALONE_ENV, INFRASTRUCTURE_ROLE, planRole, STACK_PERMISSIONS, stackEnv, stackGround, way } from "../jobs/stack.ts";
import { at } from "../steps.ts";
import { RELEASE_TAG } from "./release.ts";

const byHand = (options: WorkflowOptions) => `github.event_name == 'workflow_dispatch' && ${onDefaultBranch(options)}`;
/** After a merge, where a release tag begins production's by that tag, or by hand from the default branch. */
const merged = (options: WorkflowOptions) => `github.event_name == 'push' || (${byHand(options)})`;
/** Where nobody can be asked to approve, what a merge alone must not reach waits for a release tag. */
const awaitsTag = (options: WorkflowOptions) => !abilitiesOf(options).approval;
const BY_TAG = "github.ref_type == 'tag'";
const OURS = `github.event_name == 'pull_request' && ${OF_THIS_REPOSITORY}`;

/** What is not of the program: its own folder where it has one, else everything but the application. */
function pathsOf({ programPath, application }: WorkflowOptions): string[] {
  const { backend, frontend, e2e, composeFile } = application;
  return programPath === "."
    ? ["**", ...[backend.folder, frontend.folder, e2e].map((folder) => `!${folder}/**`), "!**.md"]
    : [`${programPath}/**`, `!${programPath}/**.md`, composeFile];
}

export function infrastructure(options: WorkflowOptions): Workflow {
  const staging = options.environments.find(({ from }) => from === "push")!.name;
  const production = options.environments.find(({ from }) => from === "release")!.name;
  const others = options.environments.filter(({ name }) => name !== staging);
  const tagged = awaitsTag(options);
  const merges = others.filter(({ name }) => !tagged || name !== production).map(({ name }) => name);
  const paths = pathsOf(options);
  const readable = readableWithoutSecret(options);
  const commented = previewable(options);
  const once = (group: string) => ({ concurrency: { group, "cancel-in-progress": false } });
  const ups = Object.fromEntries([
    [
      `up-${staging}`,
      { ...up(options, staging, ["check"]), ...(tagged && { if: `!(${BY_TAG}) && (${merged(options)})` }), ...once(infrastructureOf(staging)) },
    ],
    ...others.map(({ name }): [string, Job] => [
      `up-${name}`,
      { ...(tagged && name === production ? upByTag(options, name, staging) : up(options, name, [`up-${staging}`])), ...once(infrastructureOf(name)) },
    ]),
  ]) as Record<string, Job>;
  return {
    file: "infrastructure.yml",
    name: "Infrastructure",
    says: `Everything but releases: server, network, backups, GitHub's own side. ${commented ? `A pull request of this repository gets a preview of ${staging} as a comment. ` : ""}After the merge the program is checked once more, ${staging} is brought up to it${merges.length > 0 ? `, then ${merges.join(", ")}` : ""}${tagged ? `. ${production} is by a release tag, as its deploy is, or by hand: this repository's plan has nobody who could be asked to approve.` : ", behind the same approval as a deploy."} It never moves a release: the stacks keep what is live.${readable ? " Every night what is there, at GitHub as far as a run may read it, is compared with what should be, and a difference opens an issue." : ""}`,
    on: {
      ...(commented && { pull_request: { branches: [options.defaultBranch], paths } }),
      ...(readable && { schedule: [{ cron: "47 3 * * *", says: "daily 03:47" }] }),
      push: { branches: [options.defaultBranch], paths, ...(tagged && { tags: [RELEASE_TAG] }) },
      workflow_dispatch: {},
    },
    jobs: {
      ...(commented && { preview: { ...preview(options, staging), ...once(`preview-${expression("github.event.pull_request.number || github.run_id")}`) } }),
      check: { ...checks(options, { pathAware: false, tagged }).jobs["program"]!, if: merged(options), ...once(`check-${expression("github.run_id")}`) },
      ...ups,
      ...Object.fromEntries(
        (readable ? options.environments : []).map(({ name }): [string, Job] => [`drift-${name}`, { ...drift(options, name), ...once(`drift-${name}`) }]),
      ),
      ...(readable && {
        "notify-drift": {
          ...notifyOfFailure({
            name: "Tell the team what could not be compared",
            needs: options.environments.map(({ name }) => `drift-${name}`),
            about: "the nightly comparison",
            if: "github.event_name == 'schedule'",
          }),
          ...once(`notify-drift-${expression("github.run_id")}`),
        },
      }),
      notify: {
        ...notify({
          needs: ["check", ...Object.keys(ups)],
          about: "infrastructure",
          ...(tagged && { optional: Object.keys(ups) }),
          subject: "github.event.head_commit.message",
          if: merged(options),
        }),
        ...once(`notify-${expression("github.run_id")}`),
      },
    },
  };
}

const readOnly = ({ backend }: WorkflowOptions, environment: string) => ({
  role: planRole(environment),
  reads: true,
  stack: backend.kind === "cloud" ? `${backend.organization}/${environment}` : environment,
});

const preview = (options: WorkflowOptions, environment: string): Job => ({
  name: `Preview of ${environment}`,
  why:
    options.backend.kind === "cloud"
      ? "Never for a fork, nor for Dependabot, by its number at GitHub: a name could be somebody else's. Its token of Pulumi Cloud is of the team that reads this stack alone: no secret of production."
      : "Never for a fork, nor for Dependabot, by its number at GitHub: a name could be somebody else's. The role that it takes may read the stack. It may write nothing, and knows no secret of production.",
  if: OURS,
  "runs-on": RUNNER,
  "timeout-minutes": 20,
  permissions: {
    ...STACK_PERMISSIONS,
    "id-token": ["write", "take the read-only role for this run"],
    "pull-requests": ["write", "write the preview as a comment"],
  },
  env: stackEnv(options, environment),
  steps: [
    ...stackGround(options, readOnly(options, environment)),
    {
      name: "Preview",
      id: "preview",
      ...at(options.programPath),
      run: `
pulumi preview --json --non-interactive > "$RUNNER_TEMP/preview.json" 2> "$RUNNER_TEMP/preview.log" || {
  code=$?
  cat "$RUNNER_TEMP/preview.log"
  exit "$code"
}`,
    },
    {
      name: "Comment",
      why: "Also of one that failed, with its reason. The stack has one comment, which is changed in its place and removed when nothing changes.",
      if: "!cancelled() && steps.preview.conclusion != 'skipped'",
      env: {
        GITHUB_TOKEN: TOKEN,
        PULL_REQUEST: expression("github.event.pull_request.number"),
        COMMIT: expression("github.event.pull_request.head.sha"),
      },
      ...at(options.programPath),
      run: `node review/main.ts "$RUNNER_TEMP/preview.json" "$RUNNER_TEMP/preview.log" | tee --append "$GITHUB_STEP_SUMMARY"`,
    },
  ],
});

const up = (options: WorkflowOptions, environment: string, needs: readonly string[], { history = false } = {}): Job => ({
  name: `Bring up ${environment}`,
  why: "Not in the group of deploys: what waits here for its approval would hold them up. Pulumi lets only one of the two have the stack at a time.",
  needs,
  if: merged(options),
  "runs-on": RUNNER,
  "timeout-minutes": 45,
  environment: { name: infrastructureOf(environment), deployment: false },
  permissions: STACK_PERMISSIONS,
  env: stackEnv(options, environment),
  steps: [
    ...stackGround(options, { role: INFRASTRUCTURE_ROLE, history }),
    ...appToken(options),
    ...way(options),
    {
      name: "No release is named",
      why: "A release named in the file of the stack would be deployed by this run, and moving releases is not its business.",
      ...at(options.programPath),
      run: `
if pulumi config get recoloca:release > /dev/null 2>&1; then
  echo "::error::Pulumi.$STACK.yaml names a release: pulumi config rm recoloca:images; pulumi config rm recoloca:release"
  exit 1
fi`,
    },
    {
      name: "Bring it up",
      why: "Without the App's token GitHub's own side is left to a person. Where another run has the stack, this one waits for it, 10 minutes at most.",
      env: { ...ALONE_ENV, GITHUB_TOKEN: expression("steps.app.outputs.token") },
      ...at(options.programPath),
      run: `${alone(options)}
without=()
[ -n "$GITHUB_TOKEN" ] || without=(--exclude ${GITHUB_SIDE})${options.backend.kind === "cloud" ? `\nwithout+=(--exclude ${PULUMI_ACCESS})` : ""}
code=0
alone "$RUNNER_TEMP/up.log" pulumi up --yes --diff --non-interactive "\${without[@]}" || code=$?
{ echo "### $STACK"; echo '\`\`\`'; tail -n 40 "$RUNNER_TEMP/up.log"; echo '\`\`\`'; } >> "$GITHUB_STEP_SUMMARY"
exit "$code"`,
    },
  ],
});

/** A release tag in place of an approval. */
function upByTag(options: WorkflowOptions, environment: string, staging: string): Job {
  const job = up(options, environment, ["check", `up-${staging}`], { history: true });
  const [checkout, ...rest] = job.steps;
  return {
    ...job,
    why: `By a release tag or by hand, as nobody here could be asked to approve. The run of a tag leaves out ${staging}, which was brought up when that was merged.`,
    if: `!cancelled() && needs.check.result == 'success' && (${BY_TAG} || (needs.up-${staging}.result == 'success' && ${byHand(options)}))`,
    steps: [
      checkout!,
      {
        name: `Only what is on ${options.defaultBranch}`,
        run: `
git merge-base --is-ancestor "$GITHUB_SHA" origin/${options.defaultBranch} || { echo "::error::$GITHUB_SHA is not on ${options.defaultBranch}: only what was merged is brought up"; exit 1; }`,
      },
      ...rest,
    ],
  };
}

/** Writes GitHub's own side; the run's own token may not. Without an App a person runs `pulumi up` for that. */
function appToken({ repository }: WorkflowOptions): Step[] {
  const [owner = "", name = ""] = repository.split("/");
  return [
    {
      name: "Token of the GitHub App",
      id: "app",
      if: "vars.INFRASTRUCTURE_APP_ID != ''",
      uses: "actions/create-github-app-token",
      with: {
        "client-id": variable("INFRASTRUCTURE_APP_ID"),
        "private-key": secret("INFRASTRUCTURE_APP_PRIVATE_KEY"),
        owner,
        repositories: name,
        "permission-administration": "write",
        "permission-contents": "write",
        "permission-environments": "write",
        "permission-secrets": "write",
        "permission-workflows": "write",
        "permission-pull-requests": "write",
      },
    },
  ];
}

/** Of GitHub's own side, which no run's own token writes, nor reads whole. */
const GITHUB_SIDE = "'**github:index/**'";
/** Whom Pulumi Cloud lets at which stack: a person's business, which no run's token reads or changes. */
const PULUMI_ACCESS = "'**recoloca:index:PulumiAccess$**'";

/** Pulumi's word for what `--expect-no-changes` did not expect, and `compareGithub`'s (operate/github-doctor). Any other is no comparison. */
const DIFFERS = 7;

/** Shell: what is in the log is a finding where `code` says that something differs; where nothing is known the step fails, and no issue is opened or closed. */
const found = (id: string, log: string, title: string, body: string) => `
tail -n 60 "$RUNNER_TEMP/${log}" | tee --append "$GITHUB_STEP_SUMMARY"
case "$code" in
  0) echo '[]' > "$GITHUB_WORKSPACE/findings.json" ;;
  ${DIFFERS}) jq --null-input --arg stack "$STACK" --rawfile log <(tail -n 60 "$RUNNER_TEMP/${log}") '[{
    id: "${id}-\\($stack)", title: "${title}",
    body: "${body}\\n\\n\`\`\`\\n\\($log)\\n\`\`\`\\n\\nTo bring it back: the workflow Infrastructure, by hand. To keep the change: put it into the program." }]' > "$GITHUB_WORKSPACE/findings.json" ;;
  *) echo "::error::$STACK could not be compared: see above"; exit 1 ;;
esac`;

const drift = (options: WorkflowOptions, environment: string): Job => ({
  name: `Compare ${environment} with what is there`,
  if: "github.event_name == 'schedule'",
  "runs-on": RUNNER,
  "timeout-minutes": 20,
  permissions: {
    ...STACK_PERMISSIONS,
    "id-token": ["write", "take the read-only role for this run"],
    actions: ["read", "compare environments, and see whether GitHub runs the workflows"],
    ...ISSUE_PERMISSIONS,
  },
  env: stackEnv(options, environment),
  steps: [
    ...stackGround(options, readOnly(options, environment)),
    ...way(options),
    {
      name: "Compare",
      why: "GitHub's own side is read by itself below: Pulumi would have to read all of it or nothing, and no run's token may read all.",
      ...at(options.programPath),
      run: `
code=0
pulumi preview --refresh --diff --expect-no-changes --non-interactive --exclude ${GITHUB_SIDE}${options.backend.kind === "cloud" ? ` --exclude ${PULUMI_ACCESS}` : ""} > "$RUNNER_TEMP/drift.log" 2>&1 || code=$?${found("drift", "drift.log", "\\($stack) is not what it should be", "Somebody or something changed it outside of the program, or the program was changed and not brought up.")}`,
    },
    issuesOf(`drift-${environment}`),
    {
      name: "Compare what it has at GitHub",
      why: "Environments with their reviewers, rules of branches and tags, workflow files: what the run's own token may read. Names of secrets, variables, what Actions may run, merge settings and who may pass a rule no run's token reads; make doctor compares those.",
      if: "!cancelled()",
      env: { GITHUB_TOKEN: TOKEN },
      ...at(options.programPath),
      run: `
rm --force "$GITHUB_WORKSPACE/findings.json"
code=0
node operate/main.ts compare-github > "$RUNNER_TEMP/github.log" 2>&1 || code=$?${found("drift-github", "github.log", "What \\($stack) has at GitHub is not what it should be", "Somebody changed it there, or the program was changed and not brought up.")}`,
    },
    issuesOf(`drift-github-${environment}`),
    {
      ...readLive(options),
      why: "For the morning's scan of the images that are live: a rollback on the server itself left nothing at GitHub. Where the server does not answer, what was written down before counts.",
      if: "!cancelled()",
      "continue-on-error": true,
    },
    keepRecord(environment),
  ],
});
