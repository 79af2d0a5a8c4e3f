/**
 * What GitHub really has of a stack's side, held against what the stack would make there: by the same functions that make it. Pulumi does not see all
 * of it: reviewers that somebody takes away, for one (https://github.com/integrations/terraform-provider-github/issues/3609). Reads alone.
 */
import { pipelineOf } from "../../components/pipeline/index.ts";
import { BRANCH } from "../../components/workflow-files/branch.ts";
import type { GithubSettings } from "../../settings/github.ts";
import { askOf, Unanswered, type Ask, type Service } from "../rest.ts";
import { claimsTold } from "./claims.ts";
import { environmentsTold } from "./environments.ts";
import { filesTold, runningTold } from "./files.ts";
import { repositoryForm, repositoryTold } from "./repository.ts";
import { rulesetsTold } from "./rulesets.ts";
import type { Told, Unread } from "./told.ts";
import { appTold, tokenTold } from "./tokens.ts";

/** `base`: `https://api.github.com`. */
export const githubService = (base: string, token: string): Service => ({
  name: "GitHub",
  base,
  headers: { authorization: `Bearer ${token}`, accept: "application/vnd.github+json", "x-github-api-version": "2022-11-28" },
  page: "per_page=100",
  status: "https://www.githubstatus.com",
});
export const githubAsk = (base: string, token: string): Ask => askOf(githubService(base, token));

const ANOTHER = "another token: docs/github.md";

/** `byPerson`: the token is somebody's own, and is looked at too. */
async function githubTold(github: GithubSettings, ask: Ask, byPerson: boolean): Promise<Told[]> {
  const { owner, repository, abilities, infrastructureApp, whole } = github;
  const root = `/repos/${owner}/${repository}`;
  const answer = await ask(root);
  const found = repositoryForm.safeParse(answer.body).data;
  if (answer.status === 401)
    return [{ what: "GitHub does not know the token", fix: "export GITHUB_TOKEN, or pulumi config set --secret recoloca:githubToken" }];
  if (answer.status !== 200 || !found)
    return [
      {
        what: `GitHub shows this token no repository ${owner}/${repository} (${answer.status}), so nothing of it was compared`,
        fix: "is recoloca:repository right? A fine-grained token has to name the repository",
      },
    ];
  const renamed = found.full_name.toLowerCase() !== `${owner}/${repository}`.toLowerCase();
  if (renamed)
    return [
      {
        what: `the repository is called ${found.full_name} now, should be ${owner}/${repository}`,
        fix: `pulumi config set recoloca:repository ${found.full_name}`,
      },
    ];
  const pipeline = whole && pipelineOf(whole.pipeline, whole.rules.codeOwners);
  const rules = whole && pipeline && { ...whole.rules, ...pipeline };
  const parts = await Promise.all([
    ...(abilities.environments ? [environmentsTold(github, root, ask)] : []),
    ...(rules
      ? [
          repositoryTold(rules, found, root, ask),
          rulesetsTold(rules, root, ask),
          filesTold(whole, pipeline, BRANCH, owner, ask),
          runningTold(pipeline, `${owner}/${repository}`, root, ask),
        ]
      : []),
    ...(infrastructureApp === undefined ? [] : [appTold(infrastructureApp, owner, ask)]),
  ]);
  return [
    ...(byPerson ? tokenTold(found, answer) : []),
    ...(abilities.environments ? [] : [{ what: "the plan has no environments, should have them", fix: "docs/github.md says what each plan lacks" }]),
    ...claimsTold(github, found),
    ...parts.flat(),
  ];
}

/** Each right that is lacking, with what it would read. */
function lacking(all: readonly Unread[]): [right: string, what: string][] {
  const rights = [...new Set(all.map(({ right }) => right))];
  return rights.map((one) => [one, [...new Set(all.flatMap(({ right, unread }) => (right === one ? [unread] : [])))].join("; ")]);
}

interface Judged {
  /** A line each, with its fix. */
  readonly findings: readonly string[];
  readonly unread: ReturnType<typeof lacking>;
  readonly looks: readonly string[];
  readonly compared: string;
}

/** Undefined where GitHub did not answer, which was told. */
async function judged(github: GithubSettings, ask: Ask, tell: (line: string) => void, byPerson: boolean): Promise<Judged | undefined> {
  const told = await githubTold(github, ask, byPerson).catch((error: unknown) => {
    if (!(error instanceof Unanswered)) throw error;
    tell(` GitHub was not compared: ${error.message}`);
  });
  if (!told) return undefined;
  return {
    findings: told.flatMap((one) => ("what" in one ? [` ${one.what}. Fix: ${one.fix}`] : [])),
    unread: lacking(told.filter((one) => "unread" in one)),
    looks: told.flatMap((one) => ("look" in one ? [one.look] : [])),
    compared: `${github.environments.map(({ environment }) => environment).join(", ")}${github.whole ? "; the repository's settings, rules, Actions and workflow files" : ""}`,
  };
}

/** What `make doctor` prints of a stack's GitHub side; nothing where it has none. Gives how much was found, or could not be asked or read. */
export async function tellGithub(github: GithubSettings | undefined, ask: Ask | undefined, tell: (line: string) => void): Promise<number> {
  if (!github) return 0;
  if (!ask) {
    tell(" GitHub was not asked, so nobody knows whether it is as the stack wants it. Fix: export GITHUB_TOKEN=…, or gh auth login");
    return 1;
  }
  const found = await judged(github, ask, tell, true);
  if (!found) return 1;
  const { findings, unread, looks, compared } = found;
  for (const line of findings) tell(line);
  for (const [right, what] of unread) tell(` cannot be read: ${what}: the token lacks ${right}. Fix: ${ANOTHER}`);
  for (const look of looks) tell(` not told: ${look}`);
  if (findings.length === 0)
    tell(unread.length === 0 ? ` no findings at GitHub: ${compared}` : ` no other findings at GitHub, in what could be read of: ${compared}`);
  return findings.length + unread.length;
}

/** What a comparison ends with. */
export const DRIFT = { none: 0, unknown: 1, some: 7 } as const;

/** The same for a run at night, whose own token reads less than a person's: what that may never read is said, and is no difference. */
export async function compareGithub(github: GithubSettings | undefined, ask: Ask | undefined, tell: (line: string) => void): Promise<number> {
  if (!github || !ask) {
    tell(github ? " GitHub was not compared: there is no GITHUB_TOKEN" : " the stack has nothing at GitHub");
    return github ? DRIFT.unknown : DRIFT.none;
  }
  const found = await judged(github, ask, tell, false);
  if (!found) return DRIFT.unknown;
  for (const line of found.findings) tell(line);
  if (found.findings.length === 0) tell(` nothing differs at GitHub, in what could be read of: ${found.compared}`);
  for (const [right, what] of found.unread) tell(` not compared, as the run lacks ${right}: ${what}`);
  return found.findings.length > 0 ? DRIFT.some : DRIFT.none;
}
