/**
 * The most that the server's role may ever be allowed, whoever writes its policies: GitHub's infrastructure runs do, and could otherwise take by it what
 * they may not themselves. A person makes and changes this, as the runs' own roles. Pure.
 */
import { stackName } from "../../release/plan.ts";
import { bucketsOf, logGroupArn, parametersOf, type EnvironmentPlace } from "../aws-arn.ts";
import { allow, BACKUP_WRITES, LOG_WRITES, policy } from "../aws-policy.ts";
import { LOGIN, PULL, SESSIONS } from "./rights.ts";

export interface Bounds extends EnvironmentPlace {
  /** Names of buckets for backups that somebody has chosen. */
  readonly buckets: readonly string[];
}

export function boundary({ buckets, ...place }: Bounds): string {
  const { partition, account, region, application, environment } = place;
  const stores = bucketsOf(place, buckets);
  return policy(
    allow(["ssm:GetParameter"], parametersOf(place)),
    // AWS's own key of the parameter store.
    allow(["kms:Decrypt"], `arn:${partition}:kms:${region}:${account}:key/*`, { StringEquals: { "kms:ViaService": `ssm.${region}.amazonaws.com` } }),
    // Of whoever made the bucket, and for what is in it alone.
    allow(["kms:Decrypt", "kms:GenerateDataKey"], "*", {
      StringLike: { "kms:ViaService": "s3.*.amazonaws.com", "kms:EncryptionContext:aws:s3:arn": stores.flatMap((arn) => [arn, `${arn}/*`]) },
    }),
    allow(
      BACKUP_WRITES,
      // A bucket that somebody has chosen may be other environments' too, and have a prefix before theirs.
      stores.map((arn) => `${arn}/*${stackName(place)}/*`),
    ),
    allow(["s3:ListBucket*", "s3:GetBucketLocation", "s3:GetBucketObjectLockConfiguration", "s3:GetBucketVersioning"], stores),
    allow(LOG_WRITES, logGroupArn(place, `/${application}/${environment}:*`)),
    allow([...LOGIN, ...PULL, ...SESSIONS, "route53:ListHostedZonesByName", "route53:GetChange", "route53:ListResourceRecordSets"], "*"),
    allow(["route53:ChangeResourceRecordSets"], "*", { "ForAllValues:StringEquals": { "route53:ChangeResourceRecordSetsRecordTypes": ["TXT"] } }),
  );
}
