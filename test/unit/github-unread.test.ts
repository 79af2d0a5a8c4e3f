/** What `make doctor` says where GitHub shows it nothing, or does not answer: never a finding of the thing itself, and never that all is well. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { githubAsk, tellGithub } from "../../operate/github-doctor/index.ts";
import { checkValues } from "../../settings/check.ts";
import { githubSettings, type GithubSettings } from "../../settings/github.ts";
import { ownKeys } from "../../settings/index.ts";
import { urlOf } from "../../settings/tls.ts";
import { githubRest, repositoryOf, ROOT, type Answers, type GithubRest } from "../doubles/github-rest.ts";
import { everythingOf } from "../mocked-program.ts";
import { shippedConfiguration } from "../shipped-configuration.ts";

let github: GithubSettings;
let rest: GithubRest;
let healthy: Answers;
beforeAll(async () => {
  const { values } = checkValues({ values: ownKeys(shippedConfiguration("production").config), encrypted: new Set() });
  github = githubSettings(values, "production", { url: urlOf(values), stack: "production", organization: "organization" })!;
  healthy = repositoryOf(await everythingOf("production"));
  rest = await githubRest();
});
afterAll(() => rest.close());
beforeEach(() => {
  rest.answers = structuredClone(healthy);
  rest.asked.length = 0;
});

async function told(base = rest.base): Promise<{ lines: string[]; count: number }> {
  const lines: string[] = [];
  const count = await tellGithub(github, githubAsk(base, "a-token"), (line) => lines.push(line));
  return { lines, count };
}
const FIX = "Fix: another token: docs/github.md";
const COMPARED = "production, production-infrastructure, automation; the repository's settings, rules, Actions and workflow files";

/** What GitHub says that each wants of a fine-grained token. */
const WANTS: readonly (readonly [RegExp, string])[] = [
  [/\/environments$|deployment-branch-policies|actions\/workflows/, "actions=read"],
  [/environments\/.*\/(secrets|variables)/, "environments=read"],
  [/actions\/secrets/, "secrets=read"],
  [/actions\/variables/, "actions_variables=read"],
  [/contents/, "contents=read"],
  [/pages/, "pages=read"],
  [/rulesets/, "metadata=read"],
  [/permissions|vulnerability-alerts/, "administration=read"],
];
function forbid(which: RegExp, said: boolean): void {
  for (const [path] of Object.entries(rest.answers))
    if (path !== ROOT && which.test(path))
      rest.answers[path] = {
        status: 403,
        body: { message: "Resource not accessible by personal access token", documentation_url: "https://docs.github.com/rest", status: "403" },
        ...(said && { headers: { "x-accepted-github-permissions": WANTS.find(([of]) => of.test(path))![1] } }),
      };
}
const hideMerging = () => {
  const body = rest.answers[ROOT]!.body as Record<string, unknown>;
  for (const name of Object.keys(body).filter((one) => /^(allow_(?!forking)|squash|delete_branch)/.test(one))) delete body[name];
};

describe("a token that may read the repository and nothing of it", () => {
  const lines = [
    ` cannot be read: environments and what is in them; which workflows run: the token lacks Actions: read. ${FIX}`,
    ` cannot be read: variables of the repository: the token lacks Variables: read. ${FIX}`,
    ` cannot be read: names of the repository's own secrets: the token lacks Secrets: read. ${FIX}`,
    ` cannot be read: merge settings: the token lacks Contents: write. ${FIX}`,
    ` cannot be read: what Actions may run; alerts of vulnerable dependencies; what the token of a job may: the token lacks Administration: read. ${FIX}`,
    ` cannot be read: how Pages are published: the token lacks Pages: read. ${FIX}`,
    ` cannot be read: rulesets: the token lacks Metadata: read. ${FIX}`,
    ` cannot be read: files on main: the token lacks Contents: read. ${FIX}`,
    ` no other findings at GitHub, in what could be read of: ${COMPARED}`,
  ];
  test.each([
    ["as GitHub says what it lacks", true],
    ["as the program knows what it lacks", false],
  ])("%s", async (_how, said) => {
    forbid(/./, said);
    hideMerging();
    expect(await told()).toEqual({ lines, count: 8 });
  });

  test("a classic one lacks a scope, or its owner the right", async () => {
    forbid(/rulesets/, false);
    for (const [scopes, lacks] of [
      ["repo, workflow", "an owner who administers the repository"],
      ["public_repo, workflow", 'the scope "repo"'],
    ] as const) {
      rest.answers[`${ROOT}/rulesets`]!.headers = { "x-oauth-scopes": scopes };
      expect((await told()).lines[0]).toBe(` cannot be read: rulesets: the token lacks ${lacks}. ${FIX}`);
    }
  });
});

