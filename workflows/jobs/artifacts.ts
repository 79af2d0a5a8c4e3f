/** What an earlier run left, read by name. */
import type { WorkflowOptions } from "../options.ts";

/**
 * Shell that defines `newest NAME FOLDER`: downloads the newest artifact of that name that a run of this repository's own default branch or of a tag left.
 * Gives 1 where none was ever left, and 3 where all are gone by their age. What cannot be known, as GitHub does not answer, ends the step: taken for
 * nothing, it would close what is open. Wants GH_TOKEN and GH_REPO, and `actions: read`.
 */
export const newest = ({ defaultBranch }: WorkflowOptions) => `
newest() {
  local run
  run="$(gh api "repos/$GH_REPO/actions/artifacts?name=$1&per_page=50" --jq '
    [.artifacts[] | select(.workflow_run.head_repository_id == .workflow_run.repository_id)
      | select(.workflow_run.head_branch == "${defaultBranch}" or (.workflow_run.head_branch | test("^v[0-9]+[.][0-9]+[.][0-9]+$")))]
    | (map(select(.expired | not))[0].workflow_run.id) // (if length == 0 then "none" else "expired" end)')" || { echo "::error::GitHub does not say who left $1"; exit 1; }
  if [ "$run" = none ]; then return 1; fi
  if [ "$run" = expired ]; then return 3; fi
  gh run download "$run" --name "$1" --dir "$2" || { echo "::error::$1 of run $run cannot be downloaded"; exit 1; }
}`;
