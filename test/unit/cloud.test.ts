/** What a server at AWS and its bucket are refused for before anything is made: all at once, each with what mends it. */
import { describe, expect, test } from "vitest";
import { checkValues } from "../../settings/check.ts";
import { checkCloud, cloudSettings, isEcr } from "../../settings/cloud.ts";
import type { Problem } from "../../settings/problems.ts";

const EC2 = { region: "sa-east-1", instanceType: "t4g.small", sshFrom: ["203.0.113.0/24"] };
const GOOD = {
  repository: "recoloca/recoloca",
  domain: "staging.recoloca.ai",
  routes: [{ path: "/", service: "backend", port: 8000 }],
  backup: { service: "postgres" },
  ec2: EC2,
};

function problemsOf(change: Record<string, unknown>, environment = "staging"): Problem[] {
  const values = Object.fromEntries(
    Object.entries({ ...GOOD, ...change })
      .filter(([, value]) => value !== undefined)
      .map(([key, value]) => [key, typeof value === "string" ? value : JSON.stringify(value)]),
  );
  const checked = checkValues({ values, encrypted: new Set(["sshPrivateKey"]) });
  return [...checked.problems, ...checkCloud(checked.values, environment, new Set(Object.keys(values)))];
}

test("a right one has no problems, and needs neither host key nor private key", () => {
  expect(problemsOf({})).toEqual([]);
  expect(problemsOf({ createBackupBucket: {}, ec2: { ...EC2, zone: "recoloca.ai", image: "ubuntu-24.04" } })).toEqual([]);
  // Where a tunnel begins, of Session Manager's or of somebody's own.
  for (const ec2 of [EC2, { ...EC2, image: "ubuntu-24.04", reach: "session-manager" }])
    expect(problemsOf({ ec2, hostAddress: "127.0.0.1", hostPort: "2222" })).toEqual([]);
  expect(problemsOf({ hostPort: "22" })).toEqual([]);
});

test("an account's number is one, however Pulumi has written it; where a word is wanted in place of another number, the fix is one", () => {
  expect(problemsOf({ ec2: { ...EC2, account: 123456789012 } })).toEqual([]);
  expect(problemsOf({ ec2: { ...EC2, account: 5 } })).toMatchObject([{ says: "got 5, wants the account's number, 12 digits: 123456789012" }]);
  expect(problemsOf({ previews: { image: 5 } })).toContainEqual(expect.objectContaining({ fix: `in the stack's file: image: "5"` }));
});

