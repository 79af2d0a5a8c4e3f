/** Every key of a stack's configuration: its form, its default, what it is for, and an example that would be right. */
import * as z from "zod";
import { createBackupBucketForm } from "./backup-bucket.ts";
import { backupBucketForm, backupBucketKeysForm, backupForm } from "./backup.ts";
import { bastionForm } from "./bastion.ts";
import { duration, gateInterval, stepDuration } from "./duration.ts";
import { ec2Form } from "./ec2.ts";
import { githubForm } from "./github-form.ts";
import { hostKeyForm } from "./host-key.ts";
import { imageForm } from "./image.ts";
import { HOST_NAME } from "../release/forms.ts";
import { MAINTENANCE_PAGE_BYTES, gateSchema, notifySchema, provenanceSchema, routeSchema, telemetrySchema } from "../release/plan.ts";
import { migrationForm } from "./migration.ts";
import { observabilityForm } from "./observability.ts";
import { pipelineForm } from "./pipeline.ts";
import { previewsForm } from "./previews.ts";
import { reviewForm } from "./review.ts";
import { rotationForm } from "./rotation.ts";
import { publicUrlForm, tlsForm } from "./tls.ts";
import { secretsForm, variablesForm } from "./variables.ts";
import { wholeNumber } from "./whole-number.ts";

// Each form is used once: compiling it takes longer than it saves.
z.config({ jitless: true });

export interface Key {
  readonly form: z.ZodType;
  readonly what: string;
  readonly example: string;
  readonly default?: string;
  readonly required?: boolean;
  /** Another key that makes this one needless. */
  readonly unless?: string;
  readonly secret?: boolean;
}