test("what only some may see is said, and is not taken for what should be", async () => {
  // GitHub leaves it out of an answer that is a good one otherwise.
  for (const id of ["1001", "1002"]) delete (rest.answers[`${ROOT}/rulesets/${id}`]!.body as Record<string, unknown>)["bypass_actors"];
  for (const one of (rest.answers[`${ROOT}/environments`]!.body as { environments: Record<string, unknown>[] }).environments) delete one["can_admins_bypass"];
  const rulesets = ["main: by pull request, with its checks", "releases: tags that few may create and nobody may move"].map(
    (name) => `the ruleset "${name}": who may pass it`,
  );
  const environments = github.environments.map(({ environment }) => `environment "${environment}": whether administrators may pass its rules`);
  expect(await told()).toEqual({
    lines: [
      ` cannot be read: ${environments.join("; ")}: the token lacks Administration: read. ${FIX}`,
      ` cannot be read: ${rulesets.join("; ")}: the token lacks Administration: write. ${FIX}`,
      ` no other findings at GitHub, in what could be read of: ${COMPARED}`,
    ],
    count: 2,
  });
});

test("that alerts are not found means that they are off only to whoever may read what is beside them", async () => {
  forbid(/actions\/permissions$/, true);
  rest.answers[`${ROOT}/vulnerability-alerts`] = { status: 404 };
  const { lines } = await told();
  expect(lines[0]).toBe(` cannot be read: what Actions may run; alerts of vulnerable dependencies: the token lacks Administration: read. ${FIX}`);
});

test("reads lists of many pages, and takes its token nowhere else", async () => {
  const path = `${ROOT}/environments/production/variables`;
  const { variables } = rest.answers[path]!.body as { variables: unknown[] };
  const next = `<${rest.base}${path}?per_page=100&page=2>; rel="next", <${rest.base}${path}?page=2>; rel="last"`;
  rest.answers[path] = { body: { total_count: variables.length, variables: variables.slice(0, 1) }, headers: { link: next } };
  rest.answers[`${path}#2`] = { body: { total_count: variables.length, variables: variables.slice(1) } };
  expect((await told()).count).toBe(0);
  rest.answers[path].headers = { link: `<http://127.0.0.2:1/elsewhere?page=2>; rel="next"` };
  expect((await told()).lines).toHaveLength(variables.length - 1);
});

describe("is one line, and counts:", () => {
  const everything = (said: Answers[string]) => () => (rest.answers = Object.fromEntries(Object.keys(rest.answers).map((path) => [path, said])));
  test.each<[string, () => unknown, string]>([
    [
      "a token that GitHub does not know",
      everything({ status: 401, body: { message: "Bad credentials" } }),
      "GitHub does not know the token. Fix: export GITHUB_TOKEN, or pulumi config set --secret recoloca:githubToken",
    ],
    [
      "a repository that it does not show",
      () => (rest.answers = {}),
      "GitHub shows this token no repository recoloca/recoloca (404), so nothing of it was compared. Fix: is recoloca:repository right? A fine-grained token has to name the repository",
    ],
    [
      "the limit of an hour",
      everything({
        status: 403,
        body: { message: "API rate limit exceeded for user ID 7." },
        headers: { "x-ratelimit-remaining": "0", "x-ratelimit-reset": "1795683600" },
      }),
      "GitHub was not compared: GitHub's limit of requests is reached: the same command again at 09:00 UTC",
    ],
    [
      "the limit of a moment, in the midst of it",
      () =>
        (rest.answers[`${ROOT}/rulesets/1002`] = {
          status: 403,
          body: { message: "You have exceeded a secondary rate limit." },
          headers: { "retry-after": "60" },
        }),
      "GitHub was not compared: GitHub's limit of requests is reached: the same command again in 60 s",
    ],
    [
      "trouble of GitHub's own",
      () => (rest.answers[`${ROOT}/environments`] = { status: 502, body: {} }),
      "GitHub was not compared: GitHub answers 502 for /repos/recoloca/recoloca/environments: its own trouble, see https://www.githubstatus.com; the same command again later",
    ],
    [
      "an answer of something else",
      () => (rest.answers[`${ROOT}/environments`] = { body: { please: "log in" } }),
      "GitHub was not compared: the answer for /repos/recoloca/recoloca/environments is none that this program knows; is GITHUB_BASE_URL right, or is something between here and GitHub?",
    ],
  ])("%s", async (_what, spoil, line) => {
    spoil();
    const { lines, count } = await told();
    expect({ lines, count }).toEqual({ lines: [` ${line}`], count: 1 });
  });

  test("no way there", async () => {
    const gone = await githubRest();
    gone.close();
    const away = gone.base;
    expect(await told(away)).toEqual({
      lines: [` GitHub was not compared: GitHub cannot be reached at ${away}: ECONNREFUSED; is the network there, and a proxy's address right?`],
      count: 1,
    });
  });
});

test("without a token it says so, and that is no good end; without a GitHub side it says nothing", async () => {
  const lines: string[] = [];
  expect(await tellGithub(github, undefined, (line) => lines.push(line))).toBe(1);
  expect(await tellGithub(undefined, undefined, (line) => lines.push(line))).toBe(0);
  expect(lines).toEqual([" GitHub was not asked, so nobody knows whether it is as the stack wants it. Fix: export GITHUB_TOKEN=…, or gh auth login"]);
});
