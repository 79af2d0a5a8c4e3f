/** Environments of pull requests, as a stack's configuration has them: what is refused, and what one may have. */
import { expect, test } from "vitest";
import { reviewPolicySchema, wildcardOf } from "../../release/review.ts";
import { checkReview, reviewForm, reviewPolicy } from "../../settings/review.ts";

const wish = reviewForm.parse({
  host: "pr-{number}.staging.recoloca.ai",
  repositories: ["ghcr.io/recoloca/backend"],
  variables: { PUBLIC_URL: "" },
  seed: { service: "backend", command: ["python", "-m", "seed"], timeout: "2m" },
});

test.each(["staging.recoloca.ai", "{number}", "pr-{number}.example", "a.pr-{number}.example.org", "PR-{number}.example.org"])(
  "no host name that one record leads here: %s",
  (host) => {
    expect(reviewForm.safeParse({ ...wish, host, seed: undefined }).success).toBe(false);
  },
);

test("it is refused at production, and a host name that the zone does not hold too: both at once, with what mends them", () => {
  const problems = checkReview({ review: wish, domain: "recoloca.ai", ec2: { zone: "example.org" } }, "production");
  expect(problems.map(({ key, fix }) => [key, fix])).toEqual([
    ["review", "pulumi config rm recoloca:review"],
    ["review.host", "pulumi config set --path 'recoloca:review.host' 'pr-{number}.recoloca.ai'"],
  ]);
  expect(checkReview({ review: wish, ec2: { zone: "recoloca.ai" } }, "staging")).toEqual([]);
  expect(checkReview({}, "production")).toEqual([]);
});

test("it has what the stack answers on its own name, no way back over a migration, no certificate of the stack's, and values of its own by name", () => {
  const migration = { service: "backend", command: ["alembic", "upgrade", "head"], timeout: 300, breaking: true, downgrade: ["alembic", "downgrade", "-1"] };
  const policy = reviewPolicy(wish, {
    application: "recoloca",
    routes: [
      { path: "/", service: "frontend", port: 3000 },
      { host: "staging.recoloca.ai", path: "/api", service: "backend", port: 8000 },
      { host: "admin.recoloca.ai", path: "/", service: "admin", port: 80 },
    ],
    gates: [],
    migration,
    variables: { PUBLIC_URL: "https://staging.recoloca.ai", MODE: "staging" },
    secrets: { POSTGRES_PASSWORD: "POSTGRES_PASSWORD", DATABASE_PASSWORD: "POSTGRES_PASSWORD" },
    domain: "staging.recoloca.ai",
    tls: { given: { certificate: "a certificate", privateKey: "a key" }, hsts: 0 },
  });
  expect(reviewPolicySchema.parse(policy)).toEqual(policy);
  expect(policy).toMatchObject({
    application: "recoloca",
    most: 2,
    days: 3,
    variables: { PUBLIC_URL: "", MODE: "staging" },
    routes: [
      { path: "/", service: "frontend", port: 3000 },
      { path: "/api", service: "backend", port: 8000 },
    ],
    migration: { service: "backend", command: ["alembic", "upgrade", "head"], timeout: 300 },
    seed: { service: "backend", command: ["python", "-m", "seed"], timeout: 120 },
  });
  expect(JSON.stringify(policy)).not.toMatch(/a key|downgrade|breaking|admin/);
  expect(wildcardOf(policy)).toBe("*.staging.recoloca.ai");
});
