import { execFileSync } from "node:child_process";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { afterAll, describe, expect, test, vi } from "vitest";
import { bootstrapScript } from "../../components/host/bootstrap.ts";
import { certificateProblems } from "../../release/certificate.ts";
import { CERTIFIABLE } from "../../release/forms.ts";
import type { Plan } from "../../release/plan.ts";
import { LETS_ENCRYPT, LETS_ENCRYPT_STAGING, type Acme } from "../../release/tls.ts";
import { legoArguments, notIssued } from "../../server/acme.ts";
import { asOneFile, sayCertificate } from "../../server/certificates.ts";
import { afterFailure, isDue, serves, untoldStep, waits, wantsRehearsal } from "../../server/certify.ts";
import { nameFindings } from "../../server/certificate-findings.ts";
import { whyNotHere } from "../../server/name-check.ts";
import { certificateList, httpsMap } from "../../server/edge-tls.ts";
import { edgeConfiguration, type EdgeStack } from "../../server/edge-configuration.ts";
import { checkTogether, checkValues } from "../../settings/check.ts";
import { tlsForm, tlsOf } from "../../settings/tls.ts";

const DAY = 86_400_000;
const folder = fs.mkdtempSync(path.join(os.tmpdir(), "tls-"));
afterAll(() => fs.rmSync(folder, { recursive: true }));

const KEYS = { ec: ["ec", "-pkeyopt", "ec_paramgen_curve:P-256"], weak: ["rsa:1024"] } as const;

let made = 0;
/** A certificate for these names, signed by itself. */
function pair(names: string, kind: keyof typeof KEYS = "ec", dates: readonly string[] = ["-days", "20"]) {
  const [key, certificate] = [path.join(folder, `${++made}.key`), path.join(folder, `${made}.crt`)];
  const extension = names === "" ? [] : ["-addext", `subjectAltName=${names}`];
  execFileSync("openssl", ["req", "-x509", "-newkey", ...KEYS[kind], "-nodes", "-subj", "/CN=shop.example", ...dates, ...extension, "-keyout", key, "-out", certificate], { stdio: "ignore" }); // prettier-ignore
  return { certificate: fs.readFileSync(certificate, "utf8"), privateKey: fs.readFileSync(key, "utf8") };
}
const good = pair("DNS:shop.example,DNS:*.shop.example");
const other = pair("DNS:other.example");

describe("a given certificate", () => {
  const said = (given: typeof good, names = ["shop.example"], now = new Date()) =>
    certificateProblems(given, names, now).map(({ of, says }) => `${of} ${says}`);

  test("that fits has no problem, for the name and for those below it", () => expect(said(good, ["shop.example", "www.shop.example"])).toEqual([]));

  test.each<[string, ReturnType<typeof said>, string[]]>([
    ["of another key", said({ ...good, privateKey: other.privateKey }), ["privateKey is not the key of the certificate"]],
    ["for other names", said(other), ["certificate does not cover shop.example; it is for other.example"]],
    ["with its name in the subject alone", said(pair("")), ["certificate does not cover shop.example; it is for no name at all"]],
    [
      "of yesterday",
      said(good, undefined, new Date(Date.now() + 21 * DAY)),
      [expect.stringMatching(/^certificate has expired, on 20\d\d-\d\d-\d\d$/) as string],
    ],
    ["of tomorrow", said(good, undefined, new Date(Date.now() - 2 * DAY)), [expect.stringMatching(/^certificate is not valid before 20/) as string]],
    ["with a weak key", said(pair("DNS:shop.example", "weak")), ["privateKey has 1024 bits, 2048 are the least"]],
    [
      "whose chain is in no order",
      said({ ...good, certificate: good.certificate + other.certificate }),
      ["certificate certificate 2 of the chain did not issue certificate 1: put them in order"],
    ],
    [
      "that is none, with a key that is none",
      said({ certificate: "hello", privateKey: "hello" }),
      [
        "certificate is no certificate: PEM is wanted, -----BEGIN CERTIFICATE-----, the server's own first",
        "privateKey is no private key: PEM is wanted, -----BEGIN PRIVATE KEY-----",
      ],
    ],
    [
      "with everything wrong",
      said({ ...other, privateKey: good.privateKey }),
      ["certificate does not cover shop.example; it is for other.example", "privateKey is not the key of the certificate"],
    ],
  ])("%s is a problem", (_what, found, wanted) => expect(found).toEqual(wanted));

  test("with a passphrase is a problem that names the way out, and no word of a key is ever said", () => {
    const locked = execFileSync("openssl", ["pkey", "-aes256", "-passout", "pass:word"], { input: good.privateKey, encoding: "utf8" });
    const [problem = ""] = said({ ...good, privateKey: locked });
    expect(problem).toContain("openssl pkey -in KEY -out PLAIN_KEY");
    expect(problem).not.toContain(locked.split("\n")[1]);
  });
});

