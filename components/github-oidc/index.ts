/**
 * Roles that workflows take at AWS, for minutes, by GitHub's own word of who they are (OpenID Connect); the read-only one also by Pulumi Cloud's, where
 * previews run there. There is no key to keep.
 */
import { getOpenIdConnectProvider } from "@pulumi/aws/iam/getOpenIdConnectProvider.js";
import { OpenIdConnectProvider } from "@pulumi/aws/iam/openIdConnectProvider.js";
import { Role } from "@pulumi/aws/iam/role.js";
import { RolePolicy } from "@pulumi/aws/iam/rolePolicy.js";
import type { Provider } from "@pulumi/aws/provider.js";
import * as pulumi from "@pulumi/pulumi";
import { stackName } from "../../release/plan.ts";
import { explain, explained, notFound } from "../aws-errors.ts";
import { awsPlace } from "../aws-place.ts";
import { ISSUER, subjects, type Subject } from "../github-claims.ts";
import { Refusal } from "../refusal.ts";
import { cloudSubjects, deployPolicy, infrastructurePolicy, planPolicy, trust } from "./policies.ts";
import type { CloudClaim, Place, Reach, Trusted } from "./policies.ts";

export interface GithubOidcArgs extends Subject, Reach {
  readonly provider: Provider;
  readonly application: string;
  readonly environment: string;
  /** The GitHub environment of infrastructure runs. */
  readonly infrastructureEnvironment: string;
  readonly region: string;
  readonly defaultBranch: string;
  /** Whether this stack makes AWS's entry for GitHub, of which an account has one. Else it is there. */
  readonly makesIdentityProvider: boolean;
  /** Bucket with Pulumi's state, and the key that encrypts the stack's secrets, where it is no passphrase. @default Pulumi Cloud has both */
  readonly stateBucket?: { readonly name: string; readonly key?: string; readonly project: string };
  /** Name of the bucket for backups, where somebody has chosen it. @default AWS made it from the stack's */
  readonly backupBucket?: string;
  /** Whether a pull request's preview may read the stack, its secrets included. */
  readonly previews: boolean;
  /** Which runs at Pulumi Cloud take the read-only role. @default none */
  readonly pulumiCloud?: CloudClaim;
}

const AWS = "sts.amazonaws.com";

export type RoleName = "deploy" | "plan" | "infrastructure";

export class GithubOidc extends pulumi.ComponentResource {
  /** ARNs, known once the role may do what it is for. */
  readonly roles: Readonly<Record<RoleName, pulumi.Output<string>>>;

  constructor(name: string, args: GithubOidcArgs, opts?: pulumi.ComponentResourceOptions) {
    super("recoloca:index:GithubOidc", name, { environment: args.environment }, opts);
    const { application, environment, region, stateBucket, defaultBranch, pulumiCloud } = args;
    const own = { parent: this, provider: args.provider, hooks: explained() };
    const issuer = this.issuer(name, args.makesIdentityProvider, { issuer: ISSUER, audience: AWS, key: "github.makesIdentityProvider" }, own);
    const cloud =
      pulumiCloud &&
      this.issuer(
        `${name}-pulumi-cloud`,
        pulumiCloud.makesIdentityProvider,
        { issuer: pulumiCloud.issuer, audience: pulumiCloud.organization, key: "previews.makesIdentityProvider" },
        own,
      );
    const place: pulumi.Output<Place> = awsPlace(own).apply((where) => ({
      ...where,
      region,
      application,
      environment,
      ...(args.backupBucket !== undefined && { bucket: args.backupBucket }),
      ...(stateBucket && {
        state: { bucket: stateBucket.name, ...(stateBucket.key !== undefined && { key: stateBucket.key }), project: stateBucket.project, stack: environment },
      }),
    }));
    const role = (kind: RoleName, may: string, claims: readonly string[], what: (place: Place) => string): pulumi.Output<string> => {
      const full = `${stackName(args)}-${kind}`;
      const made = new Role(
        full,
        {
          name: full,
          description: `GitHub Actions: ${may}`,
          assumeRolePolicy: pulumi
            .all([issuer, kind === "plan" ? cloud : undefined])
            .apply(([arn, other]) =>
              trust(
                { identityProvider: arn, issuer: ISSUER, audience: AWS, subjects: claims.flatMap((claim) => subjects(args, claim)) },
                ...(other !== undefined && pulumiCloud
                  ? [{ identityProvider: other, issuer: pulumiCloud.issuer, audience: pulumiCloud.organization, subjects: cloudSubjects(pulumiCloud) }]
                  : []),
              ),
            ),
        },
        own,
      );
      const rights = new RolePolicy(full, { role: made.id, policy: place.apply(what) }, { ...own, parent: made });
      return pulumi.all([made.arn, rights.id]).apply(([arn]) => arn);
    };
    // A claim with an environment is GitHub's word that its rules were kept: reviewers, branches, tags.
    const inEnvironment = (one: string) => [`environment:${one}`];
    this.roles = {
      deploy: role("deploy", "releases", inEnvironment(environment), (at) => deployPolicy(at, args)),
      infrastructure: role("infrastructure", "changes of what there is", inEnvironment(args.infrastructureEnvironment), infrastructurePolicy),
      plan: role("plan", "previews and comparisons, read-only", [`ref:refs/heads/${defaultBranch}`, ...(args.previews ? ["pull_request"] : [])], (at) =>
        planPolicy(at, args),
      ),
    };
    this.registerOutputs(this.roles);
  }

  /** AWS knows both certificates' authorities by itself and looks at no thumbprint. */
  private issuer(name: string, made: boolean, { issuer, audience, key }: Issuer, own: pulumi.CustomResourceOptions): pulumi.Output<string> {
    const url = `https://${issuer}`;
    return made ? new OpenIdConnectProvider(name, { url, clientIdLists: [audience] }, own).arn : pulumi.output(issuerThatIsThere(url, key, own));
  }
}

/** `key`: of the configuration, below `recoloca:`. */
type Issuer = Pick<Trusted, "issuer" | "audience"> & { readonly key: string };

/** Of the account, made by another stack. */
const issuerThatIsThere = (url: string, key: string, own: pulumi.InvokeOptions): Promise<string> =>
  getOpenIdConnectProvider({ url }, own).then(
    ({ arn }) => arn,
    (error: Error) => {
      if (explain(error.message) !== undefined) throw notFound(`the account's entry for ${url}`, error.message);
      throw new Refusal(
        `the account at AWS shows no entry for ${key.startsWith("github") ? "GitHub's" : "Pulumi Cloud's"} identities, which this stack leaves to another one (recoloca:${key} is false).
  Bring that one up first, or have it made here: pulumi config set --path recoloca:${key} true
  AWS says: ${error.message.split("\n")[0]}`,
      );
    },
  );
