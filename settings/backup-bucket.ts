/** How the bucket for backups is made: how long nothing can be removed from it, and what it costs afterwards. */
import * as z from "zod";
import { bucketSchema } from "../release/backup.ts";

const days = (least: number) => z.number().int().min(least, `wants at least ${least} days`).max(36_500);

/** https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html */
const RESERVED = /^(xn--|sthree-|amzn-s3-demo-)|(-s3alias|--ol-s3|--x-s3|--table-s3)$/;

const bucketName = z
  .string()
  .regex(/^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$/, "wants a bucket's name, 3 to 63 lower-case letters, digits and dashes, none at an end: acme-shop-backups");

export const createBackupBucketForm = z.strictObject({
  name: bucketName
    .refine(
      (name) => !RESERVED.test(name),
      "wants a name that does not begin or end as AWS's own names do (xn--, sthree-, amzn-s3-demo-; -s3alias, --ol-s3, --x-s3, --table-s3): acme-shop-backups",
    )
    .optional(),
  lock: z.enum(["compliance", "governance"]).optional(),
  lockDays: days(1).optional(),
  coldAfter: days(1).default(30),
  expireAfter: days(1).default(365),
  // One that is there may have dots.
  accessLogs: z.union([bucketName, bucketSchema.shape.name], "wants a bucket's name: acme-access-logs").optional(),
});
export type BackupBucketWish = z.output<typeof createBackupBucketForm>;
