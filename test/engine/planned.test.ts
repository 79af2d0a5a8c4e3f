/**
 * Both environments of this repository as the real engine plans them from nothing, with doubles for the clouds: every input is one that
 * the SDK knows and the vendor takes. And what is said where AWS makes one of them not.
 */
import * as fs from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { inSite, testSite } from "../../local/site.ts";
import { checkout } from "../../tools/cache.ts";
import { type Doubles, startDoubles } from "../doubles/doubles.ts";
import { type Config, TestStack } from "../doubles/test-stack.ts";

/** One of them, with doubles of its own. */
async function fromNothing(name: string, folder: string) {
  fs.rmSync(folder, { recursive: true, force: true });
  fs.mkdirSync(folder, { recursive: true });
  const doubles = await startDoubles({ folder });
  doubles.world.put("aws:route53/zone:Zone", "Z0123456789ABCDEFGHIJ", { name: "recoloca.ai" });
  const stack = await TestStack.open({ program: checkout, name, folder, env: doubles.env });
  await stack.secret("recoloca:registryPassword", "a-token-that-nobody-may-see");
  await stack.secret("recoloca:secrets.POSTGRES_PASSWORD", "a-password-that-nobody-may-see");
  const configure = (change: Config = {}, ec2: object = {}, github: object = {}) =>
    stack.configure({
      ...stack.shipped,
      "recoloca:ec2": { ...(stack.shipped["recoloca:ec2"] as object), sshFrom: ["203.0.113.0/24"], ...ec2 },
      "recoloca:github": { ...(stack.shipped["recoloca:github"] as object), reviewers: { teams: { platform: 42 } }, ...github },
      ...change,
    });
  return { doubles, stack, configure };
}

describe.each(["staging", "production"])("%s", (name) => {
  let doubles: Doubles;
  let stack: TestStack;
  let configure: Awaited<ReturnType<typeof fromNothing>>["configure"];
  beforeAll(async () => {
    ({ doubles, stack, configure } = await fromNothing(name, inSite(testSite, name)));
  });
  afterAll(() => doubles.stop());

  test("is planned whole, and no secret is on the screen", async () => {
    configure({}, {}, { makesIdentityProvider: true });
    const ran = await stack.preview();
    expect(ran.code, ran.output).toBe(0);
    for (const type of [
      "ec2/instance:Instance",
      "ebs/volume:Volume",
      "ec2/eip:Eip",
      "s3/bucket:Bucket",
      "kms/key:Key",
      "ssm/parameter:Parameter",
      "route53/record:Record",
    ])
      expect(ran.output).toContain(`aws:${type}`);
    expect(ran.output).toContain("github:index/repositoryEnvironment:RepositoryEnvironment");
    expect(ran.output.includes("github:index/repositoryFile:RepositoryFile")).toBe(name === "production");
    expect(ran.output).toContain("command:remote:Command");
    expect(ran.output).not.toContain("that-nobody-may-see");
    expect(doubles.world.all("aws:ec2/vpc:Vpc")).toEqual([]);
  });

  if (name === "production")
    test("an account without an entry for GitHub, which another stack was to make: one clear error", async () => {
      configure();
      const ran = await stack.preview();
      expect(ran.code).not.toBe(0);
      expect(ran.output).toContain("Bring that one up first, or have it made here: pulumi config set --path recoloca:github.makesIdentityProvider true");
      expect(ran.output).not.toContain("unhandled exception");
    });

  test("everything that is missing is said before anything is planned", async () => {
    stack.configure({ ...stack.shipped, "recoloca:domain": "else.example.org" });
    const ran = await stack.preview();
    expect(ran.code).not.toBe(0);
    expect(ran.output).toMatch(/recoloca:ec2\.zone +got "recoloca\.ai", which does not hold else\.example\.org/);
    expect(ran.output).toMatch(/recoloca:ec2\.sshFrom +is missing: nobody could reach the server/);
  });

  if (name === "production") return;

  test("a login that has ended: a sentence with what mends it, and no stack trace", async () => {
    configure();
    const message = "operation error STS: GetCallerIdentity, api error ExpiredToken: The security token included in the request is expired";
    for (const what of ["index/getPartition:getPartition", "ec2/getInstanceType:getInstanceType", "ec2/getInstanceTypeOfferings:getInstanceTypeOfferings"])
      doubles.fail({ type: `aws:${what}`, operation: "invoke", message });
    const ran = await stack.preview();
    doubles.clear();
    expect(ran.code, ran.output).not.toBe(0);
    expect(ran.output).toContain("cannot be looked up at AWS; nothing was changed by that\n");
    expect(ran.output).toContain("the login at AWS has ended: aws sso login");
    expect(ran.output).toContain(`AWS says: ${message}`);
    expect(ran.output).not.toMatch(/unhandled exception|\n\s+at .*:\d+:\d+/);
  });

  test("an instance type that there is not, a subnet and a zone that are somebody else's", async () => {
    configure({}, { instanceType: "t9.small" });
    expect((await stack.preview()).output).toContain("recoloca:ec2.instanceType names no type that AWS has here");
    configure({}, { subnet: "subnet-0123456789abcdef0" });
    expect((await stack.preview()).output).toMatch(/subnet subnet-0123456789abcdef0 cannot be looked up[\s\S]*pulumi config rm --path recoloca:ec2\.subnet/);
    configure({ "recoloca:domain": "shop.example.org" }, { zone: "example.org" });
    const { output } = await stack.preview();
    expect(output).toContain("no matching Route 53 Hosted Zone found");
    expect(output).toContain("pulumi config rm --path recoloca:ec2.zone");
    expect(output).not.toContain("unhandled exception");
  });
});

describe("AWS refuses", () => {
  test.each([
    ["a bucket's name that is taken", "s3/bucket:Bucket", "BucketAlreadyExists", "somebody in the world has a bucket of that name"],
    [
      "a disk, which has a rule of its own beside",
      "ebs/volume:Volume",
      "VolumeLimitExceeded: too many of them",
      "a limit of the account is reached: Service Quotas at AWS raises it",
    ],
  ])("%s: what mends it is said beside the provider's own words", async (_what, type, message, says) => {
    const { doubles, stack, configure } = await fromNothing("staging", inSite(testSite, "refused"));
    try {
      configure({}, {}, { makesIdentityProvider: true });
      doubles.fail({ type: `aws:${type}`, operation: "create", message: `api error ${message}` });
      // Nothing else is to fail: after the first that does, the engine begins no other.
      const ran = await stack.up("--exclude", "**github:index/**");
      expect(ran.code, ran.output).not.toBe(0);
      expect(ran.output).toContain(message);
      expect(ran.output).toContain(says);
      expect(ran.output.includes("pulumi config rm --path recoloca:createBackupBucket.name")).toBe(type.startsWith("s3"));
    } finally {
      await doubles.stop();
    }
  });
});
