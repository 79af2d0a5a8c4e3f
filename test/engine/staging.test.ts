/** Staging whole (environment.ts): from nothing, changed in each way, made anew, with environments of pull requests, gone, made again around its data. */
import * as fs from "node:fs";
import * as path from "node:path";
import { expect, test } from "vitest";
import { attempt } from "../../local/command.ts";
import { testSite } from "../../local/site.ts";
import { elsewhere } from "../../secrets/rotation.ts";
import { checkout } from "../../tools/cache.ts";
import type { Config } from "../doubles/test-stack.ts";
import { imagesOf } from "../site.ts";
import { deploys, environmentOf, INSTANCE, isSafelyKept, type Since, VOLUME } from "./environment.ts";

const INGRESS = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule";

/** Types of what one `up` did at the clouds. */
interface Change {
  readonly updated?: readonly string[];
  readonly made?: readonly string[];
  readonly gone?: readonly string[];
}

const staging = environmentOf("staging");
const { configure, release, id, on, shownCertificate, written, serves, ask, bucket, folder, since } = staging;

test("goes up from nothing, and says how to deploy", async () => {
  configure();
  const ran = await staging.stack.up();
  expect(ran.code, ran.output).toBe(0);
  expect(ran.output).toContain("pulumi config set --path 'recoloca:images.backend' REGISTRY/backend@sha256:DIGEST");
  expect(await on("findmnt --noheadings --output TARGET /var/lib/docker")).toContain("/var/lib/docker");
  expect(await on("recoloca status")).toContain("nothing is deployed on this host yet");
});

test("its SSH server has nothing that ssh-audit fails, root has no login, and no password opens it", async () => {
  const ran = await staging.doubles.host!.on(id(), "ssh-audit --batch --level=fail 127.0.0.1");
  // 1: no connection; 3: failures. https://github.com/jtesta/ssh-audit#exit-codes
  expect([0, 2], ran.output).toContain(ran.code);
  expect(ran.output).not.toContain("[fail]");
  expect(await on("sshd -T | grep -E '^(permitrootlogin|passwordauthentication|kbdinteractiveauthentication) ' | sort")).toBe(
    "kbdinteractiveauthentication no\npasswordauthentication no\npermitrootlogin no\n",
  );
});

deploys(staging, "deploys, and the second up changes nothing");

isSafelyKept(staging);

test.each<[string, Partial<Since>, Change]>([
  ["an instance type", { ec2: { instanceType: "t4g.medium" } }, { updated: [INSTANCE] }],
  ["a larger root disk", { ec2: { rootDisk: 30 } }, { updated: [INSTANCE] }],
  ["another image, until the next generation", { ec2: { image: "ubuntu-24.04" } }, {}],
  ["protection", { ec2: { protect: true } }, { updated: [INSTANCE] }],
  ["no protection any more", { ec2: { protect: false } }, { updated: [INSTANCE] }],
  [
    "at once what the server has no part in",
    { ec2: { dataDisk: 50, sshFrom: ["198.51.100.0/24"], zone: undefined }, bucket: { expireAfter: 90, lockDays: 14, accessLogs: "logs-of-a-test" } },
    {
      updated: [VOLUME, ...["Lifecycle", "ObjectLock"].map((one) => `aws:s3/bucket${one}Configuration:Bucket${one}Configuration`)],
      made: ["aws:s3/bucketLogging:BucketLogging", INGRESS],
      gone: ["aws:route53/record:Record", INGRESS],
    },
  ],
])("changed: %s", async (_, change, wanted) => {
  const before = id();
  configure(await release("1"), change);
  staging.doubles.clear();
  const ran = await staging.stack.up();
  expect(ran.code, ran.output).toBe(0);
  const did = (operation: string) =>
    staging.doubles.requests
      .filter((one) => one.operation === operation && !one.preview && one.type.startsWith("aws:"))
      .map((one) => one.type)
      .sort();
  expect({ updated: did("update"), made: did("create"), gone: did("delete") }, ran.output).toEqual({ updated: [], made: [], gone: [], ...wanted });
  expect(id()).toBe(before);
  await serves("1");
});

