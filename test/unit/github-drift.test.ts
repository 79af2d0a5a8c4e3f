/** What a run at night says of a stack's side at GitHub, by the token that GitHub gives it. */
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { compareGithub, DRIFT, githubAsk } from "../../operate/github-doctor/index.ts";
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
/** What GITHUB_TOKEN is never given a right to: https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-syntax#permissions */
const NEVER = /environments\/.*\/(secrets|variables)|actions\/(secrets|variables|permissions)|vulnerability-alerts|\/pages$/;

beforeAll(async () => {
  const { values } = checkValues({ values: ownKeys(shippedConfiguration("production").config), encrypted: new Set() });
  github = githubSettings(values, "production", { url: urlOf(values), stack: "production", organization: "organization" })!;
  const whole = repositoryOf(await everythingOf("production"));
  const body = whole[ROOT]!.body as Record<string, unknown>;
  const shown = Object.fromEntries(Object.entries(body).filter(([name]) => !/^(allow_(?!forking)|squash|delete_branch)/.test(name)));
  healthy = {
    ...Object.fromEntries(Object.entries(whole).map(([path, one]) => [path, NEVER.test(path) ? { status: 403, body: { message: "Resource not accessible by integration" } } : one])),
    [ROOT]: { body: { ...shown, permissions: { admin: false, push: false, pull: true } } },
  }; // prettier-ignore
  rest = await githubRest();
});
afterAll(() => rest.close());
beforeEach(() => {
  rest.answers = structuredClone(healthy);
});

async function compared(ask = githubAsk(rest.base, "a-token")): Promise<{ code: number; lines: string[] }> {
  const lines: string[] = [];
  const code = await compareGithub(github, ask, (line) => lines.push(line));
  return { code, lines };
}

test("what such a token may never read is said, and is no difference; nor is it that it administers nothing", async () => {
  expect(await compared()).toEqual({
    code: DRIFT.none,
    lines: [
      " nothing differs at GitHub, in what could be read of: production, production-infrastructure, automation; the repository's settings, rules, Actions and workflow files",
      ...[/Environments: read: environment "production": names of its secrets/, /Variables: read/, /Secrets: read/, /Contents: write: merge settings/, /Administration: read: what Actions may run; alerts/, /Pages: read/].map((one) => expect.stringMatching(new RegExp(`^ not compared, as the run lacks ${one.source}`)) as string),
    ],
  });
}); // prettier-ignore

test("reviewers that are gone, a rule that is off and a workflow that is are differences, each with its fix", async () => {
  const { environments } = rest.answers[`${ROOT}/environments`]!.body as { environments: { name: string; protection_rules: unknown[] }[] };
  environments.find(({ name }) => name === "production")!.protection_rules = [];
  (rest.answers[`${ROOT}/rulesets/1001`]!.body as { enforcement: string }).enforcement = "disabled";
  (rest.answers[`${ROOT}/actions/workflows`]!.body as { workflows: { state: string }[] }).workflows[0]!.state = "disabled_inactivity";
  const { code, lines } = await compared();
  expect(code).toBe(DRIFT.some);
  expect(lines.filter((line) => !line.startsWith(" not compared"))).toEqual([
    expect.stringMatching(/^ environment "production": its reviewers are nobody, should be .*\. Fix: /),
    expect.stringMatching(/enforcement is disabled, should be active\. Fix: /),
    expect.stringMatching(/is disabled inactivity, should be active\. Fix: gh workflow enable /),
  ]);
});

test("GitHub that does not answer is no comparison, and neither is a run without a token", async () => {
  expect(await compared(githubAsk("http://127.0.0.1:9", "a-token"))).toEqual({
    code: DRIFT.unknown,
    lines: [expect.stringMatching(/^ GitHub was not compared: GitHub cannot be reached/)],
  });
  const lines: string[] = [];
  expect(await compareGithub(github, undefined, (line) => lines.push(line))).toBe(DRIFT.unknown);
  expect(lines).toEqual([" GitHub was not compared: there is no GITHUB_TOKEN"]);
  expect(await compareGithub(undefined, undefined, () => undefined)).toBe(DRIFT.none);
});
