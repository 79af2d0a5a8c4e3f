/**
 * Where backups go: nobody can change or remove one before its time, not even the server that wrote it. Never destroyed with
 * data in it.
 */
import type { Role } from "@pulumi/aws/iam/role.js";
import { RolePolicy } from "@pulumi/aws/iam/rolePolicy.js";
import { Alias } from "@pulumi/aws/kms/alias.js";
import { Key } from "@pulumi/aws/kms/key.js";
import type { Provider } from "@pulumi/aws/provider.js";
import { Bucket } from "@pulumi/aws/s3/bucket.js";
import { BucketLifecycleConfiguration } from "@pulumi/aws/s3/bucketLifecycleConfiguration.js";
import { BucketLogging } from "@pulumi/aws/s3/bucketLogging.js";
import { BucketObjectLockConfiguration } from "@pulumi/aws/s3/bucketObjectLockConfiguration.js";
import { BucketOwnershipControls } from "@pulumi/aws/s3/bucketOwnershipControls.js";
import { BucketPolicy } from "@pulumi/aws/s3/bucketPolicy.js";
import { BucketPublicAccessBlock } from "@pulumi/aws/s3/bucketPublicAccessBlock.js";
import { BucketServerSideEncryptionConfiguration } from "@pulumi/aws/s3/bucketServerSideEncryptionConfiguration.js";
import { BucketVersioning } from "@pulumi/aws/s3/bucketVersioning.js";
import * as pulumi from "@pulumi/pulumi";
import { stackName } from "../../release/plan.ts";
import { explained } from "../aws-errors.ts";
import { awsPlace } from "../aws-place.ts";
import { Refusal } from "../refusal.ts";
import { remembered } from "../remembered.ts";
import { bucketPolicy, keyPolicy, writerPolicy } from "./policies.ts";

/** Days of Glacier Instant Retrieval that are paid, however early an object goes. Source: AWS's table of S3's storage classes. */
const COLD_AT_LEAST = 90;

export interface BackupBucketArgs {
  readonly provider: Provider;
  readonly application: string;
  readonly environment: string;
  readonly region: string;
  /** Its name, which is one of the whole world's. @default AWS makes one from application and environment */
  readonly bucket?: string;
  /** `compliance`: nobody can shorten it, the account's root neither. `governance`: who has the right to can. */
  readonly lock: "compliance" | "governance";
  /** For how many days a backup cannot be removed. */
  readonly lockDays: number;
  /** After how many days it moves to cheaper storage, unless it is removed within what is paid of that anyway; and after how many it is removed. */
  readonly coldAfterDays: number;
  readonly expireAfterDays: number;
  /** Bucket that gets its access log. @default none is kept */
  readonly accessLogs?: string;
  /** Who writes backups: puts, lists and gets below the stack's name. @default nobody yet */
  readonly writer?: Role;
}

export class BackupBucket extends pulumi.ComponentResource {
  readonly bucket: pulumi.Output<string>;
  /** For whoever writes to it: with the server's own role, below the stack's own name. */
  readonly address: pulumi.Output<{ readonly name: string; readonly region: string; readonly prefix: string; readonly pathStyle: boolean }>;

