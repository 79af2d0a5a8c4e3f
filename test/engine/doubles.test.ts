/** The doubles of the clouds' packages on the real engine, by a program of their own. */
import * as fs from "node:fs";
import * as path from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { attempt } from "../../local/command.ts";
import { registryPassword } from "../../local/registry.ts";
import { inSite, registryName, testSite } from "../../local/site.ts";
import { type Doubles, startDoubles } from "../doubles/doubles.ts";
import { TestStack } from "../doubles/test-stack.ts";
import { imagesOf } from "../site.ts";

const folder = inSite(testSite, "doubles");
const program = path.join(import.meta.dirname, "../doubles/program");
const BUCKET = "aws:s3/bucket:Bucket";
const VPC = "aws:ec2/vpc:Vpc";

let doubles: Doubles;
let stack: TestStack;

beforeAll(async () => {
  fs.rmSync(folder, { recursive: true, force: true });
  doubles = await startDoubles({ folder });
  stack = await TestStack.open({ program, name: "test", folder, env: doubles.env });
});
afterAll(() => doubles.stop());

function prepare(config: Record<string, unknown>): void {
  stack.configure(Object.fromEntries(Object.entries(config).map(([key, value]) => [`doubles:${key}`, value])));
  doubles.clear();
}
/** `pulumi up` with this configuration; what was asked before is forgotten. */
function up(config: Record<string, unknown> = {}) {
  prepare(config);
  return stack.up();
}
function preview(config: Record<string, unknown>) {
  prepare(config);
  return stack.preview();
}
const asked = (operation: string) =>
  doubles.requests
    .filter((one) => one.operation === operation && !one.preview)
    .map((one) => one.name)
    .sort();
const only = (type: string) => doubles.world.all(type)[0]!;

