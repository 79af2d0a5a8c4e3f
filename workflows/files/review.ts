/** An environment of a pull request's own, while it bears a label. */
import { reviewOf } from "../../secrets/catalogue.ts";
import { expression, secret, variable, type Job, type Step, type Workflow } from "../model.ts";
import { OF_THIS_REPOSITORY as OURS, type Part, type Platform, type WorkflowOptions } from "../options.ts";
import { COMMENT_ENV, commentIds, markOf, writeComment } from "../jobs/comment.ts";
import { cacheOf, login, PACKAGES, PARTS } from "../jobs/images.ts";
import { RUNNER, RUNNERS } from "../jobs/runners.ts";
import { checkout, RUN_URL } from "../steps.ts";

const LABEL = "review";
const LABELLED = `contains(github.event.pull_request.labels.*.name, '${LABEL}')`;
/** Another label that comes or goes is no reason. */
const WANTED = `${OURS} && ${LABELLED} && github.event.action != 'closed' && github.event.action != 'unlabeled' && (github.event.action != 'labeled' || github.event.label.name == '${LABEL}')`;
const OVER = `${OURS} && ((github.event.action == 'closed' && ${LABELLED}) || (github.event.action == 'unlabeled' && github.event.label.name == '${LABEL}'))`;
/** GitHub keeps one run of a group waiting: one that is about another label would take the place of one that opens or closes. */
const FOREIGN = expression(
  `(github.event.action == 'labeled' || github.event.action == 'unlabeled') && github.event.label.name != '${LABEL}' && format('-{0}', github.run_id) || ''`,
);
const NUMBER = expression("github.event.pull_request.number");
/** How its comment is found again. */
const KIND = "review";

export function review(options: WorkflowOptions): Workflow {
  const staging = options.environments.find(({ from }) => from === "push")!.name;
  return {
    file: "review.yml",
    name: "Review",
    says: `A pull request of this repository with the label "${LABEL}" gets an environment of its own beside ${staging}: its images, a database of its own, a host name with its number, and a comment that says where. Each push renews it; it goes with the label, with the pull request, or by itself after some days. What it may have is said by the stack ${staging}, and the key that asks for it can do nothing else on the server. Never for a fork, nor for Dependabot; no secret of ${staging} is in it.`,
    on: { pull_request: { types: ["labeled", "unlabeled", "opened", "reopened", "synchronize", "closed"], branches: [options.defaultBranch] } },
    concurrency: { group: `review-${NUMBER}${FOREIGN}`, "cancel-in-progress": false },
    jobs: {
      ...Object.fromEntries(PARTS.map((part): [string, Job] => [`build-${part}`, build(part, options.application[part], options.review!)])),
      open: open(options, staging),
      close: close(staging),
    },
  };
}

const build = (name: (typeof PARTS)[number], part: Part, platform: Platform): Job => ({
  name: `Build ${name} of the pull request`,
  if: WANTED,
  "runs-on": RUNNERS[platform],
  "timeout-minutes": 30,
  permissions: { contents: ["read", "check out"], packages: ["write", "push the image"] },
  outputs: { image: `${part.image}@${expression("steps.build.outputs.digest")}` },
  steps: [
    checkout(),
    { name: "Set up Buildx", uses: "docker/setup-buildx-action" },
    login(),
    PACKAGES.week,
    {
      name: "Build and push",
      id: "build",
      why: "Under a name that no release uses, and taken by its digest.",
      uses: "docker/build-push-action",
      with: {
        context: part.folder,
        platforms: `linux/${platform}`,
        push: true,
        tags: `${part.image}:pr-${NUMBER}`,
        provenance: false,
        ...PACKAGES.buildArgs,
        "cache-from": cacheOf(part, platform),
      },
    },
  ],
});

