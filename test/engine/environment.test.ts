/**
 * Both environments of this repository whole, on the real engine, with doubles for the clouds: from nothing to a served application on
 * an instance that boots its user data, with its backup in the bucket that the stack made, by its role; changed; made anew; gone.
 */
import * as fs from "node:fs";
import * as path from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { attempt } from "../../local/command.ts";
import { ensureObjectStore, type ObjectStore, removeObjectStore } from "../../local/object-store.ts";
import { REGISTRY_USER, registryPassword } from "../../local/registry.ts";
import { gatewayOf } from "../../local/server.ts";
import { inSite, registryName, testSite } from "../../local/site.ts";
import { checkout } from "../../tools/cache.ts";
import { acmeLog, acmeRoot, DIRECTORY, makeAcme, removeAcme } from "../acme-server.ts";
import { type Doubles, startDoubles } from "../doubles/doubles.ts";
import { found } from "../doubles/github-repository.ts";
import { type Config, TestStack } from "../doubles/test-stack.ts";
import { imagesOf } from "../site.ts";

const REGION = "sa-east-1";
const UNCHANGED = /updated|created|deleted|replaced/;
const INSTANCE = "aws:ec2/instance:Instance";
const VOLUME = "aws:ebs/volume:Volume";
const INGRESS = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule";
const ROLE_POLICY = "aws:iam/rolePolicy:RolePolicy";

/** How each environment's name is proven: staging's through its edge, production's by a record in its zone. */
const PROOF: Record<string, object> = { staging: {}, production: { dns: "route53" } };

/** Types of what one `up` did at the clouds. */
interface Change {
  readonly updated?: readonly string[];
  readonly made?: readonly string[];
  readonly gone?: readonly string[];
}

/** Each environment has an account at AWS of its own here; the repository as a whole is another test's (github.test.ts). */
const GITHUB: Record<string, object> = { staging: {}, production: { makesIdentityProvider: true, ownsRepository: false } };

/** A command line that asks S3 with the role that the instance has, and prints the answer's status. */
const asInstance = (method: string, url: string) => `set -eu
from=http://169.254.169.254/latest
token=$(curl -sSf -X PUT -H 'X-aws-ec2-metadata-token-ttl-seconds: 60' $from/api/token)
ask() { curl -sSf -H "X-aws-ec2-metadata-token: $token" "$from/meta-data/iam/security-credentials/$1"; }
ask "$(ask '')" > /run/asking.json
field() { sed -n "s/.*\\"$1\\":\\"\\([^\\"]*\\)\\".*/\\1/p" /run/asking.json; }
curl -sS -o /dev/null -w '%{http_code}' -X ${method} ${method === "HEAD" ? "--head" : ""} --aws-sigv4 aws:amz:${REGION}:s3 --user "$(field AccessKeyId):$(field SecretAccessKey)" \\
  -H "x-amz-security-token: $(field Token)" -H 'x-amz-content-sha256: UNSIGNED-PAYLOAD' '${url}'
rm /run/asking.json`;

