/** A stack's GitHub side, from its configuration: environments, their rules, secrets and variables, roles, what the repository as a whole gets. Pure. */
import { AUTOMATION, infrastructureOf, reviewOf, type WorkflowSecret } from "../secrets/catalogue.ts";
import { planRoleVariable, type VariableName } from "../secrets/variables.ts";
import { reviewersOf, STAGES } from "./check-github.ts";
import { featuresOff, placesOf } from "./check-secrets.ts";
import { isEcr, PRODUCTION } from "./cloud.ts";
import type { Github } from "./github-form.ts";
import { pipelineSettings, type PipelineValues } from "./pipeline.ts";
import { cloudClaim, cloudRuns, type CloudClaim, type PreviewsSettings } from "./previews.ts";
import { accessNotes, pulumiAccess, type PulumiAccessSettings } from "./pulumi-access.ts";
import { abilitiesOf, lackOf, type Abilities } from "../workflows/github-plan.ts";

/** What only an owner's fields say. */
type Actors = Readonly<{ apps: readonly number[]; teams: readonly number[] }>;

export interface EnvironmentSettings {
  readonly repository: string;
  readonly environment: string;
  readonly reviewers: { readonly users: readonly number[]; readonly teams: readonly number[] };
  readonly waitMinutes: number;
  /** Who started a run may not approve it. */
  readonly preventSelfReview: boolean;
  readonly branches: readonly string[];
  readonly tags: readonly string[];
  readonly variables: Readonly<Record<string, string>>;
  readonly secrets: readonly WorkflowSecret[];
  /** Which of the stack's roles its jobs take. */
  readonly role?: "deploy" | "infrastructure";
  readonly planRoleVariable?: string;
  /** Whose values are known once the server is: pull requests ask there for environments. */
  readonly serves?: "review";
}

export interface GithubSettings {
  readonly owner: string;
  readonly repository: string;
  /** What is off, and why: for the preview. */
  readonly notes: readonly string[];
  readonly abilities: Abilities;
  readonly environments: readonly EnvironmentSettings[];
  /** GitHub's number of the app whose token infrastructure runs take. */
  readonly infrastructureApp?: number;
  readonly oidc?: {
    readonly application: string;
    readonly environment: string;
    readonly infrastructureEnvironment: string;
    readonly region: string;
    readonly owner: string;
    readonly repository: string;
    readonly ids?: { readonly owner: number; readonly repository: number };
    readonly makesIdentityProvider: boolean;
    readonly stateBucket?: { readonly name: string; readonly key?: string; readonly project: string };
    /** The name that somebody has chosen for it. */
    readonly backupBucket?: string;
    readonly sessionManager: boolean;
    readonly pulls: boolean;
    readonly defaultBranch: string;
    /** Whether pull requests get a preview of this stack. */
    readonly previews: boolean;
    /** Which runs at Pulumi Cloud take the read-only role as well. */
    readonly pulumiCloud?: CloudClaim;
  };
  /** What only the stack that owns the repository has. */
  readonly whole?: {
    readonly rules: {
      readonly repository: string;
      readonly visibility: Github["visibility"];
      readonly defaultBranch: string;
      readonly releaseTags: readonly string[];
      readonly approvals: number;
      readonly codeOwners: readonly string[];
      readonly writers: Actors;
      readonly releasers: Actors;
      readonly rulesets: boolean;
      readonly pages: boolean;
      readonly mergeCommits: boolean;
      readonly mergeQueue: boolean;
    };
    readonly workflowFiles: {
      readonly repository: string;
      readonly defaultBranch: string;
      readonly way: "pull-request" | "direct";
      readonly adopt: readonly string[];
    };
    readonly pipeline: ReturnType<typeof pipelineSettings>;
    /** Whom Pulumi Cloud lets at which stack, where this stack says so. */
    readonly access?: PulumiAccessSettings;
  };
}

export interface GithubValues extends PipelineValues {
  readonly review?: object | undefined;
  readonly createBackupBucket?: { readonly name?: string | undefined } | undefined;
  readonly github?: Github | undefined;
  readonly secrets?: Readonly<Record<string, string>>;
}

export const RELEASE_TAGS = "v*.*.*";
/** What GitHub runs a pull request on: its rules for environments are compared with that, and not with the branch. One that was merged is closed on the branch that it went into. */
const PULL_REQUESTS = "refs/pull/*/merge";
const numbers = ({ apps, teams }: Github["writers"]): Actors => ({ apps: Object.values(apps), teams: Object.values(teams) });

interface Named {
  /** Where people reach the application. */
  readonly url: string;
  /** The stack's name as Pulumi wants it. */
  readonly stack: string;
  /** Of the stack at its backend. */
  readonly organization: string;
  /** @default "recoloca" */
  readonly project?: string;
  readonly previews?: PreviewsSettings | { off: string } | undefined;
}

