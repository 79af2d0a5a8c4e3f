/** One message to Slack about what a run really came to. */
import { AUTOMATION } from "../../secrets/catalogue.ts";
import { expression, secret, type Job } from "../model.ts";
import { RUNNER } from "./runners.ts";

interface Notify {
  /** Of the job, where its file has another of the kind. @default Tell the team */
  readonly name?: string;
  /** All that the outcome is made of. */
  readonly needs: readonly string[];
  /** What it was about, in words; may have expressions. */
  readonly about: string;
  /** What changed, an expression without braces. @default nothing is said of it */
  readonly subject?: string;
  /** Which commits a release brings, an expression without braces for the output of `brings`. @default nothing is said of them */
  readonly brings?: string;
  /** Of `needs`, those that some runs are not meant to have: that one of them was skipped is no word. @default none */
  readonly optional?: readonly string[];
  /** Of a run that skipped everything there is nothing to tell. @default every run */
  readonly if?: string;
}

/** Of jq. */
const SKIPPED = '[$needs | to_entries[] | select(.value.result == "skipped") | .key]';

export const notify = ({ name = "Tell the team", needs, about, subject, brings, optional = [], if: when }: Notify): Job => ({
  name,
  why: "The outcome is that of the jobs before it, not of this one. A run that somebody cancelled needs no message: he knows.",
  needs,
  if: when === undefined ? "!cancelled()" : `!cancelled() && (${when})`,
  "runs-on": RUNNER,
  "timeout-minutes": 5,
  environment: { name: AUTOMATION, deployment: false },
  permissions: {},
  env: { SLACK_WEBHOOK_URL: secret("SLACK_WEBHOOK_URL") },
  steps: [
    { name: "No webhook, no message", if: "env.SLACK_WEBHOOK_URL == ''", run: 'echo "SLACK_WEBHOOK_URL is not set: nobody is told" >> "$GITHUB_STEP_SUMMARY"' },
    {
      name: "Write the message",
      if: "env.SLACK_WEBHOOK_URL != ''",
      env: {
        NEEDS: expression("toJSON(needs)"),
        ABOUT: about,
        SUBJECT: subject === undefined ? "" : expression(subject),
        ...(brings !== undefined && { BRINGS: expression(brings) }),
        ACTOR: expression("github.actor"),
        COMMIT: expression("github.sha"),
        REPOSITORY: `${expression("github.server_url")}/${expression("github.repository")}`,
        RUN_ID: expression("github.run_id"),
      },
      run: `
jq --null-input '
  # What a person typed is text to Slack, and calls nobody.
  def plain: gsub("&"; "&amp;") | gsub("<"; "&lt;") | gsub(">"; "&gt;");
  (env.NEEDS | fromjson) as $needs
  | (env.ABOUT | plain) as $about
  | [$needs | to_entries[] | select(.value.result == "failure" or .value.result == "cancelled") | .key] as $failed
  | ${optional.length > 0 ? `(${SKIPPED} - ${JSON.stringify(optional)})` : SKIPPED} as $skipped
  | (if $failed != [] then ":x: *\\($about)* failed: \\($failed | join(", "))"
     elif $skipped != [] then ":warning: *\\($about)* ended early, not run: \\($skipped | join(", "))"
     else ":white_check_mark: *\\($about)* succeeded" end) as $first
  | (env.SUBJECT | split("\\n")[0] // "" | plain) as $subject
  # A run that is about no commit is of the one that its branch had then, which says nothing of it.
  | (if $subject == "" then "by \\(env.ACTOR)" else "<\\(env.REPOSITORY)/commit/\\(env.COMMIT)|\\(env.COMMIT[0:7])> \\($subject) (by \\(env.ACTOR))" end) as $who
  # A job that ended before it could say what it brings says nothing.
  | ((env.BRINGS // "" | select(. != "") | fromjson) // null) as $brings
  | (if $brings == null then "" else "It brings: \\($brings.since | plain)\\n" + ([$brings.commits[] | "• \\(plain)\\n"] | join("")) end) as $what
  | "\\($first)\\n\\($who)\\n\\($what)<\\(env.REPOSITORY)/actions/runs/\\(env.RUN_ID)|the run>" as $text
  | { text: $text, blocks: [{ type: "section", text: { type: "mrkdwn", text: $text } }] }' > slack.json`,
    },
    {
      name: "Send it",
      if: "env.SLACK_WEBHOOK_URL != ''",
      uses: "slackapi/slack-github-action",
      with: { webhook: expression("env.SLACK_WEBHOOK_URL"), "webhook-type": "incoming-webhook", "payload-file-path": "slack.json", errors: true },
    },
  ],
});

const FAILED = "contains(needs.*.result, 'failure') || contains(needs.*.result, 'cancelled')";

/** Of what the clock starts: nobody waits for it, so only what went wrong is told. `unless`, an expression: an issue has said it already. */
export const notifyOfFailure = ({ if: when, unless, ...rest }: Omit<Notify, "subject" | "brings"> & { readonly unless?: string }): Job =>
  notify({ ...rest, if: [...(when === undefined ? [] : [when]), ...(unless === undefined ? [] : [`!(${unless})`]), `(${FAILED})`].join(" && ") });