describe("settings", () => {
  const compose = { path: "compose.yaml", text: "services:\n  web: { image: a }\n" };
  const base = { hostAddress: "shop.example", hostKey: "ssh-ed25519 AAAA", sshPrivateKey: "KEY", routes: '[{"path":"/","service":"web","port":80}]' };
  function problems(change: Record<string, string>): string[] {
    const checked = checkValues({ values: { ...base, ...change }, encrypted: new Set(["sshPrivateKey", "tlsCertificate", "tlsPrivateKey"]) });
    return [...checked.problems, ...checkTogether(checked.values, compose, { secrets: [], registry: [] })].map(({ key, says }) => `${key} ${says}`);
  }
  const domain = "shop.example";

  test.each<[string, Record<string, string>, string[]]>([
    ["ACME", { domain, tls: '{"acme":{"email":"ops@shop.example"},"hsts":"180d"}' }, []],
    ["a given certificate", { domain, tlsCertificate: good.certificate, tlsPrivateKey: good.privateKey }, []],
    ["no name", { tls: '{"acme":{"email":"ops@shop.example"}}' }, ["domain is missing: a certificate is for a host name, and no route has one"]],
    ["a name that is no host's", { domain: "shop", tls: '{"acme":{"email":"ops@shop.example"}}' }, ['domain got "shop", for which nobody gives a certificate: a whole host name is wanted']],
    ["neither way", { domain, tls: '{"hsts":"1h"}' }, ["tls.acme is missing: who is to certify the names? Or give a certificate: tlsCertificate and tlsPrivateKey"]],
    ["half a pair", { domain, tlsCertificate: good.certificate }, ["tlsPrivateKey is missing: a certificate and its private key go together"]],
    ["both ways", { domain, tls: '{"acme":{"email":"ops@shop.example"}}', tlsCertificate: good.certificate, tlsPrivateKey: good.privateKey }, ["tls.acme and a given certificate are two ways: one of them"]],
    ["browsers that would be locked out", { domain, tls: '{"acme":{"email":"ops@shop.example","directory":"staging"},"hsts":"1h"}' }, ["tls.hsts would lock visitors out: nobody trusts certificates of the staging directory"]],
    ["three things at once", { domain, tls: '{"acme":{"email":"ops","directory":"http://x"},"hsts":"3 years","hst":1}' }, [
      'tls.acme.email got "ops", wants an e-mail address',
      'tls.acme.directory got "http://x", wants staging, or a directory\'s URL: https://...',
      'tls.hsts got "3 years", wants a duration such as 180d, at most 730d, or false',
      'tls.hst is not known; did you mean "hsts"?',
    ]],
  ])("with %s", (_what, change, wanted) => expect(problems(change)).toEqual(wanted)); // prettier-ignore

  test("Let's Encrypt is rehearsed in its staging directory, another authority only where one is named", () => {
    const acme = (given: object) => tlsOf({ tls: tlsForm.parse({ acme: { email: "ops@shop.example", ...given } }), hostAddress: "203.0.113.7" })?.acme;
    const email = "ops@shop.example";
    const addresses = ["203.0.113.7"];
    expect(acme({})).toEqual({ email, addresses, directory: LETS_ENCRYPT, rehearsal: LETS_ENCRYPT_STAGING });
    expect(acme({ directory: "staging" })).toEqual({ email, addresses, directory: LETS_ENCRYPT_STAGING });
    expect(acme({ directory: "https://ca.example/dir", dns: "route53" })).toEqual({ email, addresses, directory: "https://ca.example/dir", dns: "route53" });
  });
});

