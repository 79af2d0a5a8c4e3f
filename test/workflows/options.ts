/** Repositories that the tests make workflows for. */
import type { WorkflowOptions } from "../../workflows/options.ts";

/** As the README has it: public, production by tag, this program in a folder of its own. */
export const BY_TAG: WorkflowOptions = {
  repository: "recoloca/recoloca",
  visibility: "public",
  pages: true,
  defaultBranch: "main",
  plan: "team",
  programPath: "infrastructure",
  application: {
    name: "recoloca",
    composeFile: "compose.yaml",
    backend: { folder: "backend", image: "ghcr.io/recoloca/backend", services: ["backend", "worker"] },
    frontend: { folder: "frontend", image: "ghcr.io/recoloca/frontend", services: ["frontend"] },
    e2e: "e2e",
    loadTest: "tests/performance/load.js",
    apiDescription: "/openapi.json",
    zapRules: ".zap/rules.tsv",
    needs: { postgres: 5432, redis: 6379 },
    testEnvironment: {
      DATABASE_URL: "postgresql+psycopg://recoloca:test@127.0.0.1:5432/recoloca",
      POSTGRES_PASSWORD: "test",
      REDIS_URL: "redis://127.0.0.1:6379/0",
    },
    healthPaths: ["/health", "/api/v1/health", "/api/v1/auth/health", "/api/v1/users/health"],
    platforms: ["amd64", "arm64"],
  },
  environments: [
    { name: "staging", from: "push" },
    { name: "production", from: "release" },
  ],
  production: "tag",
  backend: { kind: "s3", url: "s3://recoloca-state", passphrase: false },
  aws: { region: "sa-east-1" },
  reach: "direct",
};

/** The other way in everything: production by approval, Pulumi Cloud, Session Manager, one more environment, no folder. */
export const BY_APPROVAL: WorkflowOptions = {
  ...BY_TAG,
  visibility: "private",
  plan: "enterprise",
  codeSecurity: true,
  pages: true,
  programPath: ".",
  environments: [...BY_TAG.environments, { name: "demo", from: "hand" }],
  production: "approval",
  backend: { kind: "cloud", organization: "recoloca" },
  reach: "session-manager",
};

/** The same with tokens of Pulumi Cloud that reach one stack each. */
export const BY_TEAMS: WorkflowOptions = { ...BY_APPROVAL, backend: { kind: "cloud", organization: "recoloca", edition: "enterprise" } };

/** What the cheapest plan with environments leaves: no reviewers, no signatures, no Security tab. */
export const BARE: WorkflowOptions = {
  ...BY_TAG,
  visibility: "private",
  plan: "team",
  backend: { kind: "s3", url: "s3://recoloca-state", passphrase: true },
  application: { ...BY_TAG.application, platforms: ["amd64"] },
};

/** Pull requests may have environments of their own on staging's server. */
export const REVIEWED: WorkflowOptions = { ...BY_TAG, review: "arm64" };

export const ALL = { "by tag": BY_TAG, "by approval": BY_APPROVAL, "by teams": BY_TEAMS, bare: BARE, reviewed: REVIEWED } as const;
