/**
 * What GitHub really has of a stack's side, held against what the stack would make there: by the same functions that make it. Pulumi does not see all
 * of it: reviewers that somebody takes away, for one (https://github.com/integrations/terraform-provider-github/issues/3609). Reads alone.
 */
import { pipelineOf } from "../../components/pipeline/index.ts";
import { BRANCH } from "../../components/workflow-files/branch.ts";
import type { GithubSettings } from "../../settings/github.ts";
import { askOf, Unanswered, type Ask, type Service } from "../rest.ts";
import { environmentsTold } from "./environments.ts";
import { filesTold, runningTold } from "./files.ts";
import { repositoryForm, repositoryTold } from "./repository.ts";
import { rulesetsTold } from "./rulesets.ts";
import { type Look, type Told, type Unread } from "./told.ts";
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

async function githubTold(github: GithubSettings, ask: Ask): Promise<Told[]> {
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
    ...tokenTold(found, answer),
    ...(abilities.environments ? [] : [{ what: "the plan has no environments, should have them", fix: "docs/github.md says what each plan lacks" }]),
    ...parts.flat(),
  ];
}

/** One line for each right that is lacking. */
function unreadLines(all: readonly Unread[]): string[] {
  const rights = [...new Set(all.map(({ right }) => right))];
  return rights.map((right) => {
    const what = [...new Set(all.flatMap((one) => (one.right === right ? [one.unread] : [])))];
    return ` cannot be read: ${what.join("; ")}: the token lacks ${right}. Fix: ${ANOTHER}`;
  });
}

/** What `make doctor` prints of a stack's GitHub side; nothing where it has none. Gives how much was found, or could not be read. */
export async function tellGithub(github: GithubSettings | undefined, ask: Ask | undefined, tell: (line: string) => void): Promise<number> {
  if (!github) return 0;
  if (!ask) {
    tell(" GitHub was not asked: export GITHUB_TOKEN");
    return 0;
  }
  const told = await githubTold(github, ask).catch((error: unknown) => {
    if (error instanceof Unanswered) return error;
    throw error;
  });
  if (told instanceof Unanswered) {
    tell(` GitHub was not compared: ${told.message}`);
    return 1;
  }
  const [findings, unread, looks] = [
    told.filter((one) => "what" in one),
    told.filter((one) => "unread" in one),
    told.filter((one): one is Look => "look" in one),
  ];
  const lines = [...findings.map(({ what, fix }) => ` ${what}. Fix: ${fix}`), ...unreadLines(unread)];
  for (const line of [...lines, ...looks.map(({ look }) => ` not told: ${look}`)]) tell(line);
  const compared = `${github.environments.map(({ environment }) => environment).join(", ")}${github.whole ? "; the repository's settings, rules, Actions and workflow files" : ""}`;
  if (findings.length === 0)
    tell(unread.length === 0 ? ` no findings at GitHub: ${compared}` : ` no other findings at GitHub, in what could be read of: ${compared}`);
  return lines.length;
}