const ACME: Acme = { email: "ops@shop.example", directory: LETS_ENCRYPT, rehearsal: LETS_ENCRYPT_STAGING, addresses: [] };

describe("when to ask", () => {
  const NOW = Date.parse("2026-11-25T00:00:00Z");
  const life = (daysLeft: number) => ({ from: NOW - (90 - daysLeft) * DAY, until: NOW + daysLeft * DAY, issuer: "", fingerprint: "" });
  const state = { stack: "shop-staging", by: "acme", directory: LETS_ENCRYPT } as const;

  test.each<[string, boolean, boolean]>([
    ["where there is none", isDue(undefined, undefined, ACME, NOW), true],
    ["with 37 days of 90 left", isDue(state, life(37), ACME, NOW), false],
    ["with 35 days of 90 left", isDue(state, life(35), ACME, NOW), true],
    ["where it is of another authority", isDue({ ...state, directory: LETS_ENCRYPT_STAGING }, life(80), ACME, NOW), true],
    ["where it was given", isDue({ stack: "shop-staging", by: "given" }, life(80), ACME, NOW), true],
  ])("%s", (_what, due, wanted) => expect(due).toBe(wanted));

  test("failures in a row wait longer, up to a day, and as long as the authority says", () => {
    let now: ReturnType<typeof afterFailure> = state;
    const hours: number[] = [];
    for (let failure = 1; failure <= 7; failure++) {
      now = afterFailure(now, new Error("no"), NOW);
      hours.push((Date.parse(now.nextTry!) - NOW) / 3_600_000);
    }
    expect(hours).toEqual([1, 2, 4, 8, 16, 24, 24]);
    expect(waits(now, NOW)).toBe(true);
    expect(waits(now, NOW + 24 * 3_600_000)).toBe(false);
    const limited = notIssued(
      "2026/11/25 00:00:00 Could not obtain certificates:\n\terror: one or more domains had a problem:\n[shop.example] acme: error: 429 :: POST :: https://a/new-order :: urn:ietf:params:acme:error:rateLimited :: too many certificates, retry after 2026-11-27 10:00:00 UTC, url: https://a/1\n",
    );
    expect(limited.message).toBe(
      "[shop.example] acme: error: 429 :: POST :: https://a/new-order :: urn:ietf:params:acme:error:rateLimited :: too many certificates, retry after 2026-11-27 10:00:00 UTC",
    );
    expect(afterFailure(state, limited, NOW).nextTry).toBe("2026-11-27T10:00:00.000Z");
  });

  test("a name is rehearsed once, and not any more once the authority has certified it", () => {
    expect(wantsRehearsal(undefined, ACME)).toBe(true);
    expect(wantsRehearsal({ stack: "shop-staging", by: "acme", rehearsed: LETS_ENCRYPT_STAGING }, ACME)).toBe(false);
    expect(wantsRehearsal(state, ACME)).toBe(false);
    expect(wantsRehearsal(undefined, { ...ACME, directory: LETS_ENCRYPT_STAGING, rehearsal: undefined })).toBe(false);
  });

  test("somebody is told when a third of its life is left, and once more at a tenth", () => {
    expect([0.5, 0.33, 0.09].map((share) => untoldStep(share))).toEqual([undefined, 1 / 3, 0.1]);
    expect([untoldStep(0.2, 1 / 3), untoldStep(0.05, 1 / 3), untoldStep(0.05, 0.1)]).toEqual([undefined, 0.1, undefined]);
  });
});

