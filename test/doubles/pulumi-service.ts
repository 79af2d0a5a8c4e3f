/** @pulumi/pulumiservice as a double: a stack's deployment settings and its comparisons by the clock, and whom Pulumi Cloud lets in, as it keeps them. */
import { formed, oneOf } from "./aws-account.ts";
import type { Kinds, Package, Rule } from "./kinds.ts";
import { isRecord, list, text, type Values } from "./values.ts";

export const DEPLOYMENT_SETTINGS = "pulumiservice:index:DeploymentSettings";
export const TEAM = "pulumiservice:index:Team";
export const TEAM_STACK_PERMISSION = "pulumiservice:index:TeamStackPermission";
export const OIDC_ISSUER = "pulumiservice:index:OidcIssuer";
export const DRIFT_SCHEDULE = "pulumiservice:index:DriftSchedule";

const STACK = ["organization", "project", "stack"];
const stackId = (inputs: Values) => STACK.map((one) => text(inputs[one])).join("/");

const at = (inputs: Values, ...path: string[]) => path.reduce<unknown>((value, key) => (isRecord(value) ? value[key] : undefined), inputs);

/** The typings' own words: each of these "should not be specified if there are GitHub settings". */
const oneSource: Rule = (inputs) => {
  if (inputs["github"] !== undefined && inputs["vcs"] !== undefined) return "only one of github and vcs can be set";
  const wrong = ["repoUrl", "gitAuth"].find((one) => inputs["github"] !== undefined && at(inputs, "sourceContext", "git", one) !== undefined);
  return wrong === undefined ? undefined : `sourceContext.git.${wrong} should not be specified if there are GitHub settings for this deployment`;
};

const source: Rule = (inputs) =>
  isRecord(at(inputs, "sourceContext", "git")) && ["branch", "commit"].every((one) => at(inputs, "sourceContext", "git", one) === undefined)
    ? "one of branch or commit must be specified"
    : undefined;

const repository: Rule = (inputs) => {
  const name = at(inputs, "github", "repository");
  return name === undefined || /^[^/]+\/[^/]+$/.test(text(name)) ? undefined : `repository: got ${text(name)}, wants org/repo`;
};

const role: Rule = (inputs) => {
  const arn = at(inputs, "operationContext", "oidc", "aws", "roleARN");
  return arn === undefined || /^arn:aws[a-z-]*:iam::\d{12}:role\//.test(text(arn)) ? undefined : "roleARN: wants the ARN of a role";
};

/** The typings' own words for each type of token. */
function policy({ decision, tokenType, teamName, userLogin, authorizedPermissions, rules }: Values): string | undefined {
  if (decision !== "allow" && decision !== "deny") return `decision: got ${text(decision)}, wants allow or deny`;
  if (!isRecord(rules) || Object.keys(rules).length === 0) return "policies: rules are missing";
  const wants = { team: teamName, personal: userLogin, organization: authorizedPermissions }[text(tokenType)];
  return wants === undefined ? `policies: a token of type ${text(tokenType)} wants teamName, userLogin or authorizedPermissions` : undefined;
}

const kinds: Kinds = {
  [DEPLOYMENT_SETTINGS]: {
    replaces: STACK,
    rules: [oneSource, source, repository, role],
    create: (inputs) => ({ id: stackId(inputs), outputs: {} }),
  },
  [TEAM]: {
    replaces: ["organizationName", "name", "teamType"],
    rules: [
      oneOf("teamType", ["pulumi", "github"]),
      formed("name", /^[a-z0-9_-]+$/, "a team's name"),
      ({ teamType, name }) => (teamType === "pulumi" && name === undefined ? "teams of teamType 'pulumi' require 'name'" : undefined),
    ],
    // Whoever makes a team is in it.
    create: (inputs) => ({ id: `${text(inputs["organizationName"])}/${text(inputs["name"])}`, outputs: { members: ["whoever-made-it"] } }),
  },
  [TEAM_STACK_PERMISSION]: {
    replaces: ["organization", "project", "stack", "team", "permission"],
    rules: [({ permission }) => ([101, 102, 103].includes(permission as number) ? undefined : `permission: got ${String(permission)}, wants 101, 102 or 103`)],
    create: (inputs, { world }) => {
      const team = `${text(inputs["organization"])}/${text(inputs["team"])}`;
      if (!world.get(TEAM, team)) throw new Error(`[404] Not Found: Team '${text(inputs["team"])}' not found`);
      return { id: `${stackId(inputs)}/${text(inputs["team"])}`, outputs: {} };
    },
  },
  [OIDC_ISSUER]: {
    replaces: ["organization", "url"],
    rules: [
      ({ policies }) => (list(policies).length > 40 ? "at most 40 policies" : undefined),
      ({ policies }) =>
        list(policies)
          .filter(isRecord)
          .map(policy)
          .find((one) => one !== undefined),
    ],
    create: (inputs, { world }) => {
      // One for an address.
      if (world.all(OIDC_ISSUER).some((one) => one["organization"] === inputs["organization"] && one["url"] === inputs["url"]))
        throw new Error(`[409] Conflict: an issuer with url ${text(inputs["url"])} already exists`);
      return { id: `${text(inputs["organization"])}/issuer-1`, outputs: { thumbprints: ["2b6030088e8d08fcd61b8b897019f2d99f4b9a0f7b465b065c2b90e1c53bc07d"] } };
    },
  },
  [DRIFT_SCHEDULE]: {
    replaces: STACK,
    rules: [formed("scheduleCron", /^\S+( \S+){4}$/, "a cron expression of five fields")],
    create: (inputs, { world, name }) => {
      // A run by the clock takes source and role from the settings.
      if (!world.get(DEPLOYMENT_SETTINGS, stackId(inputs))) throw new Error(`the stack ${stackId(inputs)} has no deployment settings`);
      const scheduleId = `schedule-${name}`;
      return { id: `${stackId(inputs)}/drift/${scheduleId}`, outputs: { scheduleId } };
    },
  },
};

export const pulumiService: Package = {
  name: "pulumiservice",
  kinds,
  lookups: {},
  // The real one would ask whatever is there, a folder or a bucket too.
  config: [({ apiUrl }) => (/^https:\/\//.test(text(apiUrl)) ? undefined : `apiUrl: got ${text(apiUrl)}, which is not where Pulumi Cloud answers`)],
};
