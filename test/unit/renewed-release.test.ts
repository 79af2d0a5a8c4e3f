/** What a release that renews a secret means on the host: whether it may, what is told of it, what is forgotten, and the way back from it. */
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { afterAll, beforeEach, describe, expect, test, vi } from "vitest";
import * as z from "zod";
import { definitionsOf } from "../../release/definitions.ts";
import { identityOf as releaseIdentity, type Plan } from "../../release/plan.ts";
import type { ReleaseRecord } from "../../release/record.ts";
import { backupForm } from "../../settings/backup.ts";
import { rotatedOf } from "../../settings/rotation.ts";
import { RotatingStack } from "../doubles/rotating-stack.ts";
import { planFor } from "../host.ts";

const root = fs.mkdtempSync(path.join(os.tmpdir(), "recoloca-renewed-"));
vi.stubEnv("RECOLOCA_ROOT", root);
const { scramVerifier } = await import("../../server/scram.ts");
const { againstRotation, forgetOlder, rotationsOf } = await import("../../server/rotation.ts");
const { loginMoved, planToGoBack, releaseBefore } = await import("../../server/going-back.ts");
const { backupJob, baseOf, withUrl } = await import("../../server/backup-place.ts");
const { ownerOf } = await import("../../server/logins.ts");
const { Store } = await import("../../server/store.ts");
afterAll(() => fs.rmSync(root, { recursive: true }));

const D = `r/web@sha256:${"a".repeat(64)}`;
const LOGIN = {
  kind: "postgres" as const,
  service: "db",
  user: "DATABASE_USER",
  password: "DATABASE_PASSWORD",
  closes: ["shop_b"],
  first: "POSTGRES_PASSWORD",
};
const COMPOSE = "services: { web: { environment: { U: '${DATABASE_USER:-shop}' } } }";
const since = "2026-11-25";

const plain = (variables: Record<string, string> = {}): Plan =>
  planFor(D, { compose: COMPOSE, variables: { POSTGRES_PASSWORD: "first", DATABASE_PASSWORD: "first", SECRET_KEY: "key-1", ...variables } });
/** As a stack sends it with that generation of its database's password. */
const renewed = (generation: number, variables: Record<string, string> = {}): Plan => ({
  ...plain({ DATABASE_PASSWORD: `password-${generation}`, DATABASE_USER: generation % 2 ? "shop_b" : "shop_a", ...variables }),
  logins: [{ ...LOGIN, closes: [generation % 2 ? "shop_a" : "shop_b"] }],
  generations: { POSTGRES_PASSWORD: { generation, since } },
});

test("a password is given to PostgreSQL in the form of RFC 7677's own example", () => {
  expect(scramVerifier("pencil", Buffer.from("W22ZaJ0SNY7soEsUEjb6gQ==", "base64"))).toBe(
    "SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==$WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=:wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU=",
  );
});

test("owner and database are what the official images take", () => {
  const of = (environment: object) => ownerOf({ services: { db: { environment } } }, "db");
  expect(of({})).toEqual({ owner: "postgres", database: "postgres" });
  expect(of({ POSTGRES_USER: "shop" })).toEqual({ owner: "shop", database: "shop" });
  expect(of({ POSTGRES_USER: "shop", POSTGRES_DB: "data" })).toEqual({ owner: "shop", database: "data" });
});

describe("what a release renews", () => {
  test("is each secret of another generation than what is live, with the age that the one before reached", () => {
    expect(rotationsOf(renewed(2), plain(), Date.parse("2026-11-26"))).toEqual([{ secret: "POSTGRES_PASSWORD", from: 1, to: 2, newAge: 1, closed: false }]);
    expect(rotationsOf(renewed(3), renewed(2), Date.parse("2026-12-05T12:00:00Z"))).toEqual([
      { secret: "POSTGRES_PASSWORD", from: 2, to: 3, age: 10, newAge: 10, closed: false },
    ]);
  });
  test("is nothing where nothing is live, or no number changed", () => {
    expect(rotationsOf(renewed(2), undefined)).toEqual([]);
    expect(rotationsOf(renewed(2), renewed(2))).toEqual([]);
  });
});

