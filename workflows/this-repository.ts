/** The workflows of this repository itself: the program is its root, and the application is the sample. */
import type { WorkflowOptions } from "./options.ts";

export const THIS_REPOSITORY: WorkflowOptions = {
  repository: "recoloca/recoloca",
  visibility: "public",
  defaultBranch: "main",
  plan: "team",
  pages: true,
  programPath: ".",
  application: {
    name: "recoloca",
    composeFile: "application/compose.yaml",
    backend: { folder: "application/backend", image: "ghcr.io/recoloca/backend", services: ["backend", "worker"] },
    frontend: { folder: "application/frontend", image: "ghcr.io/recoloca/frontend", services: ["frontend"] },
    e2e: "application/e2e",
    loadTest: "application/performance/load.js",
    apiDescription: "/api/openapi.json",
    zapRules: "application/zap.tsv",
    needs: { postgres: 5432, redis: 6379 },
    testEnvironment: {
      DATABASE_URL: "postgresql+psycopg://recoloca@127.0.0.1:5432/recoloca",
      // A file, as in the Compose file; from the folder of the backend, where the tests run.
      DATABASE_PASSWORD_FILE: "tests/integration/password",
      POSTGRES_PASSWORD: "test",
      REDIS_URL: "redis://127.0.0.1:6379/0",
    },
    healthPaths: ["/", "/api/v1/health", "/api/v1/auth/health", "/api/v1/users/health"],
    platforms: ["amd64", "arm64"],
  },
  environments: [
    { name: "staging", from: "push" },
    { name: "production", from: "release" },
  ],
  production: "tag",
  backend: { kind: "cloud", organization: "recoloca" },
  aws: { region: "sa-east-1" },
  reach: "direct",
};
