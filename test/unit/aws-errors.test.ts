/** AWS's refusals as its provider says them, and what is said beside each. */
import { expect, test } from "vitest";
import { explain, notFound } from "../../components/aws-errors.ts";

test.each([
  ["api error ExpiredToken: The security token included in the request is expired", /^the login at AWS has ended: aws sso login/],
  ["failed to refresh cached credentials, the SSO session has expired or is invalid", /^the login at AWS has ended/],
  ["No valid credential sources found", /^there is no login at AWS: export AWS_PROFILE=NAME/],
  [
    "api error InvalidClientTokenId: The security token included in the request is invalid.",
    /^AWS does not know these credentials: aws sts get-caller-identity/,
  ],
  ["AWS account ID not allowed: 123456789012", /another account than recoloca:ec2\.account/],
  ["api error UnauthorizedOperation: You are not authorized to perform: ec2:CreateVpc", /^whoever is logged in may not do this/],
  [
    "creating S3 Bucket (a): BucketAlreadyExists",
    /^somebody in the world has a bucket of that name.*\n {2}pulumi config rm --path recoloca:createBackupBucket\.name$/,
  ],
  ["creating S3 Bucket (a): BucketAlreadyOwnedByYou", /^this account has a bucket of that name/],
  ["creating IAM Role (a): EntityAlreadyExists: Role with name a already exists.", /^this account has one of that name already/],
  [
    "creating IAM OIDC Provider: EntityAlreadyExists: Provider with url https://token.actions.githubusercontent.com already exists.",
    /others may go by that entry.*\n {2}pulumi config set --path recoloca:github\.makesIdentityProvider false$/,
  ],
  ["ResourceAlreadyExistsException: The specified log group already exists", /^this account has one of that name already/],
  ["InvalidSubnetID.NotFound: The subnet ID 'subnet-0' does not exist", /recoloca:ec2\.subnet names a subnet that this account does not have/],
  [
    "api error InvalidParameter: Security group sg-1 and subnet subnet-1 belong to different networks.",
    /recoloca:ec2\.subnet is in another VPC than what the server has already/,
  ],
  [
    "The architecture 'arm64' of the specified instance type does not match the architecture 'x86_64' of the specified AMI.",
    /recoloca:ec2\.ami is for another architecture than recoloca:ec2\.instanceType.*\n {2}pulumi config rm --path recoloca:ec2\.ami$/,
  ],
  ["VcpuLimitExceeded: You have requested more vCPU capacity", /^a limit of the account is reached/],
  ["invalid AWS Region: mars-north-1", /^recoloca:ec2\.region names no region/],
  ["no matching Route 53 Hosted Zone found", /pulumi config rm --path recoloca:ec2\.zone$/],
])("%s", (message, means) => expect(explain(message)).toMatch(means));

test("what nobody here knows better is not talked over, and is said once", () => {
  expect(explain("InternalError: We encountered an internal error")).toBeUndefined();
  expect(notFound("the zone a.example", "invocation of aws:route53/getZone:getZone returned an error: InternalError: later").message).toBe(
    "the zone a.example cannot be looked up at AWS; nothing was changed by that\n  AWS says: InternalError: later",
  );
});
