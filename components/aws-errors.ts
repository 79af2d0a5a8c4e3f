/** What AWS's refusals mean here and what mends them, said beside its own words. */
import * as pulumi from "@pulumi/pulumi";
import { Refusal } from "./refusal.ts";
import { saidBeside } from "./said-beside.ts";

const WHO = "aws sts get-caller-identity says who is logged in";

/** Of what AWS says, the first that fits. */
const MEANS: readonly (readonly [RegExp, string])[] = [
  [/ExpiredToken|RequestExpired|token .*(has|is) expired|SSO session .*expired/i, "the login at AWS has ended: aws sso login, or as this machine logs in otherwise; then the same command again, which goes on where this one ended"],
  [/No valid credential sources|no EC2 IMDS role|NoCredentialProviders|unable to validate AWS credentials/i, "there is no login at AWS: export AWS_PROFILE=NAME, then aws sso login (docs/aws.md)"],
  [/InvalidClientTokenId|UnrecognizedClientException|InvalidAccessKeyId|SignatureDoesNotMatch|AuthFailure/, `AWS does not know these credentials: ${WHO}; AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, say as whom`],
  [/account ID not allowed/i, `these credentials are of another account than recoloca:ec2.account: ${WHO}, AWS_PROFILE chooses`],
  [/UnauthorizedOperation|AccessDenied|not authorized to perform/i, `whoever is logged in may not do this: ${WHO}; docs/aws.md says what a first login has to be allowed`],
  [/BucketAlreadyExists/, "somebody in the world has a bucket of that name: another name, or none and AWS makes one up\n  pulumi config rm --path recoloca:createBackupBucket.name"],
  [/BucketAlreadyOwnedByYou/, "this account has a bucket of that name, which this stack did not make: another name\n  pulumi config rm --path recoloca:createBackupBucket.name"],
  [/EntityAlreadyExists: Provider with url https:\/\/token\.actions\.githubusercontent\.com/, "this account knows GitHub already, and others may go by that entry, so it stays and this stack takes it as it is\n  pulumi config set --path recoloca:github.makesIdentityProvider false"],
  [/EntityAlreadyExists|ResourceAlreadyExists|AlreadyExistsException/, "this account has one of that name already, which this stack did not make: it goes, or becomes the stack's own by pulumi import, as docs/backups.md does it with a bucket"],
  [/InvalidSubnetID|no matching EC2 Subnet/i, "recoloca:ec2.subnet names a subnet that this account does not have in this region; a network of its own instead\n  pulumi config rm --path recoloca:ec2.subnet"],
  [/belong to different networks|not in the same VPC|different VPC/i, "recoloca:ec2.subnet is in another VPC than what the server has already: back to the subnet before, or anew\n  pulumi config set --path recoloca:ec2.generation NUMBER, one more than now"],
  [/architecture .*does not match/i, "recoloca:ec2.ami is for another architecture than recoloca:ec2.instanceType: types with a g before the dot are arm64, the others x86_64; or the image that fits by itself\n  pulumi config rm --path recoloca:ec2.ami"],
  [/InvalidInstanceType|instance type .*(does not exist|not supported|not valid)|no EC2 Instance Type/i, "recoloca:ec2.instanceType names no type that AWS has here: aws ec2 describe-instance-type-offerings --region REGION lists them"],
  [/InvalidAMIID|query returned no results/i, "there is no such image in this region: recoloca:ec2.ami and recoloca:ec2.image say which, recoloca:ec2.region where"],
  [/VcpuLimitExceeded|AddressLimitExceeded|VpcLimitExceeded|LimitExceeded/, "a limit of the account is reached: Service Quotas at AWS raises it, or something that nobody uses goes"],
  [/InsufficientInstanceCapacity/, "AWS has no such machine free in this zone just now: later, or another recoloca:ec2.instanceType"],
  [/OptInRequired|invalid AWS Region|no such host/i, "recoloca:ec2.region names no region, or one that this account has not switched on: aws ec2 describe-regions lists them"],
  [/no matching Route ?53 ?Hosted ?Zone/i, "the account has no such zone; the record is made by hand then, and is an output of the stack\n  pulumi config rm --path recoloca:ec2.zone"],
]; // prettier-ignore

/** Undefined where AWS's own words are all that there is to say. */
export const explain = (message: string): string | undefined => MEANS.find(([of]) => of.test(message))?.[1];

/** A question to AWS before anything is made. `what`: is looked up. Its refusal is a sentence, and no stack trace. */
export function lookedUp<T>(what: string, found: Promise<T>): pulumi.Output<T> {
  return pulumi.output(
    found.catch((error: unknown) => {
      throw notFound(what, (error as Error).message);
    }),
  ) as unknown as pulumi.Output<T>;
}

/** What the engine says around AWS's words. */
const AROUND = /^invocation of \S+ returned an error: |^invoking \S+: |^\s*\* /gm;

export function notFound(what: string, message: string): Refusal {
  const said = message.replace(AROUND, "").trim();
  const means = explain(said);
  return new Refusal(
    `${what} cannot be looked up at AWS; nothing was changed by that\n${means === undefined ? "" : `  ${means}\n`}  AWS says: ${said.split("\n").filter(Boolean).slice(0, 2).join(" ")}`,
  );
}

/** For resources whose names and places a person chooses. */
export const explained = saidBeside("aws-refused", ({ message }) => explain(message));
