/** Which commits a release brings: those that what was live before it had not. */
import { expression, type Step } from "../model.ts";

/** How many are named; of the others it is said how many there are. */
const MOST = 10;
/** Signs of each subject, of which a commit may have any number. */
const WIDEST = 100;

/** Of a job with the repository's history, and COMMIT. `live`, an expression: the commit of what is live. Its output `brings` is for the message to the team. */
export const brings = (live: string): Step => ({
  name: "What it brings",
  id: "brings",
  env: { LIVE: expression(live) },
  run: `
count=null
subjects=""
if [ -n "$LIVE" ] && git cat-file -e "$LIVE^{commit}" 2> /dev/null; then
  count="$(git rev-list --count --no-merges "$LIVE..$COMMIT")"
  subjects="$(git log --no-merges --max-count ${MOST} --abbrev=7 --format='%h %s' "$LIVE..$COMMIT")"
fi
brings="$(jq --null-input --compact-output --arg live "$LIVE" --argjson count "$count" --arg subjects "$subjects" '
  ($subjects | split("\\n") | map(select(. != "") | .[0:${WIDEST}])) as $commits
  | { live: $live, commits: ($commits + if ($count // 0) > ($commits | length) then ["and \\($count - ($commits | length)) more"] else [] end),
      since: (if $live == "" then "nothing was live before"
        elif $count == null then "\\($live[0:7]) was live before, which this history has not"
        elif $count == 0 then "no commit that was not live"
        else "since \\($live[0:7]), which was live" end) }')"
echo "brings=$brings" >> "$GITHUB_OUTPUT"
jq --raw-output '"### What it brings: \\(.since)\\n", (.commits[] | "- \\(@html)")' <<< "$brings" >> "$GITHUB_STEP_SUMMARY"`,
});
