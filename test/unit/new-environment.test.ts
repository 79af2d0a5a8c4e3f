/** A new environment's file: like staging's, with what differs, and checked. */
import { spawnSync } from "node:child_process";
import * as fs from "node:fs";
import * as path from "node:path";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import { answers } from "../../operate/new-environment.ts";
import { answersIn, rewritten, stackFile, stillToSet } from "../../operate/stack-file.ts";

const template = fs.readFileSync(path.join(import.meta.dirname, "..", "..", "Pulumi.staging.yaml"), "utf8");
const AT_AWS = { NAME: "demo", APPLICATION: "shop", DOMAIN: "demo.recoloca.ai", HOST: "ec2", REGION: "eu-central-1", SSH_FROM: "203.0.113.0/24" };

describe("from flags", () => {
  test("at AWS: its own region and domain, staging's routes and gates; what is still to be set are the secrets", async () => {
    const text = stackFile(await answers(AT_AWS, undefined), template);
    const { config } = parse(text) as { config: Record<string, unknown> };
    expect(config["recoloca:ec2"]).toMatchObject({ region: "eu-central-1", zone: "recoloca.ai", sshFrom: ["203.0.113.0/24"] });
    expect(config["recoloca:gates"]).toEqual((parse(template) as { config: Record<string, unknown> }).config["recoloca:gates"]);
    const said = stillToSet("demo", text);
    expect(said).toContain("pulumi config set --secret recoloca:registryPassword");
    expect(said).toContain("pulumi config set --path --secret 'recoloca:secrets.POSTGRES_PASSWORD'");
    expect(said.match(/is missing/g)).toHaveLength(2);
  });

  test("on a server that is there: how it is reached is still to be set", async () => {
    const text = stackFile(await answers({ NAME: "demo", DOMAIN: "demo.example.org", HOST: "existing", ADDRESS: "192.0.2.7" }, undefined), template);
    expect(text).not.toContain("ec2");
    expect(stillToSet("demo", text)).toMatch(/recoloca:hostKey +is missing[\s\S]*recoloca:sshPrivateKey +is missing/);
  });

  test("one that is there already is written anew from what it says itself", async () => {
    const given = await answers({ NAME: "production", DOMAIN: "example.org", HOST: "existing", ADDRESS: "192.0.2.7" }, undefined);
    const production = fs.readFileSync(path.join(import.meta.dirname, "..", "..", "Pulumi.production.yaml"), "utf8");
    const { config } = parse(rewritten(given, production)) as { config: Record<string, unknown> };
    expect(config).toMatchObject({ "recoloca:hostAddress": "192.0.2.7", "recoloca:watch": "2m", "recoloca:github": { ownsRepository: true } });
    expect(config).not.toHaveProperty("recoloca:ec2");
  });

  test("texts that Pulumi would read as something else are texts still", async () => {
    const texts = { DAY: "2026-11-25", CODE: "1_000", BITS: "0b11", ANSWER: "yes", AT: "12:30:45" };
    const text = stackFile(await answers(AT_AWS, undefined), `${template}\n  recoloca:variables: ${JSON.stringify(texts)}\n`);
    // By the YAML that Pulumi reads.
    expect((parse(text, { version: "1.1" }) as { config: object }).config).toMatchObject({ "recoloca:variables": texts });
  });

  const LIVED_IN = `secretsprovider: awskms://alias/shop-staging
encryptedkey: AQICAHg
config:
  aws:region: sa-east-1
  recoloca:application: shop
  recoloca:images: { web: "ghcr.io/shop/web:1" }
  recoloca:release: "1"
  recoloca:rotation: { SECRET_KEY: { generation: 2, since: 2026-11-01 } }
  recoloca:registryServer: ghcr.io
  recoloca:registryUsername: shop
  recoloca:registryPassword: { secure: AAAA }
  recoloca:secrets:
    POSTGRES_PASSWORD: { secure: BBBB }
  recoloca:notify:
    - { url: { secure: CCCC } }
  recoloca:github: { visibility: private, plan: team, ownsRepository: true, mergeQueue: true, stateBucket: { name: state, key: "arn:aws:kms:sa-east-1:123456789012:key/1" } }
  recoloca:ec2: { region: sa-east-1, instanceType: t4g.small, generation: 3, dataVolume: vol-0123456789abcdef0, account: "123456789012" }
  recoloca:createBackupBucket: { name: shop-staging-backups, expireAfter: 60 }
`;
  const ours = (file: string) => (parse(file) as { config: Record<string, unknown> }).config;

  test("another environment has nothing of what is the first one's alone: no secret, no release, no disk, no bucket's name", async () => {
    const text = stackFile(await answers(AT_AWS, undefined), LIVED_IN);
    expect(text).not.toContain("secure");
    expect(Object.keys(parse(text) as object)).toEqual(["config"]);
    expect(ours(text)).toEqual({
      "recoloca:registryServer": "ghcr.io",
      "recoloca:registryUsername": "shop",
      "recoloca:github": { visibility: "private", plan: "team", makesIdentityProvider: false, stateBucket: { name: "state" } },
      "recoloca:ec2": { region: "eu-central-1", instanceType: "t4g.small", account: "123456789012", sshFrom: ["203.0.113.0/24"] },
      "recoloca:createBackupBucket": { expireAfter: 60 },
      "recoloca:application": "shop",
      "recoloca:repository": "recoloca/recoloca",
      "recoloca:domain": "demo.recoloca.ai",
    });
  });

  test("written anew it keeps its secrets and what opens them, and they are not called missing, nor readable", async () => {
    const text = rewritten(await answers(AT_AWS, undefined), LIVED_IN);
    expect(parse(text)).toMatchObject({ secretsprovider: "awskms://alias/shop-staging", encryptedkey: "AQICAHg" });
    expect(ours(text)).toMatchObject({
      "aws:region": "sa-east-1",
      "recoloca:registryPassword": { secure: "AAAA" },
      "recoloca:secrets": { POSTGRES_PASSWORD: { secure: "BBBB" } },
      "recoloca:notify": [{ url: { secure: "CCCC" } }],
      "recoloca:release": "1",
      "recoloca:ec2": { generation: 3, dataVolume: "vol-0123456789abcdef0", region: "eu-central-1" },
    });
    expect(stillToSet("staging", text)).not.toMatch(/registryPassword|POSTGRES_PASSWORD|notify|for anyone to read/);
  });

  test("written anew with nothing else asked for it is what it was, but for spaces between brackets", async () => {
    for (const text of [template, LIVED_IN]) {
      const there = { DOMAIN: "staging.recoloca.ai", SSH_FROM: "203.0.113.0/24", REPOSITORY: "recoloca/recoloca", ...answersIn(text) };
      const whole = rewritten(await answers({ NAME: "staging" }, undefined, there), text);
      const close = (some: string) => some.replaceAll("[ ", "[").replaceAll(" ]", "]");
      for (const line of text.split("\n").filter((one) => !one.includes("recoloca:ec2: {"))) expect(close(whole)).toContain(close(line));
    }
  });

  test("what nobody names stays as it is: application, repository, region, every range, comments, and a structure that is one text", async () => {
    const text = `# the shop's own words
config:
  recoloca:application: shop # never to be changed
  recoloca:repository: acme/shop
  recoloca:domain: staging.shop.example
  recoloca:ec2: '{"region":"eu-central-1","instanceType":"t4g.small","sshFrom":["203.0.113.0/24","198.51.100.0/24"],"zone":"shop.example"}'
  recoloca:createBackupBucket: {}
`;
    const same = { NAME: "staging", ...answersIn(text) };
    const whole = rewritten(await answers({ NAME: "staging" }, undefined, answersIn(text)), text);
    expect(await answers({ NAME: "staging" }, undefined, answersIn(text))).toEqual(same);
    expect(whole).toContain("# the shop's own words\n");
    expect(whole).toContain("recoloca:application: shop # never to be changed");
    expect(ours(whole)["recoloca:ec2"]).toEqual({
      region: "eu-central-1",
      instanceType: "t4g.small",
      sshFrom: ["203.0.113.0/24", "198.51.100.0/24"],
      zone: "shop.example",
    });
    const moved = rewritten(await answers({ NAME: "staging", REGION: "sa-east-1" }, undefined, answersIn(text)), text);
    expect(ours(moved)["recoloca:ec2"]).toMatchObject({ region: "sa-east-1", sshFrom: ["203.0.113.0/24", "198.51.100.0/24"] });
    const another = stackFile(await answers({ ...AT_AWS, NAME: "demo", DOMAIN: "demo.shop.example" }, undefined), text);
    expect(ours(another)["recoloca:ec2"]).toEqual({ region: "eu-central-1", instanceType: "t4g.small", sshFrom: ["203.0.113.0/24"], zone: "shop.example" });
  });

  test("where the server is reached by Session Manager nobody is asked who comes by SSH", async () => {
    const text = "config:\n  recoloca:ec2: { region: sa-east-1, instanceType: t4g.small, image: ubuntu-24.04, reach: session-manager }\n";
    const { SSH_FROM: _, ...rest } = AT_AWS;
    const given = await answers(rest, undefined, answersIn(text));
    expect(ours(stackFile(given, text))["recoloca:ec2"]).not.toHaveProperty("sshFrom");
  });

  test("nobody guesses an instance type", async () => {
    const given = await answers(AT_AWS, undefined);
    expect(() => stackFile(given, "config:\n  recoloca:hostAddress: 192.0.2.7\n")).toThrow(
      /nothing was written.*has no recoloca:ec2[^\n]*\n.*ec2\.instanceType/,
    );
  });

  test("a region of a partition with addresses of its own is none", async () => {
    for (const REGION of ["cn-north-1", "us-gov-west-1"])
      await expect(answers({ ...AT_AWS, REGION }, undefined)).rejects.toThrow(`got "${REGION}"; wants a region, neither China's nor a government's: sa-east-1`);
  });

  test("what is missing or wrong is said at once", async () => {
    await expect(answers({ NAME: "Demo", REGION: "mars" }, undefined)).rejects.toThrow(
      /nothing was written\n\n {2}NAME {8}got "Demo"; wants lower-case[^\n]*\n {2}DOMAIN {6}is missing[^\n]*\n {2}REGION {6}got "mars"[^\n]*\n {2}SSH_FROM {4}is missing/,
    );
  });
});

