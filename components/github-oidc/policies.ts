/** Who may take which role of an environment from GitHub, and what each may do. Pure. */
import { stackName } from "../../release/plan.ts";
import { bucketArn, bucketsOf, logGroupArn, parametersOf, type EnvironmentPlace } from "../aws-arn.ts";
import { allow, BOUNDARY, policy } from "../aws-policy.ts";

/** Whose word is taken, and what it has to be. */
export interface Trusted {
  /** ARN of AWS's entry for the issuer. */
  readonly identityProvider: string;
  /** Without `https://`. */
  readonly issuer: string;
  readonly audience: string;
  readonly subjects: readonly string[];
}

/** Whole claims alone: a pattern would fit what nobody has thought of. */
export const trust = (...all: readonly Trusted[]) =>
  policy(
    ...all.map(({ identityProvider, issuer, audience, subjects }) => ({
      Effect: "Allow",
      Principal: { Federated: identityProvider },
      Action: "sts:AssumeRoleWithWebIdentity",
      Condition: { StringEquals: { [`${issuer}:aud`]: audience, [`${issuer}:sub`]: subjects } },
    })),
  );

/** A stack at Pulumi Cloud, and which of its runs there take the read-only role. */
export interface CloudClaim {
  /** Of Pulumi Cloud's identity tokens, without `https://`. */
  readonly issuer: string;
  readonly organization: string;
  readonly project: string;
  readonly stack: string;
  readonly operations: readonly string[];
  /** Whether this stack makes AWS's entry for Pulumi Cloud, of which an account has one. */
  readonly makesIdentityProvider: boolean;
}

/** Source: https://www.pulumi.com/docs/deployments/guides/oidc/ (the claim's form). */
export const cloudSubjects = ({ organization, project, stack, operations }: CloudClaim): string[] =>
  operations.map((operation) => `pulumi:deploy:org:${organization}:project:${project}:stack:${stack}:operation:${operation}:scope:write`);

/** A stack's state, in Pulumi's own layout of a bucket, and the key that encrypts its secrets. */
export interface State {
  readonly bucket: string;
  /** Of AWS KMS. @default a passphrase encrypts them */
  readonly key?: string;
  readonly project: string;
  readonly stack: string;
}

function ofState({ state, ...place }: Place, write: boolean): object[] {
  if (!state) return [];
  const { bucket, key, project, stack } = state;
  const arn = bucketArn(place, bucket);
  const objects = (...paths: string[]) => paths.map((path) => `${arn}/.pulumi/${path}`);
  const own = objects(
    `stacks/${project}/${stack}.*`,
    ...["history", "backups"].map((kind) => `${kind}/${project}/${stack}/*`),
    `locks/organization/${project}/${stack}/*`,
  );
  return [
    allow(["s3:GetObject"], [...own, ...objects("meta.yaml")]),
    allow(["s3:ListBucket"], arn, { StringLike: { "s3:prefix": [".pulumi/*"] } }),
    ...(key === undefined ? [] : [allow(["kms:Decrypt", ...(write ? ["kms:Encrypt", "kms:GenerateDataKey"] : [])], key)]),
    ...(write ? [allow(["s3:PutObject", "s3:DeleteObject"], own)] : []),
  ];
}

/** What every run of the program asks, whatever it is about to change. AWS knows no narrower right for these. */
const LOOKUPS = [
  "ec2:DescribeImages",
  "ec2:DescribeInstanceTypes",
  "ec2:DescribeInstanceTypeOfferings",
  "ec2:DescribeRouteTables",
  "ec2:DescribeSubnets",
  "ec2:DescribeVolumes",
  "route53:ListHostedZones",
  "route53:GetHostedZone",
  "route53:ListTagsForResource",
  "iam:ListOpenIDConnectProviders",
  "iam:GetOpenIDConnectProvider",
];

