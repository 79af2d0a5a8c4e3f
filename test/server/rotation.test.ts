/** A database's password, renewed twice on a real server, with the sample's real PostgreSQL: the running release logs in throughout, and what was before opens nothing. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Plan } from "../../release/plan.ts";
import { newest } from "../held-release.ts";
import { deployPlan, installHostProgram, planFor, removeStack } from "../host.ts";
import { FIRST, generation, opens, otherThan, passwordOf, plain, userOf, visited } from "../rotated-database.ts";
import { imagesOf, server } from "../site.ts";

beforeAll(installHostProgram);
afterAll(() => removeStack(plain));

describe("a database's password", () => {
  test("opens the database by its own user before the first rotation", async () => {
    const ran = await deployPlan(generation(1));
    expect(ran.code, ran.output).toBe(0);
    expect(await opens(1)).toBe(true);
  });

  test.each([
    [2, "the first password of shop opens postgres no longer"],
    [3, "shop_a opens postgres no longer"],
    [4, "shop_b opens postgres no longer"],
  ])("generation %i is let in before it is used, and what was before is shut out once it is live", async (number, said) => {
    let output = "";
    const { answers, wrong } = await visited(async () => {
      const ran = await deployPlan(generation(number));
      expect(ran.code, ran.output).toBe(0);
      output = ran.output;
    });
    expect(wrong).toEqual([]);
    expect(answers).toBeGreaterThan(5);
    expect(output).toContain(`${userOf(number)} is let in to postgres, proven by a login`);
    expect(output).toContain(`renewed POSTGRES_PASSWORD ${number - 1} → ${number}; ${said}`);
    expect(output).not.toMatch(/password-of-generation|the-first-password/);
    expect([await opens(number), await opens(number - 1)]).toEqual([true, false]);
    expect((await newest()).rotated).toEqual([
      { secret: "POSTGRES_PASSWORD", from: number - 1, to: number, ...(number > 2 && { age: expect.any(Number) as number }), verified: "login", closed: true },
    ]);
  });

  test("what one login has made the next one changes: it belongs to neither", async () => {
    const { stdout } = await server(
      "recoloca exec postgres -- psql --username shop --tuples-only --no-align --command \"select tableowner from pg_tables where tablename = 'orders'\" shop",
    );
    expect(stdout.trim()).toBe("shop");
  });

  test("is in none of the older releases' files any more", async () => {
    const { stdout } = await server(
      "grep --recursive --files-with-matches --extended-regexp 'password-of-generation-[23]' /var/lib/recoloca/shapes-test || true",
    );
    expect(stdout.trim()).toBe("");
  });

  test("stays open to the live release where the next one is taken back, and the next try goes through", async () => {
    const broken = await deployPlan(generation(5, { gates: plain.gates.map((gate) => ({ ...gate, contains: "nobody says this", timeout: 2 })) }));
    expect(broken.code, broken.output).toBe(21);
    expect([await opens(4), await opens(5)]).toEqual([true, true]);
    const ran = await deployPlan(generation(5, { release: "generation-5-again" }));
    expect(ran.code, ran.output).toBe(0);
    expect([await opens(4), await opens(5)]).toEqual([false, true]);
  });

  test.each([
    ["an older generation", 4, "generation 4 of POSTGRES_PASSWORD is older than 5, which is live"],
    ["one that skips", 7, '"shop_b" is what the live release logs in to postgres with'],
  ])("%s is refused, and nothing is changed", async (_what, number, said) => {
    const ran = await deployPlan(generation(number));
    expect(ran.code, ran.output).toBe(20);
    expect(ran.output).toContain(said);
    expect(await opens(5)).toBe(true);
  });

  test("the way back to a release of before goes by today's login", async () => {
    const ran = await server("recoloca rollback --stack shapes-test");
    expect(ran.code, ran.output).toBe(0);
    expect(await opens(5)).toBe(true);
    expect((await server("curl --silent --header 'Host: shapes.test' http://127.0.0.1/")).stdout).toBe("shop_b as shop");
  });

  test("a rotation takes its backup by the login that is live: its own is not let in yet", async () => {
    const { postgres } = await import("../shop.ts");
    const ran = await deployPlan(generation(6, { backup: postgres({ before: "deploy" }) }));
    expect(ran.code, ran.output).toBe(0);
    expect((await newest()).backup).toMatch(/^release-/);
    expect([await opens(5), await opens(6)]).toEqual([false, true]);
  });

  test("a backup is taken by today's login", async () => {
    const { postgres } = await import("../shop.ts");
    const ran = await deployPlan(generation(6, { backup: postgres(), release: "with-a-backup", variables: { ...generation(6).variables, NEXT: "last" } }));
    expect(ran.code, ran.output).toBe(0);
    const taken = await server("recoloca backup --stack shapes-test");
    expect(taken.code, taken.output).toBe(0);
  });
});

/** Asks Redis at each request, and says who it was let in as. */
const CACHED = [
  "python3",
  "-c",
  `import http.server, os, redis
class Web(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        try:
            body, status = redis.Redis(host="cache", username=os.environ["REDIS_USER"], password=os.environ["P"]).acl_whoami(), 200
        except Exception as error:
            body, status = str(error), 500
        body = body if isinstance(body, bytes) else str(body).encode()
        self.send_response(status)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def log_message(self, *_): pass
http.server.ThreadingHTTPServer(("", 8000), Web).serve_forever()`,
];