describe("a plan is refused", () => {
  test("with an older generation than what is live", () => {
    expect(againstRotation(plain(), renewed(2))).toMatch(
      /^generation 1 of POSTGRES_PASSWORD is older than 2, which is live.*\n.*pulumi config set --path recoloca:rotation.POSTGRES_PASSWORD.generation 2; pulumi up$/,
    );
  });
  test("that skips one: the login of the live release would get another password under it", () => {
    expect(againstRotation(renewed(4), renewed(2))).toMatch(
      /^"shop_a" is what the live release logs in to db with.*\n.*POSTGRES_PASSWORD.generation 3; pulumi up$/,
    );
    expect(againstRotation(renewed(4), renewed(2))).not.toMatch(/password-/);
  });
  test("not with the next one, the same one, the first one, or where nothing is live", () => {
    expect([againstRotation(renewed(3), renewed(2)), againstRotation(renewed(2), renewed(2)), againstRotation(renewed(2), plain())]).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
    expect(againstRotation(renewed(2), undefined)).toBeUndefined();
  });
});

describe("a value that is accepted for a while beside the next", () => {
  const [MADE, GIVEN] = ["SECRET_KEY", "STRIPE_WEBHOOK_SECRET"] as const;
  const until = "2026-12-25";
  /** What a stack sends by that configuration: what it makes itself has its number in its value. */
  const sentBy = (stack: RotatingStack): Plan => {
    const given = Object.keys(stack.secrets);
    const { made, generations } = rotatedOf({ application: "shop", rotation: stack.rotation, compose: "services: {}", given, plain: [] });
    const values = made.map(({ variable, generation }) => [variable, `key-${generation}`]);
    return { ...plain({ ...stack.secrets, ...(Object.fromEntries(values) as Record<string, string>) }), generations };
  };
  const stackOf = (secret: string, generation: number, secrets: Record<string, string> = {}): RotatingStack => {
    const stack = new RotatingStack({ [secret]: { generation, since, until } });
    stack.secrets = { [MADE]: "key-1", ...secrets };
    return stack;
  };
  const given = (generation: number, value: string, before: string) => stackOf(GIVEN, generation, { [GIVEN]: value, [`${GIVEN}_PREVIOUS`]: before });
  const against = (next: RotatingStack, live: RotatingStack) => againstRotation(sentBy(next), sentBy(live));

  test.each([
    ["the next one", stackOf(MADE, 3), stackOf(MADE, 2)],
    ["the same one", stackOf(MADE, 2), stackOf(MADE, 2)],
    ["a given one, beside the one that is live", given(3, "whsec_3", "whsec_2"), given(2, "whsec_2", "whsec_1")],
    ["one that was set wrong, and is set right", given(2, "whsec_RIGHT", "whsec_1"), given(2, "whsec_TYPO", "whsec_1")],
  ])("is %s: taken", (_what, next, live) => expect(against(next, live)).toBeUndefined());

  test.each([
    ["with a number left out: nobody ever had the one that it would be accepted beside", () => stackOf(MADE, 4), stackOf(MADE, 2), 3],
    ["that was given, and two numbers later", () => given(4, "whsec_4", "whsec_3"), given(2, "whsec_2", "whsec_1"), 3],
    ["that was given, and the next number, with the one before left as it was", () => given(3, "whsec_3", "whsec_1"), given(2, "whsec_2", "whsec_1"), 3],
    ["that was given with another one before than ever was", () => given(3, "whsec_4", "whsec_3"), given(2, "whsec_2", "whsec_1"), 2],
  ])("is refused %s; each command that is named for it settles it", async (_what, next, live, count) => {
    const refused = against(next(), live)!;
    expect(refused).toMatch(/^generation \d of \w+ would be accepted beside a value that is not live, and not beside generation 2, which is/);
    expect(refused).not.toMatch(/key-|whsec/);
    const ways = refused.split("\n").slice(1).filter((line) => !line.includes(MADE in next().rotation ? "given to it" : "the stack makes")); // prettier-ignore
    expect(ways.length).toBeGreaterThan(1);
    for (const way of ways) {
      const stack = next();
      const commands = [...way.matchAll(/pulumi (config .*?)(?=;)/g)].map((match) => match[1]!);
      // Asked for where it is a value: the one that is live.
      for (const command of commands) await stack.run().pulumi(command.split(" "), { input: live.secrets[GIVEN]! });
      expect([way, against(stack, live)]).toEqual([way, undefined]);
    }
    expect(refused.split("\n").slice(1)).toHaveLength(count);
  });
});