export interface Place extends EnvironmentPlace {
  readonly state?: State;
  /** Name of the bucket for backups, where it is not the one that AWS makes of the stack's. */
  readonly bucket?: string;
}

const buckets = (place: Place) => bucketsOf(place, place.bucket === undefined ? [] : [place.bucket]);

/** The way to the server without an open port: a tunnel to machines of this environment, and nothing else of them. */
const tunnel = ({ partition, account, region, application, environment }: Place) => [
  allow(["ssm:StartSession"], `arn:${partition}:ec2:${region}:${account}:instance/*`, {
    StringEquals: { "ssm:resourceTag/application": application, "ssm:resourceTag/environment": environment },
  }),
  allow(["ssm:StartSession"], `arn:${partition}:ssm:${region}::document/AWS-StartPortForwardingSession`),
  allow(["ssm:TerminateSession", "ssm:ResumeSession"], `arn:${partition}:ssm:${region}:${account}:session/\${aws:userid}-*`),
  // What StartSession answers with is opened by this. Source: AWS's sample policies for Session Manager.
  allow(["ssmmessages:OpenDataChannel"], `arn:${partition}:ssm:${region}:${account}:session/*`),
];

const PULLS = ["ecr:GetAuthorizationToken", "ecr:BatchGetImage", "ecr:DescribeImages"];

export interface Reach {
  readonly sessionManager: boolean;
  /** Whether images come from the account's own registry. */
  readonly pulls: boolean;
}

/** A release run (design D16): the stack's state and secrets, the registry, the way to the host. It changes nothing at AWS. */
export const deployPolicy = (place: Place, { sessionManager, pulls }: Reach) =>
  policy(...ofState(place, true), allow(LOOKUPS, "*"), ...(sessionManager ? tunnel(place) : []), ...(pulls ? [allow(PULLS, "*")] : []));

/** What it takes to compare the stack with what is there. */
const READS = [
  "ec2:Describe*",
  "ec2:GetEbsEncryptionByDefault",
  "route53:List*",
  "route53:Get*",
  "cloudwatch:DescribeAlarms",
  "cloudwatch:ListTagsForResource",
  "logs:DescribeLogGroups",
  "logs:ListTagsForResource",
  "sns:GetTopicAttributes",
  "sns:GetSubscriptionAttributes",
  "sns:ListTagsForResource",
  "iam:GetRole",
  "iam:GetRolePolicy",
  "iam:ListRolePolicies",
  "iam:ListAttachedRolePolicies",
  "iam:GetPolicy",
  "iam:GetPolicyVersion",
  "iam:GetInstanceProfile",
  "iam:ListInstanceProfilesForRole",
  "iam:ListOpenIDConnectProviders",
  "iam:GetOpenIDConnectProvider",
  "kms:DescribeKey",
  "kms:ListAliases",
  "ssm:DescribeParameters",
];

/** A preview and a comparison: reads what there is, and writes nothing anywhere. */
export const planPolicy = (place: Place, { sessionManager, pulls }: Reach) =>
  policy(
    ...ofState(place, false),
    allow(READS, "*"),
    allow(["s3:GetBucket*", "s3:Get*Configuration", "s3:ListBucket"], buckets(place)),
    allow(
      ["kms:GetKeyPolicy", "kms:GetKeyRotationStatus", "kms:ListResourceTags"],
      `arn:${place.partition}:kms:${place.region}:${place.account}:key/*`,
      tagged(place),
    ),
    allow(["ssm:GetParameter", "ssm:GetParameters", "ssm:ListTagsForResource"], parametersOf(place)),
    ...(sessionManager ? tunnel(place) : []),
    ...(pulls ? [allow(PULLS, "*")] : []),
  );

const tagged = ({ application, environment }: Place) => ({
  StringEquals: { "aws:ResourceTag/application": application, "aws:ResourceTag/environment": environment },
});

/**
 * An infrastructure run: all of this environment, and of another one not even what bears its tag. It may not widen itself: its own roles,
 * and the boundary of the server's, are changed by a person.
 */