  constructor(name: string, args: BackupBucketArgs, opts?: pulumi.ComponentResourceOptions) {
    super("recoloca:index:BackupBucket", name, { application: args.application, environment: args.environment }, opts);
    const { application, environment, writer } = args;
    const full = `${stackName(args)}-backups`;
    const own = { parent: this, provider: args.provider, hooks: explained() };
    const prefix = `${stackName(args)}/`;

    const key = new Key(
      full,
      {
        description: `Backups of ${application}, ${environment}`,
        enableKeyRotation: true,
        deletionWindowInDays: 30,
        policy: awsPlace(own).apply(keyPolicy),
      },
      { ...own, protect: true },
    );
    new Alias(full, { name: `alias/${full}`, targetKeyId: key.id }, own);
    // What it was to be called first: another name would be another bucket, without what is in this one.
    const called = remembered(`${name}-name`, args.bucket ?? "", { parent: this });
    const bucket = new Bucket(
      full,
      { bucket: called.apply((was) => keptName(was, args.bucket)) as pulumi.Output<string>, objectLockEnabled: true, forceDestroy: false },
      { ...own, protect: true },
    );
    const inside = { ...own, parent: bucket };
    const versioning = new BucketVersioning(full, { bucket: bucket.id, versioningConfiguration: { status: "Enabled" } }, inside);
    const after = { ...inside, dependsOn: versioning };
    new BucketObjectLockConfiguration(full, { bucket: bucket.id, rule: { defaultRetention: { mode: args.lock.toUpperCase(), days: args.lockDays } } }, after);
    new BucketServerSideEncryptionConfiguration(
      full,
      { bucket: bucket.id, rules: [{ applyServerSideEncryptionByDefault: { sseAlgorithm: "aws:kms", kmsMasterKeyId: key.arn }, bucketKeyEnabled: true }] },
      inside,
    );
    const closed = new BucketPublicAccessBlock(
      full,
      { bucket: bucket.id, blockPublicAcls: true, blockPublicPolicy: true, ignorePublicAcls: true, restrictPublicBuckets: true },
      inside,
    );
    new BucketOwnershipControls(full, { bucket: bucket.id, rule: { objectOwnership: "BucketOwnerEnforced" } }, inside);
    new BucketPolicy(
      full,
      { bucket: bucket.id, policy: pulumi.all([bucket.arn, writer?.arn]).apply(([arn, who]) => bucketPolicy(arn, who)) },
      { ...inside, dependsOn: closed },
    );
    new BucketLifecycleConfiguration(
      full,
      {
        bucket: bucket.id,
        rules: [
          {
            id: "backups",
            status: "Enabled",
            filter: { prefix: "" },
            ...(args.expireAfterDays >= args.coldAfterDays + COLD_AT_LEAST && { transitions: [{ days: args.coldAfterDays, storageClass: "GLACIER_IR" }] }),
            expiration: { days: args.expireAfterDays },
            // A version that was written over, or whose time is up, goes as soon as its lock lets it.
            noncurrentVersionExpiration: { noncurrentDays: 1 },
            abortIncompleteMultipartUpload: { daysAfterInitiation: 2 },
          },
        ],
      },
      after,
    );
    if (args.accessLogs !== undefined) new BucketLogging(full, { bucket: bucket.id, targetBucket: args.accessLogs, targetPrefix: `${full}/` }, inside);
    const grant =
      writer &&
      new RolePolicy(full, { role: writer.id, policy: pulumi.all([bucket.arn, key.arn]).apply(([arn, keyArn]) => writerPolicy(arn, prefix, keyArn)) }, own);
    // Known once whoever writes may do so.
    this.bucket = pulumi.all([bucket.id, grant?.id]).apply(([id]) => id);
    this.address = this.bucket.apply((bucketName) => ({ name: bucketName, region: args.region, prefix: "", pathStyle: false }));
    this.registerOutputs({ bucket: this.bucket });
  }
}

/** The name, or undefined where AWS makes one. Throws where it is not the one of before. */
function keptName(was: string, wanted: string | undefined): string | undefined {
  if (was === (wanted ?? "")) return wanted;
  const back = was === "" ? "pulumi config rm --path recoloca:createBackupBucket.name" : `pulumi config set --path recoloca:createBackupBucket.name ${was}`;
  throw new Refusal(`the backups of this stack would be left behind in another bucket; nothing was changed

  recoloca:createBackupBucket.name  ${wanted === undefined ? "is gone" : `got "${wanted}"`}, and the bucket that is there ${was === "" ? "has the name that AWS gave it" : `is called ${was}`}
      back: ${back}
`);
}
