/** Names of the fields that a structure of the configuration has, whichever of its levels: what a wrong one is compared with. */
import * as z from "zod";
import { BACKUP_BUCKET_FIELDS } from "./backup-bucket.ts";
import { backupBucketForm, backupBucketKeysForm, backupForm } from "./backup.ts";
import { BASTION_FIELDS } from "./bastion.ts";
import { EC2_FIELDS } from "./ec2.ts";
import { GITHUB_FIELDS } from "./github-form.ts";
import { OBSERVABILITY_FIELDS } from "./observability.ts";
import { PIPELINE_FIELDS } from "./pipeline.ts";
import { PREVIEWS_FIELDS } from "./previews.ts";
import { REVIEW_FIELDS } from "./review.ts";
import { ROTATION_FIELDS } from "./rotation.ts";

const FIELDS: Record<string, readonly string[]> = {
  routes: ["host", "path", "service", "port"],
  gates: ["name", "path", "status", "contains", "timeout", "passes", "interval", "host"],
  backup: Object.keys(backupForm(z.string().transform(Number)).in.shape),
  backupBucket: Object.keys(backupBucketForm.shape),
  backupBucketKeys: Object.keys(backupBucketKeysForm.shape),
  migration: ["service", "command", "timeout", "revision", "breaking", "downgrade", "downgradeSql"],
  provenance: ["commit", "actor", "run", "reason"],
  notify: ["url", "format", "on"],
  telemetry: ["endpoint", "headers"],
  tls: ["acme", "hsts", "email", "directory", "rehearsal", "dns"],
  bastion: BASTION_FIELDS,
  ec2: EC2_FIELDS,
  github: GITHUB_FIELDS,
  pipeline: PIPELINE_FIELDS,
  previews: PREVIEWS_FIELDS,
  review: REVIEW_FIELDS,
  rotation: ROTATION_FIELDS,
  createBackupBucket: BACKUP_BUCKET_FIELDS,
  observability: OBSERVABILITY_FIELDS,
};

/** What a field that is not known may have been meant to be; `name`: of the key that it stands in. */
export const knownBeside = (name: string) => FIELDS[name] ?? [];
