/** The server at AWS: what it is, where it stands, how it is reached, whose it is. */
import { ed25519Pair } from "../key-pair.ts";
import { ALL_COMMANDS, hidden, type Section } from "./row.ts";

/** Subnets that are there, of the data disk's zone and of another one: whoever asks for the rows' previews puts them into the world. */
export const SUBNETS = { same: "subnet-0123456789abcdef0", other: "subnet-0123456789abcdef1", private: "subnet-0123456789abcdef2" };
/** A disk that is there. */
export const VOLUME = "vol-0123456789abcdef0";

const HOST_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIFgVWyOhZSIO5PZbKOGHb+PVaBSZZRD1OSKzMAGfuwCp";
const key = hidden(() => ed25519Pair().private);
const ANEW = ["± EipAssociation", "± Instance", "± VolumeAttachment", "rolls", ...ALL_COMMANDS];
const SOME_MINUTES = "no answer for some minutes";
/** Everything at AWS has tags. */
const TAGGED = ["Alias", "Bucket", "BucketLifecycleConfiguration", "BucketObjectLockConfiguration", "BucketOwnershipControls", "BucketPolicy", "BucketPublicAccessBlock", "BucketServerSideEncryptionConfiguration", "BucketVersioning", "Eip", "EipAssociation", "Instance", "InstanceProfile", "InternetGateway", "Key", "LogGroup", "MetricAlarm", "OpenIdConnectProvider", "Parameter", "Policy", "Record", "Role", "RolePolicy", "RouteTable", "RouteTableAssociation", "SecurityGroup", "SecurityGroupEgressRule", "SecurityGroupIngressRule", "Subnet", "Topic", "TopicPolicy", "TopicSubscription", "Volume", "VolumeAttachment", "Vpc"].map((one) => `~ ${one}`); // prettier-ignore

