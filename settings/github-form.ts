/** How the GitHub side of a stack is configured: what the repository's plan allows, who approves, which branches and tags may deploy. */
import * as z from "zod";
import { BRANCH } from "../workflows/options.ts";
import { EDITIONS } from "../workflows/pulumi-token.ts";
import { variableValue } from "./variables.ts";

export const PLANS = ["free", "pro", "team", "enterprise"] as const;
export const VISIBILITIES = ["public", "internal", "private"] as const;

/** A name for people to read, and the number that GitHub knows it by: names can be given to somebody else. */
const numbered = (whose: string) =>
  z.record(z.string().min(1), z.number(`wants the number of that ${whose}`).int().positive(`wants the number of that ${whose}`)).default({});
/** A pattern as GitHub has it: `main`, `release/*`, `v*.*.*`. */
const pattern = z.string().regex(/^[^\s~^:?[\\]+$/, "wants a name or a pattern with *: main, release/*, v*.*.*");
const branch = z.string().regex(BRANCH, "wants the name of a branch: main");
const variable = z.string().regex(/^(?!GITHUB_)[A-Z_][A-Z0-9_]*$/, "wants a variable's name as GitHub takes it: capitals, digits, underscores, not GITHUB_");

export const githubForm = z.strictObject({
  visibility: z.enum(VISIBILITIES),
  plan: z.enum(PLANS),
  codeSecurity: z.boolean().default(false),
  pages: z.boolean().default(false),
  ownsRepository: z.boolean().default(false),
  ids: z.strictObject({ owner: z.number().int().positive(), repository: z.number().int().positive() }).optional(),
  defaultBranch: branch.default("main"),
  reviewers: z.strictObject({ users: numbered("user"), teams: numbered("team") }).default({ users: {}, teams: {} }),
  waitMinutes: z.number().int().min(0).max(43_200, "wants at most 43,200 minutes, 30 days").default(0),
  branches: z.array(pattern).optional(),
  tags: z.array(pattern).optional(),
  variables: z.record(variable, variableValue).default({}),
  stateBucket: z
    .strictObject({
      name: z
        .string()
        .regex(
          /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/,
          "wants the name of the bucket that Pulumi's state is in, 3 to 63 lower-case letters, digits, dots and dashes: acme-state",
        ),
      key: z
        .string()
        .regex(/^arn:aws[a-z-]*:kms:[a-z0-9-]+:\d{12}:key\/[0-9a-f-]+$/, "wants the ARN of the key that encrypts the stack's secrets, not of an alias")
        .optional(),
      project: z.string().min(1).optional(),
    })
    .optional(),
  makesIdentityProvider: z.boolean().default(true),
  pulumiCloud: z.strictObject({ edition: z.enum(EDITIONS), makesIssuer: z.boolean().default(true) }).optional(),
  infrastructureApp: z.number().int().positive().optional(),
  environments: z
    .array(z.string().regex(/^[a-z][a-z0-9-]{0,30}$/, "wants the name of a stack"))
    .min(1)
    .optional(),
  workflowFiles: z.enum(["pull-request", "direct"]).optional(),
  writers: z.strictObject({ apps: numbered("app"), teams: numbered("team") }).default({ apps: {}, teams: {} }),
  releasers: z.strictObject({ apps: numbered("app"), teams: numbered("team") }).default({ apps: {}, teams: {} }),
  approvals: z.number().int().min(0).max(6).optional(),
  mergeQueue: z.boolean().optional(),
  codeOwners: z.array(z.string().regex(/^@[A-Za-z0-9-]+(\/[A-Za-z0-9._-]+)?$/, "wants a user or a team: @ana, @recoloca/platform")).optional(),
  adopt: z.array(z.string().min(1)).default([]),
});
export type Github = z.output<typeof githubForm>;

/** Fields that only the stack that owns the repository may have. */
export const OWNERS_FIELDS = [
  "environments",
  "workflowFiles",
  "writers",
  "releasers",
  "approvals",
  "mergeQueue",
  "codeOwners",
  "adopt",
  "pulumiCloud",
] as const;
