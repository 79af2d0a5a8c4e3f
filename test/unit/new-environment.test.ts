/** A new environment's file: like staging's, with what differs, and checked. */
import { spawnSync } from "node:child_process";
import * as fs from "node:fs";
import * as path from "node:path";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import { answers } from "../../operate/new-environment.ts";
import { answersIn, rewritten, saysNothing, stackFile, stillToSet, toLookAt } from "../../operate/stack-file.ts";

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

describe("from one kind of server to the other: the way to the one that was leads nowhere", () => {
  const ours = (file: string) => (parse(file) as { config: Record<string, unknown> }).config;
  const again = async (text: string, flags: Record<string, string>) =>
    rewritten(await answers({ NAME: "staging", ...flags }, undefined, answersIn(text)), text);
  const SHOP = "config:\n  recoloca:domain: staging.recoloca.ai\n  recoloca:repository: acme/shop\n";
  const OWN = "  recoloca:hostAddress: 192.0.2.7\n  recoloca:hostPort: 2200\n  recoloca:hostUser: deploy\n";
  const KEYS = "  recoloca:hostKey: ssh-ed25519 AAAA\n  recoloca:sshPrivateKey: { secure: AAAA }\n";
  const BASTION = "  recoloca:bastion: { address: 192.0.2.1, user: jump, hostKey: ssh-ed25519 AAAA }\n  recoloca:bastionPrivateKey: { secure: BBBB }\n";
  // As the error says that wants it: the region is asked.
  const EC2 = "  recoloca:ec2: { instanceType: t4g.small }\n";
  const TO_EC2 = { HOST: "ec2", REGION: "sa-east-1", SSH_FROM: "203.0.113.0/24" };
  const way = (config: Record<string, unknown>) => Object.keys(config).filter((key) => /:(host|ssh|bastion)/.test(key));

  test.each([
    ["whole", SHOP + OWN + KEYS + BASTION + EC2],
    ["whose host key nobody has set yet", SHOP + OWN + EC2],
  ])("a server that is there, %s, to one at AWS", async (_, text) => {
    const config = ours(await again(text, TO_EC2));
    expect(way(config)).toEqual([]);
    expect(config["recoloca:ec2"]).toEqual({ instanceType: "t4g.small", region: "sa-east-1", sshFrom: ["203.0.113.0/24"] });
  });

  const TUNNEL = "  recoloca:hostAddress: 127.0.0.1\n  recoloca:hostPort: 2222\n";
  const MANAGED = "  recoloca:ec2: { region: sa-east-1, instanceType: t4g.small, image: ubuntu-24.04, reach: session-manager }\n";

  test("one at AWS, by Session Manager, to one that is there: where the tunnel began is no address of it", async () => {
    const text = SHOP + TUNNEL + BASTION + MANAGED;
    await expect(again(text, { HOST: "existing" })).rejects.toThrow(/ADDRESS {5}is missing/);
    const config = ours(await again(text, { HOST: "existing", ADDRESS: "192.0.2.7" }));
    expect(way(config)).toEqual(["recoloca:hostAddress"]);
    expect(config).toMatchObject({ "recoloca:hostAddress": "192.0.2.7" });
    expect(config).not.toHaveProperty("recoloca:ec2");
  });

  test("of the same kind it stays", async () => {
    expect(ours(await again(SHOP + TUNNEL + MANAGED, {}))).toMatchObject({ "recoloca:hostAddress": "127.0.0.1", "recoloca:hostPort": 2222 });
    const own = ours(await again(SHOP + OWN + KEYS + BASTION + EC2, { HOST: "existing", ADDRESS: "192.0.2.8" }));
    expect(own).toMatchObject({ "recoloca:hostAddress": "192.0.2.8", "recoloca:hostPort": 2200, "recoloca:hostUser": "deploy" });
    expect(way(own)).toHaveLength(7);
    expect(own).not.toHaveProperty("recoloca:ec2");
  });

  test("what goes and is used elsewhere in the file is one clear error", async () => {
    const text = `${SHOP}  recoloca:ec2: &server { region: sa-east-1, instanceType: t4g.small }\n  other:server: *server\n`;
    await expect(again(text, { HOST: "existing", ADDRESS: "192.0.2.7" })).rejects.toThrow(
      "nothing was written: what the file calls &server would go, and *server stands for it elsewhere in it\n  in place of each *server what it stands for; then the same command again",
    );
  });
});

