/** The repository as a whole at GitHub: what it is, who may merge how, which actions run, what a job's token may, who is told of vulnerable dependencies. */
import * as z from "zod";
import { actionsOf, ALERTS, settingsOf, TOKEN, type Rules } from "../../components/repository-rules/rules.ts";
import type { Ask } from "../rest.ts";
import { differences, missing, read, snake, unread, UP, type Told } from "./told.ts";

const ADMINISTRATION = "Administration: read";
/** GitHub shows how pull requests are merged to whoever may write. */
const MERGING = "Contents: write";
const anything = z.record(z.string(), z.unknown());

export const repositoryForm = z.looseObject({
  id: z.number(),
  owner: z.object({ id: z.number() }),
  full_name: z.string(),
  created_at: z.string(),
  visibility: z.string(),
  default_branch: z.string(),
  has_pages: z.boolean().default(false),
  archived: z.boolean().default(false),
  permissions: z.object({ admin: z.boolean() }).optional(),
});
export type Repository = z.output<typeof repositoryForm>;

export async function repositoryTold(rules: Rules, found: Repository, root: string, ask: Ask): Promise<Told[]> {
  const { visibility: _, pages, ...merging } = settingsOf(rules);
  const parts = await Promise.all([actions(rules, root, ask), token(root, ask), pages ? pagesTold(pages, found, root, ask) : []]);
  return [...identity(rules, found), ...differences("merge settings", merging, found, MERGING), ...parts.flat()];
}

function identity({ visibility, defaultBranch }: Rules, found: Repository): Told[] {
  const say = (what: string, fix: string) => ({ what, fix });
  return [
    ...(found.visibility === visibility
      ? []
      : [
          say(
            `the repository is ${found.visibility}, should be ${visibility} as the stack says`,
            `pulumi config set --path recoloca:github.visibility ${found.visibility}, where that is right`,
          ),
        ]),
    ...(found.default_branch === defaultBranch
      ? []
      : [
          say(
            `the default branch is ${found.default_branch}, should be ${defaultBranch} as the stack says`,
            `pulumi config set --path recoloca:github.defaultBranch ${found.default_branch}, where that is right`,
          ),
        ]),
    ...(found.archived ? [say("the repository is archived, should not be: no workflow runs", "Settings, Danger Zone, Unarchive")] : []),
  ];
}

/** Alerts are among these: that GitHub answers with 404 means that there are none only to whoever may read the others. */
async function actions(rules: Rules, root: string, ask: Ask): Promise<Told[]> {
  const { allowedActionsConfig, ...wanted } = actionsOf(rules);
  const [permissions, alerts] = await Promise.all([
    read(ask, `${root}/actions/permissions`, anything, ["what Actions may run", ADMINISTRATION]),
    ask(`${root}/vulnerability-alerts`),
  ]);
  const quiet = alerts.status === 404 && permissions.value !== undefined;
  const told: Told[] =
    alerts.status === 204 || quiet
      ? (alerts.status === 204) === ALERTS.enabled
        ? []
        : [{ what: "alerts of vulnerable dependencies are off, should be on", fix: UP }]
      : [unread("alerts of vulnerable dependencies", alerts, ADMINISTRATION)];
  if (!permissions.value) return [...permissions.told, ...told];
  const found = permissions.value;
  return [
    ...differences("Actions", wanted, found, ADMINISTRATION),
    // Of any other choice GitHub has no such list.
    ...(found[snake("allowedActions")] === wanted.allowedActions ? await chosen(allowedActionsConfig, root, ask) : []),
    ...told,
  ];
}

async function chosen({ patternsAlloweds, ...wanted }: ReturnType<typeof actionsOf>["allowedActionsConfig"], root: string, ask: Ask): Promise<Told[]> {
  const form = z.looseObject({ patterns_allowed: z.array(z.string()) });
  const found = await read(ask, `${root}/actions/permissions/selected-actions`, form, ["which actions are allowed", ADMINISTRATION]);
  if (!found.value) return found.told;
  const { patterns_allowed: there } = found.value;
  return [
    ...differences("Actions", wanted, found.value, ADMINISTRATION),
    ...missing(patternsAlloweds, there).map((one) => ({ what: `Actions: ${one} may not run, should`, fix: UP })),
    ...missing(there, patternsAlloweds).map((one) => ({ what: `Actions: ${one} may run, should not: no workflow of the stack's uses it`, fix: UP })),
  ];
}

async function token(root: string, ask: Ask): Promise<Told[]> {
  const what = "what the token of a job may";
  const found = await read(ask, `${root}/actions/permissions/workflow`, anything, [what, ADMINISTRATION]);
  return found.value ? differences(what, TOKEN, found.value, ADMINISTRATION) : found.told;
}

async function pagesTold(wanted: { readonly buildType: string }, { has_pages: are }: Repository, root: string, ask: Ask): Promise<Told[]> {
  if (!are) return [{ what: "Pages are off, should be published by a workflow", fix: UP }];
  const found = await read(ask, `${root}/pages`, anything, ["how Pages are published", "Pages: read"]);
  return found.value ? differences("Pages", wanted, found.value, "Pages: read") : found.told;
}