test("pull requests get environments of their own beside it, by a key that can do nothing else, and lose them with the stack's permission", async () => {
  const { backend, frontend, postgres, redis } = await imagesOf("1");
  const repositories = [backend, frontend, postgres, redis].map((image) => image.slice(0, image.indexOf("@")));
  const review = { host: "pr-{number}.staging.recoloca.ai", repositories, seed: { service: "backend", command: ["true"] } };
  configure({ ...(await release("1")), "recoloca:review": review }, { ec2: { zone: "recoloca.ai" } });
  const ran = await staging.stack.up();
  expect(ran.code, ran.output).toBe(0);
  expect(staging.doubles.world.all("aws:route53/record:Record").map((one) => one["name"])).toContain("*.staging.recoloca.ai");
  const inReview = (type: string) => staging.doubles.world.all(type).filter(({ environment }) => environment === "staging-review");
  expect(inReview("github:index/actionsEnvironmentVariable:ActionsEnvironmentVariable").map((one) => one["variableName"]).sort()).toEqual([
    "REVIEW_ADDRESS", "REVIEW_HOST_KEY", "REVIEW_PORT", "REVIEW_USER",
  ]); // prettier-ignore
  expect(inReview("github:index/actionsEnvironmentSecret:ActionsEnvironmentSecret").map((one) => one["secretName"])).toEqual(["REVIEW_SSH_KEY"]);
  expect(
    inReview("github:index/repositoryEnvironmentDeploymentPolicy:RepositoryEnvironmentDeploymentPolicy")
      .map((one) => one["branchPattern"])
      .sort(),
  ).toEqual(["main", "refs/pull/*/merge"]);
  const { reviewKey, access } = (await staging.stack.outputs()) as { reviewKey: string; access: { user: string; hostKey: string } };
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

  // Another key, as docs/secrets.md says it: the first opens nothing any more, and what it has opened stays.
  const [, pattern = ""] = /--replace '(\S+)'/.exec(elsewhere("REVIEW_SSH_KEY")!)!;
  const renewed = await staging.stack.up("--replace", pattern);
  expect(renewed.code, renewed.output).toBe(0);
  expect((await asks("list")).code).toBe(255);
  const { reviewKey: second } = (await staging.stack.outputs()) as { reviewKey: string };
  expect(inReview("github:index/actionsEnvironmentSecret:ActionsEnvironmentSecret").map((one) => one["value"])).toEqual([second]);
  fs.writeFileSync(path.join(folder, "review.key"), second, { mode: 0o600 });
  expect((await asks("list")).output).toContain("#7");
  configure(await release("1"));
  const off = await staging.stack.up();
  expect(off.code, off.output).toBe(0);
  expect(await on("docker ps --all --format '{{.Names}}'")).not.toContain("pr-7");
  expect(await on("docker volume ls --quiet")).not.toContain("pr-7");
  expect((await asks("list")).code).toBe(255);
  await serves("1");
});

test("a release run touches nothing of what is pending at the clouds", async () => {
  configure(await release("2"), { ec2: { sshFrom: ["192.0.2.0/24"], instanceType: "t4g.large" } });
  staging.doubles.clear();
  const ran = await staging.stack.up("--target", "**recoloca:index:ComposeDeployment**", "--target-dependents");
  expect(ran.code, ran.output).toBe(0);
  await serves("2");
  expect(written()).toEqual([]);
});

