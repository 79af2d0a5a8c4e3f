/**
 * One environment of this repository whole, on the real engine, with doubles for the clouds: an instance that boots its user data, the
 * bucket that the stack makes, a registry, an authority for certificates. What holds for each of them is tested in each one's own file.
 */
import * as fs from "node:fs";
import * as path from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { attempt } from "../../local/command.ts";
import { ensureObjectStore, removeObjectStore } from "../../local/object-store.ts";
import { REGISTRY_USER, registryPassword } from "../../local/registry.ts";
import { gatewayOf } from "../../local/server.ts";
import { inSite, registryName, testSite } from "../../local/site.ts";
import { checkout } from "../../tools/cache.ts";
import { acmeRoot, DIRECTORY, makeAcme, removeAcme } from "../acme-server.ts";
import { type Doubles, startDoubles } from "../doubles/doubles.ts";
import { found } from "../doubles/github-repository.ts";
import { type Config, TestStack } from "../doubles/test-stack.ts";
import { imagesOf } from "../site.ts";

const REGION = "sa-east-1";
const UNCHANGED = /updated|created|deleted|replaced/;
export const INSTANCE = "aws:ec2/instance:Instance";
export const VOLUME = "aws:ebs/volume:Volume";

/** How each environment's name is proven: staging's through its edge, production's by a record in its zone. */
const PROOF: Record<string, object> = { staging: {}, production: { dns: "route53" } };

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

/** What was changed of a stack's settings so far stays changed. */
export interface Since {
  ec2: object;
  bucket: object;
}

export type Environment = ReturnType<typeof environmentOf>;

/** Stands before the first test of its file; taken away after the last one. */
export function environmentOf(name: "staging" | "production") {
  const folder = inSite(testSite, name);
  const bucket = `recoloca-${name}-backups-of-a-test`;
  const made = {} as { stack: TestStack; doubles: Doubles; passwords: string[] };

  const since: Since = { ec2: {}, bucket: {} };
  /** What the repository ships, on this machine's ports and registry. */
  const configure = (change: Config = {}, more: Partial<Since> = {}) => {
    Object.assign(since.ec2, more.ec2);
    Object.assign(since.bucket, more.bucket);
    const shipped = (key: string) => made.stack.shipped[key] as object;
    made.stack.configure({
      ...made.stack.shipped,
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
  const release = async (version: string): Promise<Config> => {
    const { backend, frontend, postgres, redis } = await imagesOf(version);
    return {
      "recoloca:images": { backend, worker: backend, frontend },
      "recoloca:release": version,
      "recoloca:variables": { POSTGRES_IMAGE: postgres, REDIS_IMAGE: redis },
    };
  };
  const domain = () => made.stack.shipped["recoloca:domain"] as string;
  const instance = () => made.doubles.world.all(INSTANCE)[0]!;
  const id = () => instance()["id"] as string;
  const on = async (command: string) => (await made.doubles.host!.on(id(), command)).output;
  const shownCertificate = () => on(`openssl x509 -noout -fingerprint -in /etc/haproxy/recoloca/certificates/${domain()}.pem`);
  /** What was changed at the clouds since the last clear. */
  const written = () =>
    made.doubles.requests.filter((one) => ["create", "update", "delete"].includes(one.operation) && !one.preview).map((one) => `${one.operation} ${one.type}`);
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
    const store = await ensureObjectStore(testSite, () => undefined, REGION);
    const address = await gatewayOf(testSite);
    const trusts = [await makeAcme(address)];
    fs.writeFileSync(path.join(folder, "root.pem"), await acmeRoot());
    const objects = { store, buckets: [bucket] };
    const ports = { [testSite.httpsPort]: 443 };
    const doubles = (made.doubles = await startDoubles({
      folder,
      hosting: { site: testSite, kind: "bare", mounts: { "/dev/sdf": "/srv/recoloca" }, objects, ports, address, trusts },
    }));
    await doubles.host!.removeAll();
    doubles.world.put("aws:route53/zone:Zone", "Z0123456789ABCDEFGHIJ", { name: "recoloca.ai" });
    found(doubles.world, "recoloca");
    const token = "a-token-that-nobody-may-see";
    const stack = (made.stack = await TestStack.open({ program: checkout, name, folder, env: { ...doubles.env, GITHUB_TOKEN: token } }));
    const password = "a-password-that-nobody-may-see";
    await stack.secret("recoloca:registryPassword", registryPassword(testSite));
    await stack.secret("recoloca:secrets.POSTGRES_PASSWORD", password);
    made.passwords = [password, token, registryPassword(testSite)];
  });
  afterAll(async () => {
    await made.doubles.host!.removeAll();
    await made.doubles.stop();
    await removeAcme();
    await removeObjectStore(testSite);
  });

  return Object.assign(made, { name, folder, bucket, since, configure, release, domain, instance, id, on, shownCertificate, written, serves, ask });
}

/** Its release deployed for the first time. */
export function deploys(environment: Environment, how: string): void {
  const { configure, release, domain, serves } = environment;
  test(how, async () => {
    configure(await release("1"));
    const ran = await environment.stack.up();
    expect(ran.code, ran.output).toBe(0);
    expect(ran.output).toContain(`certificate ${domain()}, 89 days left`);
    await serves("1");
    expect((await environment.stack.outputs())["url"]).toBe(`https://${domain()}`);
    const again = await environment.stack.up();
    expect(again.code, again.output).toBe(0);
    expect(again.output).not.toMatch(UNCHANGED);
  });
}

/** Of one that is deployed. */
export function isSafelyKept(environment: Environment): void {
  const { name, on, instance, bucket } = environment;
  test("each resource goes by the name that it had: by another one it would be made anew, and what people live on destroyed", async () => {
    const { deployment } = JSON.parse(await environment.stack.state()) as { deployment: { resources: { urn: string }[] } };
    const names = deployment.resources.map(({ urn }) => urn.split("::").slice(2).join(" ")).filter((one) => !/^pulumi:providers:\w+ default/.test(one)).sort(); // prettier-ignore
    // Where one has another name on purpose, it gets `aliases` first; then vitest --update writes the list.
    await expect(`${names.join("\n")}\n`).toMatchFileSnapshot(`names-of-${name}.txt`);
  });

  test("secrets are nowhere in the open: state, user data, what was asked of the clouds", async () => {
    const keys = environment.doubles.world.all("aws:ssm/parameter:Parameter").map((one) => String(one["value"]).split("\n")[1]!);
    expect(keys).toHaveLength(1);
    const state = await environment.stack.state();
    for (const secret of [...environment.passwords, ...keys]) {
      expect(state).not.toContain(secret);
      expect(JSON.stringify(instance())).not.toContain(secret);
    }
    for (const one of environment.doubles.requests.filter(({ type }) => type === "aws:ssm/parameter:Parameter"))
      if (one.operation === "create") expect(one.secrets).toContain("value");
  });

  test("its backups leave it by its own role, which can neither remove one nor write over it", async () => {
    expect(await on("recoloca backup")).toContain("backed up postgres");
    const keys = environment.doubles.world.objects(bucket).map(({ key }) => key);
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
}
