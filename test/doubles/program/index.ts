/** What the tests of the doubles put up: a network, a bucket, secrets, an instance on demand; and what the configuration spoils. */
import * as aws from "@pulumi/aws";
import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import * as random from "@pulumi/random";
import * as tls from "@pulumi/tls";

const config = new pulumi.Config();
const provider = new aws.Provider("cloud", {
  region: "eu-central-1",
  defaultTags: { tags: { application: "doubles", owner: config.get("owner") ?? "founders" } },
});
const there = { provider };

const network = new aws.ec2.Vpc("network", { cidrBlock: "10.0.0.0/16", enableDnsHostnames: true, tags: { Name: "network" } }, there);
const subnet = new aws.ec2.Subnet("subnet", { vpcId: network.id, cidrBlock: config.get("subnetCidr") ?? "10.0.1.0/24", mapPublicIpOnLaunch: true }, there);
const group = new aws.ec2.SecurityGroup("doors", { vpcId: network.id, description: config.get("description") ?? "Who may come in" }, there);
const open = (port: number) =>
  new aws.vpc.SecurityGroupIngressRule(
    `port-${port}`,
    { securityGroupId: group.id, ipProtocol: "tcp", fromPort: port, toPort: port, cidrIpv4: "0.0.0.0/0" },
    there,
  );
[22, 80].forEach(open);

const bucket = new aws.s3.Bucket("backups", { bucket: config.get("bucket") ?? "recoloca-doubles-backups", objectLockEnabled: true }, there);
new aws.s3.BucketObjectLockConfiguration("lock", { bucket: bucket.bucket, rule: { defaultRetention: { mode: "GOVERNANCE", days: 30 } } }, there);

const key = new tls.PrivateKey("host-key", { algorithm: "ED25519" });
const password = new random.RandomPassword("password", { length: 24, special: false });
const parameter = new aws.ssm.Parameter("host-key", { name: "/doubles/host-key", type: "SecureString", value: key.privateKeyOpenssh }, there);
new aws.ssm.Parameter("note", { name: "/doubles/note", type: "String", insecureValue: "plain" }, there);

const amiOf = (architecture: string) =>
  aws.ec2.getAmiOutput(
    { owners: ["136693071363"], mostRecent: true, filters: [{ name: "name", values: ["debian-13-*"] }, { name: "architecture", values: [architecture] }] },
    there,
  ); // prettier-ignore

function server(userData: string) {
  const role = new aws.iam.Role("server", { assumeRolePolicy: aws.iam.assumeRolePolicyForPrincipal({ Service: "ec2.amazonaws.com" }) }, there);
  const allowed = new aws.iam.RolePolicy("server", {
    role: role.name,
    policy: pulumi.jsonStringify({
      Version: "2012-10-17",
      Statement: [{ Effect: "Allow", Action: "ssm:GetParameter", Resource: parameter.arn }],
    }),
  }, there); // prettier-ignore
  const profile = new aws.iam.InstanceProfile("server", { role: role.name }, there);
  const data = new aws.ebs.Volume(
    "data",
    { availabilityZone: "eu-central-1a", size: config.getNumber("volumeSize") ?? 20, type: "gp3", encrypted: true },
    there,
  );
  const instance = new aws.ec2.Instance("server", {
    ami: amiOf(config.get("architecture") ?? "arm64").id,
    instanceType: config.get("instanceType") ?? "t4g.small",
    subnetId: subnet.id,
    vpcSecurityGroupIds: [group.id],
    iamInstanceProfile: profile.name,
    userData,
    disableApiTermination: config.getBoolean("protected") ?? false,
    metadataOptions: { httpTokens: "required", httpPutResponseHopLimit: 1 },
    rootBlockDevice: { encrypted: true, volumeType: "gp3", volumeSize: 10 },
  }, { ...there, dependsOn: allowed, deleteBeforeReplace: true }); // prettier-ignore
  const address = new aws.ec2.Eip("server", { domain: "vpc" }, there);
  new aws.ec2.EipAssociation("server", { allocationId: address.id, instanceId: instance.id }, there);
  new aws.ec2.VolumeAttachment("data", { instanceId: instance.id, volumeId: data.id, deviceName: "/dev/sdf" }, { ...there, deleteBeforeReplace: true });
  return instance;
}

const userData = config.get("userData");
export const instance = userData === undefined ? undefined : server(userData).id;

/** Past the SDK's own checks: what a program can send all the same. */
class Raw extends pulumi.CustomResource {}
for (const { name, type, inputs } of config.getObject<{ name: string; type: string; inputs: pulumi.Inputs }[]>("raw") ?? []) new Raw(type, name, inputs, there);

const image = config.get("image");
const registry = new docker.Provider("registry", {
  registryAuth: [{ address: config.get("registry") ?? "", username: "recoloca", password: config.getSecret("registryPassword") ?? "" }],
});
export const digest =
  image === undefined ? undefined : docker.getRegistryImageOutput({ name: image, insecureSkipVerify: true }, { provider: registry }).sha256Digest;

export const account = aws.getCallerIdentityOutput({}, there).accountId;
export const bucketArn = bucket.arn;
export const tags = network.tagsAll;
export const publicKey = key.publicKeyOpenssh;
export const secret = password.result;
export const kept = key.privateKeyOpenssh;