export const infrastructurePolicy = (place: Place) => {
  const { partition, account, region, application, environment } = place;
  const name = stackName(place);
  const bound = `arn:${partition}:iam::${account}:policy/${name}${BOUNDARY}`;
  const iam = (kind: string) => `arn:${partition}:iam::${account}:${kind}/${name}*`;
  return policy(
    ...ofState(place, true),
    allow(READS, "*"),
    allow(["ec2:*", "cloudwatch:*", "kms:*"], "*", { StringEquals: { "aws:RequestedRegion": region } }),
    allow(["ssm:*Parameter*", "ssm:*TagsToResource", "ssm:*TagsFromResource", "ssm:ListTagsForResource"], parametersOf(place)),
    ...tunnel(place),
    allow(
      ["s3:CreateBucket", "s3:DeleteBucket", "s3:GetBucket*", "s3:PutBucket*", "s3:DeleteBucketPolicy", "s3:*Configuration", "s3:ListBucket"],
      buckets(place),
    ),
    allow(["route53:ChangeResourceRecordSets"], `arn:${partition}:route53:::hostedzone/*`),
    allow(["logs:*LogGroup", "logs:*RetentionPolicy", "logs:*KmsKey", "logs:*Resource"], logGroupArn(place, `/${application}/${environment}*`)),
    allow(["sns:*Topic", "sns:*TopicAttributes", "sns:*Subscribe", "sns:*Resource"], `arn:${partition}:sns:${region}:${account}:${name}-*`),
    // Nothing that it writes is more than the boundary lets anybody have: components/ec2-machine/boundary.ts.
    allow(["iam:TagPolicy", "iam:UntagPolicy"], bound),
    allow(["iam:CreateRole", "iam:PutRolePolicy"], iam("role"), { StringEquals: { "iam:PermissionsBoundary": bound } }),
    allow(
      [
        ...["DeleteRole", "DeleteRolePolicy", "DetachRolePolicy", "PassRole", "TagRole", "UntagRole", "UpdateAssumeRolePolicy", "UpdateRole"].map(
          (one) => `iam:${one}`,
        ),
        "iam:*InstanceProfile*",
      ],
      [iam("role"), iam("instance-profile")],
    ),
    {
      Effect: "Deny",
      Action: ["iam:Put*", "iam:Attach*", "iam:Detach*", "iam:Delete*", "iam:Update*", "iam:Create*"],
      Resource: ["deploy", "plan", "infrastructure"].map((role) => `arn:${partition}:iam::${account}:role/${name}-${role}`),
    },
    {
      Effect: "Deny",
      Action: [
        ...["CreatePolicyVersion", "SetDefaultPolicyVersion", "DeletePolicy", "DeletePolicyVersion"].map((one) => `iam:${one}`),
        "iam:*PermissionsBoundary",
      ],
      Resource: "*",
    },
    ...othersOf(place),
  );
};

/** What bears the tag of another environment, or of another application, is left alone; what a server is put into or begins with is used, and not changed. */
const othersOf = ({ partition, region, application, environment }: Place) => {
  const used = ["subnet", "vpc", "image", "snapshot"].map((kind) => `arn:${partition}:ec2:${region}:*:${kind}/*`);
  return Object.entries({ application, environment }).flatMap(([tag, value]) => {
    const Condition = { StringNotEquals: { [`aws:ResourceTag/${tag}`]: value }, Null: { [`aws:ResourceTag/${tag}`]: "false" } };
    return [
      { Effect: "Deny", Action: ["ec2:*", "kms:*", "ssm:*", "cloudwatch:*", "iam:*Role*", "iam:*InstanceProfile*"], NotResource: used, Condition },
      { Effect: "Deny", NotAction: ["ec2:RunInstances", "ec2:CreateSecurityGroup"], Resource: used, Condition },
    ];
  });
};
