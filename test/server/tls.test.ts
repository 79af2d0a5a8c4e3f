/** TLS at the edge against a real authority: issued through the edge, renewed under visitors, and what stays when nobody issues. */
import { execFileSync } from "node:child_process";
import * as fs from "node:fs";
import * as path from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { must, until } from "../../local/command.ts";
import { serverName } from "../../local/server.ts";
import { inSite, testSite } from "../../local/site.ts";
import type { Plan } from "../../release/plan.ts";
import type { Acme, Tls } from "../../release/tls.ts";
import { AWAY, DIRECTORY, REHEARSAL, acmeLog, acmeRoot, makeAcme, removeAcme, startAcme, stopAcme } from "../acme-server.ts";
import { fakeClock, realClock, setClock } from "../fake-clock.ts";
import { deployPlan, get, installHostProgram, planFor, removeStack } from "../host.ts";
import { echoOverTls, handshake, visit, visitByHttp2, whileVisited } from "../secure-visitors.ts";
import { imagesOf, server } from "../site.ts";

/** Headers as JSON; what is upgraded gets its bytes back; the first of all requests that came through the edge as a gate's are told of. */
const WEB = `
let gate = "none";
const server = require("node:http").createServer((request, response) => {
  if (request.headers["user-agent"] === "recoloca-gate" && request.headers["x-forwarded-proto"]) gate = request.headers["x-forwarded-proto"];
  response.setHeader("x-release", process.env.RELEASE);
  response.end(JSON.stringify({ ...request.headers, gate }));
});
server.on("upgrade", (request, socket) => {
  socket.write("HTTP/1.1 101 Switching Protocols\\r\\nconnection: upgrade\\r\\nupgrade: websocket\\r\\nsec-websocket-accept: ICX+Yqv66kxgM0FcWaLWlFLwTAI=\\r\\n\\r\\n");
  socket.pipe(socket);
  socket.on("error", () => undefined);
});
server.keepAliveTimeout = 75000;
server.listen(8000);
`;

const acme = (change: Partial<Acme> = {}): Tls => ({ acme: { email: "ops@shop.test", directory: DIRECTORY, addresses: [], ...change }, hsts: 0 });

let image: string;
const stack = (application: string, host: string, tls: Tls | undefined, change: Partial<Plan> = {}) =>
  planFor(image, {
    application,
    compose: `services:\n  web:\n    image: web\n    init: true\n    command: ${JSON.stringify(["node", "-e", WEB])}\n    environment: { RELEASE: "\${RELEASE}" }\n`,
    variables: { RELEASE: "first" },
    routes: [{ host, path: "/", service: "web", port: 8000 }],
    gates: [{ name: "web", path: "/", status: 200, timeout: 20, passes: 2, host }],
    ...(tls && { tls }),
    ...change,
  });

let root: string;
const stacks: Plan[] = [];
async function live(plan: Plan): Promise<string> {
  stacks.push(plan);
  const { code, output } = await deployPlan(plan);
  expect(code, output).toBe(0);
  return output;
}

interface Certificate {
  readonly name: string;
  readonly daysLeft?: number;
  readonly installedAt?: string;
  readonly triedAt?: string;
  readonly nextTry?: string;
  readonly failures?: number;
  readonly problem?: string;
}
const certificates = async () => JSON.parse((await server("recoloca certificate --json")).stdout) as Certificate[];
const only = async (name: string) => (await certificates()).find((one) => one.name === name)!;
/** Another one after each reload. */
const worker = async () => (await server("pgrep --newest --parent $(systemctl show --property MainPID --value haproxy)")).stdout;

beforeAll(async () => {
  image = (await imagesOf("1")).backend;
  await installHostProgram();
  await server("cat > /usr/local/share/ca-certificates/test-authority.crt && update-ca-certificates 2>&1", await makeAcme());
  root = await acmeRoot();
});
afterAll(async () => {
  for (const plan of stacks) await removeStack(plan);
  await removeAcme();
});

