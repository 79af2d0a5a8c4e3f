/** Whose repository it is, and with which token its side of an environment is written. */
import { Provider } from "@pulumi/github/provider.js";
import * as pulumi from "@pulumi/pulumi";

export interface GithubAccountArgs {
  /** User or organization. */
  readonly owner: string;
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
export function githubAccount(name: string, { owner, token, notes }: GithubAccountArgs, opts?: pulumi.ResourceOptions): Provider {
  const elsewhere = process.env["GITHUB_OWNER"];
  // The provider prefers it to what it is told: https://github.com/integrations/terraform-provider-github, provider.go.
  if (elsewhere !== undefined && elsewhere !== owner)
    throw new pulumi.RunError(`GITHUB_OWNER is "${elsewhere}", and the stack is for ${owner}; nothing was changed\n  unset GITHUB_OWNER`);
  for (const note of notes) void pulumi.log.info(note);
  return new Provider(
    name,
    {
      owner,
      ...(token !== undefined && { token: pulumi.secret(token) }),
      // 409: the branch has moved since it was asked, by another's commit.
      retryableErrors: [409, 500, 502, 503, 504],
      maxRetries: 5,
      retryDelayMs: 2000,
    },
    { ...opts, ...(token === undefined && { transformations: [forgetToken] }) },
  );
}