test("a certificate that is there already is good while it is the name's and not due: 40 % of its life", () => {
  const later = (days: number) => Date.now() + days * DAY;
  expect([0, 11, 13, 21].map((days) => serves(good, "shop.example", later(days)))).toEqual([true, true, false, false]);
  expect(serves(other, "shop.example")).toBe(false);
  expect(serves({ ...good, privateKey: other.privateKey }, "shop.example")).toBe(false);
  expect(serves({ certificate: "", privateKey: "" }, "shop.example")).toBe(false);
});

test("lego is asked by HTTP through the edge, or by DNS", () => {
  const [http, dns] = [legoArguments(ACME, LETS_ENCRYPT, "shop.example"), legoArguments({ ...ACME, dns: "route53" }, LETS_ENCRYPT, "shop.example")];
  expect(http.join(" ")).toMatch(/--server https:\/\/acme-v02.* --domains shop\.example --http --http\.port 127\.0\.0\.1:61080 run$/);
  expect(dns.join(" ")).toMatch(/--domains shop\.example --dns route53 run$/);
});

test("lego gets a region of AWS where it asks Route 53, which has none, and only there", async () => {
  fs.writeFileSync(path.join(folder, "lego"), '#!/bin/sh\necho "its region: $AWS_REGION."\nexit 1\n', { mode: 0o755 });
  vi.stubEnv("PATH", `${folder}:${process.env["PATH"]}`);
  vi.stubEnv("AWS_REGION", "");
  vi.stubEnv("RECOLOCA_ROOT", folder);
  vi.resetModules();
  const { obtain } = await import("../../server/acme.ts");
  await expect(obtain({ ...ACME, dns: "route53" }, LETS_ENCRYPT, "shop.example")).rejects.toThrow("its region: us-east-1.");
  await expect(obtain(ACME, LETS_ENCRYPT, "shop.example")).rejects.toThrow("its region: .");
  vi.unstubAllEnvs();
});

test("what Route 53 refuses is said with who may do what where, and what mends it", () => {
  const words =
    "User: arn:aws:sts::123456789012:assumed-role/shop-production/i-0 is not authorized to perform: route53:ChangeResourceRecordSets on resource: arn:aws:route53:::hostedzone/Z0 with an explicit deny in a service control policy";
  const { message, retryAt } = notIssued(
    `2026/11/25 00:00:00 Could not obtain certificates:\n\terror: one or more domains had a problem:\n[shop.example] [shop.example] acme: error presenting token: route53: failed to change record set: operation error Route 53: ChangeResourceRecordSets, https response error StatusCode: 403, RequestID: , api error AccessDenied: ${words}\n`,
  );
  expect(message).toBe(
    `Route 53 refuses the record that proves the name: ${words}; pulumi up gives this server's role that right, and an explicit deny is of whoever has the account`,
  );
  expect(retryAt).toBeUndefined();
  expect(
    notIssued(
      "2026/11/26 00:00:00 Could not obtain certificates:\n\terror: one or more domains had a problem:\n[shop.example] [shop.example] acme: error presenting token: route53: failed to determine hosted zone ID: NoCredentialProviders: no valid providers in chain. Deprecated.\n\tFor verbose messaging see aws.Config.CredentialsChainVerboseErrors\n",
    ).message,
  ).toBe("Route 53 was not asked: this server got no credentials of a role at AWS; pulumi up gives it one");
});

test("lego is installed only where certificates are asked for", () => {
  expect(bootstrapScript()).not.toContain("lego");
  expect(bootstrapScript({ certificates: true }).replace('command -v lego >/dev/null || missing="$missing lego"\n', "")).toBe(bootstrapScript());
});

test.each([
  ["shop.example", true],
  ["a.b-c.shop.example", true],
  ["shop", false],
  ["-a.example", false],
  ["../a.example", false],
  ["*.shop.example", false],
])("a certificate for %s: %s", (name, can) => expect(CERTIFIABLE.test(name)).toBe(can));

test("HAProxy's file has no empty line, which would end it on its socket", () => {
  expect(asOneFile({ certificate: "A\r\n\r\nB\n", privateKey: "\nK\n" })).toBe("A\nB\nK\n");
});

