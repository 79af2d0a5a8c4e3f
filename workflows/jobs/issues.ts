/** One issue per finding: opened once, closed when the finding is gone. */
import { expression, TOKEN, type Permissions, type Step } from "../model.ts";
import { RUN_URL } from "../steps.ts";

export const ISSUE_PERMISSIONS: Permissions = { issues: ["write", "open and close the issues of these findings"] };

/**
 * Reads `findings.json`: `[{ id, title, body }]`, all that is found now. An id is a line in the issue, so that its title may change.
 * `label` names the kind, and nothing else carries it.
 */
export const issuesOf = (label: string, when = "!cancelled() && hashFiles('findings.json') != ''"): Step => ({
  name: "One issue for each finding; those that are gone are closed",
  if: when,
  env: {
    GH_TOKEN: TOKEN,
    GH_REPO: expression("github.repository"),
    RUN: RUN_URL,
  },
  run: `
gh label create '${label}' --color B60205 --description 'Opened and closed by a workflow' --force
open="$(gh issue list --label '${label}' --state open --limit 500 --json number,body)"
jq --compact-output --argjson open "$open" \\
  '.[] | .id as $id | select(all($open[]; .body | contains("<!-- finding: \\($id) -->") | not))' findings.json |
while read -r finding; do
  jq --raw-output --arg run "$RUN" '"\\(.body)\\n\\nFound by \\($run)\\n\\n<!-- finding: \\(.id) -->"' <<< "$finding" |
    gh issue create --title "$(jq --raw-output .title <<< "$finding")" --label '${label}' --body-file -
done
jq --raw-output --slurpfile now findings.json \\
  '.[] | .body as $body | select(all($now[0][]; .id as $id | $body | contains("<!-- finding: \\($id) -->") | not)) | .number' <<< "$open" |
while read -r number; do
  gh issue close "$number" --comment "Gone, says $RUN"
done`,
});
