/** The Pulumi GitHub App's previews of a stack, from its configuration: whether there are any, of which paths, and what of it would not be safe. Pure. */
import * as path from "node:path";
import * as z from "zod";
import { PRODUCTION } from "./cloud.ts";
import type { Github } from "./github-form.ts";
import { PIPELINE_DEFAULT, type Pipeline } from "./pipeline.ts";
import { noted, setCommand, type Problem } from "./problems.ts";
import { NO_ORGANIZATION, type StackPlace } from "./stack-place.ts";

const folder = z.string().regex(/^(?!\/)(?!.*\.\.)\S+$/, "wants a folder inside the repository");

export const previewsForm = z.strictObject({
  pullRequests: z.boolean().optional(),
  reviewStacks: z.boolean().default(false),
  drift: z
    .string()
    .regex(/^[\d*/,-]+( [\d*/,-]+){4}$/, "wants five fields as cron has them, in UTC: 0 4 * * *")
    .optional(),
  programPath: folder.optional(),
  paths: z.array(z.string().min(1)).min(1).optional(),
  image: z.string().min(1).optional(),
  makesIdentityProvider: z.boolean().default(true),
  apiUrl: z
    .string()
    .regex(/^https:\/\/[^/\s]+$/, "wants the address of Pulumi Cloud's interface: https://api.pulumi.com")
    .default("https://api.pulumi.com"),
});
export type Previews = z.output<typeof previewsForm>;

export interface PreviewsSettings extends StackPlace {
  readonly apiUrl: string;
  readonly repository: string;
  readonly defaultBranch: string;
  readonly programPath: string;
  /** Empty: every pull request counts. */
  readonly paths: readonly string[];
  readonly pullRequests: boolean;
  readonly reviewStacks: boolean;
  readonly drift?: string;
  readonly image?: string;
  readonly makesIdentityProvider: boolean;
  /** What is off, or to be thought of: for the preview. */
  readonly notes: readonly string[];
}

export interface PreviewsValues {
  readonly previews?: Previews | undefined;
  readonly github?: Github | undefined;
  readonly pipeline?: Pipeline | undefined;
  readonly repository?: string | undefined;
  readonly composeFile?: string;
  readonly ec2?: object | undefined;
}

/** What reads a stack's state reads its secrets too: nobody does so of production before it is merged, nor of anything from a fork. */
const byDefault = (github: Github | undefined, stack: string) => stack !== PRODUCTION && github?.visibility !== "public";

export function previewsSettings(
  { previews, github, pipeline, repository = "", composeFile = "application/compose.yaml" }: PreviewsValues,
  place: StackPlace,
): PreviewsSettings | { readonly off: string } | undefined {
  if (!previews) return undefined;
  if (place.organization === NO_ORGANIZATION || github?.stateBucket)
    return {
      off: "recoloca:previews is off: the state of this stack is not at Pulumi Cloud, and the Pulumi GitHub App previews no other. The workflow Infrastructure writes the comment instead, where no passphrase encrypts the stack's secrets",
    };
  const { pullRequests = byDefault(github, place.stack), programPath = (pipeline ?? PIPELINE_DEFAULT).programPath, drift, image } = previews;
  return {
    ...place,
    apiUrl: previews.apiUrl,
    repository,
    defaultBranch: github?.defaultBranch ?? "main",
    programPath,
    paths: previews.paths ?? (programPath === "." ? [] : [`${programPath}/**`, ...outside(programPath, path.posix.join(programPath, composeFile))]),
    pullRequests,
    reviewStacks: previews.reviewStacks,
    ...(drift !== undefined && { drift }),
    ...(image !== undefined && { image }),
    makesIdentityProvider: previews.makesIdentityProvider,
    notes: notesOf(previews, github, place.stack),
  };
}

const outside = (programPath: string, file: string) => (file.startsWith(`${programPath}/`) ? [] : [file]);

function notesOf({ pullRequests }: Previews, github: Github | undefined, stack: string): string[] {
  if (pullRequests && stack === PRODUCTION) return ["previews: code of a pull request can read the secrets of production before anybody has merged it"];
  if (pullRequests !== undefined || byDefault(github, stack)) return [];
  return [
    stack === PRODUCTION
      ? `previews of pull requests are off: what reads this stack reads its secrets. On with: ${setCommand("previews.pullRequests", "true")}`
      : "previews of pull requests by the Pulumi GitHub App are off: anybody can open one from a fork of a public repository. The workflow Infrastructure writes previews, and none of a fork",
  ];
}

/** A stack at Pulumi Cloud, and which of its runs there take the read-only role. */
export interface CloudClaim extends StackPlace {
  readonly issuer: string;
  readonly operations: readonly string[];
  readonly makesIdentityProvider: boolean;
}

/** Whether anything of the stack runs at Pulumi Cloud by itself. */
export const cloudRuns = ({ pullRequests, drift }: Pick<PreviewsSettings, "pullRequests" | "drift">) => pullRequests || drift !== undefined;

/** Never `update`. Pulumi's page of the claim calls a comparison a refresh, its REST schema has a name of its own for it: both are taken. */
export const cloudClaim = ({ apiUrl, organization, project, stack, pullRequests, drift, makesIdentityProvider }: PreviewsSettings): CloudClaim => ({
  issuer: `${apiUrl.replace("https://", "")}/oidc`,
  organization,
  project,
  stack,
  operations: [...(pullRequests ? ["preview"] : []), ...(drift === undefined ? [] : ["refresh", "detect-drift"])],
  makesIdentityProvider,
});

/** `unread`: keys that are there and cannot be read. */
export function checkPreviews({ previews, github, pipeline, ec2 }: PreviewsValues, environment: string, unread: ReadonlySet<string> = new Set()): Problem[] {
  const byApp = pipeline?.previews === "app";
  const { problems, say } = noted();
  if (byApp && github?.stateBucket)
    say("pipeline.previews", 'got "app", and the state of this stack is in a bucket, where the App sees nothing', setCommand("pipeline.previews", "workflow"));
  if (byApp && github?.visibility === "public")
    say("pipeline.previews", 'got "app", which a public repository cannot have: forks would get previews, too', setCommand("pipeline.previews", "workflow"));
  if (!previews) return problems;
  if (!github && !unread.has("github"))
    say("previews", "wants recoloca:github: whose pull requests are previewed, and whether anybody can make a fork", "pulumi config rm recoloca:previews");
  if (github?.visibility === "public" && (previews.pullRequests ?? false))
    say(
      "previews.pullRequests",
      "got true, and the repository is public: anybody could run a program with this stack's secrets from a fork. The infrastructure workflow writes previews of everybody else's",
      setCommand("previews.pullRequests", "false"),
    );
  if (previews.reviewStacks && environment === PRODUCTION)
    say(
      "previews.reviewStacks",
      "got true: stacks of pull requests would be made after production, secrets included",
      setCommand("previews.reviewStacks", "false"),
    );
  if (previews.reviewStacks && github?.visibility === "public")
    say("previews.reviewStacks", "got true, and the repository is public: anybody could have one from a fork", setCommand("previews.reviewStacks", "false"));
  if (previews.reviewStacks && ec2)
    say(
      "previews.reviewStacks",
      "got true, and this stack makes its server at AWS: runs at Pulumi Cloud have a role that only reads, so a stack of a pull request could never be made",
      setCommand("previews.reviewStacks", "false"),
    );
  return problems;
}