test("terminated by somebody it is made anew by an update that looks: another machine with the same address, host key, certificate, data and release", async () => {
  await ask("/api/v1/listings", { method: "POST", body: JSON.stringify({ title: "kept" }) });
  const before = { id: id(), key: await on("cat /etc/ssh/ssh_host_ed25519_key.pub"), certificate: await shownCertificate() };
  const { host, world } = staging.doubles;
  await host!.terminate(before.id);
  world.remove("aws:ec2/instance:Instance", before.id);
  // What was attached is free again, as the vendor has it.
  for (const type of ["aws:ec2/volumeAttachment:VolumeAttachment", "aws:ec2/eipAssociation:EipAssociation"])
    for (const one of world.all(type)) if (one["instanceId"] === before.id) world.remove(type, one["id"] as string);
  // No release is named, as where the pipeline deploys.
  configure({ "recoloca:variables": (await release("2"))["recoloca:variables"] });
  const ran = await staging.stack.pulumi(["up", "--yes", "--skip-preview", "--refresh"]);
  expect(ran.code, ran.output).toBe(0);
  expect(id()).not.toBe(before.id);
  expect(await on("cat /etc/ssh/ssh_host_ed25519_key.pub")).toBe(before.key);
  // From the data disk, by the hourly look, which a new machine begins with.
  await expect.poll(shownCertificate, { timeout: 60_000 }).toBe(before.certificate);
  await expect.poll(() => ask("/api/v1/listings"), { timeout: 30_000 }).toContain("kept");
  expect(await on("recoloca status")).toMatch(/2 .*live/);
  // It was asked what is live before the host program was there: the next update knows, and deploys nothing.
  const again = await staging.stack.up();
  expect(again.code, again.output).toBe(0);
  expect(await on("recoloca status")).toMatch(/2 .*live/);
  await serves("2");
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
  staging.doubles.world.put("aws:ec2/subnet:Subnet", "subnet-0123456789abcdef0", { vpcId: "vpc-0123456789abcdef0", availabilityZone: "sa-east-1c" });
  staging.doubles.world.put("aws:ebs/volume:Volume", "vol-0123456789abcdef0", { availabilityZone: "sa-east-1a", encrypted: true, size: 10 });
  const kept = { ...since.ec2 };
  configure({ ...(await release("2")), ...change }, { ec2 });
  staging.doubles.clear();
  const ran = await staging.stack.pulumi(["up", "--yes"]);
  expect(ran.code).not.toBe(0);
  expect(ran.output).toMatch(says);
  expect(written()).toEqual([]);
  since.ec2 = kept;
  staging.doubles.world.remove("aws:ebs/volume:Volume", "vol-0123456789abcdef0");
});

test("destroyed: the bucket is refused by name, and not even unprotected it goes with backups in it; the rest goes but for the data, with no way to the server", async () => {
  configure(await release("2"));
  const refused = await staging.stack.pulumi(["destroy", "--yes"]);
  expect(refused.code).not.toBe(0);
  expect(refused.output).toMatch(/recoloca-staging-backups.*cannot be deleted/s);
  await staging.stack.pulumi(["state", "unprotect", "--all", "--yes"]);
  await on("systemctl stop ssh.socket ssh");
  const ran = await staging.stack.destroy();
  expect(ran.output).toContain("BucketNotEmpty");
  expect(staging.doubles.world.all(INSTANCE)).toEqual([]);
  expect(staging.doubles.world.all(VOLUME)).toHaveLength(1);
  expect(staging.doubles.world.objects(bucket).length).toBeGreaterThan(1);
});

test("made again around the data disk that stayed: the release serves, with its data", async () => {
  const { id: dataVolume, size } = staging.doubles.world.all(VOLUME)[0]!;
  configure(await release("2"), { ec2: { dataVolume, dataDisk: 10 } });
  expect((await staging.stack.pulumi(["up", "--yes"])).output).toContain(`recoloca:ec2.dataDisk  got 10, and ${String(dataVolume)} has ${String(size)} GiB`);
  since.ec2 = { ...since.ec2, dataDisk: size };
  configure(await release("2"), { ec2: { dataVolume } });
  const ran = await staging.stack.up();
  expect(ran.code, ran.output).toBe(0);
  await serves("2");
  expect(await ask("/api/v1/listings")).toContain("kept");
  // Where it came from need not be said any more.
  configure(await release("2"), { ec2: { dataVolume: undefined } });
  staging.doubles.clear();
  const again = await staging.stack.up();
  expect(again.code, again.output).toBe(0);
  expect(staging.doubles.requests.filter((one) => ["create", "update", "delete"].includes(one.operation))).toEqual([]);
});

test("destroyed with its data, where that is said", async () => {
  configure({ ...(await release("2")), "recoloca:removeData": true });
  const ran = await staging.stack.up();
  expect(ran.code, ran.output).toBe(0);
  await staging.stack.pulumi(["state", "unprotect", "--all", "--yes"]);
  await staging.stack.destroy();
  expect(staging.doubles.world.all(VOLUME)).toEqual([]);
  expect(staging.doubles.world.objects(bucket).length).toBeGreaterThan(1);
});