describe("once it is live", () => {
  let store: InstanceType<typeof Store>;
  const put = (number: number, name: string, text: string) => {
    fs.mkdirSync(path.dirname(store.file(number, name)), { recursive: true });
    fs.writeFileSync(store.file(number, name), text);
  };
  beforeEach(() => {
    fs.rmSync(path.join(root, "shapes-test"), { recursive: true, force: true });
    store = new Store("shapes-test");
  });
  const everything = (folder: string) =>
    fs
      .readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((one) => one.isFile())
      .map((one) => fs.readFileSync(path.join(one.parentPath, one.name), "utf8"))
      .join("\n");

  test("older releases have today's values, and the ones before are in no file of the host", () => {
    for (const plan of [plain(), renewed(2), renewed(3)]) store.create(plan);
    for (const number of [1, 2]) put(number, "base.compose.json", "a definition");
    put(2, "release.compose.json", "password-2");
    put(2, "backup.compose.json", "password-2");
    put(2, "project/.env", "DATABASE_PASSWORD='password-2'\n");
    put(2, "secrets/database_password-1234", "password-2");
    put(3, "secrets/database_password-5678", "password-3");
    fs.mkdirSync(path.join(store.folder, "secrets"));
    fs.writeFileSync(path.join(store.folder, "secrets/database_password-1234"), "password-2");
    fs.writeFileSync(path.join(store.folder, "secrets/postgres_password-9999"), "first");
    expect(forgetOlder(store, 3)).toBe(2);
    expect(everything(store.folder)).not.toContain("password-2");
    expect([1, 2, 3].map((number) => store.plan(number).variables["DATABASE_PASSWORD"])).toEqual(["password-3", "password-3", "password-3"]);
    expect(store.plan(2).variables["DATABASE_USER"]).toBe("shop_b");
    // What the database itself is made from stays, though it opens nothing any more; and what older releases are compared by.
    expect(fs.existsSync(path.join(store.folder, "secrets/postgres_password-9999"))).toBe(true);
    expect(fs.existsSync(store.file(1, "base.compose.json"))).toBe(true);
    expect(fs.existsSync(store.file(3, "secrets/database_password-5678"))).toBe(true);
    expect(forgetOlder(store, 3)).toBe(0);
  });

  test("a key that is accepted no longer goes from older releases too, and no other variable does", () => {
    const with2: Plan = { ...plain({ SECRET_KEY: "key-2", SECRET_KEY_PREVIOUS: "key-1", TOKEN: "t" }), generations: { SECRET_KEY: { generation: 2, since } } };
    for (const plan of [plain({ TOKEN: "old" }), with2]) store.create(plan);
    expect(forgetOlder(store, 2)).toBe(1);
    expect(store.plan(1).variables).toMatchObject({ SECRET_KEY: "key-2", TOKEN: "old" });
    const { SECRET_KEY_PREVIOUS: _gone, ...variables } = with2.variables;
    store.create({ ...with2, variables });
    expect(forgetOlder(store, 3)).toBe(1);
    expect(everything(store.folder)).not.toContain("key-1");
  });

  test("where nothing was ever renewed nothing is touched", () => {
    for (const plan of [plain(), plain({ SECRET_KEY: "other" })]) store.create(plan);
    expect(forgetOlder(store, 2)).toBe(0);
    expect(store.plan(1).variables["SECRET_KEY"]).toBe("key-1");
  });
});

test.each([
  ["a first rotation: by the password that the service has", plain(), {}],
  ["a later one: by the login of the release that is live", renewed(2), { LOGIN_USER: "shop_a", LOGIN_PASSWORD: "password-2" }],
])("a backup before %s", (_what, live, login) => {
  fs.rmSync(path.join(root, "shapes-test"), { recursive: true, force: true });
  const store = new Store("shapes-test");
  const next = renewed(live.generations ? 3 : 2);
  for (const plan of [live, next]) store.create(plan);
  fs.writeFileSync(store.file(1, "base.compose.json"), JSON.stringify({ services: { db: {} } }));
  const backup = backupForm(z.string().transform(() => 60)).parse({ service: "db", before: "deploy" });
  const place = withUrl({ ...baseOf(store, 1)!, number: 2 }, backup, next.variables);
  const job = backupJob(place, backup, "backup", backup.command);
  expect([job.number, job.variables]).toEqual([2, login]);
});

