/** Every secret of an environment: what it is, who uses it, where it comes from, how it is renewed. Data alone; docs/secrets.md is made from it. */

/**
 * What at GitHub holds a secret.
 * - `none`: nothing; it is in the stack's encrypted configuration or state, and no workflow sees it
 * - `environment`: each GitHub environment that is deployed to, with a value of its own from its own stack
 * - `infrastructure`: the environment beside it for infrastructure runs, `staging-infrastructure`: a release run sees neither its secrets nor its role
 * - `review`: the environment beside it for environments of pull requests, `staging-review`: all that a pull request of this repository's may have
 * - `repository`: the GitHub environment `AUTOMATION`, from the stack that owns the repository. Not a secret of the repository itself:
 *   every workflow of every branch could read that
 */
export type Scope = "none" | "environment" | "infrastructure" | "review" | "repository";

/** The GitHub environment for what belongs to no deployed one. Only the default branch may use it, and nobody has to approve. */
export const AUTOMATION = "automation";
/** The GitHub environment for infrastructure runs of a deployed one, under the same rules. */
export const infrastructureOf = (environment: string) => `${environment}-infrastructure`;

/** The GitHub environment in which pull requests ask for environments of their own beside a deployed one. */
export const reviewOf = (environment: string) => `${environment}-review`;

/** The GitHub environment that a job must name to get a secret or variable of that scope. `environment`: the deployed one it works for. */
export const environmentFor = (scope: Exclude<Scope, "none">, environment: string): string =>
  ({ environment, infrastructure: infrastructureOf(environment), review: reviewOf(environment), repository: AUTOMATION })[scope];

/** `host`: containers, by the environment file that the release brings; `stack`: the program itself; `workflow`: jobs, as `secrets.NAME`. */
export type Consumer = "host" | "stack" | "workflow";

/** `generated`: made here, by the stack or by the command that sets it; `chosen`: a person decides; `issued`: a provider gives it out. */
export type Source = "generated" | "chosen" | "issued";

/** What is off as long as its secrets are not set. */
export const FEATURES = {
  slack: "messages to Slack about what the workflows did",
  semgrep: "Semgrep with the rules of its platform; without it the rules in the repository",
  codecov: "coverage at Codecov; the summary of each run has it either way",
  "e2e-login": "end-to-end tests of what only a user who has logged in sees",
  "infrastructure-runs": "changes of GitHub's own side by the infrastructure workflow; without it a person runs `pulumi up` for these",
} as const;
export type Feature = keyof typeof FEATURES;

/** `always`; `compose`: where the Compose file uses it; `setting`: where the stack's configuration has what it belongs to; else a feature is off without it. */
export type Need = "always" | "compose" | "setting" | { readonly feature: Feature };

/** How one is renewed while everything goes on. */
export const ROTATIONS = {
  application: "a new one beside the old one, which is still accepted until what it signed has run out",
  database: "a second login with the new password, releases move to it, the old login goes",
  redis: "a second user with the new password, releases move to it, the old user goes",
  ssh: "the new key is added, logs in on a connection of its own, then the old one goes",
  "host-key": "the server has both for a time, and every connection pins the new one before the old one goes",
  registry: "the new one logs in on the server before the old one is forgotten",
  aws: "two keys at once: the new one is used before the old one is inactive, and inactive before it is deleted",
  webhook: "the provider signs with both for a time, and both are accepted",
  issued: "only a person can, at the provider; checked by its form, and by a harmless call where the provider has one, with a reminder when it is old",
  person: "whenever a person wants to; nothing else depends on the old one",
} as const;
export type Rotation = keyof typeof ROTATIONS;

/** Who answers for it, and is asked when it is old. */
export type Owner = "platform" | "backend" | "payments" | "quality" | "security";

export interface Secret {
  readonly what: string;
  readonly need: Need;
  readonly scope: Scope;
  /** Of scope `environment`: infrastructure runs need it as well. */
  readonly everyRun?: true;
  readonly consumers: readonly Consumer[];
  readonly source: Source;
  /** Whom an issued one is from. */
  readonly issuer?: string;
  /** Where the stack's configuration has it, without the namespace. @default `secrets.NAME`; with `generated`, undefined where the stack makes it itself */
  readonly key?: string;
  /** The stack makes it and nobody sets it, though a workflow has it. */
  readonly made?: true;
  readonly rotation: Rotation;
  readonly owner: Owner;
}

