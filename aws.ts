/** What an environment has at AWS, on one screen: its account's provider, server, bucket for backups, log; and the alarms once something is heard. */
import type * as pulumi from "@pulumi/pulumi";
import { awsAccount } from "./components/aws-account/index.ts";
import { BackupBucket } from "./components/backup-bucket/index.ts";
import { GivenBucket } from "./components/backup-bucket/given-bucket.ts";
import { Ec2Machine } from "./components/ec2-machine/index.ts";
import { EnvironmentAlarms } from "./components/environment-alarms/index.ts";
import { EnvironmentLog } from "./components/environment-log/index.ts";
import type { Settings } from "./settings/index.ts";

export function awsSide({ account, machine, backupBucket, givenBucket, cloudWatch }: NonNullable<Settings["cloud"]>) {
  const provider = awsAccount("aws", account);

  const ec2 = new Ec2Machine("machine", { ...machine, provider });

  const backups = backupBucket
    ? new BackupBucket("backups", { ...backupBucket, provider, writer: ec2.role })
    : givenBucket && new GivenBucket("backups", { ...givenBucket, provider, writer: ec2.role });

  const log = cloudWatch && new EnvironmentLog("log", { ...cloudWatch.log, provider, writer: ec2.role });

  // Made once the server is heard, and gone before it falls silent: its silence is an alarm, too.
  const alarms = (heard: pulumi.Resource) =>
    log && cloudWatch.alarms && new EnvironmentAlarms("alarms", { ...cloudWatch.alarms, provider, key: log.key }, { dependsOn: heard });

  return { provider, ec2, backups, log, alarms };
}
