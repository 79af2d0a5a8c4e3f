/**
 * What must be true of everything that the stacks of this repository make at AWS, whoever changes a component: their own
 * programs and configurations, with Pulumi's mocks for an engine.
 */
import { beforeAll, describe, expect, test } from "vitest";
import { allows } from "../doubles/aws-policies.ts";
import { everythingOf, PRIVATE, type Made } from "../mocked-program.ts";

const WATCHED = { "recoloca:observability": { to: "cloudwatch", email: "ops@recoloca.ai" } };

const STACKS = ["staging", "production"];

const PROVEN = { "recoloca:tls": { acme: { email: "ops@recoloca.ai", dns: "route53" } } };

const REGISTRY = "123456789012.dkr.ecr.sa-east-1.amazonaws.com";
const AT_ECR = { "recoloca:registryServer": REGISTRY, "recoloca:registryUsername": undefined };

const CASES = STACKS.flatMap((stack) => [
  [stack, "as it is", {}] as const,
  [stack, "watched", WATCHED] as const,
  [stack, "proven by Route 53", PROVEN] as const,
  [stack, "with images at ECR", AT_ECR] as const,
]);

/** Types that a test here looks at, for what could be read or reached of them. */
const LOOKED_AT = [
  ...["cloudwatch/logGroup:LogGroup", "cloudwatch/metricAlarm:MetricAlarm", "ebs/volume:Volume", "ec2/eip:Eip", "ec2/instance:Instance"],
  ...["iam/policy:Policy", "iam/role:Role", "iam/rolePolicy:RolePolicy", "kms/key:Key", "route53/record:Record"],
  ...["s3/bucket:Bucket", "s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration", "s3/bucketPolicy:BucketPolicy"],
  ...["s3/bucketObjectLockConfiguration:BucketObjectLockConfiguration", "s3/bucketPublicAccessBlock:BucketPublicAccessBlock"],
  ...["s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration", "s3/bucketVersioning:BucketVersioning"],
  ...["sns/topic:Topic", "sns/topicPolicy:TopicPolicy", "sns/topicSubscription:TopicSubscription", "ssm/parameter:Parameter"],
  ...["vpc/securityGroupIngressRule:SecurityGroupIngressRule"],
];
/** Types that hold nothing and let nobody in: they tie others together, or lead outwards. */
const NOTHING_TO_LOOK_AT = [
  ...["ec2/eipAssociation:EipAssociation", "ec2/internetGateway:InternetGateway", "ec2/routeTable:RouteTable", "ec2/securityGroup:SecurityGroup"],
  ...["ec2/routeTableAssociation:RouteTableAssociation", "ec2/subnet:Subnet", "ec2/volumeAttachment:VolumeAttachment", "ec2/vpc:Vpc"],
  ...["iam/instanceProfile:InstanceProfile", "iam/openIdConnectProvider:OpenIdConnectProvider", "kms/alias:Alias"],
  ...["s3/bucketOwnershipControls:BucketOwnershipControls", "vpc/securityGroupEgressRule:SecurityGroupEgressRule"],
];

/** AWS knows no narrower right. */
const NO_NARROWER = ["ecr:GetAuthorizationToken", "route53:ListHostedZonesByName"];

