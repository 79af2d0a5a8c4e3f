/** What is wrong with a stack's GitHub side, seen beside its other values. Pure. */
import { AUTOMATION, infrastructureOf } from "../secrets/catalogue.ts";
import { VARIABLES } from "../secrets/variables.ts";
import { PRODUCTION } from "./cloud.ts";
import { OWNERS_FIELDS, type Github } from "./github-form.ts";
import { abilitiesOf } from "../workflows/github-plan.ts";
import { secretCommand } from "./check-secrets.ts";
import { firstStage, type Pipeline } from "./pipeline.ts";
import { noted, setCommand, type Problem } from "./problems.ts";

export interface GithubValues {
  readonly github?: Github | undefined;
  readonly githubToken?: string | undefined;
  readonly repository?: string | undefined;
  readonly ec2?: object | undefined;
  readonly pipeline?: Pipeline | undefined;
  readonly secrets?: Readonly<Record<string, string>>;
}

/** What is deployed to where the configuration does not say. */
export const STAGES = ["staging", PRODUCTION];

const KEY = "INFRASTRUCTURE_APP_PRIVATE_KEY";
const PASSPHRASE = "PULUMI_CONFIG_PASSPHRASE";
/** GitHub's own limit for an environment. */
const MOST_REVIEWERS = 6;

export const reviewersOf = ({ reviewers }: Github) => ({ users: Object.values(reviewers.users), teams: Object.values(reviewers.teams) });

/** The command that looks the number up and sets it. The shell is to fill it in, hence double quotes. */
const teamCommand = (field: string, owner: string) =>
  `pulumi config set --path recoloca:github.${field}.teams.platform "$(gh api orgs/${owner}/teams/platform --jq .id)"`;
const appCommand = (field: string) => `pulumi config set --path recoloca:github.${field}.apps.NAME "$(gh api apps/NAME --jq .id)"`;

/** `unread`: keys that are there and cannot be read. */
export function checkGithub(values: GithubValues, environment: string, unread: ReadonlySet<string> = new Set()): Problem[] {
  const { github, githubToken, repository, ec2, pipeline, secrets = {} } = values;
  const { problems, say } = noted();
  if (unread.has("github")) return problems;
  if (pipeline && !github?.ownsRepository)
    say("pipeline", "belongs to the stack that owns the repository, and this one does not", "pulumi config rm recoloca:pipeline");
  if (!github) {
    if (githubToken !== undefined) say("githubToken", "is set, and the stack has no GitHub side", "pulumi config rm recoloca:githubToken");
    return problems;
  }
  const owner = repository?.split("/")[0] ?? "OWNER";
  if (repository === undefined) say("repository", "is missing: it is the one whose GitHub side is made", setCommand("repository", "recoloca/recoloca"));
  problems.push(...checkPlan(github, environment, owner));
  if ([AUTOMATION, infrastructureOf("")].some((name) => environment === name || environment.endsWith(infrastructureOf(""))))
    say("github", `the stack's name "${environment}" is that of an environment which is made beside others; another name is wanted`);
  if (Object.keys({ ...github.reviewers.users, ...github.reviewers.teams }).length > MOST_REVIEWERS)
    say("github.reviewers", `got more than ${MOST_REVIEWERS} users and teams, which is the most that GitHub takes: a team holds as many as you like`);
  for (const name of Object.keys(github.variables).filter((one) => one in VARIABLES))
    say(`github.variables.${name}`, "is written by the stack itself", `pulumi config rm --path recoloca:github.variables.${name}`);
  if (github.stateBucket && github.pulumiCloud)
    say(
      "github.pulumiCloud",
      "is set, and the state of this stack is in a bucket: nobody asks Pulumi Cloud",
      "pulumi config rm --path recoloca:github.pulumiCloud",
    );
  if (github.stateBucket && !ec2 && !unread.has("ec2"))
    say(
      "github.stateBucket",
      "wants a server at AWS: its account and region are where the roles of the workflows are made",
      "pulumi config rm --path recoloca:github.stateBucket",
    );
  const passphrase = github.stateBucket !== undefined && github.stateBucket.key === undefined;
  if (passphrase && !(PASSPHRASE in secrets) && !["secrets", "github.stateBucket.key"].some((one) => unread.has(one)))
    say(
      `secrets.${PASSPHRASE}`,
      "is missing: a key of AWS KMS encrypts the stack's secrets, or the workflows need the passphrase that does",
      `${setCommand("github.stateBucket.key", "arn:aws:kms:REGION:ACCOUNT:key/ID")}\nor: ${setCommand(`secrets.${PASSPHRASE}`, "", true)}`,
    );
  if (!passphrase && PASSPHRASE in secrets)
    say(`secrets.${PASSPHRASE}`, "is used by nothing: this stack's secrets are encrypted by a key", `pulumi config rm --path recoloca:secrets.${PASSPHRASE}`);
  if (github.infrastructureApp !== undefined && !(KEY in secrets) && !unread.has("secrets"))
    say(`secrets.${KEY}`, "is missing: recoloca:github.infrastructureApp is set, both go together", `cat APP.private-key.pem | ${secretCommand(KEY)}`);
  if (github.infrastructureApp === undefined && KEY in secrets)
    say("github.infrastructureApp", `is missing: recoloca:secrets.${KEY} is set, both go together`, setCommand("github.infrastructureApp", "123456"));
  return [
    ...problems,
    ...(github.ownsRepository ? checkOwner(github, { environment, owner, byApproval: pipeline?.production === "approval" }) : checkGuest(github)),
  ];
}

