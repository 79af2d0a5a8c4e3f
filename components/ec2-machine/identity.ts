/** Who the instance is towards AWS: a role with no right but those that are named here and by whom it is handed to. */
import { InstanceProfile } from "@pulumi/aws/iam/instanceProfile.js";
import { Policy } from "@pulumi/aws/iam/policy.js";
import { Role } from "@pulumi/aws/iam/role.js";
import { RolePolicy } from "@pulumi/aws/iam/rolePolicy.js";
import { Parameter } from "@pulumi/aws/ssm/parameter.js";
import * as pulumi from "@pulumi/pulumi";
import { awsPlace } from "../aws-place.ts";
import { allow, BOUNDARY, policy } from "../aws-policy.ts";
import { boundary, type Bounds } from "./boundary.ts";
import { LOGIN, PULL, repositoriesOf, SESSIONS } from "./rights.ts";

const ASSUME = policy({ Effect: "Allow", Principal: { Service: "ec2.amazonaws.com" }, Action: "sts:AssumeRole" });

export interface Identity {
  readonly role: Role;
  readonly profile: InstanceProfile;
  /** What the instance reads its private host key from. */
  readonly parameter: Parameter;
  /** What has to be there before the instance may read it. */
  readonly rights: pulumi.Resource[];
}

/**
 * Proving its own names by records, and no other change of a zone: another environment's names are in the same one. The zone itself is looked for by the
 * domain's name. Sources: lego's page of its provider route53 (what it asks), AWS's of the condition keys for Route 53.
 */
function proof(zoneId: string, names: readonly string[]): string {
  const zone = `arn:aws:route53:::hostedzone/${zoneId}`;
  const records = [...new Set(names.map((name) => `_acme-challenge.${name.replace(/^\*\./, "")}`))];
  const types = { "route53:ChangeResourceRecordSetsRecordTypes": ["TXT"] };
  const these = { "route53:ChangeResourceRecordSetsNormalizedRecordNames": records };
  return policy(
    // AWS knows no narrower right to look for a zone by its name.
    allow(["route53:ListHostedZonesByName"], "*"),
    allow(["route53:GetChange"], "arn:aws:route53:::change/*"),
    allow(["route53:ListResourceRecordSets"], zone),
    allow(
      ["route53:ChangeResourceRecordSets"],
      zone,
      records.some((one) => one.includes("*"))
        ? { "ForAllValues:StringEquals": types, "ForAllValues:StringLike": these }
        : { "ForAllValues:StringEquals": { ...types, ...these } },
    ),
  );
}

interface Wish {
  readonly hostKey: pulumi.Input<string>;
  readonly path: string;
  readonly sessionManager: boolean;
  /** Registry of AWS's that its images come from. */
  readonly pullsFrom?: string | undefined;
  /** The most that it may ever do, where runs of GitHub may change its policies. */
  readonly bounds?: Omit<Bounds, "partition" | "account"> | undefined;
  /** Names that it proves by records of a zone, whose id this is; `*` where pull requests have numbers. */
  readonly proves?: { readonly zoneId: pulumi.Input<string>; readonly names: readonly string[] } | undefined;
}

export function identity(
  name: string,
  { hostKey, path, sessionManager, pullsFrom, bounds, proves }: Wish,
  opts: pulumi.CustomResourceOptions & pulumi.InvokeOptions,
): Identity {
  const most =
    bounds &&
    new Policy(
      `${name}${BOUNDARY}`,
      {
        name: `${name}${BOUNDARY}`,
        description: `The most that ${name} may ever do`,
        policy: awsPlace(opts).apply((where) => boundary({ ...where, ...bounds })),
      },
      opts,
    );
  const role = new Role(name, { assumeRolePolicy: ASSUME, description: `What ${name} may do`, ...(most && { permissionsBoundary: most.arn }) }, opts);
  const inside = { ...opts, parent: role };
  const parameter = new Parameter(`${name}-host-key`, { name: `${path}/ssh-host-key`, type: "SecureString", value: pulumi.secret(hostKey) }, opts);
  const reads = new RolePolicy(`${name}-host-key`, { role: role.id, policy: parameter.arn.apply((arn) => policy(allow(["ssm:GetParameter"], arn))) }, inside);
  // Which of its repositories the stack's images are in changes with a release, whose run may change no role.
  if (pullsFrom !== undefined) {
    const pulls = awsPlace(opts).apply(({ partition }) => policy(allow(LOGIN, "*"), allow(PULL, repositoriesOf(pullsFrom, partition))));
    new RolePolicy(`${name}-pull`, { role: role.id, policy: pulls }, inside);
  }
  // AWS knows no narrower right for these either.
  if (sessionManager) new RolePolicy(`${name}-sessions`, { role: role.id, policy: policy(allow(SESSIONS, "*")) }, inside);
  if (proves) new RolePolicy(`${name}-proof`, { role: role.id, policy: pulumi.output(proves.zoneId).apply((id) => proof(id, proves.names)) }, inside);
  const profile = new InstanceProfile(name, { role: role.name }, opts);
  return { role, profile, parameter, rights: [reads] };
}