describe("is refused:", () => {
  test.each<[string, Record<string, unknown>, string, RegExp, string?]>([
    ["a region that is none", { ec2: { ...EC2, region: "mars" } }, "ec2.region", /got "mars", wants a region of AWS/],
    [
      "a region in China",
      { ec2: { ...EC2, region: "cn-north-1" } },
      "ec2.region",
      /^got "cn-north-1", wants a region of AWS that is neither China's nor a government's/,
    ],
    ["a region of a government", { ec2: { ...EC2, region: "us-gov-west-1" } }, "ec2.region", /^got "us-gov-west-1", wants a region of AWS that is neither/],
    ["an instance type that is none", { ec2: { ...EC2, instanceType: "small" } }, "ec2.instanceType", /got "small", wants an instance type/],
    ["another distribution", { ec2: { ...EC2, image: "centos-7" } }, "ec2.image", /got "centos-7"/],
    ["an image's id that is none", { ec2: { ...EC2, ami: "debian" } }, "ec2.ami", /wants an image's id/],
    ["a field that it does not know", { ec2: { ...EC2, subnett: "x" } }, "ec2.subnett", /is not known; did you mean "subnet"\?/],
    ["a disk that is too small", { ec2: { ...EC2, dataDisk: 1 } }, "ec2.dataDisk", /got 1, wants at least 10 GiB/],
    [
      "a proof by Route 53 without a zone",
      { ec2: { ...EC2, zone: undefined }, tls: { acme: { email: "ops@recoloca.ai", dns: "route53" } } },
      "tls.acme.dns",
      /wants the zone/,
    ],
    [
      "a proof by Route 53 of a name that the zone does not hold",
      {
        ec2: { ...EC2, zone: "recoloca.ai" },
        tls: { acme: { email: "ops@recoloca.ai", dns: "route53" } },
        routes: [...GOOD.routes, { host: "shop.example", path: "/", service: "backend", port: 8000 }],
      },
      "tls.acme.dns",
      /the zone recoloca\.ai, whose records this server may write, does not hold shop\.example/,
      "pulumi config rm --path recoloca:tls.acme.dns",
    ],
    ["an owner that is no tag", { ec2: { ...EC2, owner: "R&D <ops>" } }, "ec2.owner", /wants a tag's value, letters, digits, spaces/],
    ["ranges of IPv6 alone", { ec2: { ...EC2, sshFrom: ["2001:db8::/32"] } }, "ec2.sshFrom", /has ranges of IPv6 alone, and the server answers by IPv4/],
    ["a range that is none", { ec2: { ...EC2, sshFrom: ["203.0.113.7"] } }, "ec2.sshFrom[0]", /wants a range of addresses/],
    [
      "nobody who could reach it",
      { ec2: { ...EC2, sshFrom: [] } },
      "ec2.sshFrom",
      /nobody could reach the server/,
      `pulumi config set --path 'recoloca:ec2.sshFrom[0]' "$(curl -s https://checkip.amazonaws.com)/32"`,
    ],
    ["no domain", { domain: undefined }, "domain", /is missing/, "pulumi config set recoloca:domain staging.recoloca.ai"],
    ["no repository", { repository: undefined }, "repository", /is missing/, "pulumi config set recoloca:repository recoloca/recoloca"],
    ["a zone that does not hold the domain", { ec2: { ...EC2, zone: "example.org" } }, "ec2.zone", /does not hold staging\.recoloca\.ai/],
    [
      "a server that is there beside it",
      { hostAddress: "192.0.2.7", hostKey: "ssh-ed25519 AAAA" },
      "ec2",
      /are both set: one server is wanted/,
      "pulumi config rm recoloca:ec2",
    ],
    [
      "a port that it does not listen on",
      { hostPort: "2200" },
      "hostPort",
      /got 2200, and a server at AWS that the stack makes listens on 22 alone/,
      "pulumi config rm recoloca:hostPort\nor, where a tunnel to it begins there: pulumi config set recoloca:hostAddress 127.0.0.1",
    ],
    ["a host key beside it", { hostKey: "ssh-ed25519 AAAA" }, "hostKey", /is made by the stack/, "pulumi config rm recoloca:hostKey"],
    ["Session Manager on Debian", { hostAddress: "127.0.0.1", ec2: { ...EC2, reach: "session-manager" } }, "ec2.image", /has no agent/],
    ["Session Manager without a tunnel's end", { ec2: { ...EC2, image: "ubuntu-24.04", reach: "session-manager" } }, "hostAddress", /where the tunnel begins/],
    [
      "Session Manager without a port to begin at",
      { hostAddress: "127.0.0.1", ec2: { ...EC2, image: "ubuntu-24.04", reach: "session-manager" } },
      "hostPort",
      /is missing: with Session Manager the port of this machine at which the tunnel begins/,
      "pulumi config set recoloca:hostPort 2222",
    ],
    ["a bucket's name that is none", { createBackupBucket: { name: "My_Bucket" } }, "createBackupBucket.name", /got "My_Bucket", wants a bucket's name/],
    ["backups that are cold when they are gone", { createBackupBucket: { coldAfter: 90, expireAfter: 60 } }, "createBackupBucket.coldAfter", /got 90 days/],
    ["a lock that outlives what it locks", { createBackupBucket: { lockDays: 400 } }, "createBackupBucket.lockDays", /got 400 days/],
  ])("%s", (_what, change, key, says, fix) => {
    const found = problemsOf(change).filter((one) => one.key === key);
    expect(problemsOf(change).map((one) => one.key)).toContain(key);
    expect(found[0]!.says).toMatch(says);
    if (fix !== undefined) expect(found[0]!.fix).toBe(fix);
  });

  const RULES = "wants a bucket's name, 3 to 63 lower-case letters, digits and dashes, none at an end: acme-shop-backups";
  const RESERVED =
    "wants a name that does not begin or end as AWS's own names do (xn--, sthree-, amzn-s3-demo-; -s3alias, --ol-s3, --x-s3, --table-s3): acme-shop-backups";
  test.each([
    ["ab", RULES],
    ["a".repeat(64), RULES],
    ["Acme-Backups", RULES],
    ["acme_backups", RULES],
    ["acme.backups", RULES],
    ["192.0.2.7", RULES],
    ["-acme", RULES],
    ["acme-", RULES],
    ["xn--acme", RESERVED],
    ["sthree-acme", RESERVED],
    ["amzn-s3-demo-acme", RESERVED],
    ["acme-s3alias", RESERVED],
    ["acme--ol-s3", RESERVED],
    ["acme--x-s3", RESERVED],
    ["acme--table-s3", RESERVED],
  ])("a bucket's name that AWS takes for none: %s", (name, wants) => {
    const key = "createBackupBucket.name";
    expect(problemsOf({ createBackupBucket: { name } })).toEqual([
      { key, says: `got "${name}", ${wants}`, fix: `pulumi config set --path 'recoloca:${key}' acme-shop-backups` },
    ]);
  });

  test.each([
    [{ name: "acme..backups" }, "backupBucket.name", /^got "acme\.\.backups", wants a bucket's name, .* single dots and dashes, and no address: acme-backups$/],
    [{ name: "192.0.2.7" }, "backupBucket.name", /^got "192\.0\.2\.7", wants .* no address/],
    [{ name: "Acme" }, "backupBucket.name", /^got "Acme", wants/],
    [
      { name: "acme.backups" },
      "backupBucket.pathStyle",
      /^is missing: whether its name is in the path .*; wants true: no certificate is for the host name that acme\.backups would make$/,
    ],
  ])("a bucket that is there, and could not be opened: %o", (bucket, key, says) => {
    const found = problemsOf({ backupBucket: { region: "eu-central-1", ...bucket } });
    expect(found).toMatchObject([{ key, says: expect.stringMatching(says) as string }]);
  });

  const LONG = "a".repeat(31);
  const github = { visibility: "private", plan: "team" };
  test.each<[number, string, Record<string, unknown>]>([
    [56, "the server's role", {}],
    [49, "the role of infrastructure runs", { github }],
    [47, "the bucket for backups", { github, createBackupBucket: {} }],
    [49, "the role of infrastructure runs", { github, createBackupBucket: { name: "acme-shop-backups" } }],
  ])("names that AWS would find too long, %i characters for %s", (most, of, change) => {
    const environment = "b".repeat(most - LONG.length - 1);
    const named = (stack: string) => problemsOf({ application: LONG, ...change }, stack).filter(({ key }) => key === "application");
    expect(named(environment)).toEqual([]);
    const full = `${LONG}-${environment}b`;
    expect(named(`${environment}b`)).toEqual([
      {
        key: "application",
        says: `got "${LONG}", with the stack's name ${full}: ${most + 1} characters, and AWS takes ${most} of the name of ${of}`,
        fix: "a shorter name, before the first pulumi up: pulumi config set recoloca:application shop\nor of the stack: pulumi stack rename staging",
      },
    ]);
  });

  test("a bucket without a server whose role could write to it", () => {
    expect(checkCloud({ createBackupBucket: { coldAfter: 1, expireAfter: 2 } }, "staging", new Set())).toMatchObject([{ key: "createBackupBucket" }]);
  });
});

describe("what follows from the environment's name", () => {
  const of = (environment: string) =>
    cloudSettings(
      {
        ...GOOD,
        routes: [],
        ec2: { ...EC2, image: "debian-13", reach: "direct", rootDisk: 20, dataDisk: 40, generation: 1 },
        createBackupBucket: { coldAfter: 30, expireAfter: 365 },
      },
      environment,
    )!;
  test("production is guarded", () => {
    expect(of("production")).toMatchObject({ machine: { protect: true }, backupBucket: { lock: "compliance", lockDays: 30 } });
    expect(of("staging")).toMatchObject({ machine: { protect: false }, backupBucket: { lock: "governance", lockDays: 7 } });
  });
});

test.each([
  ["123456789012.dkr.ecr.sa-east-1.amazonaws.com", true],
  ["ghcr.io", false],
  ["123.dkr.ecr.sa-east-1.amazonaws.com.example.org", false],
])("%s is AWS's own registry: %s", (server, expected) => expect(isEcr(server)).toBe(expected));

test("Session Manager wants no open port, and a proof by Route 53 its own right", () => {
  const { values } = checkValues({
    values: { ...Object.fromEntries(Object.entries(GOOD).map(([key, value]) => [key, typeof value === "string" ? value : JSON.stringify(value)])) },
    encrypted: new Set(),
  });
  const machineOf = (ec2: object, tls?: object) => cloudSettings({ ...values, ec2: { ...values.ec2!, ...ec2 }, ...(tls && { tls }) }, "staging")!.machine;
  expect(machineOf({})).toMatchObject({ sshFrom: ["203.0.113.0/24"], sessionManager: false, byAddress: true, proves: [] });
  expect(machineOf({ reach: "session-manager" })).toMatchObject({ sshFrom: [], sessionManager: true, byAddress: false });
  expect(cloudSettings({ ...values, hostAddress: "127.0.0.1" }, "staging")!.machine).toMatchObject({ byAddress: false });
  const proven = (more: object) =>
    cloudSettings({ ...values, ...more, ec2: { ...values.ec2!, zone: "recoloca.ai" }, tls: { acme: { dns: "route53" } } }, "staging")!.machine.proves;
  expect(proven({})).toEqual(["staging.recoloca.ai"]);
  expect(proven({ routes: [{ host: "WWW.recoloca.ai" }, {}], review: { host: "pr-{number}.staging.recoloca.ai" } })).toEqual([
    "staging.recoloca.ai",
    "www.recoloca.ai",
    "pr-*.staging.recoloca.ai",
  ]);
});
