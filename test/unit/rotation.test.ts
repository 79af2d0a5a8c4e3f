/** Rotation as a change of one number: what is due, what a stack's file may say, and what a release gets by it. */
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { describe, expect, test } from "vitest";
import * as z from "zod";
import { SECRETS, type SecretName } from "../../secrets/catalogue.ts";
import { addDays, daysBetween, due, dueOn, elsewhere, isDay, MAXIMAL_AGE, OVERLAP, renewedBy, type Held } from "../../secrets/rotation.ts";
import { heldSecrets, tellSecrets } from "../../settings/held-secrets.ts";
import { backupForm } from "../../settings/backup.ts";
import { checkRotation, providedBy, rotatedOf, rotationForm, type RotationWish } from "../../settings/rotation.ts";
import { rotate } from "../../operate/rotate.ts";
import { secretsTable, tellStackSecrets } from "../../operate/secrets.ts";
import { RotatingStack, type Rotation } from "../doubles/rotating-stack.ts";

const TODAY = "2026-11-25";
const compose = fs.readFileSync(path.join(import.meta.dirname, "../../application/compose.yaml"), "utf8");
const names = Object.keys(SECRETS) as SecretName[];

describe("days", () => {
  test("are counted over the end of a month and of a year", () => {
    expect(addDays("2026-12-31", 1)).toBe("2027-01-01");
    expect(daysBetween("2026-02-28", "2026-03-01")).toBe(1);
  });
  test.each(["2026-02-30", "2026-11-25T00:00", "26-11-25", "soon", ""])("%j is none", (text) => expect(isDay(text)).toBe(false));
});

describe("the catalogue", () => {
  test("each has an age of its class; what is renewed elsewhere says how, and what the stack makes does not", () => {
    for (const name of names) {
      expect(MAXIMAL_AGE[SECRETS[name].rotation], name).toBeGreaterThan(0);
      expect(renewedBy(name) === "elsewhere", name).toBe(elsewhere(name) !== undefined);
    }
  });
  test("only what nobody else gives out is made by the stack", () => {
    expect(names.filter((name) => renewedBy(name) === "stack")).toEqual(["POSTGRES_PASSWORD", "REDIS_PASSWORD", "SECRET_KEY"]);
  });
  test("an overlap is shorter than the time after which the next one is due", () => {
    for (const [rotation, days] of Object.entries(OVERLAP)) expect(days).toBeLessThan(MAXIMAL_AGE[rotation as keyof typeof MAXIMAL_AGE]);
  });
});

describe("due", () => {
  const held = (name: SecretName, since?: string, more: Partial<Held> = {}): Held => ({ name, generation: 1, since, ...more });
  test("on the day that its class says, not on the one before", () => {
    const since = addDays(TODAY, -90);
    expect(dueOn({ name: "SECRET_KEY", since })).toBe(TODAY);
    expect(due(TODAY, [held("SECRET_KEY", since)]).rotate).toEqual(["SECRET_KEY"]);
    expect(due(addDays(TODAY, -1), [held("SECRET_KEY", since)]).rotate).toEqual([]);
  });
  test("also where nobody knows its age", () => expect(due(TODAY, [held("POSTGRES_PASSWORD")]).rotate).toEqual(["POSTGRES_PASSWORD"]));
  test("what only a person can renew is a reminder", () => {
    expect(due(TODAY, [held("STRIPE_SECRET_KEY", "2026-01-01"), held("notify", "2025-01-01")])).toEqual({
      rotate: [],
      remind: ["notify", "STRIPE_SECRET_KEY"],
      end: [],
    });
  });
  test("not while the one before is still accepted; that ends the day after its last one", () => {
    const one = [held("SECRET_KEY", "2026-01-01", { generation: 2, until: TODAY })];
    expect(due(TODAY, one)).toEqual({ rotate: [], remind: [], end: [] });
    expect(due(addDays(TODAY, 1), one)).toEqual({ rotate: [], remind: [], end: ["SECRET_KEY"] });
  });
});

