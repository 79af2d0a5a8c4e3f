/** What GitHub says of a run in its identity token: with its numbers, of a repository that is young, where AWS and Pulumi Cloud have to know them. */
import type { GithubSettings } from "../../settings/github.ts";
import type { Repository } from "./repository.ts";
import type { Finding } from "./told.ts";

/** From this day on a new repository has its numbers in the claim. One that was renamed or moved has them too, of which GitHub tells nothing here. */
const NUMBERED = "2026-07-15";

export function claimsTold({ oidc, whole }: GithubSettings, { id, owner, created_at: made }: Repository): Finding[] {
  const asked = [oidc, whole?.access].filter((one) => one !== undefined);
  if (asked.length === 0) return [];
  const ids = asked.find((one) => one.ids)?.ids;
  const numbers = `owner ${owner.id}, repository ${id}`;
  const fix = `pulumi config set --path recoloca:github.ids.owner ${owner.id}; pulumi config set --path recoloca:github.ids.repository ${id}; pulumi up`;
  if (ids)
    return ids.owner === owner.id && ids.repository === id
      ? []
      : [{ what: `recoloca:github.ids are owner ${ids.owner}, repository ${ids.repository}, should be ${numbers}: no run is known by them`, fix }];
  return made < NUMBERED
    ? []
    : [
        {
          what: `the repository was made on ${made.slice(0, 10)}, so GitHub's word of a run has numbers; the stack knows none, should know ${numbers}: else no run gets in`,
          fix,
        },
      ];
}