describe("names that lead to one server", () => {
  const ROUTES = `config:
  recoloca:domain: staging.recoloca.ai
  recoloca:publicUrl: https://staging.recoloca.ai
  recoloca:ec2: { region: sa-east-1, instanceType: t4g.small, zone: recoloca.ai }
  recoloca:review: { host: "pr-{number}.staging.recoloca.ai", repositories: [ghcr.io/acme/shop] }
  recoloca:routes:
    - { host: admin.staging.recoloca.ai, path: /, service: backend, port: 8000 } # for the team
    - { host: staging.recoloca.ai, path: /api, service: backend, port: 8000 }
    - { host: shop.example, path: /, service: frontend, port: 3000 }
    - { path: /, service: frontend, port: 3000 }
  recoloca:gates:
    - { name: admin, path: /, host: admin.staging.recoloca.ai }
`;
  const config = (text: string) => (parse(text) as { config: Record<string, unknown> }).config;
  const hosts = (text: string) => (config(text)["recoloca:routes"] as { host?: string }[]).map(({ host }) => host);

  test("a new environment has them below its own domain, none of pull requests, and of what is elsewhere it is said", async () => {
    const given = await answers(AT_AWS, undefined);
    const text = stackFile(given, ROUTES);
    expect(hosts(text)).toEqual(["admin.demo.recoloca.ai", "demo.recoloca.ai", "shop.example", undefined]);
    expect(config(text)["recoloca:gates"]).toEqual([{ name: "admin", path: "/", host: "admin.demo.recoloca.ai" }]);
    expect(text).not.toMatch(/review|publicUrl|staging/);
    expect(toLookAt(given, ROUTES, text)).toEqual([
      "environments of pull requests (recoloca:review) are not in it: their names lead to one server. With its own, docs/review.md:\n  pulumi config set --path 'recoloca:review.host' 'pr-{number}.demo.recoloca.ai'",
      "recoloca:routes[2].host is shop.example there too, and a name leads to one server:\n  pulumi config set --path 'recoloca:routes[2].host' demo.recoloca.ai",
    ]);
    // There nobody's pull requests run.
    expect(toLookAt({ ...given, NAME: "production" }, ROUTES, text)).toHaveLength(1);
    expect(toLookAt(given, template, stackFile(given, template))).toEqual([]);
  });

  test("one that gets another domain takes them along, and keeps them where it does not", async () => {
    const again = async (flags: Record<string, string>) =>
      rewritten(await answers({ NAME: "staging", SSH_FROM: "203.0.113.0/24", ...flags }, undefined, answersIn(ROUTES)), ROUTES);
    const moved = await again({ DOMAIN: "next.recoloca.ai" });
    expect(hosts(moved)).toEqual(["admin.next.recoloca.ai", "next.recoloca.ai", "shop.example", undefined]);
    expect(config(moved)["recoloca:review"]).toMatchObject({ host: "pr-{number}.next.recoloca.ai", repositories: ["ghcr.io/acme/shop"] });
    expect(moved).toContain("# for the team");
    expect(hosts(await again({}))).toEqual(hosts(ROUTES));
  });
});

test("where a bucket is named none is made beside it", async () => {
  const text = stackFile(
    await answers(AT_AWS, undefined),
    "config:\n  recoloca:ec2: { region: sa-east-1, instanceType: t4g.small }\n  recoloca:backupBucket: { name: acme-backups, region: sa-east-1 }\n",
  );
  expect((parse(text) as { config: object }).config).not.toHaveProperty("recoloca:createBackupBucket");
  expect(stillToSet("demo", text)).not.toContain("createBackupBucket");
});

test.each([
  ["what opens its secrets alone", "encryptionsalt: v1:abc=\n", { encryptionsalt: "v1:abc=" }],
  ["a key of AWS's", "secretsprovider: awskms://alias/demo\nencryptedkey: AQICAHg\n", { secretsprovider: "awskms://alias/demo", encryptedkey: "AQICAHg" }],
  ["nothing below config", "encryptionsalt: v1:abc=\nconfig:\n", { encryptionsalt: "v1:abc=" }],
  ["an empty config", "encryptionsalt: v1:abc=\nconfig: {}\n", { encryptionsalt: "v1:abc=" }],
  ["another program's setting", "config:\n  aws:region: sa-east-1 # of old\n", { config: { "aws:region": "sa-east-1" } }],
  ["nothing at all", "", {}],
])("a file that says nothing of this project, with %s, gets what a new one has, and keeps what it says", async (_, text, kept) => {
  expect(saysNothing(text)).toBe(true);
  for (const flags of [AT_AWS, { NAME: "demo", DOMAIN: "demo.example.org", HOST: "existing", ADDRESS: "192.0.2.7" }]) {
    const given = await answers(flags, undefined);
    const whole = stackFile(given, template, text);
    const { config } = parse(stackFile(given, template)) as { config: object };
    expect(parse(whole)).toEqual({ ...kept, config: { ...("config" in kept && kept.config), ...config } });
    expect(whole.includes("# of old")).toBe(text.includes("# of old"));
  }
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

  test("a file that pulumi stack init has written gets what a new one has", () => {
    const name = `begun-${process.pid}`;
    const file = path.join(root, `Pulumi.${name}.yaml`);
    try {
      fs.writeFileSync(file, "encryptionsalt: v1:abc=\n");
      const { status, stdout, stderr } = run({ NAME: name, REPLACE: "1", DOMAIN: "demo.example.org", HOST: "existing", ADDRESS: "192.0.2.7" });
      expect(status, stderr).toBe(0);
      expect(stdout).toContain(`pulumi stack select --create ${name}`);
      expect(stdout).toContain("recoloca:sshPrivateKey");
      const written = parse(fs.readFileSync(file, "utf8")) as { config: object };
      expect(written).toMatchObject({ encryptionsalt: "v1:abc=", config: { "recoloca:hostAddress": "192.0.2.7" } });
    } finally {
      fs.rmSync(file, { force: true });
    }
  });
});