/** `make rotate ALL=due` once a day, of which one secret cannot be renewed in the first fortnight. */
async function simulate(days: number, start: Rotation, broken?: SecretName) {
  const stack = new RotatingStack(start);
  const done: { day: string; name: string }[] = [];
  const overlaps: string[] = [];
  for (let number = 0; number < days; number++) {
    const day = addDays(TODAY, number);
    const before = structuredClone(stack.live);
    stack.failing = broken !== undefined && number < 14 ? [broken] : [];
    stack.said.length = 0;
    await rotate({ secret: undefined, all: true, revoke: false }, stack.run({ today: day }));
    const renewed = Object.keys(stack.live).filter((name) => stack.live[name]!.generation !== (before[name]?.generation ?? 1));
    done.push(...renewed.map((name) => ({ day, name })));
    overlaps.push(...Object.keys(before).filter((name) => before[name]!.until !== undefined && stack.live[name]!.until === undefined));
    const classes = renewed.map((name) => SECRETS[name as SecretName].rotation);
    expect(new Set(classes).size, `two of a class on ${day}`).toBe(classes.length);
    expect(stack.rotation, `what failed on ${day} is put back`).toEqual(stack.live);
  }
  return { done, overlaps, live: stack.live, tries: stack.commands.filter((line) => line.startsWith("up ")).length, said: stack.said.join("\n") };
}

describe("a schedule of thirty days", () => {
  const start: Rotation = {
    POSTGRES_PASSWORD: { generation: 3, since: addDays(TODAY, -85) },
    SECRET_KEY: { generation: 2, since: addDays(TODAY, -80), until: addDays(TODAY, 3) },
    STRIPE_SECRET_KEY: { generation: 1, since: addDays(TODAY, -170) },
    STRIPE_WEBHOOK_SECRET: { generation: 1, since: TODAY },
    sshPrivateKey: { generation: 1, since: TODAY },
  };
  test("nothing is renewed twice, and nothing that is due is missed", async () => {
    const { done, overlaps, live, said } = await simulate(30, start);
    expect(done).toEqual([
      { day: addDays(TODAY, 5), name: "POSTGRES_PASSWORD" },
      { day: addDays(TODAY, 10), name: "SECRET_KEY" },
    ]);
    expect(live).toEqual({
      ...start,
      POSTGRES_PASSWORD: { generation: 4, since: addDays(TODAY, 5) },
      SECRET_KEY: { generation: 3, since: addDays(TODAY, 10), until: addDays(TODAY, 40) },
    });
    expect(overlaps).toEqual(["SECRET_KEY"]);
    expect(said).toContain("STRIPE_SECRET_KEY is due, and asks a person for its new value");
    expect(said).toContain("nothing else of stack staging is due");
  });
  test("one that fails is tried on each day, and holds up no other", async () => {
    const { done, tries } = await simulate(30, start, "POSTGRES_PASSWORD");
    expect(done).toEqual([
      { day: addDays(TODAY, 10), name: "SECRET_KEY" },
      { day: addDays(TODAY, 14), name: "POSTGRES_PASSWORD" },
    ]);
    // The end of an overlap; each day from the fifth to the fourteenth; and the tenth, on which two that failed together were each tried alone.
    expect(tries).toBe(1 + 10 + 2);
  });
  test("over a year each is renewed four times, and its overlap is ended each time", async () => {
    const { done, overlaps, live } = await simulate(365, start);
    for (const name of ["POSTGRES_PASSWORD", "SECRET_KEY"]) expect(done.filter((one) => one.name === name)).toHaveLength(4);
    expect(overlaps).toHaveLength(5);
    expect(live["SECRET_KEY"]!.until).toBeUndefined();
  });
});

const asked = (rotation: RotationWish, text = compose, given = ["POSTGRES_PASSWORD"], plain: string[] = []) => ({
  application: "my-shop",
  rotation,
  compose: text,
  given,
  plain,
});
const wish = (generation: number, until?: string) => ({ generation, since: TODAY, ...(until !== undefined && { until }) });

