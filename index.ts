/** The product on one screen: what an environment is made of, in order. */
import "./components/quick-start.ts";
import * as pulumi from "@pulumi/pulumi";
import { awsAccount } from "./components/aws-account/index.ts";
import { BackupBucket } from "./components/backup-bucket/index.ts";
import { ComposeDeployment } from "./components/compose-deployment/index.ts";
import { Ec2Machine } from "./components/ec2-machine/index.ts";
import { EnvironmentAlarms } from "./components/environment-alarms/index.ts";
import { EnvironmentLog } from "./components/environment-log/index.ts";
import { Host } from "./components/host/index.ts";
import { imageDigests } from "./components/image-digests/index.ts";
import { Observation } from "./components/observation/index.ts";
import { RegistryAccess } from "./components/registry-access/index.ts";
import { githubSide } from "./github.ts";
import { loadSettings } from "./settings/index.ts";

const settings = loadSettings();
const { application, cloud, github } = settings;

const aws = cloud && awsAccount("aws", cloud.account);

const ec2 = cloud && aws && new Ec2Machine("machine", { ...cloud.machine, provider: aws });

const backups = ec2 && cloud?.backupBucket && new BackupBucket("backups", { ...cloud.backupBucket, provider: aws, writer: ec2.role });

const log = ec2 && cloud?.cloudWatch && new EnvironmentLog("log", { ...cloud.cloudWatch.log, provider: aws, writer: ec2.role });

// The settings name a server that is there, or one to make.
const host = new Host("host", { ...settings.ground, ...(settings.host ?? ec2!.access), ...settings.reach });

const registry = settings.registry && new RegistryAccess("registry", { ...settings.registry, server: host.server }, { dependsOn: host });

const images = settings.images && imageDigests("images", { images: settings.images, registry: settings.registry });

const deployment = new ComposeDeployment(
  application,
  {
    ...settings,
    compose: settings.compose.text,
    server: host.server,
    publicAddress: ec2?.access.address,
    ...(images && { images }),
    ...(backups && { bucket: backups.address }),
  },
  { dependsOn: registry ? [host, registry] : [host], protect: settings.protect },
);

const { observation } = settings;
const sink = log?.sink ?? observation?.sink;
const measured = observation && sink && new Observation("observation", { ...observation, sink, server: host.server }, { dependsOn: host });

// Made once the server is heard, and gone before it falls silent: its silence is an alarm, too.
const alarms = log && measured && cloud.cloudWatch?.alarms;
if (alarms) new EnvironmentAlarms("alarms", { ...alarms, provider: aws, key: log.key }, { dependsOn: measured });
if (github) githubSide(github, aws);

export const { url, release, deployed } = deployment;
export const { program } = host;
export const { machine } = host.server;
/** How operators reach a server that the stack made. */
export const access = ec2 && pulumi.secret(ec2.access);
/** Where a tunnel of Session Manager leads to. */
export const instance = ec2?.instance;
/** The record to make where the domain's zone is elsewhere. */
export const dnsRecord = ec2?.dnsRecord;
export const backupBucket = backups?.bucket;
