/** What policies of several components are made of. Pure. */
import type { RegionPlace } from "./aws-arn.ts";
import type { AwsPlace } from "./aws-place.ts";

/** A policy document of AWS, of these statements. */
export const policy = (...statements: readonly object[]) => JSON.stringify({ Version: "2012-10-17", Statement: statements });

/** A statement of it. */
export const allow = (Action: string | readonly string[], Resource: string | readonly string[], Condition?: object) => ({
  Effect: "Allow",
  Action,
  Resource,
  ...(Condition && { Condition }),
});

/** With the objects of a bucket: what whoever writes backups may, and its boundary lets it have. */
export const BACKUP_WRITES: readonly string[] = ["s3:PutObject", "s3:GetObject", "s3:AbortMultipartUpload", "s3:ListMultipartUploadParts"];
/** With a log, likewise. */
export const LOG_WRITES: readonly string[] = ["logs:CreateLogStream", "logs:PutLogEvents"];

/** The policy that bounds what an environment's server may ever do is called after the environment, and this. */
export const BOUNDARY = "-boundary";

/** A key's policy that leaves it to the account's IAM policies who may use the key. A key without this could never get another policy. */
export const accountsOwn = ({ partition, account }: AwsPlace) => ({
  Sid: "Account",
  Effect: "Allow",
  Principal: { AWS: `arn:${partition}:iam::${account}:root` },
  Action: "kms:*",
  Resource: "*",
});

/** That it is one of an environment's alarms, which are all called after it. */
export const fromAlarmsOf = ({ partition, account, region }: RegionPlace, name: string) => ({
  ArnLike: { "aws:SourceArn": `arn:${partition}:cloudwatch:${region}:${account}:alarm:${name}-*` },
});
