/** @pulumi/pulumiservice as a double: a stack's deployment settings and its comparisons by the clock, as Pulumi Cloud keeps them. */
import { formed } from "./aws-account.ts";
import type { Kinds, Package, Rule } from "./kinds.ts";
import { isRecord, text, type Values } from "./values.ts";

export const DEPLOYMENT_SETTINGS = "pulumiservice:index:DeploymentSettings";
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

const kinds: Kinds = {
  [DEPLOYMENT_SETTINGS]: {
    replaces: STACK,
    rules: [oneSource, source, repository, role],
    create: (inputs) => ({ id: stackId(inputs), outputs: {} }),
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
