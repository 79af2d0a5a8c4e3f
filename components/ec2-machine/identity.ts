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

export function identity(
  name: string,
  { hostKey, path, sessionManager, pulls }: { hostKey: pulumi.Input<string>; path: string; sessionManager: boolean; pulls: boolean },
  opts: pulumi.CustomResourceOptions,
): Identity {
  const role = new Role(name, { assumeRolePolicy: ASSUME, description: `What ${name} may do` }, opts);
  const inside = { ...opts, parent: role };
  const parameter = new Parameter(`${name}-host-key`, { name: `${path}/ssh-host-key`, type: "SecureString", value: pulumi.secret(hostKey) }, opts);
  const reads = new RolePolicy(`${name}-host-key`, { role: role.id, policy: parameter.arn.apply((arn) => allow(["ssm:GetParameter"], arn)) }, inside);
  // AWS knows no narrower right than all of the account's repositories for the login itself.
  if (pulls) new RolePolicy(`${name}-pull`, { role: role.id, policy: allow(PULL, "*") }, inside);
  if (sessionManager) new RolePolicyAttachment(`${name}-sessions`, { role: role.id, policyArn: SESSION_MANAGER }, inside);
  const profile = new InstanceProfile(name, { role: role.name }, opts);
  return { role, profile, parameter, rights: [reads] };
}
