/** Whether what is in the bucket can be removed, or written over, by whoever has this server's keys: for `doctor`, and for whoever sets a bucket. */
import type { Backup } from "../release/backup.ts";
import type { Plan } from "../release/plan.ts";
import { guardsOf } from "./bucket.ts";
import type { Guards } from "./bucket/order.ts";
import type { Finding } from "./finding.ts";

/** Undefined where it cannot. `name`: of the bucket. */
export function unguarded(name: string, { versions, locks }: Guards): Finding | undefined {
  if (versions === false)
    return {
      what: `the bucket ${name} keeps no versions: what is removed from it, or written over, is gone`,
      fix: `aws s3api put-bucket-versioning --bucket ${name} --versioning-configuration Status=Enabled`,
    };
  return locks
    ? undefined
    : {
        what: `the bucket ${name} locks nothing, as far as this server may see: its backups can be removed before their time`,
        fix: `a default retention on it, and s3:GetBucketObjectLockConfiguration for this server: aws s3api get-object-lock-configuration --bucket ${name}`,
      };
}

const placeOf = ({ bucket }: Partial<Backup> = {}) => bucket && `${bucket.endpoint ?? ""} ${bucket.name}`;

/** The same for a plan whose bucket is another than that of what is live. One that does not answer is the backup's to tell. */
export async function unguardedAnew({ backup }: Pick<Plan, "backup">, live: Pick<Plan, "backup"> | undefined): Promise<Finding | undefined> {
  if (!backup?.bucket || placeOf(backup) === placeOf(live?.backup)) return undefined;
  const seen = await guardsOf(backup.bucket).catch(() => undefined);
  return seen && unguarded(backup.bucket.name, seen);
}