export const SERVER: Section = {
  title: "The server",
  rows: [
    {
      change: "a larger or smaller instance type",
      set: { "ec2.instanceType": "t4g.large" },
      does: ["~ Instance"],
      visitors: "no answer for about two minutes",
      note: "it is stopped and started",
    },
    {
      change: "an instance type of another architecture",
      set: { "ec2.instanceType": "t3.small" },
      refused: /recoloca:ec2\.instanceType {2}got "t3\.small", which is x86_64, and the system of the server is arm64\n.*recoloca:ec2\.generation 2/,
    },
    {
      change: "an instance type that AWS does not have in the stack's zone",
      set: { "ec2.instanceType": "m8g.large" },
      refused: /recoloca:ec2\.instanceType {2}got "m8g\.large", which AWS has in sa-east-1b, sa-east-1c, and the stack is in sa-east-1a/,
    },
    {
      change: "an instance type of another architecture, with a new generation",
      set: { "ec2.instanceType": "t3.small", "ec2.generation": 2 },
      along: ["ec2.generation"],
      does: ANEW,
      visitors: SOME_MINUTES,
      note: "the release's images have to be there for the new one as well",
    },
    {
      change: "another system, or an image of your own",
      set: { "ec2.image": "ubuntu-24.04", "ec2.ami": "ami-0d1a2b3c4d5e6f702" },
      does: [],
      note: "with the next generation",
    },
    {
      change: "a new generation",
      set: { "ec2.generation": 2 },
      does: ANEW,
      visitors: SOME_MINUTES,
      note: "another machine from the newest image; address, host key, data and release are the same",
    },
    {
      change: "a new generation of a protected server",
      of: "production",
      set: { "ec2.generation": 2 },
      refused: /unable to replace resource ".*Instance::recoloca-production"\nas it is currently marked for protection/,
      note: "in Pulumi's words; the next line is the way",
    },
    {
      change: "a new generation, and protected no more",
      of: "production",
      set: { "ec2.generation": 2, "ec2.protect": false },
      does: [
        "rolls",
        "± EipAssociation",
        "± Instance",
        "± VolumeAttachment",
        ...ALL_COMMANDS.filter((one) => !/review|traces|measurements|observation/.test(one)),
      ],
      visitors: SOME_MINUTES,
      note: "`ec2.protect` back afterwards",
    },
    {
      change: "larger disks",
      set: { "ec2.rootDisk": 40, "ec2.dataDisk": 60 },
      does: ["~ Instance", "~ Volume", "~ host-data-disk"],
      note: "the data disk's file system grows while it is in use; that of the root disk at its next start",
    },
    {
      change: "smaller disks",
      set: { "ec2.rootDisk": 10, "ec2.dataDisk": 15 },
      refused: /recoloca:ec2\.(rootDisk {2}got 10, and the disk has 20|dataDisk {2}got 15, and the disk has 30) GiB; a disk never shrinks/,
    },
    {
      change: "another region",
      set: { "ec2.region": "eu-central-1" },
      refused: /recoloca:ec2\.region {2}got "eu-central-1", and the data disk is in sa-east-1\n.*back: pulumi config set/,
      note: "it is another environment, fed from backups: [aws.md](aws.md#to-another-region)",
    },
    {
      change: "a subnet in another zone",
      set: { "ec2.subnet": SUBNETS.other },
      refused: /recoloca:ec2\.subnet {2}leads to the zone sa-east-1c, and the data disk is in sa-east-1a/,
    },
    {
      change: "a subnet that is not public, of a server that is reached at its own address",
      set: { "ec2.subnet": SUBNETS.private, hostAddress: undefined, hostPort: undefined },
      along: ["hostAddress", "hostPort"],
      refused: /recoloca:ec2\.subnet {2}got "subnet-0123456789abcdef2", whose route 0\.0\.0\.0\/0 leads to nat-0123456789abcdef0/,
    },
    {
      change: "a subnet in the disk's zone",
      set: { "ec2.subnet": SUBNETS.same },
      does: [
        ...ANEW,
        ...["- InternetGateway", "- RouteTable", "- RouteTableAssociation", "- Subnet", "- Vpc"],
        ...["± SecurityGroup", "± SecurityGroupEgressRule", "± SecurityGroupIngressRule"],
      ],
      visitors: SOME_MINUTES,
      note: "another machine there; its own network goes",
    },
    {
      change: "a data disk, where there is one",
      set: { "ec2.dataVolume": VOLUME },
      refused: /recoloca:ec2\.dataVolume {2}got vol-0123456789abcdef0, and the stack has a data disk already/,
      note: "around a disk that stayed, a stack is made: [aws.md](aws.md#up-again-around-the-disk-that-stayed)",
    },
    {
      change: "another account",
      set: { "ec2.account": "210987654321" },
      refused: /AWS account ID not allowed: 123456789012/,
      note: "the number of the account that it is in, said, changes nothing",
    },
    {
      change: "who may come by SSH",
      set: { "ec2.sshFrom": ["198.51.100.0/24"] },
      does: ["+ SecurityGroupIngressRule", "- SecurityGroupIngressRule"],
    },
    {
      change: "Session Manager, on a Debian server",
      set: { "ec2.reach": "session-manager", "ec2.image": "ubuntu-24.04", hostAddress: "127.0.0.1", review: undefined },
      along: ["ec2.image", "hostAddress", "review"],
      refused: /recoloca:ec2\.reach {2}got "session-manager", and the server runs debian-13, which has no agent of it/,
      note: "with a new generation in the same update: [aws.md](aws.md#a-shell-on-it)",
    },
    {
      change: "where a tunnel to it begins",
      set: { hostAddress: "127.0.0.9", hostPort: 1 },
      does: ["~ ActionsEnvironmentVariable", "~ release", ...ALL_COMMANDS],
      says: /the server does not say what is live .*; comparing with what was deployed last/,
      note: "each command on the server runs once more, by the other way, and finds what it left",
    },
    {
      change: "a bastion",
      set: {
        bastion: { address: "127.0.0.1", port: 1, user: "jump", hostKey: HOST_KEY },
        bastionPrivateKey: key,
        "ec2.sshFrom": ["127.0.0.1/32"],
        review: undefined,
      },
      along: ["ec2.sshFrom", "review"],
      does: [
        ...["+ SecurityGroupIngressRule", "- SecurityGroupIngressRule", "~ release"],
        ...ALL_COMMANDS.filter((one) => !one.includes("review")),
        ...["- ActionsEnvironmentSecret", "- ActionsEnvironmentVariable", "- PrivateKey", "- Record", "- RepositoryEnvironment"],
        ...["- RepositoryEnvironmentDeploymentPolicy", "- host-review", "- review", "- review-key"],
      ],
      says: /the server does not say what is live .*; comparing with what was deployed last/,
      note: "environments of pull requests are not had beside it: here they go",
    },
    {
      change: "keys of your own",
      set: { hostKey: HOST_KEY, sshPrivateKey: key, hostAddress: undefined, hostPort: undefined },
      along: ["hostAddress", "hostPort"],
      refused: /recoloca:hostKey +is made by the stack.*\n.*\n +recoloca:sshPrivateKey +is made by the stack/,
      note: "how the stack's own are renewed: [aws.md](aws.md#another-host-key-another-login-key)",
    },
    { change: "another user", set: { hostUser: "someone" }, does: [], note: "it is for a server of your own: here the stack has its own" },
    {
      change: "a server of your own instead",
      set: {
        ...{ ec2: undefined, createBackupBucket: undefined, observability: undefined, review: undefined },
        ...{ hostAddress: "127.0.0.1", hostPort: 1, hostKey: HOST_KEY, sshPrivateKey: key },
      },
      along: ["createBackupBucket", "observability", "review", "hostAddress", "hostPort", "hostKey", "sshPrivateKey"],
      refused: /recoloca-staging-backups" cannot be deleted\nbecause it is protected/,
      note: "in Pulumi's words, because of the bucket. It would begin with an empty database: make another stack, and [restore](backups.md#restoring) there",
    },
    {
      change: "when newer packages come",
      set: { upgradeWindow: "Mon 03:00" },
      does: ["~ host-program"],
    },
    {
      change: "what is kept when the stack is destroyed",
      set: { "ec2.protect": true, removeData: "true" },
      does: ["~ Instance", "~ release"],
    },
    {
      change: "who answers for it",
      set: { "ec2.owner": "platform", "ec2.account": "123456789012" },
      along: ["ec2.account"],
      does: TAGGED,
      note: "a tag on everything",
    },
    {
      change: "another application",
      set: { application: "other" },
      refused: /recoloca:application {2}got "other", and all that is there is called recoloca/,
      note: "another application is another stack",
    },
    {
      change: "another repository",
      set: { repository: "recoloca/elsewhere" },
      refused: /recoloca:repository {2}got "recoloca\/elsewhere", and they are at recoloca\/recoloca\n.*back:/,
      note: "first without `github`, then both: [github.md](github.md#another-repository). Without `github` it is a tag",
    },
  ],
};
