/** What an earlier run left, read by name. */
import type { WorkflowOptions } from "../options.ts";

/**
 * Shell that defines `newest NAME FOLDER`: downloads the newest artifact of that name that a run of this repository's own default branch or of a tag left.
 * Fails where there is none. Wants GH_TOKEN and GH_REPO, and `actions: read`.
 */
export const newest = ({ defaultBranch }: WorkflowOptions) => `
newest() {
  local run
  run="$(gh api "repos/$GH_REPO/actions/artifacts?name=$1&per_page=50" --jq '
    [.artifacts[] | select(.expired | not) | select(.workflow_run.head_repository_id == .workflow_run.repository_id)
      | select(.workflow_run.head_branch == "${defaultBranch}" or (.workflow_run.head_branch | test("^v[0-9]+[.][0-9]+[.][0-9]+$")))][0].workflow_run.id // empty')"
  [ -n "$run" ] && gh run download "$run" --name "$1" --dir "$2"
}`;