describe("a database's password", () => {
  test("until it is renewed the application has the database's own", () => {
    expect(rotatedOf(asked({}))).toEqual({
      generations: {},
      made: [{ variable: "DATABASE_PASSWORD", secret: "POSTGRES_PASSWORD", generation: 1 }],
      logins: [],
      variables: {},
    });
  });
  test.each([
    [2, "my_shop_a", "my_shop_b"],
    [3, "my_shop_b", "my_shop_a"],
    [4, "my_shop_a", "my_shop_b"],
  ])("generation %i logs in as %s and closes %s", (generation, name, other) => {
    const rotated = rotatedOf(asked({ POSTGRES_PASSWORD: wish(generation) }));
    expect(rotated.variables).toEqual({ DATABASE_USER: name });
    expect(rotated.made).toEqual([{ variable: "DATABASE_PASSWORD", secret: "POSTGRES_PASSWORD", generation }]);
    expect(rotated.logins).toEqual([
      { kind: "postgres", service: "postgres", user: "DATABASE_USER", password: "DATABASE_PASSWORD", closes: [other], first: "POSTGRES_PASSWORD" },
    ]);
    expect(providedBy(asked({ POSTGRES_PASSWORD: wish(generation) }))).toEqual(["DATABASE_PASSWORD", "DATABASE_USER"]);
  });
  test("a Compose file that knows nothing of it gets nothing", () => {
    const text =
      "services: { web: { image: a, environment: { P: '${POSTGRES_PASSWORD}' } }, db: { image: b, environment: { POSTGRES_PASSWORD: '${POSTGRES_PASSWORD}' } } }";
    expect(rotatedOf(asked({}, text)).made).toEqual([]);
  });
  const taking = (service: string, database = "") =>
    `services: { web: ${service}, db: { environment: { POSTGRES_PASSWORD: '\${POSTGRES_PASSWORD}' }${database} } }`;
  const own = taking("{ environment: { P: '${DATABASE_PASSWORD}' } }");
  test.each([
    ["all of an environment file", taking("{ env_file: .env }"), [], []],
    ["the word only", taking("{ environment: { DATABASE_PASSWORD: '${POSTGRES_PASSWORD}' } }"), [], []],
    ["one that is set as a secret", own, ["DATABASE_PASSWORD"], []],
    ["one that is set as a variable", own, [], ["DATABASE_PASSWORD"]],
  ])("a stack that was never rotated stays the release that it was where the file takes %s", (_what, text, secrets, plain) => {
    expect(rotatedOf(asked({}, text, ["POSTGRES_PASSWORD", ...secrets], plain))).toEqual({ generations: {}, made: [], logins: [], variables: {} });
  });
  test("by an environment file it comes with the first rotation; the database itself may have none", () => {
    const made = [{ variable: "DATABASE_PASSWORD", secret: "POSTGRES_PASSWORD", generation: 2 }];
    const rotation = { POSTGRES_PASSWORD: wish(2) };
    expect(rotatedOf(asked(rotation, taking("{ env_file: .env }"))).made).toEqual(made);
    expect(checkRotation(asked(rotation, taking("{ env_file: .env }")))).toEqual([]);
    const [problem] = checkRotation(asked(rotation, taking("{ env_file: .env }", ", env_file: .env")));
    expect(problem?.says).toContain('"db" has an environment file');
  });
});

