/** A stack's environments at GitHub: who approves, what may deploy, what is in them. Of secrets GitHub tells names alone. */
import * as z from "zod";
import { guardsOf, policiesOf, repositoryVariablesOf, variablesOf, wayTo } from "../../components/github-environment/rules.ts";
import type { EnvironmentSettings, GithubSettings } from "../../settings/github.ts";
import { secretOf } from "../../secrets/catalogue.ts";
import type { Ask } from "../rest.ts";
import { missing, read, unread, UP, type Told } from "./told.ts";

const reviewerForm = z.object({ type: z.string(), reviewer: z.object({ id: z.number(), login: z.string().optional(), slug: z.string().optional() }) });
const environmentForm = z.object({
  name: z.string(),
  can_admins_bypass: z.boolean().nullish(),
  protection_rules: z
    .array(
      z.object({
        type: z.string(),
        wait_timer: z.number().optional(),
        prevent_self_review: z.boolean().optional(),
        reviewers: z.array(reviewerForm).optional(),
      }),
    )
    .default([]),
  deployment_branch_policy: z.object({ protected_branches: z.boolean(), custom_branch_policies: z.boolean() }).nullish(),
});
type Found = z.output<typeof environmentForm>;
const policiesForm = z.object({ branch_policies: z.array(z.object({ name: z.string(), type: z.string().optional() })) });
const secretsForm = z.object({ secrets: z.array(z.object({ name: z.string() })) });
const variablesForm = z.object({ variables: z.array(z.object({ name: z.string(), value: z.string() })) });

export const environmentsTold = async (github: GithubSettings, root: string, ask: Ask): Promise<Told[]> =>
  (await Promise.all([environments(github, root, ask), ofRepository(github, root, ask)])).flat();

async function environments(github: GithubSettings, root: string, ask: Ask): Promise<Told[]> {
  const form = z.object({ environments: z.array(environmentForm) });
  const list = await read(ask, `${root}/environments`, form, ["environments and what is in them", "Actions: read"]);
  if (!list.value) return list.told;
  const { environments: there } = list.value;
  const told = github.environments.map(async (wanted): Promise<Told[]> => {
    const found = there.find(({ name }) => name === wanted.environment);
    if (!found) return [{ what: `environment "${wanted.environment}" is missing, should be there`, fix: "pulumi up --refresh" }];
    return [...guards(wanted, found, page(github)), ...(await inside(wanted, found, github, ask))];
  });
  return (await Promise.all(told)).flat();
}

const page = ({ owner, repository }: GithubSettings) => `https://github.com/${owner}/${repository}/settings/environments`;

const inWords = (reviewers: z.output<typeof reviewerForm>[] | undefined) =>
  (reviewers ?? []).map(({ type, reviewer: { id, login, slug } }) => {
    const name = login ?? slug;
    return { key: `${type.toLowerCase()} ${id}`, says: `${type.toLowerCase()} ${id}${name === undefined ? "" : ` (${name})`}` };
  });
const listed = (all: readonly string[]) => (all.length === 0 ? "nobody" : [...all].sort().join(", "));

function guards(wanted: EnvironmentSettings, found: Found, settings: string): Told[] {
  const { canAdminsBypass, preventSelfReview, waitTimer, reviewers } = guardsOf(wanted);
  const label = `environment "${wanted.environment}"`;
  const say = (what: string, fix = UP): Told[] => [{ what: `${label}: ${what}`, fix }];
  const review = found.protection_rules.find(({ type }) => type === "required_reviewers");
  const there = inWords(review?.reviewers);
  const [one] = reviewers ?? [];
  const should = [...(one?.users ?? []).map((id) => `user ${id}`), ...(one?.teams ?? []).map((id) => `team ${id}`)];
  const others =
    missing(
      should,
      there.map(({ key }) => key),
    ).length > 0 || there.some(({ key }) => !should.includes(key));
  const waits = found.protection_rules.find(({ type }) => type === "wait_timer")?.wait_timer ?? 0;
  const bypass = found.can_admins_bypass;
  return [
    ...(others
      ? // https://github.com/integrations/terraform-provider-github/issues/3609: where none is left, the provider keeps what it knew.
        say(
          `its reviewers are ${listed(there.map(({ says }) => says))}, should be ${listed(should)}`,
          there.length === 0 ? `Pulumi does not see it: Required reviewers at ${settings}` : UP,
        )
      : []),
    ...(review && review.prevent_self_review !== preventSelfReview
      ? say(preventSelfReview ? "who starts a run may approve it, should not" : "who starts a run may not approve it, should")
      : []),
    ...(waits === waitTimer ? [] : say(`it waits ${waits} minutes, should wait ${waitTimer}`)),
    ...(bypass === undefined || bypass === null ? [unread(`${label}: whether administrators may pass its rules`, {}, "Administration: read")] : []),
    ...(bypass === !canAdminsBypass ? say("administrators may pass its rules, should not") : []),
    ...(chosen(found) ? [] : say(`every ${found.deployment_branch_policy ? "protected branch" : "branch and tag"} may deploy, should be chosen ones alone`)),
  ];
}

/** Whether patterns say what may deploy, as the stack wants it. */
const chosen = ({ deployment_branch_policy: policy }: Found) => policy?.custom_branch_policies === true;