/** Of the containers: a release takes them to the host, no workflow knows them. */
const CONTAINERS = {
  POSTGRES_PASSWORD: {
    what: "Password of the database in the Compose file",
    need: "compose", scope: "none", consumers: ["host"], source: "generated", rotation: "database", owner: "backend",
  },
  DATABASE_URL: {
    what: "Database that is elsewhere, with user and password",
    need: "compose", scope: "none", consumers: ["host"], source: "chosen", rotation: "database", owner: "backend",
  },
  REDIS_PASSWORD: {
    what: "Password of the Redis in the Compose file, where it wants one",
    need: "compose", scope: "none", consumers: ["host"], source: "generated", rotation: "redis", owner: "backend",
  },
  REDIS_URL: {
    what: "Redis that is elsewhere, with its password",
    need: "compose", scope: "none", consumers: ["host"], source: "chosen", rotation: "redis", owner: "backend",
  },
  SECRET_KEY: {
    what: "What the backend signs sessions and tokens with",
    need: "compose", scope: "none", consumers: ["host"], source: "generated", rotation: "application", owner: "backend",
  },
  GEMINI_API_KEY: {
    what: "Access to Gemini",
    need: "compose", scope: "none", consumers: ["host"], source: "issued", issuer: "Google", rotation: "issued", owner: "backend",
  },
  STRIPE_SECRET_KEY: {
    what: "Access to payments; a test key everywhere but in production",
    need: "compose", scope: "none", consumers: ["host"], source: "issued", issuer: "Stripe", rotation: "issued", owner: "payments",
  },
  STRIPE_WEBHOOK_SECRET: {
    what: "What Stripe signs its calls with",
    need: "compose", scope: "none", consumers: ["host"], source: "issued", issuer: "Stripe", rotation: "webhook", owner: "payments",
  },
  SENTRY_DSN: {
    what: "Where errors are reported",
    need: "compose", scope: "none", consumers: ["host"], source: "issued", issuer: "Sentry", rotation: "issued", owner: "backend",
  },
} as const satisfies Record<string, Secret>; // prettier-ignore

/** Of the program itself: it reaches the server, the registry and the bucket with them. */
const PROGRAM = {
  sshPrivateKey: {
    what: "Opens a server that is there already",
    need: "setting", scope: "none", consumers: ["stack"], source: "generated", key: "sshPrivateKey", rotation: "ssh", owner: "platform",
  },
  bastionPrivateKey: {
    what: "Opens the bastion before the server; without it the server's own key does",
    need: "setting", scope: "none", consumers: ["stack"], source: "generated", key: "bastionPrivateKey", rotation: "ssh", owner: "platform",
  },
  sshAccessKey: {
    what: "Opens a server that the stack makes; in its state, encrypted",
    need: "setting", scope: "none", consumers: ["stack"], source: "generated", rotation: "ssh", owner: "platform",
  },
  sshHostKey: {
    what: "What a server that the stack makes is known by; every connection pins it",
    need: "setting", scope: "none", consumers: ["stack", "host"], source: "generated", rotation: "host-key", owner: "platform",
  },
  registryPassword: {
    what: "Reads the images; at GHCR a classic token with read:packages",
    need: "setting", scope: "none", consumers: ["stack", "host"], source: "issued", issuer: "the registry", key: "registryPassword", rotation: "registry", owner: "platform",
  },
  tlsCertificate: {
    what: "A certificate of your own, with those that lead to its root",
    need: "setting", scope: "none", consumers: ["host"], source: "issued", issuer: "a certificate authority", key: "tlsCertificate", rotation: "issued", owner: "platform",
  },
  tlsPrivateKey: {
    what: "Its private key",
    need: "setting", scope: "none", consumers: ["host"], source: "generated", key: "tlsPrivateKey", rotation: "issued", owner: "platform",
  },
  backupBucketKeys: {
    what: "Put, get and list in a bucket outside AWS, or of another account",
    need: "setting", scope: "none", consumers: ["host"], source: "issued", issuer: "the bucket's provider", key: "backupBucketKeys", rotation: "aws", owner: "platform",
  },
  backupIdentity: {
    what: "Opens encrypted backups (age). People keep it, at two places; nothing here knows it",
    need: "setting", scope: "none", consumers: [], source: "generated", rotation: "person", owner: "security",
  },
  notify: {
    what: "URLs that are told how a release ended",
    need: "setting", scope: "none", consumers: ["host"], source: "issued", issuer: "Slack or another receiver", key: "notify", rotation: "issued", owner: "platform",
  },
  telemetry: {
    what: "Where traces go, with the token in its headers",
    need: "setting", scope: "none", consumers: ["host"], source: "issued", issuer: "the receiver", key: "telemetry", rotation: "issued", owner: "platform",
  },
  githubToken: {
    what: "With it the stack writes GitHub's side; without it GITHUB_TOKEN of whoever runs `pulumi up`",
    need: "setting", scope: "none", consumers: ["stack"], source: "issued", issuer: "GitHub", key: "githubToken", rotation: "issued", owner: "platform",
  },
} as const satisfies Record<string, Secret>; // prettier-ignore

