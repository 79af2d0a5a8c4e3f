/** Who may do what with an environment's log, and with the key that encrypts it and its alarms. Pure. */
import { logGroupArn, type RegionPlace } from "../aws-arn.ts";
import { accountsOwn, allow, fromAlarmsOf, LOG_WRITES, policy } from "../aws-policy.ts";

const USE = ["kms:Encrypt", "kms:Decrypt", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:DescribeKey"];

/**
 * Beside the account's own rights: CloudWatch, for this one log group; and its alarms, which could not write to a topic that AWS's
 * own key encrypts. https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/encrypt-log-data-kms.html,
 * https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html
 */
export const keyPolicy = (place: RegionPlace, group: string, alarms: string) =>
  policy(
    accountsOwn(place),
    {
      Sid: "Log",
      Effect: "Allow",
      Principal: { Service: `logs.${place.region}.amazonaws.com` },
      Action: USE,
      Resource: "*",
      Condition: { ArnEquals: { "kms:EncryptionContext:aws:logs:arn": logGroupArn(place, group) } },
    },
    {
      Sid: "Alarms",
      Effect: "Allow",
      Principal: { Service: "cloudwatch.amazonaws.com" },
      Action: ["kms:Decrypt", "kms:GenerateDataKey*"],
      Resource: "*",
      Condition: fromAlarmsOf(place, alarms),
    },
  );

/** Of the server: it adds to the log. It neither reads it nor makes metrics: CloudWatch makes them of what is in it. */
export const writerPolicy = (group: string) => policy(allow(LOG_WRITES, `${group}:log-stream:*`));
