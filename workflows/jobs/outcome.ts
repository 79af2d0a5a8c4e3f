/** What became of a release, by the server's own record, and whether it answers from outside. */
import { expression, variable, type RunStep, type Step } from "../model.ts";
import type { WorkflowOptions } from "../options.ts";
import { at } from "../steps.ts";

/**
 * Passes only where the server's record says `live`; tells its whole story in the summary. The record is the one that names this run; or, where the
 * run names no release, any that began with it. Where nothing had to be done there is none, and Pulumi's word counts.
 * Leaves `live.json` in the checkout's root.
 */
export const outcome = ({ application, programPath }: WorkflowOptions): Step => ({
  name: "What became of it",
  if: "!cancelled() && steps.release.outcome != 'skipped'",
  why: "The record on the server decides whether this job, and with it the deployment at GitHub, has succeeded: also where the connection was cut half way.",
  env: { PULUMI: expression("steps.release.outcome") },
  ...at(programPath),
  run: `
on_server='${application.name}'-"$STACK"
before="$(cat "$RUNNER_TEMP/before" 2> /dev/null || true)"
records="$(node operate/main.ts history --json)"
jq --arg stack "$on_server" 'map(select(.stack == $stack and .live))[0] // {} | { number, release, images, commit: .provenance.commit }' <<< "$records" > "$GITHUB_WORKSPACE/live.json"
record="$(jq --arg stack "$on_server" --arg run "$RUN" --arg release "\${RELEASE:-}" --arg pulumi "$PULUMI" --argjson before "\${before:-null}" '
  map(select(.stack == $stack))
  | map(select(.provenance.run == $run or ($release == "" and $before != null and .number > $before)))[0]
    // map(select($pulumi == "success" and .live and ($release == "" or .release == $release)))[0]
    // empty' <<< "$records")"
[ -n "$record" ] || { echo "::error::the server has not heard of this release: see what Pulumi said above"; exit 1; }
number="$(jq .number <<< "$record")"
outcome="$(jq --raw-output '.outcome // "not finished"' <<< "$record")"
{
  echo "### $STACK: release $number $(jq --raw-output .release <<< "$record"): $outcome"
  echo '\`\`\`'
  node operate/main.ts show "$number" || true
  echo '\`\`\`'
} | tee --append "$GITHUB_STEP_SUMMARY"
if [ "$outcome" != live ]; then echo "::error::release $number: $outcome. $(jq --raw-output '.reason // "" | split("\\n")[0]' <<< "$record")"; exit 1; fi`,
});

/** By the server's own record, for `keepRecord`. Where it does not answer there is no file: an empty one would say that nothing is live. */
export const readLive = ({ application, programPath }: WorkflowOptions): RunStep => ({
  name: "Read what is live now",
  ...at(programPath),
  run: `
node operate/main.ts history --json | jq --arg stack '${application.name}'-"$STACK" \\
  'map(select(.stack == $stack and .live))[0] // {} | { number, release, images, commit: .provenance.commit }' > "$RUNNER_TEMP/live.json"
mv "$RUNNER_TEMP/live.json" "$GITHUB_WORKSPACE/live.json"`,
});

/** From outside, by the public name, after the server's own gates. */
export const smoke = ({ application }: WorkflowOptions): Step => ({
  name: "It answers from outside",
  env: { PUBLIC_URL: variable("PUBLIC_URL") },
  run: `
for path in ${application.healthPaths.join(" ")}; do
  curl --fail --silent --show-error --output /dev/null --max-time 10 --retry 3 --retry-delay 1 --retry-all-errors \\
    --write-out "%{http_code} %{time_total}s $path\\n" "$PUBLIC_URL$path"
done`,
});
