/** @pulumi/github as a double: the types that the stacks use, with GitHub's ids, limits and words where it refuses. */
import { exactlyOne, formed, oneOf, between } from "./aws-account.ts";
import { ahead, BRANCH, failed, files, PULL_REQUEST, REPOSITORY, repository, RULESET } from "./github-repository.ts";
import type { Kind, Kinds, Package, Place, Rule } from "./kinds.ts";
import { isRecord, list, text, type Values } from "./values.ts";

export const ENVIRONMENT = "github:index/repositoryEnvironment:RepositoryEnvironment";
export const POLICY = "github:index/repositoryEnvironmentDeploymentPolicy:RepositoryEnvironmentDeploymentPolicy";
export const SECRET = "github:index/actionsEnvironmentSecret:ActionsEnvironmentSecret";
export const VARIABLE = "github:index/actionsEnvironmentVariable:ActionsEnvironmentVariable";
export const REPOSITORY_VARIABLE = "github:index/actionsVariable:ActionsVariable";
export const PERMISSIONS = "github:index/actionsRepositoryPermissions:ActionsRepositoryPermissions";
export const TOKEN_PERMISSIONS = "github:index/workflowRepositoryPermissions:WorkflowRepositoryPermissions";
export const ALERTS = "github:index/repositoryVulnerabilityAlerts:RepositoryVulnerabilityAlerts";
/** Not of the SDK: every pull request that there ever was, by its number. */
const REQUESTED = "github:requested";

const NAME = (property: string) =>
  formed(property, /^(?!GITHUB_)[A-Z_][A-Z0-9_]*$/i, "letters, digits and underscores; it may not start with a digit or with GITHUB_");

/** What the plan of the repository's owner has. */
function atRepository(name: unknown, { world }: Place) {
  const held = world.get(REPOSITORY, name) ?? {};
  return { open: held["visibility"] === "public", plan: text(held["plan"]) };
}

function guarded(inputs: Values, at: Place): void {
  const { open, plan } = atRepository(inputs["repository"], at);
  const call = `PUT repos/recoloca/${text(inputs["repository"])}/environments/${text(inputs["environment"])}`;
  if (!open && plan === "free") throw failed(call, 404, "Not Found []");
  const wants = list(inputs["reviewers"]).length > 0 || ((inputs["waitTimer"] as number | undefined) ?? 0) > 0;
  if (wants && !open && plan !== "enterprise")
    throw failed(
      call,
      422,
      "Failed to create the environment protection rule. Please ensure the billing plan supports the required reviewers protection rule. []",
    );
}

const onePolicy: Rule = ({ deploymentBranchPolicy: policy }) =>
  isRecord(policy) && policy["protectedBranches"] === policy["customBranchPolicies"]
    ? "422 protected_branches and custom_branch_policies cannot have the same value"
    : undefined;

const sixReviewers: Rule = ({ reviewers }) => {
  const all = list(reviewers).filter(isRecord).flatMap((one) => [...list(one["users"]), ...list(one["teams"])]); // prettier-ignore
  if (list(reviewers).length > 1) return 'Too many reviewers blocks: No more than 1 "reviewers" blocks are allowed';
  return all.length > 6 ? "422 Failed to create the environment protection rule: at most 6 reviewers" : undefined;
};

/** Things in an environment go with it. */
const emptied = (held: Values, { world }: Place): void => {
  for (const type of [POLICY, SECRET, VARIABLE])
    for (const one of world.all(type))
      if (one["repository"] === held["repository"] && one["environment"] === held["environment"]) world.remove(type, text(one["id"]));
};

const environment = (inputs: Values, { world }: Place): void => {
  const id = `${text(inputs["repository"])}:${text(inputs["environment"])}`;
  if (!world.get(ENVIRONMENT, id)) throw failed(`GET repos/recoloca/${id.replace(":", "/environments/")}`, 404, "Not Found []");
};

const of =
  (...properties: string[]) =>
  (inputs: Values) =>
    properties.map((one) => text(inputs[one])).join(":");

/** One of a repository: it is set, never made. */
const setting = (rules: readonly Rule[]): Kind => ({
  replaces: ["repository"],
  refers: { repository },
  rules,
  create: (inputs) => ({ id: text(inputs["repository"]), outputs: {} }),
});

const variable = (type: string, id: (inputs: Values) => string, inside: boolean): Kind => ({
  replaces: ["repository", "environment", "variableName"],
  refers: { repository },
  rules: [NAME("variableName")],
  create: (inputs, at) => {
    if (inside) environment(inputs, at);
    if (at.world.get(type, id(inputs))) throw failed(`POST repos/recoloca/${id(inputs)}`, 409, "Already exists - Variable already exists []");
    return { id: id(inputs), outputs: now() };
  },
});

const now = () => ({ createdAt: new Date().toISOString(), updatedAt: new Date().toISOString() });

const secretId = of("repository", "environment", "secretName");

