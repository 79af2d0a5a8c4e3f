/** How the bucket for backups is made: how long nothing can be removed from it, and what it costs afterwards. */
import * as z from "zod";

const days = (least: number) => z.number().int().min(least, `wants at least ${least} days`).max(36_500);

export const createBackupBucketForm = z.strictObject({
  name: z
    .string()
    .regex(/^(?!xn--|sthree-)[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$/, "wants a bucket's name: 3 to 63 lower-case letters, digits and dashes")
    .refine((name) => !name.endsWith("-s3alias"), "wants a name that does not end with -s3alias")
    .optional(),
  lock: z.enum(["compliance", "governance"]).optional(),
  lockDays: days(1).optional(),
  coldAfter: days(1).default(30),
  expireAfter: days(1).default(365),
  accessLogs: z.string().min(3).optional(),
});
export type BackupBucketWish = z.output<typeof createBackupBucketForm>;
export const BACKUP_BUCKET_FIELDS = Object.keys(createBackupBucketForm.shape);
