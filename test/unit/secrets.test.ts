/** The catalogue of secrets: whole, and told of truthfully. */
import * as fs from "node:fs";
import * as path from "node:path";
import { describe, expect, test } from "vitest";
import { FEATURES, GONE, ROTATIONS, SECRETS, type Secret, WORKFLOW_SECRETS } from "../../secrets/catalogue.ts";
import { secretsReference } from "../../secrets/reference.ts";
import { planRoleVariable, VARIABLES } from "../../secrets/variables.ts";
import { KEYS, type Key } from "../../settings/schema.ts";

const all = Object.entries(SECRETS) as [string, Secret][];

/** "Required GitHub Secrets" of the design that this project replaces, in its order. */
const FIRST_DESIGN = [
  "PRODUCTION_SSH_KEY", "PRODUCTION_HOST", "PRODUCTION_USER", "STAGING_SSH_KEY", "STAGING_HOST", "STAGING_USER", "STAGING_API_URL", "SECRET_KEY",
  "GEMINI_API_KEY", "STRIPE_SECRET_KEY", "STRIPE_PUBLISHABLE_KEY", "STRIPE_WEBHOOK_SECRET", "DATABASE_URL", "REDIS_URL", "SENTRY_DSN", "SLACK_WEBHOOK_URL",
  "TEST_USER_EMAIL", "TEST_USER_PASSWORD", "SEMGREP_APP_TOKEN", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "BACKUP_S3_BUCKET",
]; // prettier-ignore

test("each secret of the first design is here or gone with a reason, never both", () => {
  expect(FIRST_DESIGN).toHaveLength(22);
  for (const name of FIRST_DESIGN) expect([name in SECRETS, name in GONE].filter(Boolean), name).toEqual([true]);
});

test("what that list forgot is here or gone with a reason", () => {
  for (const name of ["CODECOV_TOKEN", "registryPassword", "INFRASTRUCTURE_APP_PRIVATE_KEY"]) expect(SECRETS).toHaveProperty(name);
  for (const name of ["KNOWN_HOSTS", "PRODUCTION_API_URL", "PULUMI_ACCESS_TOKEN", "REGISTRY_PUSH_TOKEN"]) expect(GONE).toHaveProperty(name);
});

test("every secret key of the configuration is in the catalogue, and every key that the catalogue names exists", () => {
  const keys = Object.entries(KEYS as Record<string, Key>).flatMap(([name, key]) => (key.secret && name !== "secrets" ? [name] : []));
  expect(all.flatMap(([, { key }]) => key ?? []).sort()).toEqual(keys.sort());
});

describe.each(all)("%s", (name, secret) => {
  test("is told of in whole", () => {
    expect(secret.what).not.toBe("");
    expect(Object.keys(ROTATIONS)).toContain(secret.rotation);
    if (typeof secret.need === "object") expect(Object.keys(FEATURES)).toContain(secret.need.feature);
    expect(secret.source === "issued", "who gives it out").toBe(secret.issuer !== undefined);
  });

  test("is at GitHub exactly where a workflow uses it", () => {
    expect(secret.scope !== "none").toBe(secret.consumers.includes("workflow"));
    expect(WORKFLOW_SECRETS.includes(name as (typeof WORKFLOW_SECRETS)[number])).toBe(secret.consumers.includes("workflow"));
  });
});

test("GitHub takes the names", () => {
  for (const name of [...WORKFLOW_SECRETS, ...Object.keys(VARIABLES), planRoleVariable("eu-2.staging")]) {
    expect(name).toMatch(/^[A-Z][A-Z0-9_]*$/);
    expect(name).not.toMatch(/^GITHUB_/);
  }
});

test("no feature is without a secret that switches it on", () => {
  const switched = all.flatMap(([, { need }]) => (typeof need === "object" ? [need.feature] : []));
  expect([...new Set(switched)].sort()).toEqual(Object.keys(FEATURES).sort());
});

test("docs/secrets.md is fresh", () => {
  expect(fs.readFileSync(path.join(import.meta.dirname, "../../docs/secrets.md"), "utf8"), 'run "npm run docs"').toBe(secretsReference());
});
