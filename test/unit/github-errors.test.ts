/** GitHub's refusals as the provider says them, and what is said beside each. */
import { expect, test } from "vitest";
import { explain } from "../../components/github-errors.ts";

const FILE = "github:index/repositoryFile:RepositoryFile";
const ENVIRONMENT = "github:index/repositoryEnvironment:RepositoryEnvironment";
const inputs = { repository: "shop", file: ".github/workflows/ci.yml", branch: "recoloca/workflows", environment: "staging", variableName: "PUBLIC_URL" };
const said = (type: string, message: string) => explain({ type, urn: `urn:pulumi:staging::recoloca::${type}::ci`, inputs, message });

test.each([
  [FILE, "GET https://api.github.com/…: 401 Bad credentials []", /does not know the token.*recoloca:githubToken/],
  [FILE, "PUT …: 403 Resource not accessible by integration []", /for shop: Contents, Workflows and Pull requests: write/],
  [ENVIRONMENT, "PUT …: 403 Resource not accessible by personal access token []", /Administration and Environments: write/],
  [FILE, "403 API rate limit exceeded", /limit of requests/],
  [FILE, "refusing to overwrite existing file: configure `overwrite_on_create` to `true` to override", /was not written by this stack; it was left as it is/],
  [FILE, "PUT …/ci.yml: 409 .github/workflows/ci.yml does not match 8a3f []", /was changed by hand/],
  // A status is a word of its own, not three digits of a hash.
  [FILE, "PUT …/ci.yml: 409 .github/workflows/ci.yml does not match c0bd3c403e71401404 []", /was changed by hand/],
  [FILE, "PUT …/ci.yml: 404 Branch recoloca/workflows not found []", /branch recoloca\/workflows is gone.*"Restore branch".*pulumi up --refresh/],
  [
    FILE,
    "PUT …/ci.yml: 409 Repository rule violations found: Changes must be made through a pull request. []",
    /rules of the branch.*recoloca:github\.writers/s,
  ],
  [ENVIRONMENT, "PUT …: 422 Please ensure the billing plan supports the required reviewers protection rule. []", /plan does not have this.*make doctor/],
  [
    "github:index/repository:Repository",
    "422 name already exists on this account",
    /pulumi import github:index\/repository:Repository ci NAME, as docs\/github.md/,
  ],
  ["github:index/actionsVariable:ActionsVariable", "409 Already exists - Variable already exists []", /it is there already.*Variable ci shop:PUBLIC_URL$/],
  ["github:index/actionsEnvironmentVariable:ActionsEnvironmentVariable", "409 Already exists []", /shop:staging:PUBLIC_URL$/],
  [
    "github:index/repositoryRuleset:RepositoryRuleset",
    "POST …/rulesets: 422 Invalid rule 'merge_queue' []",
    /organizations alone[\s\S]*config rm --path recoloca:github\.mergeQueue$/,
  ],
  [ENVIRONMENT, "GET …: 404 Not Found []", /no repository "shop"/],
])("%s: %s", (type, message, text) => expect(said(type, message)).toMatch(text));

test("what nobody here knows better is not talked over", () => expect(said(FILE, "500 Server Error")).toBeUndefined());
