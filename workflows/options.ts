/** What the workflow files depend on, and what follows from it for runs. */
import { abilitiesOf, lackOf } from "./github-plan.ts";
import { lackOfEdition, NO_EDITION, tokenOf, type Edition } from "./pulumi-token.ts";

/** What the workflows have to know of an application, its repository and its environments. */
export interface WorkflowOptions {
  /** `owner/name`. */
  readonly repository: string;
  readonly visibility: "public" | "private";
  /** Where what is merged is: `main`. */
  readonly defaultBranch: string;
  readonly plan: "free" | "pro" | "team" | "enterprise";
  /** GitHub's Code Security, bought for a private repository. Public ones have it. @default false */
  readonly codeSecurity?: boolean;
  /** Whether delivery metrics are published as the repository's Pages. @default false */
  readonly pages?: boolean;
  /** Folder of this program in the repository; `.` where it is the root. */
  readonly programPath: string;
  /** Whether its own tests are run as well: by those who change it. @default false */
  readonly programTests?: boolean;
  readonly application: Application;
  readonly environments: readonly Environment[];
  /** How production is reached: by a tag `v1.2.3`, or by the approval of a run that each tested commit of the default branch starts. */
  readonly production: "tag" | "approval";
  /** Where Pulumi keeps the state. `edition`: of Pulumi Cloud, where the stack that owns the repository says who gets which token there. */
  readonly backend:
    | { readonly kind: "cloud"; readonly organization: string; readonly edition?: Edition }
    | { readonly kind: "s3"; readonly url: string; readonly passphrase: boolean };
  /** Where there is anything at AWS: a region to ask for roles in. Absent: no job takes one. */
  readonly aws?: { readonly region: string };
  /** Who writes previews below pull requests: the workflow, or the Pulumi GitHub App, whose settings are the stack's own. @default "workflow" */
  readonly previews?: "workflow" | "app";
  /** What kind of machine the server is on which a pull request may have an environment of its own. @default none may */
  readonly review?: Platform;
  /** How jobs reach the servers. */
  readonly reach: "direct" | "session-manager";
}

/** One name, no pattern: it stands in shell and in expressions. */
export const BRANCH = /^[A-Za-z0-9][A-Za-z0-9._/-]*$/;

/** The default branch, as an expression of GitHub's sees it. */
export const onDefaultBranch = ({ defaultBranch }: WorkflowOptions) => `github.ref == 'refs/heads/${defaultBranch}'`;

/** Dependabot's user. Its runs have no identity to take a role with and get no secret; a name could be taken by somebody else. */
const DEPENDABOT = 49699333;
/** That a pull request is no fork's and not Dependabot's, as an expression of GitHub's. */
export const OF_THIS_REPOSITORY = `github.event.pull_request.head.repo.full_name == github.repository && github.event.pull_request.user.id != ${DEPENDABOT}`;

export interface Application {
  /** As in `recoloca:application`; the server knows its stacks by it. */
  readonly name: string;
  /** From the repository's root. */
  readonly composeFile: string;
  readonly backend: Part;
  readonly frontend: Part;
  /** Playwright's folder. */
  readonly e2e: string;
  /** The k6 script. */
  readonly loadTest: string;
  /** Path of the API's own description (OpenAPI), as it is reached from outside. */
  readonly apiDescription: string;
  /** ZAP's rules, or none. */
  readonly zapRules?: string;
  /** Services of the Compose file that integration tests need, with the port each listens on. */
  readonly needs: Readonly<Record<string, number>>;
  /** What integration tests get in their environment to find them on 127.0.0.1. */
  readonly testEnvironment: Readonly<Record<string, string>>;
  /** Paths that answer 200 when all is well, asked from outside after each deploy. */
  readonly healthPaths: readonly string[];
  readonly platforms: readonly Platform[];
}

export interface Part {
  readonly folder: string;
  /** Without tag: `ghcr.io/recoloca/backend`. */
  readonly image: string;
  /** Services of the Compose file that run this image. */
  readonly services: readonly string[];
}

export type Platform = "amd64" | "arm64";

export interface Environment {
  /** Of the GitHub environment and of the stack. */
  readonly name: string;
  /** `push`: each one to the default branch; `release`: production; `hand`: when somebody wants it. */
  readonly from: "push" | "release" | "hand";
}

