/** What the doubles refuse, as a table: a type, what is given, and the vendor's words. And what policies and blocks of addresses say. */
import { expect, test } from "vitest";
import { aws } from "../doubles/aws.ts";
import { allows } from "../doubles/aws-policies.ts";
import { isWithin, overlap } from "../doubles/cidr.ts";
import { randomPackage } from "../doubles/random.ts";
import { faults, serialized } from "../doubles/shapes.ts";
import { tls } from "../doubles/tls.ts";
import { declared, sdkFolder, typingsOf } from "../doubles/typings.ts";
import { changes, conceal, reveal, UNKNOWN, type Values } from "../doubles/values.ts";

const packages = [aws(undefined, "127.0.0.1"), tls, randomPackage];
const kinds = Object.assign({}, ...packages.map((one) => one.kinds)) as (typeof packages)[number]["kinds"];
const said = (type: string, inputs: Values) => (kinds[type]!.rules ?? []).map((rule) => rule(inputs)).filter((one) => one !== undefined);

const trust = (action: string) =>
  JSON.stringify({ Version: "2012-10-17", Statement: [{ Effect: "Allow", Principal: { Service: "ec2.amazonaws.com" }, Action: action }] });
const may = (action: string, resource: string) =>
  JSON.stringify({ Version: "2012-10-17", Statement: [{ Effect: "Allow", Action: action, Resource: resource }] });
const INSTANCE = "aws:ec2/instance:Instance";
const VOLUME = "aws:ebs/volume:Volume";
const BUCKET = "aws:s3/bucket:Bucket";
const LOCK = "aws:s3/bucketObjectLockConfiguration:BucketObjectLockConfiguration";
const LIFECYCLE = "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration";
const PARAMETER = "aws:ssm/parameter:Parameter";
const RULE = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule";
const ami = "ami-0d1a2b3c4d5e6f704";
const lifecycle = (rule: Values) => ({ rules: [{ id: "old", status: "Enabled", ...rule }] });

