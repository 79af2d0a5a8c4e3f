/** A certificate of one's own, by the stack's configuration: checked before anything is changed, served, and nowhere to be read. */
import { execFileSync } from "node:child_process";
import * as fs from "node:fs";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { LocalStack } from "../../local/stack.ts";
import { inSite, testSite } from "../../local/site.ts";
import { visit } from "../secure-visitors.ts";
import { containersOnServer, liveRelease, openStack, server, settingsFor, wipe, type Change } from "../site.ts";

const DOMAIN = "shop.test";

let stack: LocalStack;
beforeAll(async () => {
  stack = await openStack();
  await wipe();
});
afterAll(wipe);

function pair(name: string) {
  const [key, certificate] = [inSite(testSite, "own.key"), inSite(testSite, "own.pem")];
  execFileSync("openssl", ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "20", "-subj", "/CN=own", "-addext", `subjectAltName=DNS:${name}`, "-keyout", key, "-out", certificate], { stdio: "ignore" }); // prettier-ignore
  return { certificate: fs.readFileSync(certificate, "utf8"), privateKey: fs.readFileSync(key, "utf8") };
}
const linesOf = (pem: string) => pem.split("\n").filter((line) => line.length > 10 && !line.startsWith("-----"));

async function configure(change: Change, { certificate, privateKey }: ReturnType<typeof pair>): Promise<void> {
  await stack.configure(await settingsFor("1", { domain: DOMAIN, publicUrl: undefined, ...change }));
  for (const [key, value] of [["tlsCertificate", certificate], ["tlsPrivateKey", privateKey]] as const) {
    const ran = await stack.pulumi(["config", "set", "--secret", `recoloca:${key}`], { input: value });
    expect(ran.code, ran.output).toBe(0);
  }
} // prettier-ignore

test("one that does not fit is an error of the configuration, with all that is wrong, and nothing is changed", async () => {
  const own = pair("other.test");
  await configure({}, { certificate: own.certificate, privateKey: pair(DOMAIN).privateKey });
  const ran = await stack.up();
  expect(ran.code).not.toBe(0);
  expect(ran.output).toContain("has 2 problems in its configuration; nothing was changed");
  expect(ran.output).toMatch(/recoloca:tlsCertificate +does not cover shop\.test; it is for other\.test/);
  expect(ran.output).toMatch(/recoloca:tlsPrivateKey +is not the key of the certificate\n +cat KEY\.pem \| pulumi config set --secret recoloca:tlsPrivateKey/);
  for (const line of linesOf(own.privateKey)) expect(ran.output).not.toContain(line);
  expect(await containersOnServer()).toEqual([]);
});

test("one that fits is served from the first release on; its key is not in the state, on the screen, or in arguments", async () => {
  const own = pair(DOMAIN);
  await configure({ tls: { hsts: "1h" } }, own);
  const args = server("for i in $(seq 200); do cat /proc/[0-9]*/cmdline 2>/dev/null | tr '\\0' ' '; sleep 0.05; done");
  const ran = await stack.up();
  expect(ran.code, ran.output).toBe(0);
  expect(ran.output).toMatch(/certificate shop\.test, 19 days left/);
  expect((await stack.pulumi(["stack", "output", "url"])).stdout.trim()).toBe("https://shop.test");
  const seen = await visit(DOMAIN, "/api/v1/version", own.certificate);
  expect(seen.status).toBe(200);
  expect(seen.headers["strict-transport-security"]).toBe("max-age=3600");
  const state = (await stack.pulumi(["stack", "export"])).stdout;
  const arguments_ = (await args).stdout;
  const secret = linesOf(own.privateKey);
  expect(secret.length).toBeGreaterThan(10);
  for (const line of secret) for (const place of [state, ran.output, arguments_]) expect(place).not.toContain(line);
});

test("what is changed of TLS alone is taken on without a release; then there is nothing to change", async () => {
  const live = await liveRelease();
  const own = pair(DOMAIN);
  await configure({ tls: { hsts: false } }, own);
  const ran = await stack.up();
  expect(ran.code, ran.output).toBe(0);
  const seen = await visit(DOMAIN, "/api/v1/version", own.certificate);
  expect(seen.headers["strict-transport-security"]).toBeUndefined();
  expect(await liveRelease()).toEqual(live);
  const again = await stack.up();
  expect(again.output).toMatch(/\d+ unchanged/);
  expect(again.output).not.toMatch(/\d+ (updated|to update)/);
});

test("without it the edge is as it was: plain HTTP", async () => {
  await stack.configure(await settingsFor("1", { domain: DOMAIN }));
  const ran = await stack.up();
  expect(ran.code, ran.output).toBe(0);
  await expect(visit(DOMAIN, "/", pair(DOMAIN).certificate)).rejects.toThrow();
  expect((await server(`curl --silent --output /dev/null --write-out '%{http_code}' --header 'Host: ${DOMAIN}' http://127.0.0.1/`)).stdout).toBe("200");
});
