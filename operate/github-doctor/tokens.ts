/** What tokens may do at GitHub: the one that asks, as far as GitHub tells, and the app's of infrastructure runs. */
import * as z from "zod";
import { appRights } from "../../components/github-rights.ts";
import type { Answer, Ask } from "../rest.ts";
import type { Repository } from "./repository.ts";
import { missing, type Told } from "./told.ts";

/** Of a fine-grained one GitHub tells what it lacks only where it lacks it. */
export function tokenTold({ permissions }: Repository, { scopes }: Pick<Answer, "scopes">): Told[] {
  const classic = scopes === undefined ? [] : missing(["repo", "workflow"], scopes.split(/,\s*/));
  return [
    ...(permissions?.admin === false
      ? [
          {
            what: "the token's owner does not administer the repository, should: environments, secrets and rules cannot be written",
            fix: "another token: docs/github.md",
          },
        ]
      : []),
    ...classic.map((scope) => ({
      what: `the token has no scope "${scope}", should have repo and workflow`,
      fix: "another token; or a fine-grained one: docs/github.md",
    })),
  ];
}

const installationsForm = z.object({
  installations: z.array(
    z.object({ app_id: z.number(), app_slug: z.string(), permissions: z.record(z.string(), z.string()).default({}), suspended_at: z.string().nullish() }),
  ),
});

/** `id`: of `recoloca:github.infrastructureApp`. */
export async function appTold(id: number, owner: string, ask: Ask): Promise<Told[]> {
  const where = `https://github.com/organizations/${owner}/settings/installations`;
  const { status, body } = await ask(`/orgs/${owner}/installations`);
  const { data } = installationsForm.safeParse(body);
  if (status !== 200 || !data) return [{ look: `what the app ${id} of infrastructure runs may do; GitHub tells only owners of the organization: ${where}` }];
  const app = data.installations.find(({ app_id: one }) => one === id);
  if (!app) return [{ what: `the app ${id} of infrastructure runs is not installed for ${owner}, should be`, fix: where }];
  const label = `the app "${app.app_slug}" of infrastructure runs`;
  return [
    ...(app.suspended_at ? [{ what: `${label} is suspended, should not be`, fix: where }] : []),
    ...appRights()
      .filter(([, key]) => app.permissions[key] !== "write")
      .map(([right, key]) => ({
        what: `${label} has ${right}: ${app.permissions[key] ?? "no access"}, should have write`,
        fix: `its permissions, then accept them at ${where}`,
      })),
  ];
}