test("asked, until each answer has its form; what is given is not asked", async () => {
  const said = ["shop", "Wrong Domain", "demo.recoloca.ai", "", "", "", "nonsense", "203.0.113.0/24"];
  const asked: string[] = [];
  const found = await answers({ NAME: "demo" }, async (question) => {
    asked.push(question);
    return said.shift()!;
  });
  expect(found).toEqual({ ...AT_AWS, REGION: "sa-east-1", REPOSITORY: "recoloca/recoloca" });
  expect(asked[1]).toBe("host name that it answers on: ");
  expect(asked[2]).toBe('got "Wrong Domain", wants a host name: demo.recoloca.ai\n host name that it answers on: ');
  expect(asked).toHaveLength(8);
});

describe("as a process, as make starts it", () => {
  const root = path.join(import.meta.dirname, "..", "..");
  const run = (flags: Record<string, string>) =>
    spawnSync(process.execPath, [path.join(root, "operate/new-environment.ts")], { env: { PATH: process.env["PATH"], ...flags }, input: "", encoding: "utf8" });

  test("flags that are wrong: all at once, nothing is written, and no stack trace", () => {
    const { status, stderr } = run({ NAME: "Demo", HOST: "ec3" });
    expect(status).toBe(1);
    expect(stderr).toMatch(/^error: nothing was written\n\n {2}NAME {8}got "Demo"/);
    expect(stderr).toContain('HOST        got "ec3"; wants ec2 or existing');
    expect(stderr).not.toMatch(/\n\s+at /);
  });

  test("the stack of make local is not written: its file is elsewhere", () => {
    const { status, stderr } = run({ ...AT_AWS, NAME: "local" });
    expect(status).toBe(1);
    expect(stderr).toContain('NAME        got "local"; wants lower-case letters, digits and dashes, 31 at most; "local" is the one of make local');
    expect(fs.existsSync(path.join(root, "Pulumi.local.yaml"))).toBe(false);
  });

  test("a name that is there already is left alone", () => {
    const before = fs.readFileSync(path.join(root, "Pulumi.staging.yaml"), "utf8");
    const { status, stderr } = run({ ...AT_AWS, NAME: "staging" });
    expect(status).toBe(1);
    expect(stderr).toContain("there is a stack's file already: Pulumi.staging.yaml; nothing was written");
    expect(fs.readFileSync(path.join(root, "Pulumi.staging.yaml"), "utf8")).toBe(before);
  });

  test("right flags: the file is written, and what is still to be set is said", () => {
    const name = `test-${process.pid}`;
    const file = path.join(root, `Pulumi.${name}.yaml`);
    try {
      const { status, stdout, stderr } = run({ ...AT_AWS, NAME: name });
      expect(status, stderr).toBe(0);
      expect(stdout).toContain(`pulumi stack init ${name}`);
      expect(stdout).toContain("pulumi config set --secret recoloca:registryPassword");
      expect(fs.readFileSync(file, "utf8")).toContain("recoloca:domain: demo.recoloca.ai");
      const again = run({ NAME: name, REPLACE: "1", DOMAIN: "other.recoloca.ai" });
      expect(again.stdout).toContain(`pulumi stack select --create ${name}`);
      expect(fs.readFileSync(file, "utf8")).toMatch(/recoloca:application: shop[^]*region: eu-central-1|region: eu-central-1[^]*recoloca:application: shop/);
      expect(fs.readFileSync(file, "utf8")).toContain("recoloca:domain: other.recoloca.ai");
    } finally {
      fs.rmSync(file, { force: true });
    }
  });
});