describe("the way back over a rotation", () => {
  const DB = "db: { environment: { POSTGRES_PASSWORD: '${POSTGRES_PASSWORD}' } }";
  /** What stands against going back to a release of that web service, from one of the second generation. */
  function against(web: string, change: Partial<Plan> = {}): string | undefined {
    fs.rmSync(path.join(root, "shapes-test"), { recursive: true, force: true });
    const store = new Store("shapes-test");
    const compose = `services: { ${DB}, web: ${web} }`;
    const before: Plan = { ...plain(), compose, definitions: definitionsOf(compose, plain().variables), ...change };
    for (const plan of [before, renewed(2)]) store.create(plan);
    const [target, now] = [1, 2].map((number) => ({ number, release: String(number) }) as ReleaseRecord);
    return loginMoved(store, target!, now!);
  }
  test.each([
    ["that takes user and password", "{ environment: { U: '${DATABASE_USER:-shop}', P: '${DATABASE_PASSWORD}' } }"],
    ["that has an environment file", "{ env_file: .env }"],
  ])("is open to a release %s", (_what, web) => expect(against(web)).toBeUndefined());
  test("is open to each that had a login in turn itself, whatever its file looks like", () => {
    expect(against("{ image: w }", { logins: renewed(3).logins })).toBeUndefined();
  });
  test.each([
    [
      "has the words for something else",
      "{ environment: { DATABASE_USER: shop, DATABASE_PASSWORD: '${POSTGRES_PASSWORD}' } }",
      "no DATABASE_USER and no DATABASE_PASSWORD",
    ],
    ["takes the user alone", "{ environment: { U: '${DATABASE_USER:-shop}', P: '${POSTGRES_PASSWORD}' } }", "no DATABASE_PASSWORD"],
  ])("is closed to one that %s", (_what, web, says) => expect(against(web)).toContain(`its services take ${says}`));
  test("logs in as today, also where the older release was made before the first one", () => {
    const back = planToGoBack(plain({ GONE: "own" }), renewed(3));
    expect(back.variables).toMatchObject({ DATABASE_USER: "shop_b", DATABASE_PASSWORD: "password-3", GONE: "own" });
    expect(back.logins).toEqual(renewed(3).logins);
    expect(back.generations).toEqual(renewed(3).generations);
    expect(againstRotation(back, renewed(3))).toBeUndefined();
  });
  test("has today's values, and is told of where everything is told of today", () => {
    const hook = { url: "https://hooks.example/today", format: "json" as const };
    const then: Plan = { ...plain({ LOG_LEVEL: "info" }), masked: ["SECRET_KEY"], notify: [], telemetry: { endpoint: "https://old.example", headers: {} } };
    const back = planToGoBack(then, { ...plain({ LOG_LEVEL: "debug", SECRET_KEY: "key-2" }), masked: ["SECRET_KEY"], notify: [hook] });
    expect(back.variables).toMatchObject({ LOG_LEVEL: "debug", SECRET_KEY: "key-2" });
    expect(back.notify).toEqual([hook]);
    expect(back).not.toHaveProperty("telemetry");
  });
  test("passes over a release that differs from what is live in values alone: it would be the same one again", () => {
    fs.rmSync(root, { recursive: true });
    const store = new Store("shapes-test");
    const of = (image: string, key: string, generation: number): Plan => ({
      ...plain({ SECRET_KEY: key }),
      masked: ["SECRET_KEY"],
      images: { web: image },
      ...(generation > 1 && { generations: { SECRET_KEY: { generation, since } } }),
    });
    const bad = `r/web@sha256:${"b".repeat(64)}`;
    const plans = [of(D, "key-1", 1), of(bad, "key-1", 1), of(bad, "key-2", 2)];
    for (const [index, plan] of plans.entries()) {
      store.create(plan);
      const record = {
        format: 1,
        number: index + 1,
        release: `r${index + 1}`,
        outcome: "live",
        startedAt: `${since}T00:00:00Z`,
        identity: releaseIdentity(plan),
      };
      fs.writeFileSync(store.file(index + 1, "record.json"), JSON.stringify({ ...record, images: plan.images }));
    }
    expect(releaseBefore(store, store.record(3)!)).toMatchObject({ number: 1 });
  });
  test("does not bring back a value that is accepted no longer", () => {
    const generations = { SECRET_KEY: { generation: 2, since } };
    const before: Plan = { ...plain({ SECRET_KEY: "key-2", SECRET_KEY_PREVIOUS: "key-1" }), generations };
    const back = planToGoBack(before, { ...plain({ SECRET_KEY: "key-2" }), generations });
    expect(back.variables).not.toHaveProperty("SECRET_KEY_PREVIOUS");
  });
});