export function githubSettings(
  values: GithubValues,
  environment: string,
  { url, stack, organization, project = "recoloca", previews }: Named,
): GithubSettings | undefined {
  const { application = "recoloca", github, repository: full = "", ec2, secrets = {} } = values;
  if (!github) return undefined;
  const [owner = "", repository = ""] = full.split("/");
  const abilities = abilitiesOf(github);
  const production = environment === PRODUCTION;
  const { defaultBranch, ownsRepository, stateBucket, ids } = github;
  const given = Object.keys(secrets);
  const secretsOf = (name: string) => placesOf(given, environment, !production).flatMap((one) => (one.environment === name ? [one.name] : []));
  const guarded = {
    repository,
    reviewers: abilities.approval ? reviewersOf(github) : { users: [], teams: [] },
    waitMinutes: abilities.approval ? github.waitMinutes : 0,
    preventSelfReview: abilities.approval && production,
  };
  const branches = github.branches ?? [defaultBranch];
  const both: Partial<Record<VariableName, string>> = { PUBLIC_URL: url, PULUMI_STACK: stack, ...(ec2 && { AWS_REGION: ec2.region }) };
  const app: Partial<Record<VariableName, string>> = github.infrastructureApp === undefined ? {} : { INFRASTRUCTURE_APP_ID: String(github.infrastructureApp) };
  const infrastructureEnvironment = infrastructureOf(environment);
  const access = pulumiAccess({ github, application, owner, repository, organization, project, byWorkflow: values.pipeline?.previews !== "app" });
  const place = (
    name: string,
    rest: Omit<EnvironmentSettings, "environment" | "secrets"> & Partial<Pick<EnvironmentSettings, "secrets">>,
  ): EnvironmentSettings => ({
    environment: name,
    secrets: secretsOf(name),
    ...rest,
  });
  return {
    owner,
    repository,
    abilities,
    ...(github.infrastructureApp !== undefined && { infrastructureApp: github.infrastructureApp }),
    notes: [...lackOf(github), ...featuresOff(given, { ownsRepository, tested: !production }), ...accessNotes(github, organization)],
    environments: [
      place(environment, {
        ...guarded,
        branches,
        tags: github.tags ?? (production ? [RELEASE_TAGS] : []),
        variables: { ...github.variables, ...both },
        role: "deploy",
        planRoleVariable: planRoleVariable(environment),
      }),
      // A wait is for what people see; whoever repairs a server at night has none.
      place(infrastructureEnvironment, {
        ...guarded,
        waitMinutes: 0,
        branches: [defaultBranch],
        // Where nobody can be asked to approve, production's begins with a release tag.
        tags: production && !abilities.approval ? [RELEASE_TAGS] : [],
        variables: { ...both, ...app },
        role: "infrastructure",
      }),
      ...(values.review
        ? [place(reviewOf(environment), { ...unguarded(repository, [PULL_REQUESTS, defaultBranch]), secrets: ["REVIEW_SSH_KEY"], serves: "review" })]
        : []),
      // A release's own run says how it ended, also one that a tag has begun: the rules of tags say who may set such a tag, in every repository.
      ...(ownsRepository
        ? [place(AUTOMATION, unguarded(repository, [defaultBranch], (values.pipeline?.production ?? "tag") === "tag" ? [RELEASE_TAGS] : []))]
        : []),
    ],
    ...(ec2 && {
      oidc: {
        application,
        environment,
        infrastructureEnvironment,
        region: ec2.region,
        owner,
        repository,
        ...(ids && { ids }),
        makesIdentityProvider: github.makesIdentityProvider,
        ...(stateBucket && {
          stateBucket: { name: stateBucket.name, ...(stateBucket.key !== undefined && { key: stateBucket.key }), project: stateBucket.project ?? "recoloca" },
        }),
        ...(values.createBackupBucket?.name !== undefined && { backupBucket: values.createBackupBucket.name }),
        sessionManager: ec2.reach === "session-manager",
        pulls: isEcr(values.registryServer),
        defaultBranch,
        // What reads a stack's state reads its secrets too: nobody does so of production before it is merged.
        previews: !production,
        ...(previews && !("off" in previews) && cloudRuns(previews) && { pulumiCloud: cloudClaim(previews) }),
      },
    }),
    ...(ownsRepository && {
      whole: {
        ...ofRepository(github, repository, abilities),
        pipeline: pipelineSettings(values, github, github.environments ?? STAGES, organization),
        ...(access && { access }),
      },
    }),
  };
}

/** Nobody has to approve, and nothing is deployed. */
const unguarded = (repository: string, branches: readonly string[], tags: readonly string[] = []) => ({
  repository,
  reviewers: { users: [], teams: [] },
  waitMinutes: 0,
  preventSelfReview: false,
  branches,
  tags,
  variables: {},
});

function ofRepository(github: Github, repository: string, abilities: Abilities): Omit<NonNullable<GithubSettings["whole"]>, "pipeline" | "access"> {
  const { visibility, defaultBranch, adopt, workflowFiles: way = "pull-request" } = github;
  return {
    rules: {
      repository,
      visibility,
      defaultBranch,
      releaseTags: [RELEASE_TAGS],
      approvals: github.approvals ?? 1,
      codeOwners: github.codeOwners ?? [],
      writers: numbers(github.writers),
      releasers: numbers(github.releasers),
      rulesets: abilities.rulesets,
      pages: abilities.pages,
      mergeCommits: way === "pull-request",
      mergeQueue: abilities.mergeQueue,
    },
    workflowFiles: { repository, defaultBranch, way, adopt },
  };
}