/** Of the workflows: nothing that deploys is among them, that is done by short-lived credentials. */
const WORKFLOWS = {
  SLACK_WEBHOOK_URL: {
    what: "Channel that the workflows write to",
    need: { feature: "slack" }, scope: "repository", consumers: ["workflow"], source: "issued", issuer: "Slack", rotation: "issued", owner: "platform",
  },
  SEMGREP_APP_TOKEN: {
    what: "Access to Semgrep's platform",
    need: { feature: "semgrep" }, scope: "repository", consumers: ["workflow"], source: "issued", issuer: "Semgrep", rotation: "issued", owner: "security",
  },
  CODECOV_TOKEN: {
    what: "Upload of coverage and test results",
    need: { feature: "codecov" }, scope: "repository", consumers: ["workflow"], source: "issued", issuer: "Codecov", rotation: "issued", owner: "quality",
  },
  TEST_USER_EMAIL: {
    what: "User that the end-to-end tests log in as; none of production's, against which they do not run",
    need: { feature: "e2e-login" }, scope: "environment", consumers: ["workflow"], source: "chosen", rotation: "person", owner: "quality",
  },
  TEST_USER_PASSWORD: {
    what: "That user's password, as little production's",
    need: { feature: "e2e-login" }, scope: "environment", consumers: ["workflow"], source: "generated", rotation: "application", owner: "quality",
  },
  INFRASTRUCTURE_APP_PRIVATE_KEY: {
    what: "Key of the GitHub App whose short-lived tokens write secrets, rules and workflow files",
    need: { feature: "infrastructure-runs" }, scope: "infrastructure", consumers: ["workflow"], source: "issued", issuer: "GitHub", rotation: "issued", owner: "platform",
  },
  REVIEW_SSH_KEY: {
    what: "Opens and closes environments of pull requests on the server, and does nothing else there; made by the stack",
    need: "setting", scope: "review", consumers: ["workflow"], source: "generated", made: true, rotation: "ssh", owner: "platform",
  },
  PULUMI_CONFIG_PASSPHRASE: {
    what: "Encrypts the stack's secrets where neither AWS KMS nor Pulumi Cloud does",
    need: "setting", scope: "environment", everyRun: true, consumers: ["workflow"], source: "generated", rotation: "person", owner: "platform",
  },
} as const satisfies Record<string, Secret>; // prettier-ignore

export const SECRETS = { ...CONTAINERS, ...PROGRAM, ...WORKFLOWS } as const;
export type SecretName = keyof typeof SECRETS;
/** What a workflow may name as `secrets.NAME`; there is no other. */
export type WorkflowSecret = keyof typeof WORKFLOWS;
export const secretOf = (name: string): Secret | undefined => (SECRETS as Record<string, Secret>)[name];
export const WORKFLOW_SECRETS = Object.keys(WORKFLOWS) as WorkflowSecret[];

/** What the first design had as a secret and nothing has any more, and why. */
export const GONE = {
  STAGING_SSH_KEY: "The stack has the key of its server, and a release run reaches the stack by a role that lasts minutes",
  PRODUCTION_SSH_KEY: "The stack has the key of its server, and a release run reaches the stack by a role that lasts minutes",
  STAGING_HOST: "No secret: recoloca:hostAddress, or the server that the stack makes",
  PRODUCTION_HOST: "No secret: recoloca:hostAddress, or the server that the stack makes",
  STAGING_USER: "No secret: recoloca:hostUser",
  PRODUCTION_USER: "No secret: recoloca:hostUser",
  KNOWN_HOSTS: "No secret: recoloca:hostKey, or made by the stack; every connection pins it",
  STAGING_API_URL: "No secret, and no part of an image: the environment's variable PUBLIC_URL",
  PRODUCTION_API_URL: "No secret, and no part of an image: the environment's variable PUBLIC_URL",
  STRIPE_PUBLISHABLE_KEY: "Public: recoloca:variables, an own value in each stack",
  BACKUP_S3_BUCKET: "No secret: recoloca:backupBucket, or the bucket that the stack makes",
  AWS_ACCESS_KEY_ID: "GitHub's own identity (OIDC) takes a role of the environment for one run",
  AWS_SECRET_ACCESS_KEY: "GitHub's own identity (OIDC) takes a role of the environment for one run",
  PULUMI_ACCESS_TOKEN: "GitHub's own identity (OIDC) gets a token of Pulumi Cloud for one run",
  REGISTRY_PUSH_TOKEN: "The run's own GITHUB_TOKEN, with packages: write in the one job that pushes",
} as const;