test("what is said of a certificate", () => {
  const name = "shop.example";
  expect(sayCertificate({ name, daysLeft: 61, issuer: "Let's Encrypt" })).toBe("shop.example, 61 days left, by Let's Encrypt");
  expect(sayCertificate({ name, daysLeft: -1, issuer: "Let's Encrypt", problem: "no answer", failures: 3, nextTry: "2026-11-25T10:00:00.000Z" })).toBe(
    "shop.example, EXPIRED, by Let's Encrypt; not renewed: no answer (3 times in a row; next try 2026-11-25 10:00 UTC)",
  );
  expect(sayCertificate({ name, problem: "it leads elsewhere" })).toBe("shop.example, none yet, visitors get plain HTTP meanwhile: it leads elsewhere");
});

describe("the edge", () => {
  const routes = [{ host: "shop.example", path: "/", service: "web", port: 80 }];
  const plain: EdgeStack = {
    stack: "shop-staging",
    routes: { blue: routes, green: routes },
    addresses: { blue: { web: "10.0.0.1" }, green: { web: "10.0.0.2" } },
  };
  const secured: EdgeStack = { ...plain, tls: { names: ["shop.example", "www.shop.example"], hsts: 60, challenge: true } };

  test("without TLS has no word of it", () => expect(edgeConfiguration([plain])).not.toMatch(/ssl|443|https|challenge/));

  test("answers the authority before anything else does, and only where names are proven by HTTP", () => {
    const text = edgeConfiguration([secured]);
    expect(text.indexOf("use_backend challenge")).toBeLessThan(text.indexOf("use_backend shop-staging"));
    expect(text).toContain("backend challenge\n    server acme 127.0.0.1:61080\n");
    expect(edgeConfiguration([{ ...secured, tls: { ...secured.tls!, challenge: false } }])).not.toContain("challenge\n");
  });

  test("sends visitors to HTTPS only for names that have a certificate", () => {
    const has = (name: string) => name === "shop.example";
    expect([...httpsMap([secured, plain], has)]).toEqual([["shop.example", "60"]]);
    expect(certificateList([secured], has)).toBe(
      "/etc/haproxy/recoloca/certificates/self-made.pem\n/etc/haproxy/recoloca/certificates/shop.example.pem shop.example\n",
    );
  });
});

test("a name that leads elsewhere is told with the record to make; one that leads to an address that was named is not", async () => {
  const said = await whyNotHere("203.0.113.9", []);
  expect(said).toContain("203.0.113.9 leads to 203.0.113.9, which is not this server");
  expect(said).toContain("pulumi config set --path 'recoloca:domainAddresses[0]' 203.0.113.9");
  expect(await whyNotHere("203.0.113.9", ["203.0.113.9"])).toBeUndefined();
});

describe("doctor asks where the names lead to, also of a certificate that is given, one proven by a record, and none", () => {
  const NAME = "203.0.113.9";
  const routes = [{ host: NAME, path: "/", service: "web", port: 8000 }];
  const of = async (plan: object) => (await nameFindings("shop-test", { routes, ...plan } as Plan)).map(({ what }) => what);
  const [elsewhere, here] = [["203.0.113.7"], [NAME]];
  const byRecord = (addresses: string[]) => ({ acme: { ...ACME, dns: "route53" as const, addresses }, hsts: 0 });

  test.each<[string, object, boolean]>([
    ["nothing of TLS", { addresses: elsewhere }, true],
    ["a given certificate", { addresses: elsewhere, tls: { given: { certificate: "", privateKey: "" }, hsts: 0 } }, true],
    ["a proof by record", { tls: byRecord(elsewhere) }, true],
    ["a name that leads to the proxy in front", { addresses: here, tls: byRecord(here) }, false],
    ["nobody having said where", {}, false],
    ["a proof by HTTP, which is looked at with its certificate", { addresses: elsewhere, tls: { acme: ACME, hsts: 0 } }, false],
  ])("with %s", async (_what, plan, told) =>
    expect(await of(plan)).toEqual(
      told ? [expect.stringContaining(`shop-test: ${NAME} leads to ${NAME}, which is not this server: its A record has to be 203.0.113.7`)] : [],
    ),
  );
});
