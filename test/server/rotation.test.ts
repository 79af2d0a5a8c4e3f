/** A database's password, renewed twice on a real server, with the sample's real PostgreSQL: the running release logs in throughout, and what was before opens nothing. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { newest } from "../held-release.ts";
import { deployPlan, installHostProgram, removeStack } from "../host.ts";
import { generation, LET_IN, opens, plain } from "../rotated-database.ts";
import { passwordOf, userOf, visit, visited } from "../rotated-logins.ts";
import * as cached from "../rotated-redis.ts";
import { mustServer, server } from "../site.ts";

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
    const { answers, wrong } = await visited(LET_IN, async () => {
      const ran = await deployPlan(generation(number));
      expect(ran.code, ran.output).toBe(0);
      output = ran.output;
    });
    expect(wrong, wrong.join(", ")).toEqual([]);
    expect(answers).toBeGreaterThan(5);
    expect(output).toContain(`${userOf(number)} is let in to postgres, proven by a login`);
    expect(output).toContain(`renewed POSTGRES_PASSWORD ${number - 1} → ${number}; ${said}`);
    expect(output).not.toMatch(/password-of-generation|the-first-password/);
    expect([await opens(number), await opens(number - 1)]).toEqual([true, false]);
    expect((await newest()).rotated).toEqual([
      {
        ...{ secret: "POSTGRES_PASSWORD", from: number - 1, to: number, verified: "login", closed: true },
        ...{ ...(number > 2 && { age: expect.any(Number) as number }), newAge: expect.any(Number) as number },
      },
    ]);
  });

  test("what one login has made the next one changes: it belongs to neither", async () => {
    const { stdout } = await server(
      "recoloca exec postgres -- psql --username shop --tuples-only --no-align --command \"select tableowner from pg_tables where tablename = 'orders'\" shop",
    );
    expect(stdout.trim()).toBe("shop");
  });

  test("that could not be closed, as the database did not answer, is told by doctor, and closed by the next look at what was left", async () => {
    // As it is then: the release is live, its record says so, and the login of before has its password.
    const [{ number }] = JSON.parse((await server("recoloca history --json")).stdout) as [{ number: number }];
    const record = `/var/lib/recoloca/shapes-test/releases/${number}/record.json`;
    await mustServer(`sed --in-place 's/"closed": *true/"closed": false/' ${record}`);
    await mustServer(`recoloca exec postgres -- psql --username shop --command "alter role shop_b login password '${passwordOf(3)}'" shop`);
    expect(await opens(3)).toBe(true);
    const doctor = async () => (await server("recoloca doctor")).output;
    expect(await doctor()).toContain(
      `shapes-test: the login that POSTGRES_PASSWORD was renewed from opens its service still, which did not answer when release ${number} came live`,
    );
    await mustServer("recoloca overdue");
    await expect.poll(() => opens(3), { timeout: 30_000 }).toBe(false);
    await expect.poll(async () => (await newest()).rotated, { timeout: 10_000 }).toMatchObject([{ secret: "POSTGRES_PASSWORD", closed: true }]);
    expect(await doctor()).not.toContain("was renewed from");
    expect(await opens(4)).toBe(true);
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

describe("a Redis's password", () => {
  beforeAll(async () => {
    await removeStack(plain);
    const ran = await deployPlan(cached.generation(1));
    expect(ran.code, ran.output).toBe(0);
    expect(await cached.opens(1)).toBe(true);
  });

  test.each([
    [2, "the first password of default opens cache no longer"],
    [3, "shop_a opens cache no longer"],
  ])("generation %i is let in before it is used, and what was before is shut out", async (number, said) => {
    const { answers, wrong } = await visited(cached.LET_IN, async () => {
      const ran = await deployPlan(cached.generation(number));
      expect(ran.code, ran.output).toBe(0);
      expect(ran.output).toContain(said);
    });
    expect(wrong, wrong.join(", ")).toEqual([]);
    expect(answers).toBeGreaterThan(5);
    expect(await visit()).toBe(`200 ${cached.userOf(number)}`);
    expect((await newest()).rotated).toMatchObject([{ secret: "REDIS_PASSWORD", to: number, verified: "login", closed: true }]);
    expect([await cached.opens(number), await cached.opens(number - 1)]).toEqual([true, false]);
  });

  test("what is closed is saved again with the next release, where its file knows less than the server", async () => {
    const left = await server(`recoloca exec cache -- sh -c 'echo "user default on nopass ~* &* +@all" > /data/users.acl'`);
    expect(left.code, left.output).toBe(0);
    const ran = await deployPlan(cached.generation(3, { release: "redis-3-again", variables: { ...cached.generation(3).variables, NEXT: "again" } }));
    expect(ran.code, ran.output).toBe(0);
    const { stdout } = await server("recoloca exec cache -- cat /data/users.acl");
    expect(stdout).toMatch(/user shop_a off/);
    expect(stdout).toMatch(/user shop_b on/);
    expect(stdout).not.toContain("nopass");
  });
});