function checkPlan(github: Github, environment: string, owner: string): Problem[] {
  const has = abilitiesOf(github);
  const { visibility, plan } = github;
  if (visibility === "internal" && plan !== "enterprise")
    return [
      {
        key: "github.visibility",
        says: `got "internal", which only the enterprise plan has, and the plan is "${plan}"`,
        fix: setCommand("github.visibility", "private"),
      },
    ];
  if (!has.environments)
    return [
      {
        key: "github.plan",
        says: `got "${plan}" with a repository that is ${visibility}: GitHub has no environments there, and without them every branch could deploy`,
        fix: `${setCommand("github.plan", "team")}, once the owner has that plan\nor: ${setCommand("github.visibility", "public")}, once the repository is`,
      },
    ];
  const { users, teams } = reviewersOf(github);
  return environment === PRODUCTION && has.approval && users.length + teams.length === 0
    ? [
        {
          key: "github.reviewers",
          says: "is missing: nobody would have to approve what goes to production",
          fix: `${teamCommand("reviewers", owner)}\nor: pulumi config set --path recoloca:github.reviewers.users.ana "$(gh api users/ana --jq .id)"`,
        },
      ]
    : [];
}

function checkOwner(github: Github, { environment, owner, byApproval }: { environment: string; owner: string; byApproval: boolean }): Problem[] {
  const problems: Problem[] = [];
  const nobody = ({ apps, teams }: Github["writers"]) => Object.keys({ ...apps, ...teams }).length === 0;
  const has = abilitiesOf(github);
  const environments = github.environments ?? STAGES;
  if (!environments.includes(PRODUCTION) || firstStage(environments) === undefined)
    problems.push({
      key: "github.environments",
      says: `got ${environments.join(", ")}, wants ${PRODUCTION} and at least one before it`,
      fix: `in the stack's file: environments: [${STAGES.join(", ")}]`,
    });
  if (byApproval && !has.approval)
    problems.push({
      key: "pipeline.production",
      says: `got "approval", and GitHub's ${github.plan} plan has no reviewers for a repository that is ${github.visibility}`,
      fix: setCommand("pipeline.production", "tag"),
    });
  if (!environments.includes(environment))
    problems.push({
      key: "github.environments",
      says: `got ${environments.join(", ")}, and "${environment}" itself is not among them`,
      fix: setCommand(`github.environments[${environments.length}]`, environment),
    });
  if (github.workflowFiles === "direct" && has.rulesets && nobody(github.writers))
    problems.push({
      key: "github.writers",
      says: `is missing: workflow files are written to ${github.defaultBranch} directly, and its rules would let nobody do that`,
      fix: `${appCommand("writers")}\nor: ${setCommand("github.workflowFiles", "pull-request")}`,
    });
  if (!has.approval && has.rulesets && nobody(github.releasers))
    problems.push({
      key: "github.releasers",
      says: `is missing: GitHub's ${github.plan} plan has no reviewers for a repository that is ${github.visibility}; who may create release tags decides what goes to production`,
      fix: teamCommand("releasers", owner),
    });
  return problems;
}

/** A stack that does not own the repository has no say in what belongs to all. */
const checkGuest = (github: Github): Problem[] =>
  OWNERS_FIELDS.filter((field) => {
    const value = github[field];
    return value !== undefined && JSON.stringify(value).replace(/[{}[\],:"]|apps|teams/g, "") !== "";
  }).map((field) => ({
    key: `github.${field}`,
    says: "belongs to the stack that owns the repository, and this one does not",
    fix: `pulumi config rm --path recoloca:github.${field}\nor: ${setCommand("github.ownsRepository", "true")}`,
  }));
