/** Right configurations to plant mistakes in: the two that the repository ships and one of a server that is there, each with as many keys as go together. */
import { execFileSync } from "node:child_process";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { shippedConfiguration } from "../shipped-configuration.ts";

/** Keys without namespace to what stands in the stack's file. */
export type Config = Record<string, unknown>;

export interface Stack {
  readonly name: string;
  readonly config: Config;
}

/** In every secret: no error may repeat it. */
export const MARKER = "hunter2";
const secret = (name: string) => `${MARKER}-${name}`;

const digest = (letter: string) => `ghcr.io/recoloca/app@sha256:${letter.repeat(64)}`;
const AGE = `age1${"q".repeat(58)}`;

/** What the repository ships, and what a person would add. */
function shipped(name: string, more: Config): Stack {
  const { config } = shippedConfiguration(name, {});
  const read = (text: string) => (/^[[{]/.test(text) ? (JSON.parse(text) as unknown) : text);
  const all: Config = Object.fromEntries(Object.entries(config).map(([key, text]) => [key.replace("recoloca:", ""), read(text)]));
  const merged = Object.entries(more).map(([key, value]) => {
    const there = all[key];
    const both = typeof there === "object" && !Array.isArray(there) && typeof value === "object";
    return [key, both ? { ...there, ...value } : value];
  });
  const secrets = { POSTGRES_PASSWORD: secret("postgres"), ...(more["secrets"] as object | undefined) };
  return { name, config: { ...all, ...(Object.fromEntries(merged) as Config), registryPassword: secret("registry"), secrets } };
}

const ROTATION = { POSTGRES_PASSWORD: { generation: 2, since: "2026-11-25" } };

const staging = () =>
  shipped("staging", {
    application: "recoloca",
    ec2: { account: "123456789012", image: "debian-13", sshFrom: ["203.0.113.0/24"], reach: "direct", rootDisk: 20, owner: "platform", protect: false, generation: 1 },
    createBackupBucket: { name: "acme-backups", lock: "governance", lockDays: 7, coldAfter: 30, accessLogs: "acme-logs" },
    tls: { acme: { email: "ops@recoloca.ai", dns: "route53" }, hsts: "180d" },
    observability: { to: "cloudwatch", email: "ops@recoloca.ai", logs: true, keepLogs: 30, disk: 85, memory: 90, errors: 5 },
    review: { host: "pr-{number}.staging.recoloca.ai", most: 2, days: 3, repositories: ["ghcr.io/recoloca/backend"], seed: { service: "backend", command: ["true"] } },
    previews: { pullRequests: false, drift: "0 4 * * *", paths: ["infrastructure/**"] },
    github: { branches: ["main"], variables: { LEVEL: "info" }, ids: { owner: 1, repository: 2 } },
    rotation: ROTATION,
    upgradeWindow: "Sun 04:00",
    wait: "10m",
    keep: "5",
  }); // prettier-ignore

const production = () =>
  shipped("production", {
    github: { writers: { apps: { writer: 7 } }, releasers: { teams: { platform: 42 } }, codeOwners: ["@ana"], approvals: 1, infrastructureApp: 12, stateBucket: { name: "acme-state", key: "arn:aws:kms:sa-east-1:123456789012:key/0a1b", project: "recoloca" }, environments: ["staging", "production"] },
    githubToken: secret("github"),
    secrets: { INFRASTRUCTURE_APP_PRIVATE_KEY: secret("app"), SLACK_WEBHOOK_URL: secret("slack") },
    observability: { to: "telemetry", logs: false },
    telemetry: { endpoint: `https://otlp.example.org/${MARKER}`, headers: { authorization: secret("otlp") } },
    notify: [{ url: `https://hooks.example.org/${MARKER}`, format: "slack", on: ["failed", "stuck"] }],
    images: { backend: digest("a"), worker: digest("a"), frontend: "ghcr.io/recoloca/frontend:1" },
    release: "2026.11.24-b81d03e",
    provenance: { actor: "ana", commit: "b81d03e", reason: "a new listing" },
    removeData: "false",
    publicUrl: "https://recoloca.ai",
    domainAddresses: ["203.0.113.9"],
    drain: "30s",
    lift: "14",
  }); // prettier-ignore

/** A server that is there, behind a bastion, with a certificate of its own and a bucket elsewhere. */
function own(): Stack {
  const { certificate, privateKey } = pair("shop.example.org");
  const config: Config = {
    application: "shop",
    hostAddress: "192.0.2.7",
    hostPort: "2222",
    hostUser: "deploy",
    hostKey: "ssh-ed25519 AAAA",
    sshPrivateKey: secret("ssh"),
    bastion: { address: "192.0.2.1", port: 22, user: "jump", hostKey: "ssh-ed25519 AAAA" },
    bastionPrivateKey: secret("bastion"),
    registryServer: "ghcr.io",
    registryUsername: "shop-deploy",
    registryPassword: secret("registry"),
    composeFile: "application/compose.yaml",
    domain: "shop.example.org",
    tls: { hsts: false },
    tlsCertificate: certificate,
    tlsPrivateKey: privateKey,
    repository: "shop/shop",
    variables: { LEVEL: "info" },
    secrets: { POSTGRES_PASSWORD: secret("postgres"), TEST_USER_EMAIL: secret("email"), TEST_USER_PASSWORD: secret("user") },
    github: { visibility: "private", plan: "team", waitMinutes: 5, defaultBranch: "main" },
    routes: [{ path: "/api", service: "backend", port: 8000 }, { host: "shop.example.org", path: "/", service: "frontend", port: 3000 }],
    gates: [{ name: "api", path: "/api/health", status: 200, contains: "ok", timeout: "30s", passes: 3, interval: "1s", host: "shop.example.org" }],
    migration: { service: "backend", command: ["alembic", "upgrade", "head"], timeout: "5m", breaking: true },
    backup: { service: "postgres", every: "daily", drill: "Sun 05:00", keep: 7, timeout: "30m", localIsEnough: true, recipient: AGE, volumes: ["redis"] },
    backupBucket: { name: "shop-backups", region: "eu-central-1", prefix: "shop", endpoint: "https://s3.example.org", pathStyle: true },
    backupBucketKeys: { accessKeyId: secret("id"), secretAccessKey: secret("key") },
    maintenancePage: "application/compose.yaml",
    recreate: ["postgres"],
    watch: "30s",
  }; // prettier-ignore
  return { name: "demo", config };
}

/** A certificate for a name, valid until tomorrow, with its key. */
export function pair(name: string): { readonly certificate: string; readonly privateKey: string } {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), "certificate-"));
  const [key, certificate] = [path.join(folder, "key"), path.join(folder, "certificate")];
  const how = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=x", "-days", "1", "-addext", `subjectAltName=DNS:${name}`];
  execFileSync("openssl", ["req", "-x509", ...how, "-keyout", key, "-out", certificate], { stdio: "ignore" });
  return { certificate: fs.readFileSync(certificate, "utf8"), privateKey: fs.readFileSync(key, "utf8") };
}

export const rightStacks = (): readonly Stack[] => [staging(), production(), own()];
