/**
 * What GitHub really has of a stack's side, held against its configuration. Pulumi does not see all of it: reviewers that somebody takes away, for
 * one (https://github.com/integrations/terraform-provider-github/issues/3609). Reads alone.
 */
import type { GithubSettings } from "../settings/github.ts";

export interface Finding {
  readonly what: string;
  readonly fix: string;
}

/** An answer of GitHub's REST interface; `scopes`: of a classic token. */
export interface Answer {
  readonly status: number;
  readonly body: unknown;
  readonly scopes?: string;
}
/** Of a path: `/repos/recoloca/recoloca/environments`. */
export type Ask = (path: string) => Promise<Answer>;

/** `base`: `https://api.github.com`. Lists are asked for whole: none of these has more than a hundred entries. */
export const restOf =
  (base: string, token: string): Ask =>
  async (path) => {
    const answer = await fetch(`${base}${path}${path.includes("?") ? "&" : "?"}per_page=100`, {
      headers: { authorization: `Bearer ${token}`, accept: "application/vnd.github+json", "x-github-api-version": "2022-11-28" },
      signal: AbortSignal.timeout(20_000),
    });
    const scopes = answer.headers.get("x-oauth-scopes");
    return { status: answer.status, body: await answer.json().catch((): unknown => ({})), ...(scopes !== null && { scopes }) };
  };

interface Repository {
  readonly visibility: string;
  readonly default_branch: string;
  readonly permissions?: { readonly admin: boolean };
}
interface Reviewer {
  readonly type: "User" | "Team";
  readonly reviewer: { readonly id: number; readonly login?: string; readonly slug?: string };
}
interface Environment {
  readonly name: string;
  readonly can_admins_bypass?: boolean;
  readonly protection_rules?: readonly {
    readonly type: string;
    readonly wait_timer?: number;
    readonly prevent_self_review?: boolean;
    readonly reviewers?: readonly Reviewer[];
  }[];
}
interface Named {
  readonly name: string;
}
interface Workflow {
  readonly path: string;
  readonly state: string;
}

const UP = "pulumi up --refresh, after a look at who changed it";

/** What is not there, of what should be. */
const missing = (wanted: readonly string[], there: readonly string[]) => wanted.filter((one) => !there.includes(one));

export async function githubFindings(github: GithubSettings, ask: Ask): Promise<Finding[]> {
  const root = `/repos/${github.owner}/${github.repository}`;
  const whole = await ask(root);
  if (whole.status !== 200) return [unreadable(root, whole.status)];
  const repository = whole.body as Repository;
  const parts = [
    environmentsOf(github, root, ask),
    ...(github.whole ? [rulesetsOf(github.whole.rules.rulesets, root, ask), workflowsOf(github.whole.pipeline, root, ask)] : []),
  ];
  return [...tokenFindings(repository, whole.scopes), ...repositoryFindings(github, repository), ...(await Promise.all(parts)).flat()];
}

const unreadable = (path: string, status: number): Finding =>
  status === 401
    ? { what: "GitHub does not know the token", fix: "export GITHUB_TOKEN, or pulumi config set --secret recoloca:githubToken" }
    : {
        what: `GitHub answers ${status} for ${path}`,
        fix: "is recoloca:repository right, and may the token read it? A fine-grained token has to name the repository",
      };

function tokenFindings({ permissions }: Repository, scopes: string | undefined): Finding[] {
  const classic = scopes === undefined || scopes === "" ? [] : missing(["repo", "workflow"], scopes.split(/,\s*/));
  return [
    ...(permissions?.admin === false
      ? [
          {
            what: "the token's owner does not administer the repository: environments, secrets and rules cannot be written",
            fix: "another token: docs/github.md",
          },
        ]
      : []),
    ...classic.map((scope) => ({
      what: `the token has no scope "${scope}"`,
      fix: "another token with the scopes repo and workflow; or a fine-grained one: docs/github.md",
    })),
  ];
}

function repositoryFindings({ abilities, whole }: GithubSettings, { visibility, default_branch: branch }: Repository): Finding[] {
  const said = whole?.rules;
  return [
    ...(said && said.visibility !== visibility
      ? [
          {
            what: `the repository is ${visibility}, and the stack says ${said.visibility}`,
            fix: `pulumi config set --path recoloca:github.visibility ${visibility}`,
          },
        ]
      : []),
    ...(said && said.defaultBranch !== branch
      ? [
          {
            what: `the default branch is ${branch}, and the stack says ${said.defaultBranch}`,
            fix: `pulumi config set --path recoloca:github.defaultBranch ${branch}`,
          },
        ]
      : []),
    ...(abilities.environments ? [] : [{ what: "the plan has no environments", fix: "docs/github.md says what each plan lacks" }]),
  ];
}

async function environmentsOf(github: GithubSettings, root: string, ask: Ask): Promise<Finding[]> {
  const answer = await ask(`${root}/environments`);
  if (answer.status !== 200) return [unreadable(`${root}/environments`, answer.status)];
  const all = (answer.body as { environments: Environment[] }).environments;
  return (
    await Promise.all(
      github.environments.map(async (wanted) => {
        const found = all.find(({ name }) => name === wanted.environment);
        if (!found) return [{ what: `there is no environment "${wanted.environment}"`, fix: "pulumi up" }];
        const at = `${root}/environments/${encodeURIComponent(wanted.environment)}`;
        return [...guards(wanted, found), ...(await inside(wanted, at, ask))];
      }),
    )
  ).flat();
}

