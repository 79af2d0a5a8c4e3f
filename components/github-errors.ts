/** What GitHub's refusals mean here and what mends them, said beside the provider's own words. */
import { rightsFor } from "./github-rights.ts";
import { saidBeside, type Refused } from "./said-beside.ts";

const text = (value: unknown) => (typeof value === "string" ? value : "");

/** Undefined where the provider's own words are all that there is to say. */
export function explain({ type, urn, inputs, message }: Refused): string | undefined {
  const [repository, file, branch] = [text(inputs["repository"]), text(inputs["file"]), text(inputs["branch"])];
  const kind = type.split(":").at(-1)!;
  if (/\b401\b|bad credentials|requires authentication/i.test(message))
    return "GitHub does not know the token, or there is none: export GITHUB_TOKEN, or pulumi config set --secret recoloca:githubToken";
  if (/rate limit/i.test(message)) return "GitHub's limit of requests is reached: the same command in an hour goes on where this one ended";
  if (/\b403\b|not accessible by|must have admin|insufficient/i.test(message))
    return `the token may not do this. A fine-grained token or an app wants for ${repository || "the repository"}: ${rightsFor(type)}; a classic one the scopes repo and workflow`;
  if (/rule violations|protected branch|must be made through a pull request/i.test(message))
    return `the rules of the branch let this token commit nothing to it: recoloca:github.writers names who may, or\n  pulumi config set --path 'recoloca:github.workflowFiles' pull-request`;
  if (kind === "RepositoryRuleset" && /merge.?queue/i.test(message))
    return "GitHub has merge queues for repositories of organizations alone, private ones with the enterprise plan. Without one pull requests have to be up to date before they are merged:\n  pulumi config rm --path recoloca:github.mergeQueue";
  if (kind === "RepositoryFile" && /overwrite|already exists/i.test(message))
    return `${file} is there already and was not written by this stack; it was left as it is. Read it; if this stack's may take its place:\n  pulumi config set --path 'recoloca:github.adopt[0]' ${file}`;
  if (kind === "RepositoryFile" && /\b409\b|does not match/i.test(message))
    return `${file} was changed by hand since the stack wrote it; it was left as it is. See what was changed, bring it into the program, then: pulumi up --refresh`;
  if (kind === "RepositoryFile" && /branch \S+ not found/i.test(message))
    return `the branch ${branch} is gone: somebody removed it. "Restore branch" at its last pull request, then the same command; or pulumi up --refresh, which begins it anew from the default branch: what the program gave up meanwhile is then removed by hand`;
  if (kind === "RepositoryEnvironment" && /\b422\b|billing|plan|upgrade/i.test(message))
    return "GitHub's plan does not have this for the repository: recoloca:github.plan and recoloca:github.visibility have to say what it really has (make doctor compares)";
  if (/already exists|name already|\b409\b/i.test(message))
    return `it is there already, and this stack did not make it. Take it over: pulumi import ${type} ${urn.split("::").at(-1)} ${idOf(kind, inputs)}`;
  if (/\b404\b|not found/i.test(message))
    return `GitHub shows this token no repository "${repository}", or not this of it. A fine-grained token has to name the repository; it wants ${rightsFor(type)}`;
  return undefined;
}

/** What `pulumi import` knows one by, as the provider's own pages say it for each kind. */
function idOf(kind: string, inputs: Readonly<Record<string, unknown>>): string {
  const [repository, environment, variable] = [text(inputs["repository"]), text(inputs["environment"]), text(inputs["variableName"])];
  switch (kind) {
    case "ActionsEnvironmentVariable":
      return `${repository}:${environment}:${variable}`;
    case "ActionsVariable":
      return `${repository}:${variable}`;
    case "RepositoryEnvironment":
      return `${repository}:${environment}`;
    case "RepositoryRuleset":
      return `${repository}:ID, where gh api repos/OWNER/${repository}/rulesets lists the ids`;
    case "Repository":
      return "NAME, as docs/github.md shows whole";
    default:
      return "ID";
  }
}

/** For every resource at GitHub. */
export const explained = saidBeside("github-refused", explain);
