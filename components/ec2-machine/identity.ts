/** Who the instance is towards AWS: a role with no right but those that are named here and by whom it is handed to. */
import { InstanceProfile } from "@pulumi/aws/iam/instanceProfile.js";
import { Role } from "@pulumi/aws/iam/role.js";
import { RolePolicy } from "@pulumi/aws/iam/rolePolicy.js";
import { RolePolicyAttachment } from "@pulumi/aws/iam/rolePolicyAttachment.js";
import { Parameter } from "@pulumi/aws/ssm/parameter.js";
import * as pulumi from "@pulumi/pulumi";
import { policy } from "../aws-policy.ts";

const allow = (Action: string[], Resource: string) => policy({ Effect: "Allow", Action, Resource });

const ASSUME = policy({ Effect: "Allow", Principal: { Service: "ec2.amazonaws.com" }, Action: "sts:AssumeRole" });

export interface Identity {
  readonly role: Role;
  readonly profile: InstanceProfile;
  /** What the instance reads its private host key from. */
  readonly parameter: Parameter;
  /** What has to be there before the instance may read it. */
  readonly rights: pulumi.Resource[];
}

/** What Session Manager's agent needs, in AWS's own words. */
const SESSION_MANAGER = "arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore";
/** Reading images of the account's own registry. */
const PULL = ["ecr:GetAuthorizationToken", "ecr:BatchCheckLayerAvailability", "ecr:GetDownloadUrlForLayer", "ecr:BatchGetImage"];

/**
 * Proving a name by a record, and no other change of a zone: TXT records of that name alone. The zone itself is looked for by the domain's name.
 * Sources: lego's page of its provider route53 (what it asks), AWS's of the condition keys for Route 53.
 */
const PROOF = policy(
  // AWS knows no narrower right to look for a zone by its name.
  { Effect: "Allow", Action: ["route53:ListHostedZonesByName"], Resource: "*" },
  { Effect: "Allow", Action: ["route53:GetChange"], Resource: "arn:aws:route53:::change/*" },
  { Effect: "Allow", Action: ["route53:ListResourceRecordSets"], Resource: "arn:aws:route53:::hostedzone/*" },
  {
    Effect: "Allow",
    Action: ["route53:ChangeResourceRecordSets"],
    Resource: "arn:aws:route53:::hostedzone/*",
    Condition: {
      "ForAllValues:StringEquals": { "route53:ChangeResourceRecordSetsRecordTypes": ["TXT"] },
      "ForAllValues:StringLike": { "route53:ChangeResourceRecordSetsNormalizedRecordNames": ["_acme-challenge.*"] },
    },
  },
);

interface Wish {
  readonly hostKey: pulumi.Input<string>;
  readonly path: string;
  readonly sessionManager: boolean;
  readonly pulls: boolean;
  readonly proves: boolean;
}

export function identity(name: string, { hostKey, path, sessionManager, pulls, proves }: Wish, opts: pulumi.CustomResourceOptions): Identity {
  const role = new Role(name, { assumeRolePolicy: ASSUME, description: `What ${name} may do` }, opts);
  const inside = { ...opts, parent: role };
  const parameter = new Parameter(`${name}-host-key`, { name: `${path}/ssh-host-key`, type: "SecureString", value: pulumi.secret(hostKey) }, opts);
  const reads = new RolePolicy(`${name}-host-key`, { role: role.id, policy: parameter.arn.apply((arn) => allow(["ssm:GetParameter"], arn)) }, inside);
  // AWS knows no narrower right than all of the account's repositories for the login itself.
  if (pulls) new RolePolicy(`${name}-pull`, { role: role.id, policy: allow(PULL, "*") }, inside);
  if (sessionManager) new RolePolicyAttachment(`${name}-sessions`, { role: role.id, policyArn: SESSION_MANAGER }, inside);
  if (proves) new RolePolicy(`${name}-proof`, { role: role.id, policy: PROOF }, inside);
  const profile = new InstanceProfile(name, { role: role.name }, opts);
  return { role, profile, parameter, rights: [reads] };
}
