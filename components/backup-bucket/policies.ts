/** Who may do what with a bucket of backups. Pure. */
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
export const writerPolicy = (bucket: string, prefix: string, key: string) =>
  policy(
    allow(BACKUP_WRITES, `${bucket}/${prefix}*`),
    allow("s3:ListBucket", bucket, { StringLike: { "s3:prefix": `${prefix}*` } }),
    allow(["s3:ListBucketMultipartUploads", "s3:GetBucketLocation", "s3:GetBucketObjectLockConfiguration"], bucket),
    allow(["kms:GenerateDataKey", "kms:Decrypt"], key),
  );