describe("while there is no certificate", () => {
  test("a name that does not lead here is not asked for, and nobody is refused", async () => {
    const plan = stack("lost", "lost.test", acme());
    const output = await live(plan);
    expect(output).toMatch(
      /certificate lost\.test, none yet, visitors get plain HTTP meanwhile: lost\.test has no address in the DNS \(\w+\): its A record has to be \d/,
    );
    expect(output).toContain("recoloca certificate --renew");
    expect(await acmeLog()).not.toContain("lost.test");
    expect((await get("/", "lost.test")).status).toBe(200);
    expect((await handshake("lost.test")).subject).toBe("no certificate yet");
    const doctor = await server("recoloca doctor");
    expect(doctor.code).toBe(1);
    expect(doctor.stdout).toContain("lost-test: certificate lost.test, none yet");
    await removeStack(plan);
  });

  test("a name that leads to somebody else is not asked for either, unless that address is said to lead here", async () => {
    const plan = stack("away", AWAY, acme());
    const output = await live(plan);
    expect(output).toMatch(/certificate away\.test, none yet.*: away\.test leads to [\d.]+, which is not this server: its A record has to be \d/);
    expect(await acmeLog()).not.toContain(AWAY);
    const [, address = ""] = /leads to ([\d.]+),/.exec(output)!;
    expect(output).toContain(`pulumi config set --path 'recoloca:domainAddresses[0]' ${address}`);
    // Nobody answers there: what the authority says of it is told, and it is not asked again at once.
    expect(await live({ ...plan, ...{ tls: acme({ addresses: [address] }) } })).toMatch(/none yet.*acme:.*connection.*\(1 times in a row; next try 20/);
    expect(await acmeLog()).toContain(AWAY);
    await removeStack(plan);
  });

  test("one that the rehearsal does not certify is not asked of the authority that counts", async () => {
    const output = await live(stack("desk", "desk.test", acme({ rehearsal: "https://127.0.0.1:9/dir" })));
    expect(output).toMatch(/certificate desk\.test, none yet.*refused \(1 times in a row; next try 20/);
    expect(await acmeLog()).not.toContain("desk.test");
    expect((await get("/", "desk.test")).status).toBe(200);
  });
});

describe("issued", () => {
  test("right after the first deploy, through the edge; served by name over HTTP/1.1 and HTTP/2, and nothing below TLS 1.2", async () => {
    const output = await live(stack("shop", "shop.test", acme()));
    expect(output).toMatch(/certificate shop\.test, 89 days left, by Pebble[^,]*, in place since \d+s/);
    expect(await acmeLog()).toContain("Attempting to validate w/ HTTP: http://shop.test:80/");
    const seen = await visit("shop.test", "/headers", root);
    expect(seen.status).toBe(200);
    expect(JSON.parse(seen.body)).toMatchObject({ "x-forwarded-proto": "https", "x-forwarded-port": "443", "x-forwarded-host": "shop.test" });
    expect(seen.headers["strict-transport-security"]).toBeUndefined();
    expect(await visitByHttp2("shop.test", "/", root)).toEqual({ status: 200, protocol: "h2" });
    expect((await handshake("shop.test", { maxVersion: "TLSv1.2" })).version).toBe("TLSv1.2");
    expect((await handshake("shop.test")).version).toBe("TLSv1.3");
    await expect(handshake("shop.test", { minVersion: "TLSv1", maxVersion: "TLSv1.1" })).rejects.toThrow(/protocol version/i);
  });

  test("its key is root's alone", async () => {
    const { stdout } = await server(
      "find /etc/haproxy/recoloca/certificates /var/lib/recoloca/acme /var/lib/recoloca/certificates \\( -name '*.pem' -o -name '*.key' -o -type d \\) -printf '%m %u %y %p\\n'",
    );
    const found = stdout.trim().split("\n");
    expect(found.length).toBeGreaterThan(5);
    expect(found.filter((line) => !/^(600 root f|700 root d) /.test(line))).toEqual([]);
  });

  test("visitors of plain HTTP are sent there, with path and query, and those of a name without a certificate are not", async () => {
    const sent = await server(
      `curl --silent --output /dev/null --write-out '%{http_code} %{redirect_url}' --header 'Host: SHOP.test:80' 'http://127.0.0.1/a/b?c=%20d'`,
    );
    expect(sent.stdout).toBe("308 https://shop.test/a/b?c=%20d");
    expect((await get("/", "desk.test")).status).toBe(200);
    expect((await get("/.well-known/acme-challenge/none", "shop.test")).status).toBe(503);
  });

  test("what changes of TLS alone is taken on without a release: browsers are told for how long", async () => {
    const output = await live(stack("shop", "shop.test", { ...acme(), hsts: 15552000 }));
    expect(output).toContain("is live already; nothing to do");
    expect((await visit("shop.test", "/", root)).headers["strict-transport-security"]).toBe("max-age=15552000");
  });

  test("where a deploy was cut off before it was taken on, the timer does so", async () => {
    const forget = `const fs = require("node:fs"), file = "/var/lib/recoloca/shop-test/edge.json"; const { tls, ...edge } = JSON.parse(fs.readFileSync(file)); fs.writeFileSync(file, JSON.stringify(edge))`;
    await server(`node -e '${forget}' && recoloca install`);
    await expect(visit("shop.test", "/", root)).rejects.toThrow();
    expect((await server("systemctl start recoloca-certify.service")).code).toBe(0);
    expect((await visit("shop.test", "/", root)).headers["strict-transport-security"]).toBe("max-age=15552000");
  });

  test("a second stack has its own, after its rehearsal; status names both", async () => {
    await server("rm /var/lib/recoloca/certificates/desk.test.json");
    const output = await live(stack("desk", "desk.test", acme({ rehearsal: REHEARSAL })));
    expect(output).toMatch(/certificate desk\.test, 89 days left/);
    expect(((await acmeLog()).match(/Issued certificate/g) ?? []).length).toBeGreaterThanOrEqual(3);
    const [shop, desk] = [await visit("shop.test", "/", root), await visit("desk.test", "/", root)];
    expect(desk.fingerprint).not.toBe(shop.fingerprint);
    expect(desk.headers["strict-transport-security"]).toBeUndefined();
    await expect(visit("other.test", "/", root)).rejects.toThrow();
    expect((await server("recoloca status")).stdout).toMatch(
      /certificate shop\.test, 89 days left[\s\S]*certificate desk\.test|certificate desk\.test, 89 days left[\s\S]*certificate shop\.test/,
    );
    expect((await server("recoloca doctor")).stdout).not.toMatch(/certificate (shop|desk)/);
  });

  test("the gates of the next deploy come by TLS, as visitors do, and no visitor notices it", async () => {
    const next = stack("shop", "shop.test", { ...acme(), hsts: 15552000 }, { release: "2", variables: { RELEASE: "second" } });
    const { fails, visits } = await whileVisited("shop.test", root, () => live(next));
    expect(fails).toEqual([]);
    expect(visits).toBeGreaterThan(50);
    const seen = await visit("shop.test", "/", root);
    expect(seen.headers["x-release"]).toBe("second");
    expect((JSON.parse(seen.body) as { gate: string }).gate).toBe("https");
  });

  test("a WebSocket goes through, and lives on while the certificate is renewed", async () => {
    const echo = await echoOverTls("shop.test", root);
    expect(await echo.say("hello")).toBe("hello");
    expect((await server("recoloca certificate --renew --stack shop-test")).code).toBe(0);
    expect(await echo.say("still here")).toBe("still here");
    echo.end();
  });
});

describe("renewed", () => {
  test("under visitors, each with a handshake of his own: none fails, and the edge's process stays", async () => {
    const before = await worker();
    expect(before).toMatch(/^\d+\n$/);
    const old = (await handshake("shop.test")).fingerprint;
    const { result, fails, visits, shown } = await whileVisited("shop.test", root, () => server("recoloca certificate --renew --stack shop-test"));
    expect(result.code, result.output).toBe(0);
    expect(fails).toEqual([]);
    expect(visits).toBeGreaterThan(50);
    expect(shown).toHaveLength(2);
    expect(shown[0]).toBe(old);
    expect(shown[1]).toBe((await handshake("shop.test")).fingerprint);
    expect(await worker()).toBe(before);
  });

  test("also while the stack is closed: visitors get the page over TLS, the authority gets its answer", async () => {
    await server("recoloca maintenance on --stack shop-test");
    const page = await visit("shop.test", "/", root);
    expect(page.status).toBe(503);
    expect(page.body).toContain("We are improving something");
    expect((await server("recoloca certificate --renew --stack shop-test")).code).toBe(0);
    await server("recoloca maintenance off --stack shop-test");
    expect((await visit("shop.test", "/", root)).status).toBe(200);
  });

  test("not while the authority is down: the old one stays, doctor says why, and it is not asked again and again", async () => {
    await stopAcme();
    const old = (await handshake("shop.test")).fingerprint;
    const ran = await server("recoloca certificate --renew --stack shop-test");
    expect(ran.code).toBe(1);
    expect(ran.output).toMatch(/shop\.test, 89 days left.*; not renewed: .*(refused|no such host|lookup).*\(1 times in a row; next try 20/);
    expect((await handshake("shop.test")).fingerprint).toBe(old);
    const failed = await only("shop.test");
    expect(Date.parse(failed.nextTry!)).toBeGreaterThan(Date.now() + 50 * 60_000);
    // As if it were due: a directory that it is not from.
    await server("sed -i s/14000/14001/ /var/lib/recoloca/certificates/shop.test.json");
    expect((await server("systemctl start recoloca-certify.service")).code).toBe(0);
    expect((await only("shop.test")).triedAt).toBe(failed.triedAt);
    const doctor = await server("recoloca doctor");
    expect(doctor.code).toBe(1);
    expect(doctor.stdout).toMatch(/shop-test: certificate shop\.test, 89 days left.*not renewed/);
    expect((await server("recoloca certificate --renew --stack shop-test")).code).toBe(1);
    expect((await only("shop.test")).failures).toBe(2);
  });

  test("not while it is down for days: tried by the timer with longer and longer pauses, urgent after a while, renewed with the next try", async () => {
    const old = (await handshake("shop.test")).fingerprint;
    const lookAt = async (time: string) => {
      await setClock(time);
      // Of more starts than systemd allows in ten seconds.
      const ran = await server("systemctl reset-failed recoloca-certify.service; systemctl start recoloca-certify.service");
      expect(ran.code, ran.output).toBe(0);
      return only("shop.test");
    };
    const untried = { stack: "shop-test", by: "acme", directory: DIRECTORY, installedAt: new Date().toISOString() };
    await server("cat > /var/lib/recoloca/certificates/shop.test.json", JSON.stringify(untried));
    await fakeClock();
    try {
      const tries: (number | undefined)[] = [];
      // Due on the 54th day. Within the hour it is not asked again, later once a day.
      for (const time of ["+53d", "+1302h", "+1302h", "+1304h", "+1307h", "+56d", "+57d", "+57d", "+58d", "+60d", "+61d"])
        tries.push((await lookAt(time)).failures);
      expect(tries).toEqual([undefined, 1, 1, 2, 3, 4, 5, 5, 6, 7, 8]);
      expect((await handshake("shop.test")).fingerprint).toBe(old);
      const urgent = await server("systemd-run --quiet --wait --pipe recoloca doctor");
      expect(urgent.output).toMatch(/shop-test: certificate shop\.test, 28 days left.*not renewed: .*8 times in a row/);
      expect((await visit("shop.test", "/", root)).status).toBe(200);
      await startAcme();
      // It begins anew with each start, and visitors trust both.
      const roots = `${root}\n${await acmeRoot()}`;
      const { result, fails } = await whileVisited("shop.test", roots, () => lookAt("+63d"));
      expect(fails).toEqual([]);
      expect(result.problem).toBeUndefined();
      expect((await handshake("shop.test")).fingerprint).not.toBe(old);
    } finally {
      await realClock();
    }
    await stopAcme();
  });

  test("as soon as the authority is there again, also where it has forgotten the account", async () => {
    await startAcme();
    root = await acmeRoot();
    const ran = await server("recoloca certificate --renew");
    expect(ran.code, ran.output).toBe(0);
    expect((await visit("shop.test", "/", root)).status).toBe(200);
    expect((await only("shop.test")).problem).toBeUndefined();
    expect((await server("recoloca doctor")).stdout).not.toMatch(/certificate (shop|desk)/);
  });
});

test("after a restart of the server everything is served as before", async () => {
  const old = (await handshake("shop.test")).fingerprint;
  await must("docker", ["restart", serverName(testSite)]);
  await until("the server is up", 60, async () => (await server("systemctl is-system-running --wait")).stdout.trim() === "running");
  await expect.poll(async () => (await visit("shop.test", "/", root)).status, { timeout: 60_000 }).toBe(200);
  expect((await handshake("shop.test")).fingerprint).toBe(old);
  expect((await handshake("desk.test")).subject).not.toBe("no certificate yet");
  expect((await server("systemctl is-active recoloca-certify.timer")).stdout.trim()).toBe("active");
  await startAcme();
  root = await acmeRoot();
});

describe("given", () => {
  const folder = inSite(testSite, "given");
  const pair = (name: string) => {
    fs.mkdirSync(folder, { recursive: true });
    const [key, certificate] = ["key.pem", "certificate.pem"].map((file) => path.join(folder, file)) as [string, string];
    execFileSync("openssl", ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "20", "-subj", "/CN=given", "-addext", `subjectAltName=DNS:${name}`, "-keyout", key, "-out", certificate], { stdio: "ignore" }); // prettier-ignore
    return { certificate: fs.readFileSync(certificate, "utf8"), privateKey: fs.readFileSync(key, "utf8") };
  };

  test("takes the place of the one that was issued, without a release; nobody here can renew it", async () => {
    const given = pair("shop.test");
    const plan = stack("shop", "shop.test", { given, hsts: 0 }, { release: "2", variables: { RELEASE: "second" } });
    const { result, fails } = await whileVisited("desk.test", root, () => live(plan));
    expect(fails).toEqual([]);
    expect(result).toMatch(/certificate shop\.test, 19 days left/);
    expect(result).not.toContain("PRIVATE");
    const seen = await visit("shop.test", "/", given.certificate);
    expect(seen.status).toBe(200);
    expect(seen.headers["strict-transport-security"]).toBeUndefined();
    const renew = await server("recoloca certificate --renew --stack shop-test");
    expect(renew.code).toBe(20);
    expect(renew.output).toContain("this certificate is given");
    expect((await server("stat -c '%a %U' /etc/haproxy/recoloca/certificates/shop.test.pem")).stdout.trim()).toBe("600 root");
  });

  test("that has little of its life left is told of, once, and doctor says so", async () => {
    const listener = `require("node:http").createServer((request, response) => request.on("data", (part) => require("node:fs").appendFileSync("/root/told", part + "\\n")).on("end", () => response.end())).listen(9099)`;
    await server(`systemd-run --quiet --unit told node -e '${listener}'`);
    const dates = "-not_before $(date -u -d '-90 days' +%Y%m%d%H%M%SZ) -not_after $(date -u -d '+20 days' +%Y%m%d%H%M%SZ)";
    const own = await server(
      `openssl req -x509 -newkey rsa:2048 -nodes -subj /CN=given -addext subjectAltName=DNS:shop.test ${dates} -keyout /root/own.key -out /root/own.pem 2>/dev/null; cat /root/own.pem; cat /root/own.key >&2`,
    );
    const given = { certificate: own.stdout, privateKey: own.output.replace(own.stdout, "") };
    await live(
      stack(
        "shop",
        "shop.test",
        { given, hsts: 0 },
        { release: "2", variables: { RELEASE: "second" }, notify: [{ url: "http://127.0.0.1:9099/", format: "slack" }] },
      ),
    );
    for (let look = 0; look < 2; look++) expect((await server("systemctl start recoloca-certify.service")).code).toBe(0);
    const told = (await server("cat /root/told; systemctl stop told")).stdout;
    expect(told.match(/certificate/g)).toEqual(["certificate"]);
    expect(told).toContain("shop-test: certificate shop.test, 19 days left");
    expect((await server("recoloca doctor")).stdout).toMatch(
      /shop-test: certificate shop\.test, 19 days left.*\n +pulumi config set --secret recoloca:tlsCertificate/,
    );
  });

  test("goes with its stack, and one that was issued waits for the next time", async () => {
    await removeStack(stack("shop", "shop.test", undefined));
    await removeStack(stack("desk", "desk.test", undefined));
    expect((await server("ls /etc/haproxy/recoloca/certificates")).stdout.trim().split("\n").sort()).toEqual(["desk.test.pem", "self-made.pem"]);
    await expect(handshake("shop.test")).rejects.toThrow();
  });
});