describe("a Redis's password", () => {
  let cached: Plan;
  const acl = "--aclfile /data/users.acl";
  const composeOf = (image: string, users = acl) => `services:
  web: { image: web, init: true, command: ${JSON.stringify(CACHED)}, environment: { REDIS_USER: "\${REDIS_USER:-default}", P: "\${REDIS_USER_PASSWORD}" } }
  cache:
    image: ${image}
    command: ["sh", "-c", "[ -f /data/users.acl ] || echo \\"user default on >$$(cat /run/secrets/first) ~* &* +@all\\" > /data/users.acl; exec redis-server --bind 0.0.0.0 --dir /data ${users}"]
    secrets: [first]
    volumes: ["data:/data"]
    healthcheck: { test: ["CMD", "redis-cli", "ping"], interval: 500ms, retries: 60 }
volumes: { data: {} }
secrets: { first: { environment: REDIS_PASSWORD } }
`;
  const next = (number: number, change: Partial<Plan> = {}): Plan => ({
    ...cached,
    release: `redis-${number}`,
    variables: { REDIS_PASSWORD: FIRST, REDIS_USER_PASSWORD: passwordOf(number), ...(number > 1 && { REDIS_USER: userOf(number) }) },
    masked: ["REDIS_PASSWORD", "REDIS_USER_PASSWORD"],
    ...(number > 1 && {
      logins: [
        {
          kind: "redis" as const,
          service: "cache",
          user: "REDIS_USER",
          password: "REDIS_USER_PASSWORD",
          closes: [otherThan(number)],
          first: "REDIS_PASSWORD",
        },
      ],
      generations: { REDIS_PASSWORD: { generation: number, since: "2026-11-25" } },
    }),
    ...change,
  });
  const says = async () => (await server("curl --silent --header 'Host: shapes.test' http://127.0.0.1/")).stdout;

  beforeAll(async () => {
    await removeStack(plain);
    const { backend, redis } = await imagesOf("1");
    cached = planFor(backend, { compose: composeOf(redis) });
    const ran = await deployPlan(next(1));
    expect(ran.code, ran.output).toBe(0);
    expect(await says()).toBe("default");
  });

  test.each([
    [2, "the first password of default opens cache no longer"],
    [3, "shop_a opens cache no longer"],
  ])("generation %i is let in before it is used, and what was before is shut out", async (number, said) => {
    const ran = await deployPlan(next(number));
    expect(ran.code, ran.output).toBe(0);
    expect(ran.output).toContain(said);
    expect(await says()).toBe(userOf(number));
    expect((await newest()).rotated).toMatchObject([{ secret: "REDIS_PASSWORD", to: number, verified: "login", closed: true }]);
    const before = await server(
      `recoloca exec cache -- redis-cli --no-auth-warning --user ${number === 2 ? "default" : userOf(number - 1)} --pass ${passwordOf(number - 1)} ping`,
    );
    expect(before.output).toMatch(/WRONGPASS|NOAUTH/);
  });

  test("what is closed is saved again with the next release, where its file knows less than the server", async () => {
    const left = await server(`recoloca exec cache -- sh -c 'echo "user default on nopass ~* &* +@all" > /data/users.acl'`);
    expect(left.code, left.output).toBe(0);
    const ran = await deployPlan(next(3, { release: "redis-3-again", variables: { ...next(3).variables, NEXT: "again" } }));
    expect(ran.code, ran.output).toBe(0);
    const { stdout } = await server("recoloca exec cache -- cat /data/users.acl");
    expect(stdout).toMatch(/user shop_a off/);
    expect(stdout).toMatch(/user shop_b on/);
    expect(stdout).not.toContain("nopass");
  });
});