describe("a stack on the doubles", () => {
  test("goes up from nothing, with ids, ARNs and tags of the vendor's shapes", async () => {
    const ran = await up();
    expect(ran.code, ran.output).toBe(0);
    const outputs = await stack.outputs();
    expect(outputs).toMatchObject({
      account: "123456789012",
      bucketArn: "arn:aws:s3:::recoloca-doubles-backups",
      tags: { Name: "network", application: "doubles", owner: "founders" },
    });
    expect(only(VPC)).toMatchObject({ id: expect.stringMatching(/^vpc-[0-9a-f]{17}$/) as string, cidrBlock: "10.0.0.0/16", region: "eu-central-1" });
    expect(outputs["publicKey"]).toMatch(/^ssh-ed25519 \S+\n$/);
    fs.writeFileSync(path.join(folder, "key"), outputs["kept"] as string, { mode: 0o600 });
    const derived = await attempt("ssh-keygen", ["-y", "-f", path.join(folder, "key")]);
    expect(derived.stdout.trim().split(" ").slice(0, 2).join(" ")).toBe((outputs["publicKey"] as string).trim());
  });

  test("a secret is sent as a secret, and is in no plain state; what is none is not", async () => {
    const sent = (name: string) =>
      doubles.requests.find((one) => one.operation === "create" && !one.preview && one.name === name && one.type.startsWith("aws:ssm"));
    expect(sent("host-key")?.secrets).toEqual(["value"]);
    expect(sent("host-key")?.inputs["value"]).toContain("OPENSSH PRIVATE KEY");
    expect(sent("note")?.secrets).toEqual([]);
    const { secret, kept } = (await stack.outputs()) as { secret: string; kept: string };
    const state = await stack.state();
    expect(secret).toMatch(/^[A-Za-z0-9]{24}$/);
    expect(state).toContain("recoloca-doubles-backups");
    expect(state).not.toContain(secret);
    expect(state).not.toContain(kept.split("\n")[1]);
  });

  test("a second up asks for nothing, also from new doubles on the same world", async () => {
    await doubles.stop();
    doubles = await startDoubles({ folder });
    stack = await TestStack.open({ program, name: "test", folder, env: doubles.env });
    const ran = await up();
    expect(ran.code, ran.output).toBe(0);
    expect([...asked("create"), ...asked("update"), ...asked("delete")]).toEqual([]);
    expect(ran.output).toMatch(/\d+ unchanged/);
  });

  test("changed default tags are changed in place, on everything that has tags", async () => {
    const before = only(VPC)["id"];
    const ran = await up({ owner: "somebody" });
    expect(ran.code, ran.output).toBe(0);
    expect(asked("update")).toEqual(expect.arrayContaining(["backups", "doors", "network", "subnet"]));
    expect(asked("create")).toEqual([]);
    expect(only(VPC)).toMatchObject({ id: before, tagsAll: { owner: "somebody" } });
  });

  test("what the vendor cannot change is made anew", async () => {
    const before = only("aws:ec2/securityGroup:SecurityGroup")["id"];
    const shown = await preview({ owner: "somebody", description: "Others" });
    expect(shown.output).toMatch(/\+-aws:ec2\/securityGroup:SecurityGroup: \(replace\)/);
    expect(asked("create")).toEqual([]);
    const ran = await up({ owner: "somebody", description: "Others" });
    expect(ran.code, ran.output).toBe(0);
    expect(asked("create")).toEqual(["doors", "port-22", "port-80"]);
    expect(only("aws:ec2/securityGroup:SecurityGroup")["id"]).not.toBe(before);
  });

  test("everything that is wrong with a resource is said at once, with its name, before anything is made", async () => {
    const problems = (output: string) =>
      [...new Set([...output.matchAll(/resource '\w+': property \w+ value .*? has a problem: [^;\n]*/g)].map(([found]) => found))].sort();
    const inputs = { bucketName: "x", vpcId: 7, nested: {}, cidrBlock: "10.0.9.0/24" };
    const ran = await up({ raw: [{ name: "odd", type: "aws:ec2/subnet:Subnet", inputs }] });
    expect(ran.code).not.toBe(0);
    expect(problems(ran.output)).toEqual([
      "resource 'odd': property bucketName value {x} has a problem: is no property of it",
      "resource 'odd': property nested value {map[]} has a problem: is no property of it",
      "resource 'odd': property vpcId value {7} has a problem: got a number, wants a string",
    ]);
    const missing = await up({ raw: [{ name: "bare", type: "aws:ec2/volumeAttachment:VolumeAttachment", inputs: { deviceName: "/dev/sdf" } }] });
    expect(problems(missing.output).map((one) => one.replace(/ value .*:/, ":"))).toEqual([
      "resource 'bare': property instanceId: is required, and is missing",
      "resource 'bare': property volumeId: is required, and is missing",
    ]);
    const unknown = await up({ raw: [{ name: "new", type: "aws:ec2/nothing:Nothing", inputs: {} }] });
    expect(unknown.output).toContain("aws:ec2/nothing:Nothing is no type of @pulumi/aws 7.48.0");
    expect(asked("create")).toEqual([]);
  });

  test("what the vendor forbids is refused in its words", async () => {
    const outside = await up({ subnetCidr: "10.1.1.0/24" });
    expect(outside.output).toContain("InvalidSubnet.Range: The CIDR '10.1.1.0/24' is invalid.");
    const name = await up({ bucket: "Not_A_Bucket" });
    expect(name.output).toContain("resource 'backups' has a problem: InvalidBucketName: The specified bucket is not valid: Not_A_Bucket");
    doubles.world.put(BUCKET, "somebody-elses", { owner: "999999999999" });
    const taken = await up({ bucket: "somebody-elses" });
    expect(taken.output).toContain("BucketAlreadyExists: The requested bucket name is not available.");
    doubles.world.remove(BUCKET, "somebody-elses");
  });

  test("an operation that is told to fail fails so often, and the next up finishes", async () => {
    prepare({ bucket: "recoloca-doubles-other" });
    doubles.fail({ type: BUCKET, operation: "create", message: "SlowDown: Please reduce your request rate." });
    const failed = await stack.up();
    expect(failed.code).not.toBe(0);
    expect(failed.output).toContain("SlowDown: Please reduce your request rate.");
    expect(doubles.world.all(BUCKET)).toHaveLength(1);
    const ran = await stack.up();
    expect(ran.code, ran.output).toBe(0);
    expect(doubles.world.all(BUCKET).map((one) => one["id"])).toEqual(["recoloca-doubles-other"]);
  });

  test("an operation that is told to be slow takes that long", async () => {
    prepare({ bucket: "recoloca-doubles-other", owner: "late" });
    doubles.slow({ type: VPC, operation: "update", milliseconds: 3000 });
    const began = Date.now();
    const ran = await stack.up();
    expect(ran.code, ran.output).toBe(0);
    expect(Date.now() - began).toBeGreaterThan(3000);
  });

  test("what was changed by another hand is seen by a refresh, and put right by the next up", async () => {
    const config = { bucket: "recoloca-doubles-other", owner: "late" };
    const vpc = only(VPC)["id"] as string;
    doubles.world.change(VPC, vpc, { enableDnsHostnames: false });
    doubles.world.remove("aws:ssm/parameter:Parameter", "/doubles/note");
    const refreshed = await stack.refresh();
    expect(refreshed.code, refreshed.output).toBe(0);
    const ran = await up(config);
    expect(ran.code, ran.output).toBe(0);
    expect(asked("update")).toEqual(["network"]);
    expect(asked("create")).toEqual(["note"]);
    expect(only(VPC)["enableDnsHostnames"]).toBe(true);
  });

  test("a digest comes from the registry itself", async () => {
    const image = (await imagesOf("1")).backend;
    const [name, wanted] = image.split("@");
    await stack.secret("doubles:registryPassword", registryPassword(testSite));
    const config = { bucket: "recoloca-doubles-other", owner: "late", registry: registryName(testSite) };
    const found = await up({ ...config, image: wanted === undefined ? name : image });
    expect(found.code, found.output).toBe(0);
    expect((await stack.outputs())["digest"]).toMatch(/^sha256:[0-9a-f]{64}$/);
    if (wanted !== undefined) expect((await stack.outputs())["digest"]).toBe(wanted);
    const none = await up({ ...config, image: `${registryName(testSite)}/recoloca/nothing:1` });
    expect(none.output).toContain(
      "Got error when attempting to fetch image version recoloca/nothing:1 from registry: Got bad response from registry: 404 Not Found",
    );
  });

  test("a bucket with something in it is not deleted; empty, the stack goes", async () => {
    doubles.world.store("recoloca-doubles-other", [{ key: "release-1.dump" }]);
    const refused = await stack.destroy();
    expect(refused.code).not.toBe(0);
    expect(refused.output).toContain("BucketNotEmpty: The bucket you tried to delete is not empty.");
    doubles.world.store("recoloca-doubles-other", []);
    const ran = await stack.destroy();
    expect(ran.code, ran.output).toBe(0);
    for (const type of [VPC, BUCKET, "aws:ec2/subnet:Subnet", "aws:ssm/parameter:Parameter"]) expect(doubles.world.all(type)).toEqual([]);
  });
});