describe.each(["staging", "production"])("%s", (name) => {
  const folder = inSite(testSite, name);
  const bucket = `recoloca-${name}-backups-of-a-test`;
  let store: ObjectStore;
  let doubles: Doubles;
  let stack: TestStack;
  let passwords: string[];

  /** What was changed so far stays changed. */
  const since: { ec2: object; bucket: object } = { ec2: {}, bucket: {} };
  /** What the repository ships, on this machine's ports and registry. */
  const configure = (change: Config = {}, more: Partial<typeof since> = {}) => {
    Object.assign(since.ec2, more.ec2);
    Object.assign(since.bucket, more.bucket);
    const shipped = (key: string) => stack.shipped[key] as object;
    stack.configure({
      ...stack.shipped,
      "recoloca:ec2": { ...shipped("recoloca:ec2"), sshFrom: ["203.0.113.0/24"], ...since.ec2 },
      "recoloca:tls": { acme: { ...(shipped("recoloca:tls") as { acme: object }).acme, directory: DIRECTORY, ...PROOF[name] } },
      "recoloca:createBackupBucket": { ...shipped("recoloca:createBackupBucket"), name: bucket, ...since.bucket },
      "recoloca:github": { ...shipped("recoloca:github"), reviewers: { teams: { platform: 42 } }, ...GITHUB[name] },
      "recoloca:pipeline": undefined,
      "recoloca:hostAddress": "127.0.0.1",
      "recoloca:hostPort": testSite.sshPort,
      "recoloca:registryServer": registryName(testSite),
      "recoloca:registryUsername": REGISTRY_USER,
      "recoloca:watch": "2s",
      "recoloca:drain": "2s",
      ...change,
    });
  };
  const protectedResources = async () => {
    const state = JSON.parse(await stack.state()) as { deployment: { resources: { type: string; urn: string; protect?: boolean }[] } };
    return Object.fromEntries(state.deployment.resources.filter(({ protect }) => protect === true).map(({ type, urn }) => [type, urn]));
  };
  const release = async (version: string): Promise<Config> => {
    const { backend, frontend, postgres, redis } = await imagesOf(version);
    return {
      "recoloca:images": { backend, worker: backend, frontend },
      "recoloca:release": version,
      "recoloca:variables": { POSTGRES_IMAGE: postgres, REDIS_IMAGE: redis },
    };
  };
  const domain = () => stack.shipped["recoloca:domain"] as string;
  const instance = () => doubles.world.all(INSTANCE)[0]!;
  const id = () => instance()["id"] as string;
  const on = async (command: string) => (await doubles.host!.on(id(), command)).output;
  const shownCertificate = () => on(`openssl x509 -noout -fingerprint -in /etc/haproxy/recoloca/certificates/${domain()}.pem`);
  /** What was changed at the clouds since the last clear. */
  const written = () =>
    doubles.requests.filter((one) => ["create", "update", "delete"].includes(one.operation) && !one.preview).map((one) => `${one.operation} ${one.type}`);
  /** The version that answers, once the instance is up. */
  const serves = (version: string) => expect.poll(() => ask("/api/v1/version"), { timeout: 90_000, interval: 500 }).toContain(`"version":"${version}"`);
  /** As a visitor who trusts the test's authority. */
  const ask = async (page: string, init: RequestInit = {}) =>
    attempt("curl", [
      "--silent", "--max-time", "10", "--cacert", path.join(folder, "root.pem"), "--resolve", `${domain()}:${testSite.httpsPort}:127.0.0.1`,
      "--header", `Host: ${domain()}`, "--header", "content-type: application/json",
      ...(init.method ? ["--request", init.method, "--data", init.body as string] : []), `https://${domain()}:${testSite.httpsPort}${page}`,
    ]).then(({ stdout }) => stdout); // prettier-ignore

  beforeAll(async () => {
    fs.rmSync(folder, { recursive: true, force: true });
    fs.mkdirSync(folder, { recursive: true });
    store = await ensureObjectStore(testSite, () => undefined, REGION);
    const address = await gatewayOf(testSite);
    const trusts = [await makeAcme(address)];
    fs.writeFileSync(path.join(folder, "root.pem"), await acmeRoot());
    const objects = { store, buckets: [bucket] };
    const ports = { [testSite.httpsPort]: 443 };
    doubles = await startDoubles({
      folder,
      hosting: { site: testSite, kind: "bare", mounts: { "/dev/sdf": "/srv/recoloca" }, objects, ports, address, trusts },
    });
    await doubles.host!.removeAll();
    doubles.world.put("aws:route53/zone:Zone", "Z0123456789ABCDEFGHIJ", { name: "recoloca.ai" });
    found(doubles.world, "recoloca");
    const token = "a-token-that-nobody-may-see";
    stack = await TestStack.open({ program: checkout, name, folder, env: { ...doubles.env, GITHUB_TOKEN: token } });
    const password = "a-password-that-nobody-may-see";
    await stack.secret("recoloca:registryPassword", registryPassword(testSite));
    await stack.secret("recoloca:secrets.POSTGRES_PASSWORD", password);
    passwords = [password, token, registryPassword(testSite)];
  });
  afterAll(async () => {
    await doubles.host!.removeAll();
    await doubles.stop();
    await removeAcme();
    await removeObjectStore(testSite);
  });

  if (name === "staging") {
    test("goes up from nothing, and says how to deploy", async () => {
      configure();
      const ran = await stack.up();
      expect(ran.code, ran.output).toBe(0);
      expect(ran.output).toContain("pulumi config set --path 'recoloca:images.backend' REGISTRY/backend@sha256:DIGEST");
      expect(await on("findmnt --noheadings --output TARGET /var/lib/docker")).toContain("/var/lib/docker");
      expect(await on("recoloca status")).toContain("nothing is deployed on this host yet");
    });

    test("its SSH server has nothing that ssh-audit fails, root has no login, and no password opens it", async () => {
      const ran = await doubles.host!.on(id(), "ssh-audit --batch --level=fail 127.0.0.1");
      // 1: no connection; 3: failures. https://github.com/jtesta/ssh-audit#exit-codes
      expect([0, 2], ran.output).toContain(ran.code);
      expect(ran.output).not.toContain("[fail]");
      expect(await on("sshd -T | grep -E '^(permitrootlogin|passwordauthentication|kbdinteractiveauthentication) ' | sort")).toBe(
        "kbdinteractiveauthentication no\npasswordauthentication no\npermitrootlogin no\n",
      );
    });
  }

  test(
    name === "staging" ? "deploys, and the second up changes nothing" : "goes up from nothing and serves in one update; the second one changes nothing",
    async () => {
      configure(await release("1"));
      const ran = await stack.up();
      expect(ran.code, ran.output).toBe(0);
      expect(ran.output).toContain(`certificate ${domain()}, 89 days left`);
      await serves("1");
      expect((await stack.outputs())["url"]).toBe(`https://${domain()}`);
      const again = await stack.up();
      expect(again.code, again.output).toBe(0);
      expect(again.output).not.toMatch(UNCHANGED);
    },
  );

  test("each resource goes by the name that it had: by another one it would be made anew, and what people live on destroyed", async () => {
    const { deployment } = JSON.parse(await stack.state()) as { deployment: { resources: { urn: string }[] } };
    const names = deployment.resources.map(({ urn }) => urn.split("::").slice(2).join(" ")).filter((one) => !/^pulumi:providers:\w+ default/.test(one)).sort(); // prettier-ignore
    // Where one has another name on purpose, it gets `aliases` first; then vitest --update writes the list.
    await expect(`${names.join("\n")}\n`).toMatchFileSnapshot(`names-of-${name}.txt`);
  });

  test("secrets are nowhere in the open: state, user data, what was asked of the clouds", async () => {
    const keys = doubles.world.all("aws:ssm/parameter:Parameter").map((one) => String(one["value"]).split("\n")[1]!);
    expect(keys).toHaveLength(1);
    const state = await stack.state();
    for (const secret of [...passwords, ...keys]) {
      expect(state).not.toContain(secret);
      expect(JSON.stringify(instance())).not.toContain(secret);
    }
    for (const one of doubles.requests.filter(({ type }) => type === "aws:ssm/parameter:Parameter" && type.length > 0))
      if (one.operation === "create") expect(one.secrets).toContain("value");
  });

  test("its backups leave it by its own role, which can neither remove one nor write over it", async () => {
    expect(await on("recoloca backup")).toContain("backed up postgres");
    const keys = doubles.world.objects(bucket).map(({ key }) => key);
    expect(keys.length).toBeGreaterThan(1);
    for (const key of keys) expect(key).toContain(`recoloca-${name}/`);
    expect(await on("recoloca backups")).toMatch(/here, bucket/);
    expect(await on("recoloca doctor")).not.toContain(`the bucket ${bucket}`);
    expect(await on("recoloca drill")).toMatch(/drill passed \d+s ago: the bucket's copy of /);
    for (const [method, allowed] of [
      ["HEAD", true],
      ["DELETE", false],
    ] as const)
      expect((await on(asInstance(method, `https://${bucket}.s3.${REGION}.amazonaws.com/${keys[0]}`))).trim()).toBe(allowed ? "200" : "403");
    expect((await on(asInstance("DELETE", `https://${bucket}.s3.${REGION}.amazonaws.com/else/where`))).trim()).toBe("403");
  });

  if (name === "production") {
    test("its certificate was proven by a record in the zone, which the server's role wrote and took away again", async () => {
      const asked = await acmeLog();
      expect(asked).toContain("Issued certificate");
      expect(asked).not.toContain("validate w/ HTTP");
      expect(doubles.world.all("aws:route53/record:Record").map((one) => one["type"])).toEqual(["A"]);
      const renewed = await on("recoloca certificate --renew");
      expect(renewed).toContain(`${domain()}, 89 days left`);
      expect(renewed).not.toContain("not renewed");
    });

    test("where the role may not write there, the old one stays, and one line says who refused what, and what mends it", async () => {
      const { id: policy, ...proof } = doubles.world.all(ROLE_POLICY).find((one) => String(one["policy"]).includes("_acme-challenge"))!;
      doubles.world.remove(ROLE_POLICY, policy as string);
      const refused = await on("recoloca certificate --renew");
      doubles.world.put(ROLE_POLICY, policy as string, proof);
      expect(refused.trim().split("\n")).toEqual([
        expect.stringMatching(
          /, 89 days left, .*; not renewed: Route 53 refuses .*User: arn:aws:sts::\d+:assumed-role\/recoloca-production.* is not authorized to perform: route53:\w+ .*pulumi up gives this server's role that right.*\(1 times in a row/,
        ),
      ]);
      expect(await on("recoloca certificate --renew")).not.toContain("not renewed");
    });

    test("what people live on is guarded: neither destroyed nor terminated, and what is kept is protected in the state", async () => {
      expect(Object.keys(await protectedResources())).toEqual(
        expect.arrayContaining(["aws:ebs/volume:Volume", "aws:ec2/eip:Eip", "aws:kms/key:Key", "aws:s3/bucket:Bucket", "command:remote:Command"]),
      );
      expect(instance()["disableApiTermination"]).toBe(true);
      // As a person does it: the preview, which --skip-preview leaves out, is what refuses before anything is touched.
      const ran = await stack.pulumi(["destroy", "--yes"]);
      expect(ran.code).not.toBe(0);
      expect(ran.output).toContain("cannot be deleted");
      expect(ran.output).not.toContain("Destroying");
      await serves("1");
    });

    test("what is protected is deployed to all the same", async () => {
      configure(await release("2"));
      const ran = await stack.up();
      expect(ran.code, ran.output).toBe(0);
      await serves("2");
    });

    test("its host, made anew, is refused before anything is touched as long as it is protected", async () => {
      configure(await release("2"), { ec2: { generation: 2 } });
      doubles.clear();
      const ran = await stack.pulumi(["up", "--yes"]);
      expect(ran.code).not.toBe(0);
      expect(ran.output).toMatch(/unable to replace resource.*:recoloca-production"\n +as it is currently marked for protection/);
      expect(written()).toEqual([]);
      await serves("2");
    });

    test("with that lifted, as docs/aws.md says it, it is another machine with other keys and the same address, data, certificate and release", async () => {
      await ask("/api/v1/listings", { method: "POST", body: JSON.stringify({ title: "kept" }) });
      const before = { id: id(), key: await on("cat /etc/ssh/ssh_host_ed25519_key.pub"), certificate: await shownCertificate() };
      configure(await release("2"), { ec2: { generation: 2, protect: false } });
      const replaced = ["machine-host-key", "machine-deploy-key"].flatMap((one) => ["--replace", `urn:pulumi:production::**::${one}`]);
      const ran = await stack.up(...replaced);
      expect(ran.code, ran.output).toBe(0);
      expect(id()).not.toBe(before.id);
      expect(await on("cat /etc/ssh/ssh_host_ed25519_key.pub")).not.toBe(before.key);
      expect(await shownCertificate()).toBe(before.certificate);
      expect(doubles.world.all(VOLUME)).toHaveLength(1);
      await serves("2");
      expect(await ask("/api/v1/listings")).toContain("kept");
    });

    test("protected again: one update of the server alone", async () => {
      configure(await release("2"), { ec2: { protect: undefined } });
      doubles.clear();
      const ran = await stack.up();
      expect(ran.code, ran.output).toBe(0);
      expect(written()).toEqual([`update ${INSTANCE}`]);
      await serves("2");
    });
    return;
  }

  test.each<[string, Partial<typeof since>, Change]>([
    ["an instance type", { ec2: { instanceType: "t4g.medium" } }, { updated: [INSTANCE] }],
    ["a larger root disk", { ec2: { rootDisk: 30 } }, { updated: [INSTANCE] }],
    ["a larger data disk", { ec2: { dataDisk: 50 } }, { updated: ["aws:ebs/volume:Volume"] }],
    ["another image, until the next generation", { ec2: { image: "ubuntu-24.04" } }, {}],
    ["who may come by SSH", { ec2: { sshFrom: ["198.51.100.0/24"] } }, { made: [INGRESS], gone: [INGRESS] }],
    ["no zone of ours any more", { ec2: { zone: undefined } }, { gone: ["aws:route53/record:Record"] }],
    ["protection", { ec2: { protect: true } }, { updated: [INSTANCE] }],
    ["no protection any more", { ec2: { protect: false } }, { updated: [INSTANCE] }],
    ["how long backups are kept", { bucket: { expireAfter: 90 } }, { updated: ["aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration"] }],
    ["how long they are locked", { bucket: { lockDays: 14 } }, { updated: ["aws:s3/bucketObjectLockConfiguration:BucketObjectLockConfiguration"] }],
    ["their log", { bucket: { accessLogs: "logs-of-a-test" } }, { made: ["aws:s3/bucketLogging:BucketLogging"] }],
  ])("changed: %s", async (_, change, wanted) => {
    const before = id();
    configure(await release("1"), change);
    doubles.clear();
    const ran = await stack.up();
    expect(ran.code, ran.output).toBe(0);
    const did = (operation: string) =>
      doubles.requests.filter((one) => one.operation === operation && !one.preview && one.type.startsWith("aws:")).map((one) => one.type);
    expect({ updated: did("update"), made: did("create"), gone: did("delete") }, ran.output).toEqual({ updated: [], made: [], gone: [], ...wanted });
    expect(id()).toBe(before);
    await serves("1");
  });

  test("pull requests get environments of their own beside it, by a key that can do nothing else, and lose them with the stack's permission", async () => {
    const { backend, frontend, postgres, redis } = await imagesOf("1");
    const repositories = [backend, frontend, postgres, redis].map((image) => image.slice(0, image.indexOf("@")));
    const review = { host: "pr-{number}.staging.recoloca.ai", repositories, seed: { service: "backend", command: ["true"] } };
    configure({ ...(await release("1")), "recoloca:review": review }, { ec2: { zone: "recoloca.ai" } });
    const ran = await stack.up();
    expect(ran.code, ran.output).toBe(0);
    expect(doubles.world.all("aws:route53/record:Record").map((one) => one["name"])).toContain("*.staging.recoloca.ai");
    const inReview = (type: string) => doubles.world.all(type).filter(({ environment }) => environment === "staging-review");
    expect(inReview("github:index/actionsEnvironmentVariable:ActionsEnvironmentVariable").map((one) => one["variableName"]).sort()).toEqual([
      "REVIEW_ADDRESS", "REVIEW_HOST_KEY", "REVIEW_PORT", "REVIEW_USER",
    ]); // prettier-ignore
    expect(inReview("github:index/actionsEnvironmentSecret:ActionsEnvironmentSecret").map((one) => one["secretName"])).toEqual(["REVIEW_SSH_KEY"]);
    expect(
      inReview("github:index/repositoryEnvironmentDeploymentPolicy:RepositoryEnvironmentDeploymentPolicy")
        .map((one) => one["branchPattern"])
        .sort(),
    ).toEqual(["main", "refs/pull/*/merge"]);
    const { reviewKey, access } = (await stack.outputs()) as { reviewKey: string; access: { user: string; hostKey: string } };
    fs.writeFileSync(path.join(folder, "review.key"), reviewKey, { mode: 0o600 });
    fs.writeFileSync(path.join(folder, "review.known"), `[127.0.0.1]:${testSite.sshPort} ${access.hostKey}\n`);
    const asks = (words: string, input = "") => {
      const options = ["-i", path.join(folder, "review.key"), "-o", "IdentitiesOnly=yes", "-o", `UserKnownHostsFile=${path.join(folder, "review.known")}`];
      return attempt("ssh", [...options, "-o", "BatchMode=yes", "-p", String(testSite.sshPort), `${access.user}@127.0.0.1`, words], { input });
    };
    const compose = fs.readFileSync(path.join(checkout, "application/compose.yaml"), "utf8");
    const opened = await asks(
      "open",
      JSON.stringify({ format: 1, number: 7, release: "pr-7-a", compose, images: { backend, worker: backend, frontend }, provenance: {} }),
    );
    expect(opened.code, opened.output).toBe(0);
    expect(opened.output).toContain("#7 is at https://pr-7.staging.recoloca.ai, until ");
    expect(await on("recoloca certificate")).toContain("pr-7.staging.recoloca.ai, 89 days left");
    const of = (host: string, page: string) => on(`curl -s --insecure --resolve ${host}:443:127.0.0.1 https://${host}${page}`);
    expect(await of("pr-7.staging.recoloca.ai", "/api/v1/version")).toContain('"version":"1"');
    await ask("/api/v1/listings", { method: "POST", body: JSON.stringify({ title: "of staging" }) });
    expect(await of("pr-7.staging.recoloca.ai", "/api/v1/listings")).not.toContain("of staging");
    expect((await asks("id")).code).toBe(20);
    configure(await release("1"));
    const off = await stack.up();
    expect(off.code, off.output).toBe(0);
    expect(await on("docker ps --all --format '{{.Names}}'")).not.toContain("pr-7");
    expect(await on("docker volume ls --quiet")).not.toContain("pr-7");
    expect((await asks("list")).code).toBe(255);
    await serves("1");
  });

  test("a release run touches nothing of what is pending at the clouds", async () => {
    configure(await release("2"), { ec2: { sshFrom: ["192.0.2.0/24"], instanceType: "t4g.large" } });
    doubles.clear();
    const ran = await stack.up("--target", "**recoloca:index:ComposeDeployment**", "--target-dependents");
    expect(ran.code, ran.output).toBe(0);
    await serves("2");
    expect(written()).toEqual([]);
  });

  test("the instance is made anew: another machine with the same address, host key, certificate, data and release", async () => {
    await ask("/api/v1/listings", { method: "POST", body: JSON.stringify({ title: "kept" }) });
    const before = { id: id(), key: await on("cat /etc/ssh/ssh_host_ed25519_key.pub"), certificate: await shownCertificate() };
    configure(await release("2"), { ec2: { generation: 2 } });
    const ran = await stack.up();
    expect(ran.code, ran.output).toBe(0);
    expect(id()).not.toBe(before.id);
    expect(await on("cat /etc/ssh/ssh_host_ed25519_key.pub")).toBe(before.key);
    expect(await shownCertificate()).toBe(before.certificate);
    expect(await ask("/api/v1/listings")).toContain("kept");
    expect(await on("recoloca status")).toMatch(/2 .*live/);
    const again = await stack.up();
    expect(again.output).not.toMatch(UNCHANGED);
  });

  test.each<[string, Config, object, RegExp]>([
    ["region", {}, { region: "eu-central-1" }, /recoloca:ec2\.region {2}got "eu-central-1", and the data disk is in sa-east-1\n.*back: pulumi config set/],
    [
      "subnet of another zone",
      {},
      { subnet: "subnet-0123456789abcdef0" },
      /recoloca:ec2\.subnet {2}leads to the zone sa-east-1c, and the data disk is in sa-east-1a/,
    ],
    [
      "disk under a live server",
      {},
      { dataVolume: "vol-0123456789abcdef0" },
      /recoloca:ec2\.dataVolume {2}got vol-0123456789abcdef0, and the stack has a data disk already/,
    ],
    ["name", { "recoloca:application": "other" }, {}, /recoloca:application {2}got "other", and all that is there is called recoloca/],
  ])("another %s is refused before anything is asked of the clouds: the data would not come along", async (_, change, ec2, says) => {
    doubles.world.put("aws:ec2/subnet:Subnet", "subnet-0123456789abcdef0", { vpcId: "vpc-0123456789abcdef0", availabilityZone: "sa-east-1c" });
    doubles.world.put("aws:ebs/volume:Volume", "vol-0123456789abcdef0", { availabilityZone: "sa-east-1a", encrypted: true, size: 10 });
    const kept = { ...since.ec2 };
    configure({ ...(await release("2")), ...change }, { ec2 });
    doubles.clear();
    const ran = await stack.pulumi(["up", "--yes"]);
    expect(ran.code).not.toBe(0);
    expect(ran.output).toMatch(says);
    expect(written()).toEqual([]);
    since.ec2 = kept;
    doubles.world.remove("aws:ebs/volume:Volume", "vol-0123456789abcdef0");
  });

  test("destroyed: the bucket is refused by name, and not even unprotected it goes with backups in it; the rest goes but for the data, with no way to the server", async () => {
    configure(await release("2"));
    const refused = await stack.pulumi(["destroy", "--yes"]);
    expect(refused.code).not.toBe(0);
    expect(refused.output).toMatch(/recoloca-staging-backups.*cannot be deleted/s);
    await stack.pulumi(["state", "unprotect", "--all", "--yes"]);
    await on("systemctl stop ssh.socket ssh");
    const ran = await stack.destroy();
    expect(ran.output).toContain("BucketNotEmpty");
    expect(doubles.world.all(INSTANCE)).toEqual([]);
    expect(doubles.world.all(VOLUME)).toHaveLength(1);
    expect(doubles.world.objects(bucket).length).toBeGreaterThan(1);
  });

  test("made again around the data disk that stayed: the release serves, with its data", async () => {
    const { id: dataVolume, size } = doubles.world.all(VOLUME)[0]!;
    configure(await release("2"), { ec2: { dataVolume, dataDisk: 10 } });
    expect((await stack.pulumi(["up", "--yes"])).output).toContain(`recoloca:ec2.dataDisk  got 10, and ${String(dataVolume)} has ${String(size)} GiB`);
    since.ec2 = { ...since.ec2, dataDisk: size };
    configure(await release("2"), { ec2: { dataVolume } });
    const ran = await stack.up();
    expect(ran.code, ran.output).toBe(0);
    await serves("2");
    expect(await ask("/api/v1/listings")).toContain("kept");
    // Where it came from need not be said any more.
    configure(await release("2"), { ec2: { dataVolume: undefined } });
    doubles.clear();
    const again = await stack.up();
    expect(again.code, again.output).toBe(0);
    expect(doubles.requests.filter((one) => ["create", "update", "delete"].includes(one.operation))).toEqual([]);
  });

  test("destroyed with its data, where that is said", async () => {
    configure({ ...(await release("2")), "recoloca:removeData": true });
    const ran = await stack.up();
    expect(ran.code, ran.output).toBe(0);
    await stack.pulumi(["state", "unprotect", "--all", "--yes"]);
    await stack.destroy();
    expect(doubles.world.all(VOLUME)).toEqual([]);
    expect(doubles.world.objects(bucket).length).toBeGreaterThan(1);
  });
});