async function inside(wanted: EnvironmentSettings, found: Found, github: GithubSettings, ask: Ask): Promise<Told[]> {
  const repository = `${github.owner}/${github.repository}`;
  const at = `/repos/${repository}/environments/${encodeURIComponent(wanted.environment)}`;
  const label = `environment "${wanted.environment}"`;
  const [policies, secrets, variables] = await Promise.all([
    chosen(found) ? read(ask, `${at}/deployment-branch-policies`, policiesForm, [`${label}: what may deploy`, "Actions: read"]) : undefined,
    read(ask, `${at}/secrets`, secretsForm, [`${label}: names of its secrets`, "Environments: read"]),
    read(ask, `${at}/variables`, variablesForm, [`${label}: its variables`, "Environments: read"]),
  ]);
  return [
    ...(!policies ? [] : policies.value ? deploying(wanted, policies.value.branch_policies, page(github)) : policies.told),
    ...(secrets.value
      ? secretsTold(
          label,
          wanted.secrets,
          secrets.value.secrets.map(({ name }) => name),
          (name) => `gh secret delete ${name} --env ${wanted.environment} --repo ${repository}`,
        )
      : secrets.told),
    ...(variables.value
      ? variablesTold(
          label,
          known(wanted, github),
          variables.value.variables,
          (name) => `gh variable delete ${name} --env ${wanted.environment} --repo ${repository}`,
        )
      : variables.told),
  ];
}

function deploying(wanted: EnvironmentSettings, found: readonly { name: string; type?: string | undefined }[], settings: string): Told[] {
  const should = policiesOf(wanted).map(({ branchPattern, tagPattern }) => (branchPattern === undefined ? `tag ${tagPattern}` : `branch ${branchPattern}`));
  const there = found.map(({ name, type = "branch" }) => `${type} ${name}`);
  const say = (what: string, fix: string): Told => ({ what: `environment "${wanted.environment}": ${what}`, fix });
  return [
    ...missing(should, there).map((one) => say(`${one} may not deploy, should`, UP)),
    ...missing(there, should).map((one) =>
      say(`${one} may deploy, should not`, `Pulumi does not see it: remove it at ${settings}; or name it in recoloca:github`),
    ),
  ];
}

function secretsTold(label: string, should: readonly string[], there: readonly string[], remove: (name: string) => string): Told[] {
  return [
    ...missing(should, there).map((name) => ({ what: `${label}: secret ${name} is missing, should be there`, fix: UP })),
    ...missing(there, should).map((name) => ({ what: `${label}: secret ${name} is there, should not: no stack writes it`, fix: remove(name) })),
  ];
}

/** Undefined: known once the stack is up. */
type Known = Readonly<Record<string, string | undefined>>;
const UNKNOWN = { deploy: undefined, infrastructure: undefined, plan: undefined };

function known(wanted: EnvironmentSettings, { oidc }: GithubSettings): Known {
  const served = wanted.serves === "review" ? wayTo({ host: undefined, port: undefined, user: undefined, hostKey: undefined }) : {};
  return variablesOf<string | undefined>({ ...wanted, variables: { ...wanted.variables, ...served }, roles: oidc && UNKNOWN });
}

function variablesTold(label: string, should: Known, there: readonly { name: string; value: string }[], remove: (name: string) => string): Told[] {
  const names = there.map(({ name }) => name);
  return [
    ...missing(Object.keys(should), names).map((name) => ({ what: `${label}: variable ${name} is missing, should be there`, fix: UP })),
    ...there.flatMap(({ name, value }) => {
      if (!(name in should))
        return [
          { what: `${label}: variable ${name} is there, should not: no stack writes it`, fix: `${remove(name)}; or name it in recoloca:github.variables` },
        ];
      const wanted = should[name];
      return wanted === undefined || wanted === value ? [] : [{ what: `${label}: variable ${name} is "${value}", should be "${wanted}"`, fix: UP }];
    }),
  ];
}

/** What is of no environment is read by a job of any branch. */
async function ofRepository(github: GithubSettings, root: string, ask: Ask): Promise<Told[]> {
  const should: Known = Object.fromEntries(
    github.environments.flatMap((one) => Object.entries(repositoryVariablesOf<string | undefined>({ ...one, roles: github.oidc && UNKNOWN }))),
  );
  const repository = `${github.owner}/${github.repository}`;
  const [variables, secrets] = await Promise.all([
    Object.keys(should).length > 0 ? read(ask, `${root}/actions/variables`, variablesForm, ["variables of the repository", "Variables: read"]) : undefined,
    github.whole && read(ask, `${root}/actions/secrets`, secretsForm, ["names of the repository's own secrets", "Secrets: read"]),
  ]);
  const ours = ({ name }: { name: string }) => name in should;
  return [
    ...(variables ? (variables.value ? variablesTold("the repository", should, variables.value.variables.filter(ours), () => "") : variables.told) : []),
    ...(secrets
      ? secrets.value
        ? secrets.value.secrets
            .filter(({ name }) => secretOf(name))
            .map(({ name }) => ({
              what: `the repository: secret ${name} is there, should not: a job of any branch reads it, and those that need it have it from their environment`,
              fix: `gh secret delete ${name} --repo ${repository}`,
            }))
        : secrets.told
      : []),
  ];
}