describe("a Redis's password", () => {
  const redis = (backend: string) => `services:
  web: { image: w, environment: { R: "${backend}" } }
  cache: { image: "redis:8", command: ["sh", "-c", "[ -f /data/users.acl ] || echo \\"user default on >$$(cat /run/secrets/first) ~* &* +@all\\" > /data/users.acl; exec redis-server --aclfile /data/users.acl"], secrets: [first] }
secrets: { first: { environment: REDIS_PASSWORD } }
`;
  const good = redis("redis://${REDIS_USER:-default}:${REDIS_USER_PASSWORD}@cache:6379/0");
  test("is that of the default user until it is renewed, then of two users in turn", () => {
    const given = ["REDIS_PASSWORD"];
    expect(rotatedOf(asked({}, good, given)).made).toEqual([{ variable: "REDIS_USER_PASSWORD", secret: "REDIS_PASSWORD", generation: 1 }]);
    const { variables, logins } = rotatedOf(asked({ REDIS_PASSWORD: wish(3) }, good, given));
    expect(variables).toEqual({ REDIS_USER: "my_shop_b" });
    expect(logins).toEqual([
      { kind: "redis", service: "cache", user: "REDIS_USER", password: "REDIS_USER_PASSWORD", closes: ["my_shop_a"], first: "REDIS_PASSWORD" },
    ]);
    expect(checkRotation(asked({ REDIS_PASSWORD: wish(3) }, good, given))).toEqual([]);
  });
  test("cannot be renewed where the application logs in by the first one", () => {
    const text = redis("redis://:${REDIS_PASSWORD}@cache:6379/0");
    const said = checkRotation(asked({ REDIS_PASSWORD: wish(2) }, text, ["REDIS_PASSWORD"])).map(({ says, fix }) => `${says}: ${fix}`);
    expect(said.join("\n")).toContain("takes REDIS_USER for those who log in");
    expect(said.join("\n")).toContain("in place of REDIS_PASSWORD: REDIS_USER_PASSWORD");
  });
});

test("an application's key has the one before beside it for as long as the configuration says", () => {
  expect(rotatedOf(asked({ SECRET_KEY: wish(3, "2026-12-25") }, "services: {}", ["SECRET_KEY"])).made).toEqual([
    { variable: "SECRET_KEY", secret: "SECRET_KEY", generation: 3 },
    { variable: "SECRET_KEY_PREVIOUS", secret: "SECRET_KEY", generation: 2 },
  ]);
  expect(rotatedOf(asked({ SECRET_KEY: wish(3) }, "services: {}", ["SECRET_KEY"])).made).toHaveLength(1);
});

