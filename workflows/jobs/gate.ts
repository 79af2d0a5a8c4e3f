/** Which parts a pull request touches, and the one check that a merge requires. */
import { GATE } from "../check.ts";
import { expression, type Job } from "../model.ts";
import type { WorkflowOptions } from "../options.ts";
import { checkout } from "../steps.ts";
import type { Area, Checks } from "./checks.ts";
import { RUNNER } from "./runners.ts";

/** Outputs `true` or `false` for each area. Outside of pull requests everything is checked. */
export function changes({ application, programPath }: WorkflowOptions): Job {
  const { backend, frontend, e2e, composeFile } = application;
  const root = programPath === "." ? [] : [programPath];
  const areas: Record<Area, readonly string[]> = {
    backend: [backend.folder, composeFile],
    frontend: [frontend.folder],
    e2e: [e2e],
    program: root.length > 0 ? [...root, ".github"] : [".", `:!${backend.folder}`, `:!${frontend.folder}`, `:!${e2e}`],
    files: ["*.sh", "*Dockerfile"],
  };
  const names = Object.keys(areas) as Area[];
  return {
    name: "What changed",
    "runs-on": RUNNER,
    "timeout-minutes": 5,
    permissions: { contents: ["read", "check out"] },
    outputs: Object.fromEntries(names.map((area) => [area, expression(`steps.changes.outputs.${area}`)])),
    steps: [
      { ...checkout(), with: { "fetch-depth": 2, "persist-credentials": false } },
      {
        name: "Compare with the target branch",
        id: "changes",
        why: "What GitHub checks out of a pull request is its merge with the target branch, whose first parent that branch is. A change of the workflows themselves touches everything.",
        run: `
changed() {
  [ "$GITHUB_EVENT_NAME" != pull_request ] || ! git diff --quiet HEAD^1 HEAD -- .github/workflows "$@"
}
tell() {
  local area="$1"; shift
  if changed "$@"; then echo "$area=true"; else echo "$area=false"; fi | tee --append "$GITHUB_OUTPUT"
}
${names.map((area) => `tell ${area} ${areas[area].map((one) => `'${one}'`).join(" ")}`).join("\n")}`,
      },
    ],
  };
}

/** True only when everything ran that should have: what was skipped, the job `changes` must have said to skip. */
export function gate(name: string, ids: readonly string[], areas?: Checks["areas"]): Job {
  return {
    name,
    why: "The check that a merge requires. It runs whatever happened before, because a skipped check would count as a passed one.",
    needs: [...(areas ? ["changes"] : []), ...ids],
    if: GATE,
    "runs-on": RUNNER,
    "timeout-minutes": 5,
    permissions: {},
    steps: [
      {
        name: "Everything that should have run did, and passed",
        env: { NEEDS: expression("toJSON(needs)"), AREAS: JSON.stringify(areas ?? {}) },
        run: `
jq --raw-output 'to_entries[] | "\\(.value.result)\\t\\(.key)"' <<< "$NEEDS"
jq --exit-status --argjson areas "$AREAS" '
  . as $needs | to_entries | all(
    .value.result == "success" or
    (.value.result == "skipped" and $areas[.key] != null and $needs.changes.outputs[$areas[.key]] == "false")
  )' <<< "$NEEDS" > /dev/null || { echo "::error::not everything passed: see the list above"; exit 1; }`,
      },
    ],
  };
}