describe.each(CASES)("stack %s, %s", (stack, how, more) => {
  let all: Made[] = [];
  beforeAll(async () => {
    all = await everythingOf(stack, more);
  });
  const of = (type: string) => all.filter((one) => one.type === type);
  const only = (type: string) => of(type)[0]!.inputs;

  test("makes what an environment needs", () => {
    for (const type of ["aws:ec2/instance:Instance", "aws:ebs/volume:Volume", "aws:ec2/eip:Eip", "aws:s3/bucket:Bucket", "aws:route53/record:Record"])
      expect(of(type), type).toHaveLength(1);
    expect(of("command:remote:Command").map((one) => one.name)).toEqual(
      expect.arrayContaining(["host-bootstrap", "host-program", "registry", "recoloca-release"]),
    );
  });

  test("everything says whose it is", () => {
    expect(JSON.parse(only("pulumi:providers:aws")["defaultTags"] as string)).toEqual({
      tags: { application: "recoloca", environment: stack, owner: "recoloca", repository: "recoloca/recoloca", "managed-by": "pulumi" },
    });
  });

  test("everything at AWS is made by the one provider that says whose it is and in which region", () => {
    expect(of("pulumi:providers:aws")).toHaveLength(1);
    const provider = `::pulumi:providers:aws::${of("pulumi:providers:aws")[0]!.name}::`;
    const others = all.filter((one) => one.type.startsWith("aws:") && !one.provider!.includes(provider));
    expect(others.map(({ type, name }) => `${type} ${name}`)).toEqual([]);
  });

  test("no type is made whose policy nobody has thought of", () => {
    const types = new Set(all.filter(({ type }) => type.startsWith("aws:")).map(({ type }) => type.slice("aws:".length)));
    expect([...types].filter((one) => !LOOKED_AT.includes(one) && !NOTHING_TO_LOOK_AT.includes(one))).toEqual([]);
  });

  test("no role is taken by anybody, no key used by anybody, and what is kept for the server is encrypted", () => {
    const trusts = [...of("aws:iam/role:Role").map((one) => one.inputs["assumeRolePolicy"]), ...of("aws:kms/key:Key").map((one) => one.inputs["policy"])];
    expect(trusts.length).toBeGreaterThan(3);
    for (const text of trusts)
      for (const { Effect, Principal, Condition } of (
        JSON.parse(text as string) as { Statement: { Effect: string; Principal: unknown; Condition?: unknown }[] }
      ).Statement) {
        expect(Effect).toBe("Allow");
        // Whoever is let in by a token is let in by what it says.
        if (JSON.stringify(Principal).includes("Federated")) expect(Condition).toBeDefined();
        expect(JSON.stringify(Principal)).not.toContain('"*"');
      }
    for (const { inputs } of of("aws:ssm/parameter:Parameter")) expect(inputs["type"]).toBe("SecureString");
    for (const { inputs } of of("aws:kms/key:Key")) expect(inputs["enableKeyRotation"]).toBe(true);
  });

  test("disks are encrypted, and the data outlives what uses it", () => {
    for (const { inputs } of of("aws:ebs/volume:Volume")) expect(inputs).toMatchObject({ encrypted: true });
    for (const { inputs } of of("aws:ec2/instance:Instance")) expect(inputs["rootBlockDevice"]).toMatchObject({ encrypted: true });
    expect(only("aws:ec2/instance:Instance")["disableApiTermination"]).toBe(stack === "production");
  });

  test("containers cannot become the instance", () => {
    expect(only("aws:ec2/instance:Instance")["metadataOptions"]).toEqual({ httpEndpoint: "enabled", httpTokens: "required", httpPutResponseHopLimit: 1 });
  });

  test("the world reaches two ports, SSH is for those who are named", () => {
    const rules = of("aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule").map(({ inputs }) => [
      inputs["fromPort"],
      inputs["toPort"],
      inputs["cidrIpv4"] ?? inputs["cidrIpv6"] ?? "whatever else it names",
    ]);
    const open = (range: unknown) => /\/0$/.test(String(range));
    expect(rules.filter(([, , range]) => open(range)).sort()).toEqual([
      [443, 443, "0.0.0.0/0"],
      [80, 80, "0.0.0.0/0"],
    ]);
    expect(rules.filter(([, , range]) => !open(range))).toEqual([[22, 22, "203.0.113.0/24"]]);
  });

  test("no policy allows everything, or on everything", () => {
    // Those of workflows have a test of their own: github-policies.test.ts.
    const servers = all.filter(({ type, name }) => /rolePolicy:RolePolicy$/.test(type) && !/-(deploy|plan|infrastructure)$/.test(name));
    const policies = servers.map(({ name, inputs }) => ({ name, text: inputs["policy"] as string }));
    expect(policies.length).toBeGreaterThan(1);
    for (const { name, text } of policies)
      for (const { Effect, Action, Resource } of (JSON.parse(text) as { Statement: { Effect: string; Action: string | string[]; Resource: string }[] })
        .Statement) {
        if (Effect !== "Allow") continue;
        expect(
          [Action].flat().filter((action) => action.includes("*")),
          name,
        ).toEqual([]);
        if (![Action].flat().every((action) => NO_NARROWER.includes(action))) expect(Resource, name).not.toBe("*");
        expect(
          [Action].flat().filter((action) => /Delete|PutBucket|PutObjectRetention|Bypass|PutObjectLegalHold/.test(action)),
          name,
        ).toEqual([]);
      }
  });

  test("the bucket is closed, encrypted, versioned, locked, and guarded", () => {
    const buckets = of("aws:s3/bucket:Bucket");
    for (const { inputs } of buckets) expect(inputs).toMatchObject({ forceDestroy: false, objectLockEnabled: true });
    for (const guard of ["bucketPublicAccessBlock:BucketPublicAccessBlock", "bucketVersioning:BucketVersioning", "bucketPolicy:BucketPolicy"])
      expect(
        of(`aws:s3/${guard}`).map(({ inputs }) => inputs["bucket"]),
        guard,
      ).toEqual(buckets.map(({ name }) => `${name}-id`));
    const closed = { blockPublicAcls: true, blockPublicPolicy: true, ignorePublicAcls: true, restrictPublicBuckets: true };
    expect(only("aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock")).toMatchObject(closed);
    expect(only("aws:s3/bucketVersioning:BucketVersioning")).toMatchObject({ versioningConfiguration: { status: "Enabled" } });
    expect(only("aws:s3/bucketObjectLockConfiguration:BucketObjectLockConfiguration")).toMatchObject({
      rule: { defaultRetention: { mode: stack === "production" ? "COMPLIANCE" : "GOVERNANCE" } },
    });
    expect(JSON.stringify(only("aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration"))).toContain("aws:kms");
    const policy = only("aws:s3/bucketPolicy:BucketPolicy")["policy"] as string;
    expect(policy).toContain("aws:SecureTransport");
    expect(policy).toContain("s3:DeleteObjectVersion");
    expect(only("aws:kms/key:Key")).toMatchObject({ enableKeyRotation: true });
  });

  test("a host of AWS's that fails is left for another one by itself, and security fixes come without a restart", () => {
    expect(only("aws:ec2/instance:Instance")["maintenanceOptions"]).toEqual({ autoRecovery: "default" });
    const text = JSON.parse((only("aws:ec2/instance:Instance")["userData"] as string).replace("#cloud-config\n", "")) as {
      packages: string[];
      write_files: { path: string; content: string }[];
    };
    expect(text.packages).toContain("unattended-upgrades");
    const upgrades = text.write_files.find(({ path }) => path === "/etc/apt/apt.conf.d/52recoloca")!.content;
    expect(upgrades).toContain('APT::Periodic::Unattended-Upgrade "1";');
    expect(upgrades).toContain('Unattended-Upgrade::Automatic-Reboot "false";');
    expect(all.find(({ name }) => name === "host-program")!.inputs["create"]).toContain("Sun *-*-* 04:00:00 UTC");
  });

  test("a backup gets cheaper, ends, and leaves neither old versions nor halves of uploads", () => {
    expect(only("aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration")["rules"]).toEqual([
      {
        id: "backups",
        status: "Enabled",
        filter: { prefix: "" },
        // Of staging, where they go before 90 days of it are over, it would cost more than it saves.
        ...(stack === "production" && { transitions: [{ days: 30, storageClass: "GLACIER_IR" }] }),
        expiration: { days: stack === "production" ? 365 : 60 },
        noncurrentVersionExpiration: { noncurrentDays: 1 },
        abortIncompleteMultipartUpload: { daysAfterInitiation: 2 },
      },
    ]);
  });

  test("whoever writes backups is denied what would undo one, whatever else it is ever allowed", () => {
    const { Statement } = JSON.parse(only("aws:s3/bucketPolicy:BucketPolicy")["policy"] as string) as {
      Statement: { Sid: string; Effect: string; Action: string[] }[];
    };
    const writers = Statement.find(({ Sid }) => Sid === "WritersOnlyAdd")!;
    expect(writers.Effect).toBe("Deny");
    expect([...writers.Action].sort()).toEqual(
      [
        ...["BypassGovernanceRetention", "DeleteBucketPolicy", "DeleteObject", "DeleteObjectVersion", "PutBucketObjectLockConfiguration", "PutBucketPolicy"],
        ...["PutBucketVersioning", "PutEncryptionConfiguration", "PutLifecycleConfiguration", "PutObjectLegalHold", "PutObjectRetention"],
        ...["DeleteBucket", "PutBucketAcl", "PutBucketLogging", "PutBucketOwnershipControls", "PutBucketPublicAccessBlock", "PutObjectAcl"],
        "PutReplicationConfiguration",
      ]
        .map((name) => `s3:${name}`)
        .sort(),
    );
    // A PUT over an object is allowed: it makes a version, and the one before stays under its lock.
    const grant = of("aws:iam/rolePolicy:RolePolicy").find(({ name }) => name.endsWith("-backups"))!.inputs["policy"] as string;
    expect(grant).toContain("s3:PutObject");
    expect(only("aws:s3/bucketVersioning:BucketVersioning")).toMatchObject({ versioningConfiguration: { status: "Enabled" } });
  });

  test("whoever proves a name by Route 53 changes TXT records of that name alone, in its own zone, and nobody else changes any", () => {
    const domain = only("aws:route53/record:Record")["name"] as string;
    const statements = all
      .filter(({ type, name }) => /rolePolicy:RolePolicy$/.test(type) && !/-(deploy|plan|infrastructure)$/.test(name))
      .flatMap(({ inputs }) => (JSON.parse(inputs["policy"] as string) as { Statement: { Action: string[]; Condition?: object }[] }).Statement)
      .filter(({ Action }) => [Action].flat().includes("route53:ChangeResourceRecordSets"));
    expect(statements.map(({ Condition }) => Condition)).toEqual(
      how !== "proven by Route 53"
        ? []
        : [
            {
              "ForAllValues:StringEquals": {
                "route53:ChangeResourceRecordSetsRecordTypes": ["TXT"],
                "route53:ChangeResourceRecordSetsNormalizedRecordNames": [`_acme-challenge.${domain}`],
              },
            },
          ],
    );
    const policies = all.filter(({ type, name }) => /rolePolicy:RolePolicy$/.test(type) && name.endsWith("-proof")).map(({ inputs }) => inputs["policy"]);
    const may = (type: string, name: string, zone = "Z0123456789") =>
      allows(policies, "route53:ChangeResourceRecordSets", `arn:aws:route53:::hostedzone/${zone}`, {
        "route53:ChangeResourceRecordSetsRecordTypes": type,
        "route53:ChangeResourceRecordSetsNormalizedRecordNames": name,
      });
    expect(may("TXT", `_acme-challenge.${domain}`)).toBe(how === "proven by Route 53");
    const others = [
      may("A", `_acme-challenge.${domain}`),
      may("TXT", domain),
      may("TXT", `_acme-challenge.${domain}`, "Z9"),
      may("TXT", "_acme-challenge.other.recoloca.ai"),
    ];
    expect(others).toEqual([false, false, false, false]);
  });

  test("user data holds no secret", () => {
    const text = only("aws:ec2/instance:Instance")["userData"] as string;
    expect(text).toContain("/recoloca/");
    for (const secret of [PRIVATE, "TOKEN", "PASSWORD"]) expect(text).not.toContain(secret);
  });
});