export const KEYS = {
  application: {
    form: z
      .string()
      .regex(/^[a-z][a-z0-9-]{0,30}$/, "wants lower-case letters, digits and dashes, 31 at most")
      .default("recoloca"),
    what: "Name of the application; with the stack's name it names everything on the host.",
    example: "recoloca",
    default: "recoloca",
  },
  repository: {
    form: z
      .string()
      .regex(/^[A-Za-z0-9-]+\/[A-Za-z0-9._-]+$/, "wants owner and name: recoloca/recoloca")
      .optional(),
    what: "The GitHub repository that this program lives in.",
    example: "recoloca/recoloca",
  },
  github: {
    form: githubForm.optional(),
    what: "The repository's side of this environment: its visibility and GitHub plan, who approves, which branches and tags may deploy; and for the one stack that owns the repository, its rules and workflow files (docs/github.md).",
    example: '{"visibility": "private", "plan": "team"}',
    default: "GitHub is left alone",
  },
  pipeline: {
    form: pipelineForm.optional(),
    what: "What the workflow files have to know of the application: folders and images of its parts, what its tests need, whether production is reached by tag or by approval, whether the workflow or the Pulumi GitHub App writes previews (docs/github.md). Of the stack that owns the repository.",
    example: '{"programPath": "infrastructure", "production": "tag"}',
    default: "folders backend, frontend, e2e, infrastructure; production by tag",
  },
  previews: {
    form: previewsForm.optional(),
    what: "The Pulumi GitHub App's previews of pull requests and Pulumi Cloud's comparisons by the clock, for a stack whose state is at Pulumi Cloud (docs/previews.md).",
    example: '{"drift": "0 4 * * *"}',
    default: "off; the infrastructure workflow writes previews",
  },
  githubToken: {
    form: z.string().min(1).optional(),
    what: "Token that may write the repository's side, where it is not in the environment as GITHUB_TOKEN. docs/github.md says what it must be allowed.",
    example: "",
    default: "GITHUB_TOKEN, or the login of gh",
    secret: true,
  },
  ec2: {
    form: ec2Form.optional(),
    what: "A server at AWS that the stack makes: region, instanceType, and what else is wanted of it (docs/aws.md). In place of hostAddress, hostKey and sshPrivateKey.",
    example: '{"region": "eu-central-1", "instanceType": "t4g.small", "sshFrom": ["203.0.113.0/24"]}',
  },
  createBackupBucket: {
    form: createBackupBucketForm.optional(),
    what: "A bucket for backups that the stack makes, beside the server that it makes: nothing in it can be changed or removed before its time.",
    example: '{"lockDays": 30, "expireAfter": 365}',
  },
  hostAddress: {
    form: z.string().min(1).optional(),
    what: "Host name or address of the server, reached by SSH. With a server at AWS: where a tunnel to it begins.",
    example: "staging.recoloca.ai",
    required: true,
    unless: "ec2",
  },
  hostPort: { form: wholeNumber(1, 65_535, 22).default(22), what: "SSH port; with a server at AWS, of a tunnel.", example: "22", default: "22" },
  hostUser: { form: z.string().min(1).default("root"), what: "SSH user: root, or one who may use sudo without a password.", example: "root", default: "root" },
  hostKey: {
    form: hostKeyForm("server").optional(),
    what: "The server's public host key. Nothing is trusted on first use.",
    example: "$(ssh-keyscan -t ed25519 HOST | cut -d' ' -f2-)",
    required: true,
    unless: "ec2",
  },
  sshPrivateKey: { form: z.string().optional(), what: "Private key that opens the server.", example: "", required: true, unless: "ec2", secret: true },
  bastion: {
    form: bastionForm.optional(),
    what: "A bastion that every connection to the server goes through: `address`, `port` (22), `user`, `hostKey`, pinned like the server's. It has to forward TCP (docs/bastion.md), and resolves hostAddress.",
    example: '{"address": "bastion.recoloca.ai", "user": "jump", "hostKey": "ssh-ed25519 AAAA..."}',
    default: "the server is reached directly",
  },
  bastionPrivateKey: { form: z.string().optional(), what: "Private key that opens the bastion.", example: "", default: "sshPrivateKey", secret: true },
  registryServer: {
    form: z.string().min(1).optional(),
    what: "Registry that the images come from; with its user and password, or none of the three.",
    example: "ghcr.io",
  },
  registryUsername: { form: z.string().min(1).optional(), what: "User name at the registry.", example: "recoloca-deploy" },
  registryPassword: { form: z.string().optional(), what: "Password or token at the registry; read access is enough.", example: "", secret: true },
  composeFile: {
    form: z.string().min(1).default("application/compose.yaml"),
    what: "The application's Compose file, from the project's folder.",
    example: "application/compose.yaml",
    default: "application/compose.yaml",
  },
  domain: {
    form: z.string().regex(HOST_NAME, "wants a host name: staging.recoloca.ai").optional(),
    what: "Host name that the application answers on; routes without a host use it. Without it, any host name.",
    example: "staging.recoloca.ai",
  },
  domainAddresses: {
    form: z.array(z.string().min(1)).optional(),
    what: "Addresses that the domain's names lead to, where they are not the server's: a proxy or a load balancer in front. `doctor` looks at the DNS, and an authority is asked for a certificate only of names that lead here.",
    example: '["203.0.113.9"]',
  },
  publicUrl: {
    form: publicUrlForm.optional(),
    what: "Where people reach the application, where that is not http://DOMAIN, or https:// with TLS: another port, a proxy in front. Shown, not used.",
    example: "https://staging.recoloca.ai",
  },
  tls: {
    form: tlsForm.optional(),
    what: "HTTPS: `acme` has the names certified (`email`; `directory`: Let's Encrypt, `staging` or a URL; `dns: route53`), `hsts` tells browsers for how long. docs/tls.md",
    example: '{"acme": {"email": "ops@recoloca.ai"}, "hsts": "180d"}',
    default: "plain HTTP",
  },
  tlsCertificate: {
    form: z.string().min(1).optional(),
    what: "A certificate of your own instead: PEM, the server's first, then those that lead to its root. Checked against key, names and date.",
    example: "",
    secret: true,
  },
  tlsPrivateKey: { form: z.string().min(1).optional(), what: "Its private key, PEM, without a passphrase.", example: "", secret: true },
  images: {
    form: z.record(z.string(), imageForm).optional(),
    what: "Image of each service that a deploy rolls, by digest; or by tag, which becomes the digest that it names at that moment. Set by the pipeline; without it the stack keeps what is live.",
    example: "ghcr.io/recoloca/backend@sha256:...",
  },
  release: {
    form: z
      .string()
      .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,80}$/, "wants letters, digits, dots and dashes")
      .optional(),
    what: "Name of the release, set together with images.",
    example: "2026.11.24-b81d03e",
  },
  provenance: {
    form: provenanceSchema.default({}),
    what: "Who asked for the release: commit, actor, run. Set together with images.",
    example: "{ actor: NAME }",
  },
  variables: { form: variablesForm.default({}), what: "Values for the Compose file that anyone may read.", example: "{ NAME: value }" },
  secrets: {
    form: secretsForm.default({}),
    what: "Values that nobody may read, for the Compose file and for workflows: docs/secrets.md says where each one goes.",
    example: "",
    secret: true,
  },
  rotation: {
    form: rotationForm.default({}),
    what: "How often each secret has been renewed, the value of `secrets` counting as 1; since which day; until which day the one before is accepted. `make rotate` writes it: docs/rotation.md.",
    example: '{"SECRET_KEY": {"generation": 2, "since": "2026-11-25"}}',
    default: "nothing was renewed",
  },
  routes: {
    form: z.array(routeSchema.extend({ host: z.string().min(1).optional() })).min(1, "wants at least one route"),
    what: "Where requests go: path prefix, service, port, and a host name where it is not the domain.",
    example: '[{"path": "/", "service": "frontend", "port": 3000}]',
    required: true,
  },
  gates: {
    form: z.array(gateSchema.extend({ timeout: stepDuration.default(30), interval: gateInterval.optional() })).default([]),
    what: "Questions that a release must answer before it gets traffic, and again through the edge.",
    example: '[{"name": "api", "path": "/health"}]',
    default: "none",
  },
  migration: {
    form: migrationForm(stepDuration).optional(),
    what: "Command that migrates the database, once, in the new release's image. With breaking, visitors get the maintenance page meanwhile.",
    example: '{"service": "backend", "command": ["alembic", "upgrade", "head"]}',
  },
  backup: {
    form: backupForm(stepDuration).optional(),
    what: "What is backed up, and when: before each migration, before each deploy, and by the clock (every, drill). For Postgres the service's name or the secret with its URL is enough: docs/backups.md.",
    example: '{"service": "postgres", "before": "migration", "every": "daily", "keep": 10}',
  },
  backupBucket: {
    form: backupBucketForm.optional(),
    what: "Bucket that each backup goes to as well, of anything that speaks S3: name, region, prefix, and where it is not AWS endpoint and pathStyle.",
    example: '{"name": "BUCKET", "region": "eu-central-1"}',
  },
  backupBucketKeys: {
    form: backupBucketKeysForm.optional(),
    what: "Keys that may put, get and list in it, below the prefix: accessKeyId, secretAccessKey. Without them the server's own role opens it.",
    example: "",
    default: "the server's role",
    secret: true,
  },
  telemetry: {
    form: telemetrySchema.optional(),
    what: "Where each release's trace goes: OTLP over HTTP. Headers, which hold a token, are secrets, and so is the whole.",
    example: "",
    default: "nowhere",
    secret: true,
  },
  observability: {
    form: observabilityForm.optional(),
    what: "What the server and the stack are measured by, once a minute, and who hears when it is too much: `to` (`cloudwatch`, or `telemetry`: that endpoint), `email`, `logs`, `keepLogs`, and in percent `disk`, `memory`, `errors`. docs/observability.md",
    example: '{"to": "cloudwatch", "email": "ops@recoloca.ai"}',
    default: "nothing is sent",
  },
  upgradeWindow: {
    form: z
      .string()
      .regex(
        /^(never|((Mon|Tue|Wed|Thu|Fri|Sat|Sun)(,(Mon|Tue|Wed|Thu|Fri|Sat|Sun))* )?([01]\d|2[0-3]):[0-5]\d)$/,
        "wants days and a time, in UTC, or never: Sun 04:00",
      )
      .optional(),
    what: "When newer packages of Docker and HAProxy come, and a restart where one is wanted, never during a deploy: days and a time in UTC.",
    example: "Sun 04:00",
    default: "Sun 04:00 on a server that the stack makes, else never",
  },
  recreate: {
    form: z.array(z.string().min(1)).default([]),
    what: "Services that keep data and may be recreated, because their definition changed: they stop for a moment. Backed up before.",
    example: '["postgres"]',
    default: "none",
  },
  notify: {
    form: z.array(notifySchema).max(10).default([]),
    what: "Who is told how a release ended: a URL that gets a POST, as JSON or as Slack takes it, of all outcomes or of some. URLs are secrets.",
    example: "",
    default: "nobody",
    secret: true,
  },
  maintenancePage: {
    form: z.string().min(1).optional(),
    what: `HTML file of at most ${MAINTENANCE_PAGE_BYTES.toLocaleString("en")} bytes that visitors get while the stack is closed, from the project's folder.`,
    example: "maintenance.html",
    default: "a plain page",
  },
  review: {
    form: reviewForm.optional(),
    what: "Environments of pull requests beside this stack: the pattern of their `host` names, how many at once, what each may use, when it goes. docs/review.md",
    example: '{"host": "pr-{number}.staging.recoloca.ai", "repositories": ["ghcr.io/recoloca/backend"]}',
    default: "none",
  },
  removeData: {
    form: z.stringbool({ truthy: ["true"], falsy: ["false"], error: "wants true or false" }).default(false),
    what: "Whether destroying the stack destroys its data: volumes on the server, at AWS the data disk. Never the bucket of the backups.",
    example: "true",
    default: "false",
  },
  watch: { form: stepDuration.default(30), what: "How long a new release is watched with the old one warm.", example: "30s", default: "30s" },
  drain: { form: stepDuration.default(30), what: "How long requests and streams of the old release may still take.", example: "30s", default: "30s" },
  wait: {
    form: duration.default(0),
    what: "How long a deploy waits while another one runs; without it, it is refused at once, saying who is at it.",
    example: "10m",
    default: "0s",
  },
  lift: {
    form: wholeNumber(1, undefined, 14).optional(),
    what: "Number of a release that somebody left by rollback or cancel, and that is to be deployed all the same.",
    example: "14",
  },
  keep: {
    form: wholeNumber(0, 100, 5).default(5),
    what: "Superseded releases whose images are kept for rollback.",
    example: "5",
    default: "5",
  },
} as const satisfies Record<string, Key>;

export type KeyName = keyof typeof KEYS;
/** In one place for those who look a key up by a name that may be wrong. */
export const keyOf = (name: string): Key | undefined => (KEYS as Record<string, Key>)[name];