function guards(wanted: GithubSettings["environments"][number], found: Environment): Finding[] {
  const { environment, reviewers, waitMinutes, preventSelfReview } = wanted;
  const rules = found.protection_rules ?? [];
  const review = rules.find(({ type }) => type === "required_reviewers");
  const there = (type: Reviewer["type"]) => (review?.reviewers ?? []).flatMap((one) => (one.type === type ? [one.reviewer.id] : []));
  const gone = [...reviewers.users.filter((id) => !there("User").includes(id)), ...reviewers.teams.filter((id) => !there("Team").includes(id))];
  const waits = rules.find(({ type }) => type === "wait_timer")?.wait_timer ?? 0;
  const say = (what: string): Finding[] => [{ what: `environment "${environment}": ${what}`, fix: UP }];
  return [
    ...(gone.length > 0
      ? [
          {
            what: `environment "${environment}": of its reviewers ${gone.length} are gone (${gone.join(", ")}), and Pulumi does not see it`,
            fix: `put them back under Settings, Environments, ${environment}`,
          },
        ]
      : []),
    ...(waits < waitMinutes ? say(`it waits ${waits} minutes, not ${waitMinutes}`) : []),
    ...(found.can_admins_bypass === true ? say("administrators may pass its rules") : []),
    ...(preventSelfReview && review?.prevent_self_review === false ? say("who starts a run may approve it") : []),
  ];
}

async function inside(wanted: GithubSettings["environments"][number], at: string, ask: Ask): Promise<Finding[]> {
  const [policies, secrets, variables] = await Promise.all(["deployment-branch-policies", "secrets", "variables"].map((part) => ask(`${at}/${part}`)));
  const names = ({ status, body }: Answer, list: string) =>
    status === 200 ? ((body as Record<string, Named[]>)[list] ?? []).map(({ name }) => name) : undefined;
  const { environment } = wanted;
  const lost = (what: string, expected: readonly string[], there: readonly string[] | undefined): Finding[] =>
    there === undefined
      ? [
          {
            what: `environment "${environment}": its ${what}s cannot be read`,
            fix: "the token wants for the repository: Environments, Secrets, Variables and Actions: read",
          },
        ]
      : missing(expected, there).map((name) => ({ what: `environment "${environment}": ${what} ${name} is gone`, fix: UP }));
  const patterns = names(policies!, "branch_policies");
  const own = [...wanted.branches, ...wanted.tags];
  return [
    ...lost("rule", own, patterns),
    ...missing(patterns ?? [], own).map((pattern) => ({
      what: `environment "${environment}": "${pattern}" may deploy as well, and the stack does not say so`,
      fix: `remove it under Settings, Environments, ${environment}; or name it in recoloca:github.branches`,
    })),
    ...lost("secret", wanted.secrets, names(secrets!, "secrets")),
    ...lost("variable", [...Object.keys(wanted.variables)], names(variables!, "variables")),
  ];
}

async function rulesetsOf(expected: boolean, root: string, ask: Ask): Promise<Finding[]> {
  if (!expected) return [];
  const { status, body } = await ask(`${root}/rulesets`);
  if (status !== 200) return [unreadable(`${root}/rulesets`, status)];
  const rules = body as { target: string; enforcement: string }[];
  return ["branch", "tag"].flatMap((target) =>
    rules.some((one) => one.target === target && one.enforcement === "active") ? [] : [{ what: `no ruleset for a ${target} is active`, fix: UP }],
  );
}

/** GitHub switches a scheduled workflow off after sixty quiet days. */
async function workflowsOf({ repository }: { readonly repository: string }, root: string, ask: Ask): Promise<Finding[]> {
  const { status, body } = await ask(`${root}/actions/workflows`);
  if (status !== 200) return [unreadable(`${root}/actions/workflows`, status)];
  return (body as { workflows: Workflow[] }).workflows
    .filter(({ state }) => state !== "active")
    .map(({ path, state }) => ({
      what: `${path} does not run: ${state.replaceAll("_", " ")}`,
      fix: `gh workflow enable ${path.split("/").at(-1)!} --repo ${repository}`,
    }));
}

/** What `make doctor` prints of a stack's GitHub side; nothing where it has none. Gives how much was found. */
export async function tellGithub(github: GithubSettings | undefined, ask: Ask | undefined, tell: (line: string) => void): Promise<number> {
  if (!github) return 0;
  if (!ask) {
    tell(" GitHub was not asked: export GITHUB_TOKEN");
    return 0;
  }
  const findings = await githubFindings(github, ask);
  if (findings.length === 0)
    tell(` no findings at GitHub: ${github.environments.map(({ environment }) => environment).join(", ")}${github.whole ? ", rules, workflows" : ""}`);
  for (const { what, fix } of findings) tell(` ${what}\n     ${fix}`);
  return findings.length;
}
