/** A release run: the one definition of a deploy, for every environment. */
import { expression, TOKEN, variable, type Job, type Step } from "../model.ts";
import { abilitiesOf } from "../github-plan.ts";
import type { WorkflowOptions } from "../options.ts";
import { at } from "../steps.ts";
import { brings } from "./brings.ts";
import { login } from "./images.ts";
import { outcome, smoke } from "./outcome.ts";
import { RUNNER } from "./runners.ts";
import { alone, ALONE_ENV, DEPLOY_ROLE, STACK_PERMISSIONS, stackEnv, stackGround, way } from "./stack.ts";

interface Deploy {
  /** May be an expression. */
  readonly environment: string;
  readonly needs: readonly string[];
  readonly if?: string;
  /** Expressions, without braces: the commit, and each image with its digest. */
  readonly commit: string;
  readonly backend: string;
  readonly frontend: string;
}

/** The file that builds images: only what it signed is deployed. */
export const BUILDER = "deploy.yml";

export function deploy(options: WorkflowOptions, { environment, commit, backend, frontend, ...more }: Deploy): Job {
  const { application, programPath } = options;
  const signed = abilitiesOf(options).attestations;
  const set = (key: string, value: string) => `pulumi config set --path 'recoloca:${key}' "${value}"`;
  const folder = at(programPath);
  return {
    name: `Deploy to ${environment}`,
    ...more,
    "runs-on": RUNNER,
    "timeout-minutes": 45,
    environment: { name: environment, url: variable("PUBLIC_URL") },
    concurrency: { group: `deploy-${environment}`, "cancel-in-progress": false },
    permissions: {
      ...STACK_PERMISSIONS,
      ...(signed && { attestations: ["read", "check who built the images"] as const, packages: ["read", "look at the images"] as const }),
    },
    outputs: { brings: expression("steps.brings.outputs.brings") },
    env: { ...stackEnv(options, environment), COMMIT: expression(commit), BACKEND: expression(backend), FRONTEND: expression(frontend) },
    steps: [
      ...(signed ? [login(), verified(options)] : []),
      ...stackGround(options, { role: DEPLOY_ROLE, ref: expression(commit), history: true }),
      ...way(options),
      {
        name: "A deploy never goes back",
        id: "live",
        why: "Where an old run is repeated, or two releases were approved in the wrong order, what is live is newer than this.",
        ...folder,
        run: `
live="$(node operate/main.ts status --json | jq --raw-output --arg stack '${application.name}'-"$STACK" '.[] | select(.stack == $stack) | .live.provenance.commit // empty')"
echo "commit=$live" >> "$GITHUB_OUTPUT"
if [ -n "$live" ] && [ "$live" != "$COMMIT" ] && git merge-base --is-ancestor "$COMMIT" "$live"; then
  echo "::error::$COMMIT is older than what is live ($live), and a deploy never goes back: to go back, run the workflow Rollback"
  exit 1
fi`,
      },
      brings("steps.live.outputs.commit"),
      {
        name: "Name the release",
        env: { NAME: expression("github.ref_type == 'tag' && github.ref_name || ''"), ACTOR: expression("github.actor") },
        ...folder,
        run: `
release="\${NAME:-$(git log -1 --format=%cd --date=format:%Y.%m.%d "$COMMIT")-\${COMMIT:0:7}}"
echo "RELEASE=$release" >> "$GITHUB_ENV"
${application.backend.services.map((service) => set(`images.${service}`, "$BACKEND")).join("\n")}
${application.frontend.services.map((service) => set(`images.${service}`, "$FRONTEND")).join("\n")}
${set("release", "$release")}
${set("provenance.commit", "$COMMIT")}
${set("provenance.actor", "$ACTOR")}
${set("provenance.run", "$RUN")}`,
      },
      releaseRun(options),
      outcome(options),
      smoke(options),
      keepRecord(environment),
    ],
  };
}

const verified = ({ repository, defaultBranch }: WorkflowOptions): Step => ({
  name: `Built by this repository's own workflow, from ${defaultBranch}`,
  env: { GH_TOKEN: TOKEN },
  run: `
for image in "$BACKEND" "$FRONTEND"; do
  gh attestation verify "oci://$image" --repo '${repository}' \\
    --signer-workflow '${repository}/.github/workflows/${BUILDER}' --source-ref refs/heads/${defaultBranch} --deny-self-hosted-runners
done`,
});

/** Only the deployment, and the secrets that are made for it: changes to the ground wait for a run of their own. */
export const releaseRun = (options: WorkflowOptions): Step => ({
  name: "Release",
  id: "release",
  why: "Backs up, migrates, starts the new release beside the old one, switches, watches; whatever fails is taken back by the server itself. Pulumi's own exit code does not say what became of it: the next step asks the server. Where another run has the stack, this one waits for it, 10 minutes at most.",
  "continue-on-error": true,
  env: ALONE_ENV,
  ...at(options.programPath),
  run: `${alone(options)}
node operate/main.ts history --json | jq --arg stack '${options.application.name}'-"$STACK" '[.[] | select(.stack == $stack) | .number] | max // 0' > "$RUNNER_TEMP/before"
alone "$RUNNER_TEMP/release.log" pulumi up --yes --skip-preview --non-interactive --target '**::${options.application.name}-release' --target '**RotatedSecrets**'`,
});

/** What a later scan and the metrics read: no secret, no line of a log. */
export const keepRecord = (environment: string): Step => ({
  name: "Keep what is live now",
  if: "!cancelled()",
  uses: "actions/upload-artifact",
  with: { name: `live-${environment}`, path: "live.json", "retention-days": 90, overwrite: true, "if-no-files-found": "ignore" },
});