test("in a subnet that is there no network is made, and the firewall is in its own", async () => {
  const ec2 = { region: "sa-east-1", instanceType: "t4g.small", subnet: "subnet-0123456789abcdef0", sshFrom: ["203.0.113.0/24"] };
  const all = await everythingOf("staging", { "recoloca:ec2": ec2 });
  expect(all.filter(({ type }) => /^aws:ec2\/(vpc|subnet|internetGateway|routeTable)/.test(type))).toEqual([]);
  expect(all.find(({ type }) => type === "aws:ec2/securityGroup:SecurityGroup")!.inputs["vpcId"]).toBe("vpc-of-the-subnet");
  expect(all.find(({ type }) => type === "aws:ec2/instance:Instance")!.inputs["subnetId"]).toBe("subnet-0123456789abcdef0");
  // Without a zone of ours the record to make is an output, and no record is made.
  expect(all.filter(({ type }) => type.endsWith(":Record"))).toEqual([]);
  expect(all.find(({ type }) => type.endsWith(":StackOutputs"))!.inputs["dnsRecord"]).toBe("staging.recoloca.ai. A 198.51.100.7");
});

test("behind Session Manager no port is open but those of visitors, and the role may hold a session", async () => {
  const all = await everythingOf("staging", {
    "recoloca:ec2": { region: "sa-east-1", instanceType: "t4g.small", image: "ubuntu-24.04", reach: "session-manager", sshFrom: ["203.0.113.0/24"] },
    "recoloca:hostAddress": "127.0.0.1",
    "recoloca:hostPort": "2222",
  });
  const ports = all.filter(({ type }) => type.endsWith(":SecurityGroupIngressRule")).map(({ inputs }) => inputs["fromPort"]);
  expect(ports.sort()).toEqual([443, 80]);
  const role = all.flatMap(({ type, inputs }) =>
    type === "aws:iam/rolePolicy:RolePolicy" && inputs["role"] === "recoloca-staging-id" ? [inputs["policy"]] : [],
  );
  const may = (action: string) => allows(role, action, "*");
  expect(["ssm:UpdateInstanceInformation", "ssmmessages:OpenControlChannel", "ssmmessages:CreateDataChannel"].map(may)).toEqual([true, true, true]);
  // AWS's own policy for it reads every parameter of the account.
  expect(allows(role, "ssm:GetParameter", "arn:aws:ssm:sa-east-1:123456789012:parameter/recoloca/production/ssh-host-key")).toBe(false);
  expect(all.filter(({ type }) => /PolicyAttachment/.test(type))).toEqual([]);
});

