/** Whose repository it is, and with which token its side of an environment is written. */
import { Provider } from "@pulumi/github/provider.js";
import * as pulumi from "@pulumi/pulumi";
import { Refusal } from "../refusal.ts";
import { remembered } from "../remembered.ts";

export interface GithubAccountArgs {
  /** User or organization. */
  readonly owner: string;
  /** Its name alone. */
  readonly repository: string;
  /** @default GITHUB_TOKEN of whoever runs Pulumi, else the login of `gh`; neither is kept */
  readonly token?: pulumi.Input<string>;
  /** What is off at this repository and why: said in the preview. */
  readonly notes: readonly string[];
}

/**
 * The SDK would take GITHUB_TOKEN as an input, which is kept in the stack's state as it is and another one in each run of a workflow. The
 * provider reads it from its own environment as well, where it leaves no trace.
 */
const forgetToken: pulumi.ResourceTransformation = ({ type, props, opts }) =>
  type === "pulumi:providers:github" ? { props: { ...(props as object), token: undefined }, opts } : undefined;

/** The provider for all that one environment has at GitHub. */
export function githubAccount(name: string, { owner, repository, token, notes }: GithubAccountArgs, opts?: pulumi.ResourceOptions): Provider {
  const elsewhere = process.env["GITHUB_OWNER"];
  // The provider prefers it to what it is told: https://github.com/integrations/terraform-provider-github, provider.go.
  if (elsewhere !== undefined && elsewhere !== owner)
    throw new pulumi.RunError(`GITHUB_OWNER is "${elsewhere}", and the stack is for ${owner}; nothing was changed\n  unset GITHUB_OWNER`);
  for (const note of notes) void pulumi.log.info(note);
  const full = `${owner}/${repository}`;
  const first = remembered(`${name}-home`, full, opts);
  return new Provider(
    name,
    {
      owner: first.apply((was) => {
        refuseToMove(was, full);
        return owner;
      }),
      ...(token !== undefined && { token: pulumi.secret(token) }),
      // 409: the branch has moved since it was asked, by another's commit.
      retryableErrors: [409, 500, 502, 503, 504],
      maxRetries: 5,
      retryDelayMs: 2000,
    },
    { ...opts, ...(token === undefined && { transformations: [forgetToken] }) },
  );
}

/** One that was renamed answers to its old name as well: what takes the place of the old would be removed with it. */
function refuseToMove(was: string, wanted: string): void {
  if (was === wanted) return;
  throw new Refusal(`environments, secrets and rules of this stack are at another repository; nothing was changed

  recoloca:repository  got "${wanted}", and they are at ${was}
      back: pulumi config set recoloca:repository ${was}
      to the other one: back, then without them (pulumi config rm recoloca:github; pulumi up), then repository and github together: docs/github.md
`);
}