test.each<[string, Values, RegExp]>([
  ["aws:ec2/vpc:Vpc", { cidrBlock: "10.0.0.0/8" }, /must be between \/16 and \/28/],
  ["aws:ec2/vpc:Vpc", { cidrBlock: "10.0.0.1/16" }, /bits set to the right/],
  ["aws:ec2/vpc:Vpc", { cidrBlock: "ten" }, /is not a valid IPv4 CIDR block/],
  ["aws:ec2/vpc:Vpc", { cidrBlock: "10.0.0.0/16", tags: { "aws:x": "1" } }, /reserved for internal use/],
  ["aws:ec2/securityGroup:SecurityGroup", { name: "sg-mine" }, /cannot begin with sg-/],
  ["aws:ec2/securityGroup:SecurityGroup", { name: "mine", description: "Grüße" }, /invalid value for description/],
  [RULE, { ipProtocol: "-1", fromPort: 22, cidrIpv4: "0.0.0.0/0" }, /may not specify all protocols and specific ports/],
  [RULE, { ipProtocol: "tcp", fromPort: 443, toPort: 80, cidrIpv4: "0.0.0.0/0" }, /Invalid port range/],
  [RULE, { ipProtocol: "tcp", fromPort: 80, toPort: 80 }, /must be specified/],
  [RULE, { ipProtocol: "tcp", fromPort: 80, toPort: 80, cidrIpv4: "0.0.0.0/0", cidrIpv6: "::/0" }, /only one of/],
  [INSTANCE, { instanceType: "t3.small" }, /must contain the parameter ImageId/],
  [INSTANCE, { ami: "debian" }, /InvalidAMIID.Malformed/],
  [INSTANCE, { ami, metadataOptions: { httpTokens: "yes" } }, /expected httpTokens to be one of/],
  [INSTANCE, { ami, metadataOptions: { httpPutResponseHopLimit: 65 } }, /in the range \(1 - 64\)/],
  [INSTANCE, { ami, userData: "x".repeat(16_385) }, /limited to 16384 bytes/],
  [INSTANCE, { ami, rootBlockDevice: { volumeType: "gp2", throughput: 200 } }, /Throughput is not supported for volume type gp2/],
  [VOLUME, { size: 20, type: "gp3", iops: 2000 }, /gp3 takes 3000 to 80000/],
  [VOLUME, { size: 20, type: "gp3", iops: 16_000 }, /Iops to volume size ratio/],
  [VOLUME, { size: 20, type: "gp3", throughput: 1000 }, /maximum is 0.250000 MiBps per iops/],
  [VOLUME, { size: 20, type: "gp2", iops: 3000 }, /iops is not supported for gp2/],
  [VOLUME, { size: 20, kmsKeyId: "arn:aws:kms:x" }, /requires the parameter Encrypted/],
  ["aws:ec2/volumeAttachment:VolumeAttachment", { deviceName: "sdf" }, /not a valid EBS device name/],
  ["aws:iam/role:Role", { name: "a b", assumeRolePolicy: trust("sts:AssumeRole") }, /at most 64 characters/],
  ["aws:iam/role:Role", { assumeRolePolicy: "{" }, /not valid JSON/],
  ["aws:iam/role:Role", { assumeRolePolicy: may("sts:AssumeRole", "*") }, /Missing required field Principal/],
  ["aws:iam/rolePolicy:RolePolicy", { policy: trust("s3:GetObject") }, /should not specify a principal/],
  ["aws:iam/rolePolicy:RolePolicy", { policy: may("GetObject", "*") }, /must be prefaced by a vendor/],
  ["aws:iam/openIdConnectProvider:OpenIdConnectProvider", { url: "token.actions.githubusercontent.com" }, /begins with https/],
  [PARAMETER, { name: "aws/key", type: "String", value: "1" }, /fully qualified name/],
  [PARAMETER, { name: "/aws/key", type: "String", value: "1" }, /can't be prefixed with "aws" or "ssm"/],
  [PARAMETER, { name: "/a b", type: "String", value: "1" }, /only a mix of letters/],
  [PARAMETER, { name: "/a", type: "SecureString", insecureValue: "1" }, /insecureValue is not for a SecureString/],
  [PARAMETER, { name: "/a", type: "String", value: "x".repeat(4097) }, /maximum parameter value of 4096/],
  ["aws:kms/key:Key", { deletionWindowInDays: 3 }, /in the range \(7 - 30\)/],
  ["aws:kms/key:Key", { policy: may("kms:*", "*") }, /Missing required field Principal/],
  ["aws:kms/alias:Alias", { name: "mine" }, /begins with alias\//],
  [BUCKET, { bucket: "ab" }, /InvalidBucketName/],
  [BUCKET, { bucket: "Backups" }, /InvalidBucketName/],
  [BUCKET, { bucket: "192.168.0.1" }, /InvalidBucketName/],
  [LOCK, { rule: { defaultRetention: { mode: "COMPLIANCE", days: 1, years: 1 } } }, /only one of `days,years`/],
  [LOCK, { rule: { defaultRetention: { mode: "COMPLIANCE" } } }, /one of `days,years` must be specified/],
  [LOCK, { rule: { defaultRetention: { mode: "FOREVER", days: 1 } } }, /expected mode to be one of/],
  [LIFECYCLE, lifecycle({}), /At least one action/],
  [LIFECYCLE, lifecycle({ transitions: [{ days: 7, storageClass: "STANDARD_IA" }] }), /greater than or equal to 30/],
  [LIFECYCLE, lifecycle({ transitions: [{ days: 60, storageClass: "GLACIER" }], expiration: { days: 30 } }), /must be greater than 'Days' in the Transition/],
  [LIFECYCLE, { rules: [1, 2].map(() => ({ id: "one", status: "Enabled", expiration: { days: 1 } })) }, /RuleId must be unique/],
  ["aws:s3/bucketPolicy:BucketPolicy", { policy: "[]" }, /MalformedPolicy/],
  ["aws:sns/topicSubscription:TopicSubscription", { protocol: "email", endpoint: "nobody" }, /Endpoint does not fit the protocol email/],
  ["aws:cloudwatch/logGroup:LogGroup", { name: "a b" }, /invalid value for name/],
  ["aws:cloudwatch/logGroup:LogGroup", { retentionInDays: 31 }, /expected retention_in_days to be one of/],
  ["aws:sns/topicPolicy:TopicPolicy", { policy: may("sns:Publish", "*") }, /Missing required field Principal/],
  ["aws:cloudwatch/metricAlarm:MetricAlarm", { metricName: "x", period: 45 }, /multiple of 60/],
  ["aws:cloudwatch/metricAlarm:MetricAlarm", { metricName: "x", evaluationPeriods: 1, datapointsToAlarm: 2 }, /less than or equal/],
  ["aws:cloudwatch/metricAlarm:MetricAlarm", { metricName: "x", alarmActions: ["me"] }, /Invalid arn syntax: me/],
  ["aws:route53/record:Record", { type: "A", records: ["host"], ttl: 60 }, /not a valid IPv4 address/],
  ["aws:route53/record:Record", { type: "A", records: ["192.0.2.1"] }, /ttl must be set/],
  ["tls:index/privateKey:PrivateKey", { algorithm: "DSA" }, /expected algorithm to be one of/],
  ["random:index/randomPassword:RandomPassword", { length: 4, minLower: 3, minUpper: 3 }, /more than length/],
])("%s with %j is refused", (type, inputs, words) => {
  expect(said(type, inputs).join("\n")).toMatch(words);
});

test.each<[string, Values]>([
  ["aws:ec2/vpc:Vpc", { cidrBlock: "10.0.0.0/16", tags: { Name: "network" } }],
  [RULE, { ipProtocol: "-1", cidrIpv6: "::/0" }],
  [INSTANCE, { ami, metadataOptions: { httpTokens: "required", httpPutResponseHopLimit: 1 }, rootBlockDevice: { volumeType: "gp3", volumeSize: 20 } }],
  [VOLUME, { size: 100, type: "gp3", iops: 6000, throughput: 500, encrypted: true }],
  ["aws:iam/role:Role", { name: "recoloca-staging", assumeRolePolicy: trust("sts:AssumeRole") }],
  ["aws:iam/rolePolicy:RolePolicy", { name: "backups", policy: may("s3:PutObject", "arn:aws:s3:::b/*") }],
  [PARAMETER, { name: "/recoloca/staging/host-key", type: "SecureString", value: "key" }],
  [BUCKET, { bucket: "recoloca-staging-backups" }],
  [LOCK, { rule: { defaultRetention: { mode: "COMPLIANCE", days: 30 } } }],
  [LIFECYCLE, lifecycle({ transitions: [{ days: 30, storageClass: "GLACIER_IR" }], expiration: { days: 365 } })],
  ["aws:route53/record:Record", { type: "A", records: ["192.0.2.1"], ttl: 60, name: "staging" }],
])("%s with %j is taken", (type, inputs) => {
  expect(said(type, inputs)).toEqual([]);
});

test("every type and function that the doubles know is one of the SDK's, and so is every property that they name", async () => {
  for (const own of packages)
    for (const [type, kind] of Object.entries(own.kinds)) {
      const typings = await typingsOf(type);
      expect(typings, `${type} in ${sdkFolder(own.name)}/${declared(type).file}`).toBeDefined();
      const named = [...(kind.replaces ?? []), ...Object.keys(kind.refers ?? {}), ...(kind.named ? [kind.named] : [])].map((one) => one.split(".")[0]!);
      expect(named.filter((one) => !typings!.inputs[one])).toEqual([]);
    }
  for (const token of packages.flatMap((one) => Object.keys(one.lookups))) expect(await typingsOf(token), token).toBeDefined();
});

test("what the typings do not know, want or fit is found at any depth; what is not known yet is left alone", async () => {
  const typings = (await typingsOf(INSTANCE))!;
  const found = faults({ amy: "x", metadataOptions: { httpTokns: "required" }, vpcSecurityGroupIds: "one", subnetId: UNKNOWN, tags: { a: 1 } }, typings);
  expect(found.map(({ property }) => property).sort()).toEqual(["amy", "metadataOptions.httpTokns", "tags.a", "vpcSecurityGroupIds"]);
  const role = (await typingsOf("aws:iam/role:Role"))!;
  const trusting = (Principal: Values) => ({
    assumeRolePolicy: { Version: "2012-10-17", Statement: [{ Effect: "Allow", Action: "sts:AssumeRole", Principal }] },
  });
  expect(faults(trusting({ Service: "ec2.amazonaws.com" }), role)).toEqual([]);
  expect(faults(trusting({ Servant: "ec2.amazonaws.com" }), role)).not.toEqual([]);
  expect(serialized(trusting({ AWS: "*" }), role)["assumeRolePolicy"]).toBe(JSON.stringify(trusting({ AWS: "*" }).assumeRolePolicy));
  const attachment = (await typingsOf("aws:ec2/volumeAttachment:VolumeAttachment"))!;
  expect(faults({}, attachment).map(({ property }) => property).sort()).toEqual(["deviceName", "instanceId", "volumeId"]); // prettier-ignore
});

test("a policy allows what it names, a star stands for anything, and a Deny wins", () => {
  const arn = "arn:aws:ssm:eu-central-1:123456789012:parameter/recoloca/key";
  const deny = { Version: "2012-10-17", Statement: { Effect: "Deny", Action: "ssm:*", Resource: arn } };
  expect(allows([may("ssm:GetParameter", arn)], "ssm:GetParameter", arn)).toBe(true);
  expect(allows([may("ssm:Get*", "arn:aws:ssm:*:*:parameter/recoloca/*")], "ssm:GetParameter", arn)).toBe(true);
  expect(allows([may("ssm:GetParameter", `${arn}2`)], "ssm:GetParameter", arn)).toBe(false);
  expect(allows([may("ssm:PutParameter", arn)], "ssm:GetParameter", arn)).toBe(false);
  expect(allows([may("ssm:GetParameter", arn), deny], "ssm:GetParameter", arn)).toBe(false);
  expect(allows([], "ssm:GetParameter", arn)).toBe(false);
});

test("blocks of addresses", () => {
  expect(isWithin("10.0.1.0/24", "10.0.0.0/16")).toBe(true);
  expect(isWithin("10.1.0.0/24", "10.0.0.0/16")).toBe(false);
  expect(isWithin("10.0.0.0/8", "10.0.0.0/16")).toBe(false);
  expect(overlap("10.0.0.0/24", "10.0.0.128/25")).toBe(true);
  expect(overlap("10.0.0.0/24", "10.0.1.0/24")).toBe(false);
});

test("secrets are taken out of their wrapping and put back, and what differs is named", () => {
  const values = { plain: 1, spec: { password: "p" }, keys: ["a", "b"] };
  const places = ["spec.password", "keys.1"];
  expect(reveal(conceal(values, places))).toEqual({ values, secrets: places });
  expect(changes({ a: 1, b: { c: 1, d: [{ e: 1 }] } }, { a: 1, b: { c: 2, d: [{ e: 2 }] } })).toEqual(["b.c", "b.d.e"]);
  expect(changes({ list: [1] }, { list: [1, 2] })).toEqual(["list"]);
});