/** What the server's own role may do. */
const rolesOf = (all: Made[]) =>
  all.flatMap(({ type, inputs }) => (type === "aws:iam/rolePolicy:RolePolicy" && inputs["role"] === "recoloca-staging-id" ? [inputs["policy"]] : []));

test("with images at ECR the server reads those of that registry, and no other account's or region's", async () => {
  const role = rolesOf(await everythingOf("staging", AT_ECR));
  const may = (repository: string) => allows(role, "ecr:BatchGetImage", `arn:aws:ecr:${repository}`);
  expect(allows(role, "ecr:GetAuthorizationToken", "*")).toBe(true);
  const asked = ["sa-east-1:123456789012:repository/backend", "sa-east-1:999999999999:repository/backend", "eu-central-1:123456789012:repository/backend"];
  expect(asked.map(may)).toEqual([true, false, false]);
});

describe("a bucket for backups that is there already", () => {
  const bucket = { name: "acme-backups", region: "eu-central-1", prefix: "web" };
  const given = (more: object) => everythingOf("staging", { "recoloca:createBackupBucket": undefined, "recoloca:backupBucket": bucket, ...more });

  test("the server adds to it below the stack's own folder, by its role, and does nothing else to it", async () => {
    const all = await given({});
    const role = rolesOf(all);
    const may = (action: string, key: string) => allows(role, action, `arn:aws:s3:::acme-backups/${key}`);
    const mine = "web/recoloca-staging/2026/a.backup";
    expect(["s3:PutObject", "s3:GetObject", "s3:AbortMultipartUpload"].map((action) => may(action, mine))).toEqual([true, true, true]);
    expect(allows(role, "s3:GetBucketVersioning", "arn:aws:s3:::acme-backups")).toBe(true);
    expect([may("s3:PutObject", "web/recoloca-production/a"), may("s3:GetObject", "other"), may("s3:DeleteObject", mine)]).toEqual([false, false, false]);
    const seals = (place: string, arn = "arn:aws:s3:::acme-backups") =>
      allows(role, "kms:GenerateDataKey", "arn:aws:kms:eu-central-1:999999999999:key/1", {
        "kms:ViaService": place,
        "kms:EncryptionContext:aws:s3:arn": arn,
      });
    expect([seals("s3.eu-central-1.amazonaws.com"), seals("ebs.eu-central-1.amazonaws.com"), seals("s3.eu-central-1.amazonaws.com", "arn:aws:s3:::b")]).toEqual(
      [true, false, false],
    );
    expect(all.filter(({ type }) => type.startsWith("aws:s3/"))).toEqual([]);
    expect(all.find(({ type }) => type.endsWith(":StackOutputs"))!.inputs["backupBucket"]).toBe("acme-backups");
  });

  test("with keys of its own, or of another store, the role gets no right", async () => {
    const keys = { "recoloca:backupBucketKeys": { accessKeyId: "A", secretAccessKey: "B" } };
    for (const more of [keys, { ...keys, "recoloca:backupBucket": { ...bucket, endpoint: "https://s3.example.com" } }])
      expect(JSON.stringify(rolesOf(await given(more)))).not.toContain("s3:");
  });
});

