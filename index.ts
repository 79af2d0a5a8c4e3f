/** The product on one screen: what an environment is made of, in order. */
import * as pulumi from "@pulumi/pulumi";
import { ComposeDeployment } from "./components/compose-deployment/index.ts";
import { Host } from "./components/host/index.ts";
import { imageDigests } from "./components/image-digests/index.ts";
import { Observation } from "./components/observation/index.ts";
import { RegistryAccess } from "./components/registry-access/index.ts";
import { loadSettings } from "./settings/index.ts";

const settings = loadSettings();
const { application, cloud, github, previews } = settings;

// What not every environment has is loaded where it is wanted: a preview of the others is quicker by it.
const aws = cloud && (await import("./aws.ts")).awsSide(cloud);

// The settings name a server that is there, or one to make.
const host = new Host("host", { ...settings.ground, ...(settings.host ?? aws!.ec2.access), ...settings.reach });

// What is on a server that the stack made goes with it.
const goes = aws && { deletedWith: aws.ec2.resource };

const registry = settings.registry && new RegistryAccess("registry", { ...settings.registry, server: host.server }, { dependsOn: host, ...goes });

const images = settings.images && imageDigests("images", { images: settings.images, registry: settings.registry });

// What was renewed takes the place of what was set.
const renewed =
  settings.made.length > 0
    ? new (await import("./components/rotated-secrets/index.ts")).RotatedSecrets("secrets", { ...settings, given: settings.secrets })
    : undefined;

const publicAddress = aws?.ec2.access.address;

const deployment = new ComposeDeployment(
  application,
  {
    ...settings,
    secrets: renewed?.values ?? settings.secrets,
    compose: settings.compose.text,
    server: host.server,
    publicAddress,
    ...(images && { images }),
    ...(aws?.backups && { bucket: aws.backups.address }),
  },
  { dependsOn: registry ? [host, registry] : [host], protect: settings.protect, ...goes },
);

// What pull requests may have on it, and the key that asks for it.
const review =
  settings.review &&
  new (await import("./components/review-environments/index.ts")).ReviewEnvironments(
    "review",
    { application, policy: settings.review, server: host.server, publicAddress },
    { dependsOn: registry ? [host, registry] : [host], ...goes },
  );

const { observation } = settings;
const sink = aws?.log?.sink ?? observation?.sink;
const measured = observation && sink && new Observation("observation", { ...observation, sink, server: host.server }, { dependsOn: host, ...goes });

if (measured) aws?.alarms(measured);

const roles = github && (await import("./github.ts")).githubSide(github, aws?.provider, review && { key: review.privateKey, server: host.server.connection });

if (github?.whole?.access) (await import("./previews.ts")).accessSide(github.whole.access);

if (previews) (await import("./previews.ts")).previewSide(previews, roles?.plan);

const { url, release, deployed } = deployment;

export default {
  ...{ url, release, deployed, program: host.program, machine: host.server.machine },
  // Opens and closes environments of pull requests, and nothing else.
  ...(review && { reviewKey: review.privateKey }),
  // How operators reach a server that the stack made, and where a tunnel of Session Manager leads to.
  ...(aws && { access: pulumi.secret(aws.ec2.access), instance: aws.ec2.instance }),
  // The record to make where the domain's zone is elsewhere.
  ...(aws?.ec2.dnsRecord && { dnsRecord: aws.ec2.dnsRecord }),
  ...(aws?.backups && { backupBucket: aws.backups.bucket }),
};