describe("a configuration that cannot be", () => {
  const says = (rotation: RotationWish, text?: string, given?: string[]) =>
    checkRotation(asked(rotation, text, given)).map(({ key, says }) => `${key} ${says}`);
  test("a good one has no problem", () => expect(says({ POSTGRES_PASSWORD: wish(2), STRIPE_SECRET_KEY: wish(4) })).toEqual([]));
  test.each([
    ["an unknown name", { POSTGRES_PASWORD: wish(2) }, 'rotation.POSTGRES_PASWORD is not known; did you mean "POSTGRES_PASSWORD"?'],
    [
      "one without generations",
      { bastionPrivateKey: wish(2) },
      "rotation.bastionPrivateKey has no generations; it is renewed otherwise: add the new key to authorized_keys",
    ],
    [
      "an overlap where there is none",
      { POSTGRES_PASSWORD: wish(2, "2026-12-25") },
      "is of the class database, where the value before goes with the release that used it",
    ],
    ["an overlap of what no application has", { TEST_USER_PASSWORD: wish(2, "2026-12-25") }, "is a workflow's alone: nothing of the release could accept"],
    ["an overlap that nobody reads", { SECRET_KEY: wish(2, "2026-12-25") }, "SECRET_KEY_PREVIOUS reaches no service"],
    ["an overlap for years", { SECRET_KEY: wish(2, "2028-12-25") }, "got 2028-12-25, wants a day within a year after 2026-11-25"],
    ["an overlap with nothing before", { SECRET_KEY: wish(1, "2026-12-25") }, "has no value before generation 1"],
  ])("%s", (_what, rotation, said) => expect(says(rotation as unknown as RotationWish).join("\n")).toContain(said));
  test.each([
    [
      "whose application logs in by the first password",
      "services: { db: { environment: { POSTGRES_PASSWORD: '${POSTGRES_PASSWORD}' } } }",
      ["takes DATABASE_USER", "takes DATABASE_PASSWORD"],
    ],
    [
      "where the new names are the containers' own, and a word in a comment",
      "# DATABASE_USER and DATABASE_PASSWORD\nservices: { web: { environment: { DATABASE_USER: shop, DATABASE_PASSWORD: '${POSTGRES_PASSWORD}', PRICE: '$${DATABASE_USER}' } }, db: { environment: { POSTGRES_PASSWORD: '${POSTGRES_PASSWORD}' } } }",
      ["takes DATABASE_USER", "takes DATABASE_PASSWORD", '"web" still takes POSTGRES_PASSWORD'],
    ],
    [
      "of which one service was forgotten",
      "services: { web: { environment: { U: '${DATABASE_USER}', P: '${DATABASE_PASSWORD}' } }, worker: { secrets: [p] }, db: { environment: { POSTGRES_PASSWORD_FILE: /x }, secrets: [p] } }\nsecrets: { p: { environment: POSTGRES_PASSWORD } }",
      ['"worker" still takes POSTGRES_PASSWORD, which opens nothing once a later generation is live'],
    ],
    [
      "with two databases",
      "services: { a: { environment: { POSTGRES_PASSWORD: x } }, b: { environment: [POSTGRES_PASSWORD_FILE=/x] } }",
      ['belongs to several services: "a", "b"'],
    ],
    ["without any, of which somebody takes its password", "services: { web: { environment: ['P=${POSTGRES_PASSWORD}'] } }", ["belongs to no service"]],
    [
      "whose database takes the changing one",
      "services: { web: { environment: { U: '${DATABASE_USER}' } }, db: { environment: { POSTGRES_PASSWORD_FILE: /x }, secrets: [p] } }\nsecrets: { p: { environment: DATABASE_PASSWORD } }",
      ['"db" itself takes DATABASE_PASSWORD'],
    ],
  ])("a Compose file %s", (_what, text, said) => {
    const all = says({ POSTGRES_PASSWORD: wish(2) }, text).join("\n");
    for (const one of said) expect(all).toContain(one);
  });
  test.each([
    ["PGPASSWORD=$POSTGRES_PASSWORD pg_dump --host postgres", 1],
    ["PGPASSWORD=${LOGIN_PASSWORD:-$POSTGRES_PASSWORD} pg_dump --host postgres --username ${LOGIN_USER:-shop}", 0],
  ])("a backup by %s: %i problems", (line, count) => {
    const backup = backupForm(z.string().transform(() => 60)).parse({ service: "postgres", command: ["sh", "-c", line], verify: ["true"] });
    const found = checkRotation({ ...asked({ POSTGRES_PASSWORD: wish(2) }), backup });
    expect(found.map(({ says }) => says)).toEqual(
      Array(count).fill("a command of recoloca:backup logs in by POSTGRES_PASSWORD, which opens nothing once a later generation is live"),
    );
  });
  test.each([
    ["secrets.DATABASE_PASSWORD", ["POSTGRES_PASSWORD", "DATABASE_PASSWORD"], []],
    ["variables.DATABASE_PASSWORD", ["POSTGRES_PASSWORD"], ["DATABASE_PASSWORD"]],
    ["variables.DATABASE_USER", ["POSTGRES_PASSWORD"], ["DATABASE_USER"]],
  ])("%s of one's own: it would stay what it is while the number says otherwise", (key, given, plain) => {
    const found = checkRotation(asked({ POSTGRES_PASSWORD: wish(2) }, compose, given, plain));
    expect(found).toMatchObject([{ key, fix: `pulumi config rm --path recoloca:${key}` }]);
    expect(checkRotation(asked({ POSTGRES_PASSWORD: wish(1) }, compose, given, plain))).toEqual([]);
  });
  test("after a rotation a database may go, or get another one beside it", () => {
    const rotation = { POSTGRES_PASSWORD: wish(2) };
    const gone = "services: { web: { image: a } }";
    expect(checkRotation(asked(rotation, gone, []))).toEqual([]);
    expect(rotatedOf(asked(rotation, gone, []))).toMatchObject({ generations: rotation, made: [], logins: [] });
    const second = compose.replace("services:\n", "services:\n  archive: { image: postgres, environment: { POSTGRES_PASSWORD: '${ARCHIVE_PASSWORD}' } }\n");
    expect(checkRotation(asked(rotation, second))).toEqual([]);
    expect(rotatedOf(asked(rotation, second)).logins.map(({ service }) => service)).toEqual(["postgres"]);
  });
  test("a backup by our own commands is none", () => {
    const backup = backupForm(z.string().transform(() => 60)).parse({ service: "postgres" });
    expect(checkRotation({ ...asked({ POSTGRES_PASSWORD: wish(2) }), backup })).toEqual([]);
  });
  test("a variable that a service gets by a secret, a config or an environment file is one that it takes", () => {
    const database = "db: { environment: { POSTGRES_PASSWORD: '${POSTGRES_PASSWORD}' } }";
    const by = (service: string, more = "") => says({ POSTGRES_PASSWORD: wish(2) }, `services: { ${database}, web: ${service} }\n${more}`);
    expect(by("{ secrets: [u, p] }", "secrets: { u: { environment: DATABASE_USER }, p: { environment: DATABASE_PASSWORD } }")).toEqual([]);
    expect(by("{ configs: [u] }", "configs: { u: { content: 'url=${DATABASE_USER}:${DATABASE_PASSWORD}@db' } }")).toEqual([]);
    expect(by("{ env_file: .env }")).toEqual([]);
  });
  test.each([
    { generation: 0, since: TODAY },
    { generation: 1.5, since: TODAY },
    { generation: 2 },
    { generation: 2, since: "2026-13-01" },
    { generation: 2, since: TODAY, untl: TODAY },
  ])("%j", (given) => expect(rotationForm.safeParse({ SECRET_KEY: given }).success).toBe(false));
  test("a day without quotes is a time to Pulumi's YAML, and a day all the same", () => {
    expect(rotationForm.parse({ SECRET_KEY: { generation: 2, since: "2026-11-25 00:00:00 +0000 UTC" } })).toEqual({
      SECRET_KEY: { generation: 2, since: TODAY },
    });
    expect(rotationForm.safeParse({ SECRET_KEY: { generation: 2, since: "2026-11-25 10:00:00 +0000 UTC" } }).success).toBe(false);
  });
  test("a number that the command line has set as a word is one", () => {
    expect(rotationForm.parse({ SECRET_KEY: { generation: "2", since: TODAY } })).toEqual({ SECRET_KEY: { generation: 2, since: TODAY } });
  });
});