test("with environments of pull requests, whose names have any number, their proofs too, and no other name's", async () => {
  const all = await everythingOf("staging", {
    ...PROVEN,
    "recoloca:review": { host: "pr-{number}.staging.recoloca.ai", repositories: ["ghcr.io/recoloca/backend"] },
  });
  const policies = all.filter(({ name }) => name === "recoloca-staging-proof").map(({ inputs }) => inputs["policy"]);
  const may = (name: string) =>
    allows(policies, "route53:ChangeResourceRecordSets", "arn:aws:route53:::hostedzone/Z0123456789", {
      "route53:ChangeResourceRecordSetsRecordTypes": "TXT",
      "route53:ChangeResourceRecordSetsNormalizedRecordNames": `_acme-challenge.${name}`,
    });
  expect(["staging.recoloca.ai", "pr-7.staging.recoloca.ai", "recoloca.ai", "shop.staging.recoloca.ai"].map(may)).toEqual([true, true, false, false]);
});

describe.each(STACKS)("what watches %s", (stack) => {
  let all: Made[] = [];
  beforeAll(async () => {
    all = await everythingOf(stack, WATCHED);
  });
  const of = (type: string) => all.filter((one) => one.type === type);
  const only = (type: string) => of(type)[0]!.inputs;

  test("nothing of it is watched, and nothing for that is paid, unless somebody wants it", async () => {
    const unwatched = await everythingOf(stack);
    expect(unwatched.filter(({ type }) => /^aws:(cloudwatch|sns)/.test(type))).toEqual([]);
    expect(unwatched.map(({ name }) => name)).not.toContain("observation");
  });

  test("what is written of it is encrypted, ends, and may be added to by its server alone", () => {
    expect(only("aws:cloudwatch/logGroup:LogGroup")).toMatchObject({
      name: `/recoloca/${stack}`,
      retentionInDays: 30,
      kmsKeyId: expect.stringMatching(/^arn:/) as string,
    });
    const [key] = of("aws:kms/key:Key").filter(({ name }) => name.endsWith("-log"));
    expect(key!.inputs).toMatchObject({ enableKeyRotation: true });
    const named = (JSON.parse(key!.inputs["policy"] as string) as { Statement: { Principal: object; Condition?: object }[] }).Statement;
    for (const { Principal, Condition } of named.filter((one) => "Service" in one.Principal)) expect(Condition, JSON.stringify(Principal)).toBeDefined();
    const [writer] = of("aws:iam/rolePolicy:RolePolicy").filter(({ name }) => name.endsWith("-log"));
    expect(JSON.parse(writer!.inputs["policy"] as string)).toMatchObject({
      Statement: [
        { Action: ["logs:CreateLogStream", "logs:PutLogEvents"], Resource: `arn:aws:logs:sa-east-1:123456789012:log-group:/recoloca/${stack}:log-stream:*` },
      ],
    });
  });

  test("each alarm goes to one encrypted topic that nobody else may write to, and says what to look at", () => {
    expect(of("aws:sns/topic:Topic")).toHaveLength(1);
    expect(only("aws:sns/topic:Topic")["kmsMasterKeyId"]).toBe(`recoloca-${stack}-log-id`);
    expect(only("aws:sns/topicSubscription:TopicSubscription")).toMatchObject({ protocol: "email", endpoint: "ops@recoloca.ai" });
    expect(only("aws:sns/topicPolicy:TopicPolicy")["policy"]).toContain(`:alarm:recoloca-${stack}-*`);
    const alarms = of("aws:cloudwatch/metricAlarm:MetricAlarm").map(({ inputs }) => inputs);
    const metrics = alarms.map((one) => (one["name"] as string).replace(`recoloca-${stack}-`, "")).sort();
    expect(metrics).toEqual(["backup", "certificate", "disk", "drill", "errors", "memory", "silent", "unhealthy"]);
    for (const one of alarms) {
      expect(one["alarmActions"]).toEqual([`arn:aws:x:::recoloca-${stack}`]);
      expect(one["okActions"]).toEqual(one["alarmActions"]);
      expect(one["dimensions"]).toEqual({ stack: `recoloca-${stack}` });
      expect(one["alarmDescription"]).toMatch(/recoloca |docker |aws /);
    }
    expect(alarms.filter((one) => one["treatMissingData"] === "breaching").map((one) => one["name"])).toEqual([`recoloca-${stack}-silent`]);
  });
});
