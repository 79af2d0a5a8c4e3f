/** Where things at AWS are made, and what is written on each of them. */
import { Provider } from "@pulumi/aws/provider.js";
import type * as pulumi from "@pulumi/pulumi";
import { type Home, refuseToMove } from "../aws-home.ts";
import { remembered } from "../remembered.ts";

export interface AwsAccountArgs {
  readonly region: string;
  /** Number of the account. With it, nothing is made in another one by mistake. */
  readonly account?: string;
  readonly application: string;
  readonly environment: string;
  /** Who answers for it: a team or an address. */
  readonly owner: string;
  /** Repository that this program lives in, `owner/name`. */
  readonly repository: string;
}

/** The provider for all that one environment has at AWS. Credentials are the caller's own: his login, or the pipeline's short-lived role. */
export function awsAccount(name: string, args: AwsAccountArgs, opts?: pulumi.ResourceOptions): Provider {
  const { region, account, application, environment, owner, repository } = args;
  const home: Home = { application, environment, region };
  // What was there first; on the way to the provider, so that nothing at all is made elsewhere beside it.
  const first = remembered(`${name}-home`, JSON.stringify(home), opts);
  return new Provider(
    name,
    {
      region: first.apply((was) => {
        refuseToMove(JSON.parse(was) as Home, home);
        return region;
      }),
      ...(account !== undefined && { allowedAccountIds: [account] }),
      defaultTags: { tags: { application, environment, owner, repository, "managed-by": "pulumi" } },
    },
    opts,
  );
}