describe("make secrets", () => {
  const values = {
    secrets: { POSTGRES_PASSWORD: "MARKER", SECRET_KEY: "MARKER" },
    rotation: { POSTGRES_PASSWORD: wish(2), SECRET_KEY: { generation: 1, since: "2026-08-01" } },
  };
  test("names those of one's own below, with how they get a new value: nobody is reminded of them", () => {
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), "own-secrets-"));
    const said: string[] = [];
    const raw = {
      values: { secrets: JSON.stringify({ JWT_SECRET: "MARKER", STRIPE_WEBHOOK_SECRET_PREVIOUS: "MARKER", A: "MARKER" }) },
      encrypted: new Set(["secrets"]),
    };
    expect(tellStackSecrets("staging", raw, folder, (line) => said.push(line))).toBe(0);
    expect(said).toEqual([
      "\n of your own, which are never due: A, JWT_SECRET",
      " a new value: pulumi config set --path --secret recoloca:secrets.A --stack staging; pulumi up --stack staging",
    ]);
  });

  test("says of each how old it is, when it is due and who uses it, and no value", () => {
    const table = secretsTable(tellSecrets(heldSecrets(values, ["secrets", "rotation", "registryPassword"]), compose, addDays(TODAY, 1)));
    expect(table).toEqual([
      " secret             gen.  age        due                        renewed        owner     class        used by",
      " POSTGRES_PASSWORD  2     1d         in 89d                     by the stack   backend   database     backend, worker, postgres",
      " SECRET_KEY         1     117d       27d ago                    by the stack   backend   application  the server",
      " registryPassword   1     not known  now: its age is not known  asks a person  platform  registry     the program, the server",
    ]);
    expect(table.join("\n")).not.toContain("MARKER");
  });
});