const kinds: Kinds = {
  ...files,
  [REPOSITORY]: {
    replaces: ["name"],
    rules: [oneOf("visibility", ["public", "private", "internal"])],
    create: (inputs, { world }) => {
      const name = text(inputs["name"]);
      if (world.get(REPOSITORY, name))
        throw failed(
          "POST orgs/recoloca/repos",
          422,
          "Repository creation failed. [{Resource:Repository Field:name Code:custom Message:name already exists on this account}]",
        );
      return { id: name, outputs: { fullName: `recoloca/${name}`, defaultBranch: "main" } };
    },
  },
  [ENVIRONMENT]: {
    replaces: ["repository", "environment"],
    refers: { repository },
    rules: [between("waitTimer", 0, 43_200), onePolicy, sixReviewers],
    // A PUT: one that is there is taken as it is, and changed.
    create: (inputs, at) => {
      guarded(inputs, at);
      return { id: `${text(inputs["repository"])}:${text(inputs["environment"])}`, outputs: {} };
    },
    update: (inputs, _held, at) => {
      guarded(inputs, at);
      return {};
    },
    remove: emptied,
  },
  [POLICY]: {
    replaces: ["repository", "environment"],
    alsoReplaces: ({ branchPattern }) => (branchPattern === undefined ? ["branchPattern"] : ["tagPattern"]),
    refers: { repository },
    rules: [exactlyOne(["branchPattern", "tagPattern"])],
    create: (inputs, at) => {
      environment(inputs, at);
      const place = `${text(inputs["repository"])}:${text(inputs["environment"])}`;
      return { id: `${place}:${at.world.all(POLICY).length + 1}${Date.now() % 1000}`, outputs: {} };
    },
  },
  [SECRET]: {
    replaces: ["repository", "environment", "secretName"],
    deleteFirst: true,
    refers: { repository },
    secret: ["value", "valueEncrypted", "plaintextValue", "encryptedValue"],
    rules: [NAME("secretName"), exactlyOne(["value", "valueEncrypted", "plaintextValue", "encryptedValue"])],
    create: (inputs, at) => {
      environment(inputs, at);
      return { id: secretId(inputs), outputs: { ...now(), remoteUpdatedAt: new Date().toISOString() } };
    },
    update: () => ({ updatedAt: new Date().toISOString(), remoteUpdatedAt: new Date().toISOString() }),
  },
  [VARIABLE]: variable(VARIABLE, of("repository", "environment", "variableName"), true),
  [REPOSITORY_VARIABLE]: variable(REPOSITORY_VARIABLE, of("repository", "variableName"), false),
  [RULESET]: {
    replaces: ["repository"],
    refers: { repository },
    rules: [oneOf("enforcement", ["active", "disabled", "evaluate"]), oneOf("target", ["branch", "tag", "push"])],
    create: (inputs, at) => {
      const { open, plan } = atRepository(inputs["repository"], at);
      if (!open && plan === "free") throw failed("POST rulesets", 403, "Upgrade to GitHub Pro or make this repository public to enable this feature. []");
      const rulesetId = 1000 + at.world.all(RULESET).length;
      return { id: String(rulesetId), outputs: { rulesetId } };
    },
  },
  [PERMISSIONS]: setting([
    oneOf("allowedActions", ["all", "local_only", "selected"]),
    ({ allowedActions, allowedActionsConfig }) =>
      allowedActionsConfig !== undefined && allowedActions !== "selected" ? "allowed_actions_config is of allowed_actions selected alone" : undefined,
  ]),
  [TOKEN_PERMISSIONS]: setting([oneOf("defaultWorkflowPermissions", ["read", "write"])]),
  [ALERTS]: setting([]),
  [PULL_REQUEST]: {
    replaces: ["baseRepository", "headRef"],
    create: (inputs, { world }) => {
      const repo = text(inputs["baseRepository"]);
      const [base, head] = [text(inputs["baseRef"]), text(inputs["headRef"])];
      if (!world.get(BRANCH, `${repo}:${head}`))
        throw failed(`POST repos/recoloca/${repo}/pulls`, 422, "Validation Failed [{Resource:PullRequest Field:head Code:invalid Message:}]");
      if (ahead(world, repo, head).length === 0) throw failed(`POST repos/recoloca/${repo}/pulls`, 422, `No commits between ${base} and ${head}`);
      if (world.all(PULL_REQUEST).some((one) => one["headRef"] === head && one["state"] === "open"))
        throw failed(`POST repos/recoloca/${repo}/pulls`, 422, `A pull request already exists for recoloca:${head}.`);
      const number = 1 + world.all(REQUESTED).length;
      world.put(REQUESTED, String(number), { repository: repo });
      return { id: `recoloca/${repo}/${number}`, outputs: { number, state: "open", openedBy: "recoloca-infrastructure", draft: false } };
    },
  },
};

export const github: Package = {
  name: "github",
  kinds,
  lookups: {},
  config: [({ owner }) => (owner === undefined ? "the double wants an owner: without one, GitHub takes that of the token" : undefined)],
};
