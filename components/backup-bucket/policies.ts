/** Who may do what with a bucket of backups. Pure. */
import { bucketArn } from "../aws-arn.ts";
import type { AwsPlace } from "../aws-place.ts";
import { accountsOwn, allow, BACKUP_WRITES, policy } from "../aws-policy.ts";

/** Of the key that encrypts it: nobody outside of the account. */
export const keyPolicy = (place: AwsPlace) => policy(accountsOwn(place));

/** What whoever writes backups never does, even when its own policy grows. */
const NEVER = [
  "s3:DeleteObject",
  "s3:DeleteObjectVersion",
  "s3:PutObjectRetention",
  "s3:PutObjectLegalHold",
  "s3:BypassGovernanceRetention",
  "s3:PutBucketPolicy",
  "s3:DeleteBucketPolicy",
  "s3:PutBucketObjectLockConfiguration",
  "s3:PutBucketVersioning",
  "s3:PutLifecycleConfiguration",
  "s3:PutEncryptionConfiguration",
  "s3:DeleteBucket",
  "s3:PutBucketAcl",
  "s3:PutObjectAcl",
  "s3:PutBucketPublicAccessBlock",
  "s3:PutBucketOwnershipControls",
  "s3:PutBucketLogging",
  "s3:PutReplicationConfiguration",
];

export const bucketPolicy = (bucket: string, writer: string | undefined) =>
  policy(
    {
      Sid: "EncryptedOnTheWay",
      Effect: "Deny",
      Principal: "*",
      Action: "s3:*",
      Resource: [bucket, `${bucket}/*`],
      Condition: { Bool: { "aws:SecureTransport": "false" } },
    },
    ...(writer === undefined ? [] : [{ Sid: "WritersOnlyAdd", Effect: "Deny", Principal: { AWS: writer }, Action: NEVER, Resource: [bucket, `${bucket}/*`] }]),
  );

/** Of whoever writes backups: puts, lists and gets below its own prefix, and takes back what it has not finished. */
const adds = (bucket: string, prefix: string) => [
  allow(BACKUP_WRITES, `${bucket}/${prefix}*`),
  allow(["s3:ListBucket"], bucket, { StringLike: { "s3:prefix": `${prefix}*` } }),
  allow(["s3:ListBucketMultipartUploads", "s3:GetBucketLocation", "s3:GetBucketObjectLockConfiguration"], bucket),
];
const SEALS = ["kms:GenerateDataKey", "kms:Decrypt"];

export const writerPolicy = (bucket: string, prefix: string, key: string) => policy(...adds(bucket, prefix), allow(SEALS, key));

/**
 * To a bucket that is there. By which key its owner has it encrypted nobody says here: any that S3 uses for this bucket, of any account whose key lets
 * this role. Source: AWS's page on the encryption context of S3, which is the bucket's ARN, or the object's where it has no key of its own.
 */
export function givenWriterPolicy(
  { partition }: Pick<AwsPlace, "partition">,
  { name, region }: { readonly name: string; readonly region: string },
  prefix: string,
): string {
  const bucket = bucketArn({ partition }, name);
  return policy(
    ...adds(bucket, prefix),
    // Whether it keeps versions is its owner's business, and said where it does not.
    allow(["s3:GetBucketVersioning"], bucket),
    allow(SEALS, `arn:${partition}:kms:${region}:*:key/*`, {
      StringEquals: { "kms:ViaService": `s3.${region}.amazonaws.com` },
      StringLike: { "kms:EncryptionContext:aws:s3:arn": [bucket, `${bucket}/${prefix}*`] },
    }),
  );
}
