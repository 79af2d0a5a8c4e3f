/** What both stacks have beside what the repository ships: what only a person can set; and staging all else that a stack may have. */
import { hidden, type Row } from "./row.ts";

export const STACKS = ["staging", "production"] as const;
export type StackName = (typeof STACKS)[number];

/** Staging's is called by AWS, production's was there before its stack. */
export const BUCKETS = { staging: "", production: "recoloca-backups-of-old" } as const;

const image = (name: string) => `ghcr.io/recoloca/${name}@sha256:${"a".repeat(64)}`;

const BOTH: Row["set"] = {
  "ec2.sshFrom": ["203.0.113.0/24"],
  "github.reviewers": { teams: { platform: 42 } },
  registryPassword: hidden("a-password-that-nobody-may-see"),
  "secrets.POSTGRES_PASSWORD": hidden("a-password-that-nobody-may-see"),
  images: { backend: image("backend"), worker: image("backend"), frontend: image("frontend") },
  release: "1",
  "variables.POSTGRES_IMAGE": "postgres:17",
};

export const BASELINE: Readonly<Record<StackName, Row["set"]>> = {
  staging: {
    ...BOTH,
    observability: { to: "cloudwatch", email: "ops@recoloca.ai" },
    review: { host: "pr-{number}.staging.recoloca.ai", repositories: ["ghcr.io/recoloca/backend", "ghcr.io/recoloca/frontend"] },
    telemetry: { endpoint: hidden("https://otlp.example.com") },
    "rotation.POSTGRES_PASSWORD": { generation: 2, since: "2026-11-01" },
    notify: [{ url: hidden("https://hooks.example.com/first") }],
  },
  production: {
    ...BOTH,
    // One of the two without, for what comes where there was none.
    tls: undefined,
    "createBackupBucket.name": BUCKETS.production,
    "github.ownsRepository": true,
    "github.workflowFiles": "direct",
    "github.writers": { apps: { infrastructure: 7 } },
  },
};