/** A stack whose secrets are encrypted by a passphrase cannot be read by a job without an environment: no pull request's, no nightly one's. */
export const readableWithoutSecret = ({ backend }: WorkflowOptions): boolean => backend.kind === "cloud" || !backend.passphrase;

/** A pull request's run may have a token that reads the stack it is for, and no more: others reach production's secrets. Where nobody says which edition of Pulumi Cloud it is, it is one whose tokens do. */
export const previewable = (options: WorkflowOptions): boolean =>
  readableWithoutSecret(options) &&
  options.previews !== "app" &&
  (options.backend.kind !== "cloud" || (options.backend.edition !== undefined && tokenOf(options.backend.edition) === "team"));

/** What is switched off or replaced, a sentence each: for whoever writes the files by hand. */
export const replaced = (options: WorkflowOptions): string[] => [
  ...lackOf(options),
  ...(options.backend.kind === "cloud" ? (options.backend.edition === undefined ? [NO_EDITION] : lackOfEdition(options.backend.edition)) : []),
  ...(readableWithoutSecret(options)
    ? []
    : ["no previews of pull requests and no nightly comparison: the stack's secrets are encrypted by a passphrase; AWS KMS needs none"]),
];

/** Throws one error that names every option that cannot be. */
export function checkOptions(options: WorkflowOptions): void {
  const { environments, production, application, programPath } = options;
  const has = abilitiesOf(options);
  const from = (kind: Environment["from"]) => environments.filter((one) => one.from === kind);
  const { defaultBranch } = options;
  const names = environments.map(({ name }) => name);
  const folders = { programPath, "application.backend.folder": application.backend.folder, "application.frontend.folder": application.frontend.folder };
  const wrong = [
    ...(from("push").length === 1 ? [] : [`environments: ${from("push").length} are deployed by each push, wants one`]),
    ...(from("release").length === 1 ? [] : [`environments: ${from("release").length} are production, wants one`]),
    ...names.filter((name) => !/^[a-z][a-z0-9-]{0,30}$/.test(name)).map((name) => `environments: got "${name}", wants lower-case letters, digits and dashes`),
    ...names.filter((name, index) => names.indexOf(name) !== index).map((name) => `environments: "${name}" is there twice`),
    ...(BRANCH.test(defaultBranch) ? [] : [`defaultBranch: got "${defaultBranch}", wants the name of a branch: main`]),
    ...(production === "approval" && !has.approval
      ? [`production: "approval" needs reviewers, which a private repository on the plan "${options.plan}" has not; "tag" needs none`]
      : []),
    ...(options.visibility === "private" && options.plan === "free"
      ? ['plan: a private repository on the plan "free" has no environments; make it public, or take the plan "team"']
      : []),
    ...Object.entries(folders)
      .filter(([, folder]) => /^\/|\.\.|\s/.test(folder) || folder === "")
      .map(([key, folder]) => `${key}: got "${folder}", wants a folder inside the repository`),
    ...[application.backend, application.frontend]
      .filter(({ image }) => image !== image.toLowerCase() || /[:@]/.test(image.split("/").at(-1)!))
      .map(({ image }) => `application: got the image "${image}", wants it in lower case and without a tag: ghcr.io/recoloca/backend`),
    ...(options.previews === "app" && options.backend.kind !== "cloud"
      ? ['previews: got "app", and the state is not at Pulumi Cloud, where the App runs']
      : []),
    ...(options.backend.kind === "s3" && !options.aws ? ["aws: is missing, and the state is in a bucket there"] : []),
    ...(options.reach === "session-manager" && !options.aws ? ["aws: is missing, and Session Manager is how servers are reached"] : []),
    ...(options.review && options.reach === "session-manager"
      ? ["review: is set, and the servers are reached by Session Manager alone, which a pull request may not use"]
      : []),
    ...(application.platforms.length > 0 ? [] : ["application.platforms: is empty, wants amd64, arm64 or both"]),
  ];
  if (wrong.length > 0) throw new Error(`no workflow can be made of these options; nothing was written\n${wrong.map((line) => `  ${line}`).join("\n")}`);
}