/** SSH to the server, by a key that knows three words there. */
const ASK: Step = {
  name: "The way to the server",
  env: {
    ADDRESS: variable("REVIEW_ADDRESS"),
    PORT: variable("REVIEW_PORT"),
    HOST_KEY: variable("REVIEW_HOST_KEY"),
    KEY: secret("REVIEW_SSH_KEY"),
  },
  run: `
umask 077
printf '%s\\n' "$KEY" > "$RUNNER_TEMP/review.key"
name="$ADDRESS"
[ "$PORT" = 22 ] || name="[$ADDRESS]:$PORT"
printf '%s %s\\n' "$name" "$HOST_KEY" > "$RUNNER_TEMP/review.known"`,
};
const SERVER = { ADDRESS: variable("REVIEW_ADDRESS"), PORT: variable("REVIEW_PORT"), SERVER_USER: variable("REVIEW_USER"), NUMBER };
const ssh = (words: string) =>
  `ssh -i "$RUNNER_TEMP/review.key" -o IdentitiesOnly=yes -o BatchMode=yes -o ConnectTimeout=20 -o StrictHostKeyChecking=yes -o UserKnownHostsFile="$RUNNER_TEMP/review.known" -p "$PORT" "$SERVER_USER@$ADDRESS" ${words}`;

const open = (options: WorkflowOptions, staging: string): Job => {
  const { application } = options;
  const images = PARTS.flatMap((part) => application[part].services.map((service) => `"${service}": env.${part.toUpperCase()}`)).join(", ");
  return {
    name: "Open the environment",
    needs: PARTS.map((part) => `build-${part}`),
    "runs-on": RUNNER,
    "timeout-minutes": 30,
    environment: { name: reviewOf(staging), deployment: false },
    permissions: { contents: ["read", "check out the Compose file"], "pull-requests": ["write", "say below the pull request where it is"] },
    steps: [
      checkout(),
      ASK,
      {
        name: "Open it",
        id: "open",
        why: "The Compose file is the pull request's own: what it may have, the server decides.",
        env: {
          ...SERVER,
          COMPOSE: application.composeFile,
          ...Object.fromEntries(PARTS.map((part) => [part.toUpperCase(), expression(`needs.build-${part}.outputs.image`)])),
          COMMIT: expression("github.event.pull_request.head.sha"),
          ACTOR: expression("github.actor"),
          RUN: RUN_URL,
        },
        run: `
jq --null-input --rawfile compose "$COMPOSE" '{ format: 1, number: (env.NUMBER | tonumber), release: ("pr-" + env.NUMBER + "-" + env.COMMIT[0:12]), compose: $compose, images: { ${images} }, provenance: { commit: env.COMMIT, actor: env.ACTOR, run: env.RUN } }' > "$RUNNER_TEMP/request.json"
${ssh("open")} < "$RUNNER_TEMP/request.json" | tee "$RUNNER_TEMP/said.txt"`,
      },
      {
        name: "Say where it is",
        why: "Also of one that was not opened, with the server's own words. One comment, changed in its place.",
        if: "!cancelled() && steps.open.conclusion != 'skipped'",
        env: { ...COMMENT_ENV, OPENED: expression("steps.open.outcome"), COMMIT: expression("github.event.pull_request.head.sha") },
        run: `
said="$(tail -n 15 "$RUNNER_TEMP/said.txt" 2> /dev/null | tr -d '\`' || true)"
line="$(grep -E "^ #$NUMBER is at " "$RUNNER_TEMP/said.txt" 2> /dev/null | tail -n 1 || true)"
{
  echo '${markOf(KIND)}'
  if [ "$OPENED" = success ]; then
    echo "### Environment of this pull request"
    echo
    echo "\${line# } (of \${COMMIT:0:7})"
  else
    echo "### No environment for \${COMMIT:0:7}"
    echo
    echo '\`\`\`'
    echo "\${said:-the server did not answer}"
    echo '\`\`\`'
  fi
} | tee --append "$GITHUB_STEP_SUMMARY" > "$RUNNER_TEMP/comment.md"${writeComment(KIND)}`,
      },
    ],
  };
};

const close = (staging: string): Job => ({
  name: "Close the environment",
  if: OVER,
  "runs-on": RUNNER,
  "timeout-minutes": 20,
  environment: { name: reviewOf(staging), deployment: false },
  permissions: { "pull-requests": ["write", "remove the comment"] },
  steps: [
    ASK,
    { name: "Close it", env: SERVER, run: `\n${ssh('"close $NUMBER"')}` },
    {
      name: "Remove the comment",
      env: COMMENT_ENV,
      run: `
${commentIds(KIND)} | while read -r id; do
  gh api --silent --method DELETE "repos/$GITHUB_REPOSITORY/issues/comments/$id"
done`,
    },
  ],
});
