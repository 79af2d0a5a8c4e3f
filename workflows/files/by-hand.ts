/** What people start: rollback, redeploy, maintenance. One job each, on the environment that they choose. */
import { expression, variable, type Input, type Job, type Step, type Workflow } from "../model.ts";
import type { WorkflowOptions } from "../options.ts";
import { keepRecord, releaseRun } from "../jobs/deploy.ts";
import { notify } from "../jobs/notify.ts";
import { outcome, readLive, smoke } from "../jobs/outcome.ts";
import { RUNNER } from "../jobs/runners.ts";
import { DEPLOY_ROLE, STACK_PERMISSIONS, stackEnv, stackGround, way } from "../jobs/stack.ts";
import { at } from "../steps.ts";

const CHOSEN = expression("inputs.environment");
const REASON: Input = { description: "Why; it is in the summary and in the message to the team", required: true, type: "string" };

interface ByHand {
  readonly file: string;
  readonly name: string;
  readonly says: string;
  readonly inputs: Readonly<Record<string, Input>>;
  /** Whether GitHub is told of a deployment. What moves no release is none. */
  readonly deploys: boolean;
  /** After the ground. */
  readonly steps: readonly Step[];
}

function byHand(options: WorkflowOptions, { file, name, says, inputs, deploys, steps }: ByHand): Workflow {
  const environment: Input = { description: "Which environment", required: true, type: "choice", options: options.environments.map((one) => one.name) };
  const work: Job = {
    name: `${name} on ${CHOSEN}`,
    "runs-on": RUNNER,
    "timeout-minutes": 45,
    environment: { name: CHOSEN, url: variable("PUBLIC_URL"), ...(!deploys && { deployment: false as const }) },
    permissions: STACK_PERMISSIONS,
    env: { ...stackEnv(options, CHOSEN), REASON: expression("inputs.reason") },
    steps: [
      {
        name: `Only from ${options.defaultBranch}`,
        why: "The workflow of another branch could say anything; the environment's own rules refuse it too.",
        env: { REF: expression("github.ref") },
        run: `[ "$REF" = refs/heads/${options.defaultBranch} ] || { echo "::error::run it from ${options.defaultBranch}, got $REF"; exit 1; }`,
      },
      { name: "Say why", env: { ACTOR: expression("github.actor") }, run: 'echo "$ACTOR: $REASON" >> "$GITHUB_STEP_SUMMARY"' },
      ...stackGround(options, { role: DEPLOY_ROLE }),
      ...way(options),
      ...steps,
    ],
  };
  return {
    file,
    name,
    says: `${says} It waits for the environment's approval like a deploy does. It is not in the group of deploys, because one that waits for its approval would hold this up: the server's own lock and the stack's keep the two apart, and the second one is refused.`,
    on: { workflow_dispatch: { inputs: { environment, ...inputs, reason: REASON } } },
    concurrency: { group: `by-hand-${CHOSEN}`, "cancel-in-progress": false },
    jobs: { work, notify: notify({ needs: ["work"], about: `${name.toLowerCase()} of ${CHOSEN}: ${expression("inputs.reason")}` }) },
  };
}

export function rollback(options: WorkflowOptions): Workflow {
  return byHand(options, {
    file: "rollback.yml",
    name: "Rollback",
    says: "Back to an older release, by the same gates as a deploy; the stack is told, so that the next run does not bring back what was left. Where the schema has moved on since, it refuses and says what each way back would cost, until one of them is chosen.",
    inputs: {
      release: { description: "Number of the release, as recoloca history has it; empty: the one before", required: false, type: "string", default: "" },
      data: {
        description:
          "Where the schema has moved on since. downgrade: by the migration tool, what was written stays. restore: the backup of then, what was written since is lost",
        required: true,
        type: "choice",
        options: ["refuse", "downgrade", "restore"],
        default: "refuse",
      },
    },
    deploys: true,
    steps: [
      {
        name: "Go back",
        id: "release",
        env: { RELEASE: expression("inputs.release"), DATA: expression("inputs.data") },
        ...at(options.programPath),
        run: `
[[ "$RELEASE" =~ ^[0-9]*$ ]] || { echo "::error::got the release '$RELEASE', wants its number, or nothing for the one before"; exit 1; }
way=(); [ -z "$RELEASE" ] || way+=("$RELEASE")
case "$DATA" in downgrade) way+=(--downgrade) ;; restore) way+=(--restore) ;; esac
[ -z "$REASON" ] || way+=(--reason "$REASON")
node operate/main.ts rollback "\${way[@]}" 2>&1 | tee "$RUNNER_TEMP/rollback.log"`,
      },
      {
        name: "Tell the story",
        if: "!cancelled() && steps.release.conclusion != 'skipped'",
        run: `{ echo '\`\`\`'; tail -n 60 "$RUNNER_TEMP/rollback.log"; echo '\`\`\`'; } >> "$GITHUB_STEP_SUMMARY"`,
      },
      { ...readLive(options), if: "!cancelled()" },
      smoke(options),
      keepRecord(CHOSEN),
    ],
  });
}

export function redeploy(options: WorkflowOptions): Workflow {
  return byHand(options, {
    file: "redeploy.yml",
    name: "Redeploy",
    says: "The same release again, with today's configuration: after a secret was changed, or when containers are to start anew. Where nothing has changed since, nothing is done. It never moves to another release: that is what Deploy, Release and Rollback do.",
    inputs: {},
    deploys: true,
    steps: [releaseRun(options), outcome(options), smoke(options), keepRecord(CHOSEN)],
  });
}

export function maintenance(options: WorkflowOptions): Workflow {
  return byHand(options, {
    file: "maintenance.yml",
    name: "Maintenance",
    says: "Closes the application to visitors, who get a page meanwhile, or opens it again. The release goes on running.",
    inputs: { doors: { description: "on: visitors get the page; off: they are let in", required: true, type: "choice", options: ["on", "off"] } },
    deploys: false,
    steps: [
      {
        name: "Turn the page on or off",
        env: { DOORS: expression("inputs.doors") },
        ...at(options.programPath),
        run: 'node operate/main.ts maintenance "$DOORS" 2>&1 | tee --append "$GITHUB_STEP_SUMMARY"',
      },
    ],
  });
}
