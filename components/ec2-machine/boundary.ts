/**
 * The most that the server's role may ever be allowed, whoever writes its policies: GitHub's infrastructure runs do, and could otherwise take by it what
 * they may not themselves. A person makes and changes this, as the runs' own roles. Pure.
 */
import type { AwsPlace } from "../aws-place.ts";
import { allow, policy } from "../aws-policy.ts";
import { LOGIN, PULL, SESSIONS } from "./rights.ts";

export interface Bounds extends AwsPlace {
  readonly region: string;
  readonly application: string;
  readonly environment: string;
  /** Names of buckets for backups that somebody has chosen. */
  readonly buckets: readonly string[];
}

export function boundary({ partition, account, region, application, environment, buckets }: Bounds): string {
  const own = `${application}-${environment}`;
  const stores = [`${own}-*`, ...buckets].map((name) => `arn:${partition}:s3:::${name}`);
  return policy(
    allow(["ssm:GetParameter"], `arn:${partition}:ssm:${region}:${account}:parameter/${application}/${environment}/*`),
    // AWS's own key of the parameter store.
    allow(["kms:Decrypt"], `arn:${partition}:kms:${region}:${account}:key/*`, { StringEquals: { "kms:ViaService": `ssm.${region}.amazonaws.com` } }),
    // Of whoever made the bucket, and for what is in it alone.
    allow(["kms:Decrypt", "kms:GenerateDataKey"], "*", {
      StringLike: { "kms:ViaService": "s3.*.amazonaws.com", "kms:EncryptionContext:aws:s3:arn": stores.flatMap((arn) => [arn, `${arn}/*`]) },
    }),
    allow(
      ["s3:PutObject", "s3:GetObject", "s3:AbortMultipartUpload", "s3:ListMultipartUploadParts"],
      // A bucket that somebody has chosen may be other environments' too, and have a prefix before theirs.
      stores.map((arn) => `${arn}/*${own}/*`),
    ),
    allow(["s3:ListBucket*", "s3:GetBucketLocation", "s3:GetBucketObjectLockConfiguration", "s3:GetBucketVersioning"], stores),
    allow(["logs:CreateLogStream", "logs:PutLogEvents"], `arn:${partition}:logs:${region}:${account}:log-group:/${application}/${environment}:*`),
    allow([...LOGIN, ...PULL, ...SESSIONS, "route53:ListHostedZonesByName", "route53:GetChange", "route53:ListResourceRecordSets"], "*"),
    allow(["route53:ChangeResourceRecordSets"], "*", { "ForAllValues:StringEquals": { "route53:ChangeResourceRecordSetsRecordTypes": ["TXT"] } }),
  );
}
