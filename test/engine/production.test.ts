/** Production whole (environment.ts): from nothing in one update, guarded against its loss, its host made anew all the same. */
import { expect, test } from "vitest";
import { acmeLog } from "../acme-server.ts";
import { deploys, environmentOf, INSTANCE, isSafelyKept, VOLUME } from "./environment.ts";

const ROLE_POLICY = "aws:iam/rolePolicy:RolePolicy";

const production = environmentOf("production");
const { configure, release, domain, instance, id, on, shownCertificate, written, serves, ask } = production;
const protectedResources = async () => {
  const state = JSON.parse(await production.stack.state()) as { deployment: { resources: { type: string; urn: string; protect?: boolean }[] } };
  return Object.fromEntries(state.deployment.resources.filter(({ protect }) => protect === true).map(({ type, urn }) => [type, urn]));
};

deploys(production, "goes up from nothing and serves in one update; the second one changes nothing");

isSafelyKept(production);

test("its certificate was proven by a record in the zone, which the server's role wrote and took away again", async () => {
  const asked = await acmeLog();
  expect(asked).toContain("Issued certificate");
  expect(asked).not.toContain("validate w/ HTTP");
  expect(production.doubles.world.all("aws:route53/record:Record").map((one) => one["type"])).toEqual(["A"]);
  const renewed = await on("recoloca certificate --renew");
  expect(renewed).toContain(`${domain()}, 89 days left`);
  expect(renewed).not.toContain("not renewed");
});

test("where the role may not write there, the old one stays, and one line says who refused what, and what mends it", async () => {
  const { id: policy, ...proof } = production.doubles.world.all(ROLE_POLICY).find((one) => String(one["policy"]).includes("_acme-challenge"))!;
  production.doubles.world.remove(ROLE_POLICY, policy as string);
  const refused = await on("recoloca certificate --renew");
  production.doubles.world.put(ROLE_POLICY, policy as string, proof);
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
  const ran = await production.stack.pulumi(["destroy", "--yes"]);
  expect(ran.code).not.toBe(0);
  expect(ran.output).toContain("cannot be deleted");
  expect(ran.output).not.toContain("Destroying");
  await serves("1");
});

test("what is protected is deployed to all the same", async () => {
  configure(await release("2"));
  const ran = await production.stack.up();
  expect(ran.code, ran.output).toBe(0);
  await serves("2");
});

test("its host, made anew, is refused before anything is touched as long as it is protected", async () => {
  configure(await release("2"), { ec2: { generation: 2 } });
  production.doubles.clear();
  const ran = await production.stack.pulumi(["up", "--yes"]);
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
  const ran = await production.stack.up(...replaced);
  expect(ran.code, ran.output).toBe(0);
  expect(id()).not.toBe(before.id);
  expect(await on("cat /etc/ssh/ssh_host_ed25519_key.pub")).not.toBe(before.key);
  expect(await shownCertificate()).toBe(before.certificate);
  expect(production.doubles.world.all(VOLUME)).toHaveLength(1);
  await serves("2");
  expect(await ask("/api/v1/listings")).toContain("kept");
});

test("protected again: one update of the server alone", async () => {
  configure(await release("2"), { ec2: { protect: undefined } });
  production.doubles.clear();
  const ran = await production.stack.up();
  expect(ran.code, ran.output).toBe(0);
  expect(written()).toEqual([`update ${INSTANCE}`]);
  await serves("2");
});

test("taken down as docs/aws.md says it: with its protection lifted the server goes; bucket, key, and the disk with its data stay", async () => {
  configure(await release("2"), { ec2: { generation: 2, protect: false } });
  const lifted = await production.stack.up();
  expect(lifted.code, lifted.output).toBe(0);
  const ran = await production.stack.pulumi(["destroy", "--yes", "--exclude-protected"]);
  expect(ran.code, ran.output).toBe(0);
  const { world } = production.doubles;
  expect(world.all(INSTANCE)).toEqual([]);
  expect(world.all("aws:ec2/eip:Eip")).toEqual([]);
  expect(world.all(VOLUME)).toHaveLength(1);
  expect(world.all("aws:s3/bucket:Bucket")).toHaveLength(1);
  // The bucket with its parts, and what reads it.
  const kept = Object.keys(await protectedResources());
  expect(kept).toEqual(expect.arrayContaining(["aws:kms/key:Key", "aws:s3/bucket:Bucket", "aws:s3/bucketPolicy:BucketPolicy"]));
  expect(kept.filter((type) => !type.startsWith("aws:s3/"))).toEqual(["aws:kms/key:Key"]);
});
