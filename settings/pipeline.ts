/** What the workflow files have to know of the application: where its parts are in the repository, how production is reached. */
import * as path from "node:path";
import * as z from "zod";
import { PRODUCTION } from "./cloud.ts";
import type { Ec2 } from "./ec2.ts";
import type { Github } from "./github-form.ts";

const folder = z.string().regex(/^(?!\/)(?!.*\.\.)\S+$/, "wants a folder inside the repository");
const image = z.string().regex(/^[a-z0-9][a-z0-9._/:-]*\/[a-z0-9._-]+$/, "wants an image in lower case and without a tag: ghcr.io/recoloca/backend");
const part = (name: string) =>
  z.strictObject({ folder: folder.default(name), image: image.optional(), services: z.array(z.string().min(1)).min(1).default([name]) }).prefault({});

export const pipelineForm = z.strictObject({
  programPath: folder.default("infrastructure"),
  programTests: z.boolean().default(false),
  backend: part("backend"),
  frontend: part("frontend"),
  e2e: folder.default("e2e"),
  loadTest: folder.default("tests/performance/load.js"),
  apiDescription: z
    .string()
    .regex(/^\/\S*$/, "wants a path: /api/openapi.json")
    .default("/openapi.json"),
  zapRules: folder.optional(),
  needs: z.record(z.string(), z.number().int().min(1).max(65_535)).default({}),
  testEnvironment: z.record(z.string(), z.string()).default({}),
  platforms: z
    .array(z.enum(["amd64", "arm64"]))
    .min(1, "wants amd64, arm64 or both")
    .default(["amd64"]),
  review: z.enum(["amd64", "arm64"]).optional(),
  production: z.enum(["tag", "approval"]).default("tag"),
  previews: z.enum(["workflow", "app"]).default("workflow"),
});
export type Pipeline = z.output<typeof pipelineForm>;
export const PIPELINE_DEFAULT: Pipeline = pipelineForm.parse({});

/** `main`: each push there; `release`: production; `hand`: when somebody wants it. */
type From = "push" | "release" | "hand";

export interface PipelineValues {
  readonly application?: string;
  readonly pipeline?: Pipeline | undefined;
  readonly repository?: string | undefined;
  readonly registryServer?: string | undefined;
  readonly composeFile?: string;
  readonly gates?: readonly { readonly path: string }[];
  readonly ec2?: Ec2 | undefined;
}

/** The environment that each push to the default branch goes to: the first one that is not production. */
export const firstStage = (environments: readonly string[]) => environments.find((name) => name !== PRODUCTION);

/** As `workflows/` wants it. `organization`: at Pulumi Cloud. */
export function pipelineSettings(values: PipelineValues, github: Github, environments: readonly string[], organization: string) {
  const { application = "recoloca", pipeline = PIPELINE_DEFAULT, repository = "", registryServer = "ghcr.io", ec2, gates = [] } = values;
  const { programPath, programTests, production, previews, review, zapRules, ...rest } = pipeline;
  const owner = repository.split("/")[0]!.toLowerCase();
  const withImage = (name: string, { image, ...one }: Pipeline["backend"]) => ({ ...one, image: image ?? `${registryServer}/${owner}/${name}` });
  const from = (name: string): From => (name === PRODUCTION ? "release" : name === firstStage(environments) ? "push" : "hand");
  const { stateBucket } = github;
  return {
    repository,
    // What GitHub's plans have for an internal repository is what they have for a private one.
    visibility: github.visibility === "public" ? ("public" as const) : ("private" as const),
    plan: github.plan,
    defaultBranch: github.defaultBranch,
    codeSecurity: github.codeSecurity,
    pages: github.pages,
    programPath,
    programTests,
    application: {
      name: application,
      composeFile: path.posix.join(programPath, values.composeFile ?? "application/compose.yaml"),
      ...rest,
      backend: withImage("backend", rest.backend),
      frontend: withImage("frontend", rest.frontend),
      ...(zapRules !== undefined && { zapRules }),
      healthPaths: gates.length > 0 ? [...new Set(gates.map((gate) => gate.path))].sort((one, other) => one.length - other.length) : ["/"],
    },
    environments: environments.map((name) => ({ name, from: from(name) })),
    production,
    previews,
    ...(review && { review }),
    backend: stateBucket
      ? { kind: "s3" as const, url: `s3://${stateBucket.name}`, passphrase: stateBucket.key === undefined }
      : { kind: "cloud" as const, organization, ...(github.pulumiCloud && { edition: github.pulumiCloud.edition }) },
    ...(ec2 && { aws: { region: ec2.region } }),
    reach: ec2?.reach ?? ("direct" as const),
  };
}
