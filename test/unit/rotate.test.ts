/** `make rotate` against a stack in memory: what it changes, in which order, what it refuses, and how it goes on after whatever stopped it. */
import * as fs from "node:fs";
import * as path from "node:path";
import { describe, expect, test } from "vitest";
import { rotate } from "../../operate/rotate.ts";
import { choose, type Asked } from "../../operate/rotation-choice.ts";
import { wrongValue } from "../../operate/new-value.ts";
import { askProvider } from "../../operate/provider-checks.ts";
import type { Held } from "../../secrets/rotation.ts";
import { folder, RotatingStack, TODAY } from "../doubles/rotating-stack.ts";

const one = (secret: string, revoke = false): Asked => ({ secret, all: false, revoke });
const due: Asked = { secret: undefined, all: true, revoke: false };
const fresh = { STRIPE_SECRET_KEY: { generation: 1, since: TODAY }, STRIPE_WEBHOOK_SECRET: { generation: 1, since: TODAY } };

describe("one that the stack makes", () => {
  test("has its number raised, is deployed and looked at; what to commit is said", async () => {
    const stack = new RotatingStack();
    expect(await rotate(one("POSTGRES_PASSWORD"), stack.run())).toBe(0);
    expect(stack.live).toEqual({ POSTGRES_PASSWORD: { generation: 2, since: TODAY } });
    expect(stack.commands).toEqual([
      `config set-all --path --plaintext recoloca:rotation.POSTGRES_PASSWORD.generation=2 --plaintext recoloca:rotation.POSTGRES_PASSWORD.since=${TODAY}`,
      "up --yes --skip-preview --target **::recoloca-release --target **RotatedSecrets**",
    ]);
    expect(stack.said).toContain(" POSTGRES_PASSWORD  1 → 2       not known   0d         the release's gates  renewed");
    expect(stack.said.join("\n")).toContain('git add Pulumi.staging.yaml && git commit --message "POSTGRES_PASSWORD is at generation 2"');
  });
  test("of a class with an overlap has a day on which that ends", async () => {
    const stack = new RotatingStack();
    await rotate(one("SECRET_KEY"), stack.run());
    expect(stack.live["SECRET_KEY"]).toEqual({ generation: 2, since: TODAY, until: "2026-12-25" });
  });
  test("is as it was where the release fails, and the next try is a whole one", async () => {
    const before = { POSTGRES_PASSWORD: { generation: 3, since: "2026-08-01" } };
    const stack = new RotatingStack(before);
    stack.failing = ["POSTGRES_PASSWORD"];
    expect(await rotate(one("POSTGRES_PASSWORD"), stack.run())).toBe(1);
    expect([stack.rotation, stack.live]).toEqual([before, before]);
    expect(stack.said.join("\n")).toContain("failed: the server has generation 3 of POSTGRES_PASSWORD");
    stack.failing = [];
    expect(await rotate(one("POSTGRES_PASSWORD"), stack.run())).toBe(0);
    expect(stack.live["POSTGRES_PASSWORD"]).toEqual({ generation: 4, since: TODAY });
  });
});

describe("one that is live, with something left of the one before", () => {
  const left = async (what: RotatingStack["left"], asked = one("POSTGRES_PASSWORD", true), rotation = {}) => {
    const stack = new RotatingStack(rotation);
    stack.left = what;
    return { code: await rotate(asked, stack.run()), said: stack.said.join("\n") };
  };
  test("a login that could not be closed is tried once more, and all is well", async () => {
    const { code, said } = await left({ closed: false, closes: true });
    expect([code, said]).toEqual([0, expect.stringContaining("the service's own definition has the value before, which opens nothing any more")]);
  });
  test("one that stays open is no success, and nobody is told that the value is gone", async () => {
    const { code, said } = await left({ closed: false });
    expect(code).toBe(1);
    expect(said).toContain("what it was renewed from opens its service still, which does not answer");
    expect(said).not.toContain("any more");
  });
  test("nor is a value that older releases on the server have still", async () => {
    const { code, said } = await left({ closed: true, forgotten: false });
    expect(code).toBe(1);
    expect(said).toContain("older releases on the server have the value before still");
  });
  test("an overlap is meant so", async () => expect((await left({ closed: false }, one("SECRET_KEY"))).code).toBe(0));
  test("of a later generation nothing on the server has the value before", async () =>
    expect((await left({ closed: true }, one("POSTGRES_PASSWORD", true), { POSTGRES_PASSWORD: { generation: 3, since: "2026-08-01" } })).said).toContain(
      "on the server nothing has the value before any more",
    ));
});

describe("interrupted", () => {
  test.each([[/^config set-all/], [/^up/]])("before %s it goes on, and nothing is renewed twice", async (killedAt) => {
    const stack = new RotatingStack();
    stack.killedAt = killedAt;
    await expect(rotate(one("POSTGRES_PASSWORD"), stack.run())).rejects.toThrow("killed");
    stack.killedAt = undefined;
    expect(await rotate(one("POSTGRES_PASSWORD"), stack.run())).toBe(0);
    expect(stack.live["POSTGRES_PASSWORD"]?.generation).toBe(2);
  });
  test("while a server does not answer the number stays, and the next run goes on by it", async () => {
    const stack = new RotatingStack();
    const answers = stack.run();
    let asked = 0;
    await expect(
      rotate(one("POSTGRES_PASSWORD"), {
        ...answers,
        server: (words) => (++asked > 1 ? Promise.reject(new Error("no answer")) : answers.server(words)),
      }),
    ).rejects.toThrow("no answer");
    expect(stack.rotation["POSTGRES_PASSWORD"]?.generation).toBe(2);
  });
});

describe("cut off from the server", () => {
  test.each([
    ["not yet", "release 8 (r8) is still being deployed; the numbers stay"],
    ["stuck", "release 8 (r8) needs a human; the numbers stay"],
  ] as const)("while what was begun has ended %s nothing is put back, and the next run goes on", async (newest, says) => {
    const stack = new RotatingStack();
    stack.failing = ["POSTGRES_PASSWORD"];
    stack.newest = newest;
    await expect(rotate(one("POSTGRES_PASSWORD"), stack.run())).rejects.toThrow(says);
    expect(stack.rotation["POSTGRES_PASSWORD"]?.generation).toBe(2);
    // It came live without us.
    stack.live = structuredClone(stack.rotation);
    stack.failing = [];
    stack.newest = undefined;
    expect(await rotate(due, stack.run())).toBe(0);
    expect(stack.live["POSTGRES_PASSWORD"]?.generation).toBe(2);
  });
});

describe("one of several parts", () => {
  const OLD = { accessKeyId: "MARKER-id-1", secretAccessKey: "MARKER-secret-1" };
  const begin = (...answers: string[]) => {
    const stack = new RotatingStack();
    stack.backupBucketKeys = { ...OLD };
    const asked: string[] = [];
    const askValue = async (question: string) => {
      asked.push(question);
      return answers.shift()!;
    };
    return { stack, asked, run: (change = {}) => rotate(one("backupBucketKeys"), stack.run({ askValue, ...change })) };
  };
  test("is asked for part by part, and set by standard input", async () => {
    const { stack, asked, run } = begin("MARKER-id-2", "MARKER-secret-2");
    expect(await run()).toBe(0);
    expect(asked).toEqual([" new backupBucketKeys.accessKeyId: ", " new backupBucketKeys.secretAccessKey: "]);
    expect(stack.backupBucketKeys).toEqual({ accessKeyId: "MARKER-id-2", secretAccessKey: "MARKER-secret-2" });
    expect(stack.live["backupBucketKeys"]?.generation).toBe(2);
    expect([...stack.commands, ...stack.said].join("\n")).not.toContain("MARKER");
    expect(stack.said.join("\n")).toContain("the server, which used them");
  });
  test("is as it was where the server does not take it", async () => {
    const { stack, run } = begin("MARKER-id-2", "MARKER-secret-2");
    stack.failing = ["backupBucketKeys"];
    expect(await run()).toBe(1);
    expect([stack.backupBucketKeys, stack.rotation]).toEqual([OLD, {}]);
  });
  test("is refused with one part of before; and the same whole one is asked about", async () => {
    const half = begin("MARKER-id-2", OLD.secretAccessKey);
    await expect(half.run()).rejects.toThrow("secretAccessKey is the one that the stack has already");
    expect(half.stack.commands).toEqual([]);
    const same = begin(OLD.accessKeyId, OLD.secretAccessKey);
    expect(await same.run({ knows: async () => true })).toBe(0);
    expect(same.stack.live["backupBucketKeys"]?.generation).toBe(2);
  });
});

describe("all that are due", () => {
  test("are renewed in one release, one of each class; what a person has to do is said", async () => {
    const stack = new RotatingStack({ ...fresh, STRIPE_SECRET_KEY: { generation: 1, since: "2026-01-01" } });
    expect(await rotate(due, stack.run())).toBe(0);
    expect([stack.live["POSTGRES_PASSWORD"]?.generation, stack.live["SECRET_KEY"]?.generation]).toEqual([2, 2]);
    expect(stack.commands.filter((line) => line.startsWith("up"))).toHaveLength(1);
    expect(stack.said.join("\n")).toContain(
      "STRIPE_SECRET_KEY is due, and asks a person for its new value   make rotate STACK=staging SECRET=STRIPE_SECRET_KEY",
    );
  });
  test("in the job's summary each has its age before and after, and what is left is said with why and how", async () => {
    const old = { generation: 1, since: "2026-01-01" };
    const stack = new RotatingStack({
      ...fresh,
      POSTGRES_PASSWORD: { generation: 3, since: "2026-08-01" },
      STRIPE_SECRET_KEY: old,
      sshPrivateKey: { generation: 1, since: "2025-01-01" },
    });
    stack.failing = ["SECRET_KEY"];
    const summary = path.join(folder, "left.md");
    expect(await rotate(due, stack.run({ summary }))).toBe(1);
    expect(fs.readFileSync(summary, "utf8")).toBe(`### Secrets of staging

By ana

| secret | generation | age before | age after | proven by | outcome |
| --- | --- | --- | --- | --- | --- |
| POSTGRES_PASSWORD | 3 → 4 | 116d | 0d | the release's gates | renewed |
| SECRET_KEY | 1 → 2 | not known | not known | – | failed: the server has generation 1 of SECRET_KEY |

- sshPrivateKey is due, and is renewed alone: make rotate STACK=staging SECRET=sshPrivateKey
- STRIPE_SECRET_KEY is due, and asks a person for its new value: make rotate STACK=staging SECRET=STRIPE_SECRET_KEY

`);
  });
  test("where nothing is renewed by itself, nobody is told that nothing was due", async () => {
    const [now, old] = [
      { generation: 2, since: TODAY },
      { generation: 1, since: "2026-01-01" },
    ];
    const stack = new RotatingStack({
      ...fresh,
      POSTGRES_PASSWORD: now,
      SECRET_KEY: now,
      STRIPE_SECRET_KEY: old,
      sshPrivateKey: { generation: 1, since: TODAY },
    });
    const summary = path.join(folder, "none.md");
    expect(await rotate(due, stack.run({ summary }))).toBe(0);
    expect(stack.said.at(-1)).toBe(" nothing else of stack staging is due");
    expect(fs.readFileSync(summary, "utf8")).toContain("\n\nNothing was renewed.\n\n- STRIPE_SECRET_KEY is due");
  });
  test("one that fails holds up no other: it is put back, and the others are renewed", async () => {
    const stack = new RotatingStack(fresh);
    stack.failing = ["POSTGRES_PASSWORD"];
    expect(await rotate(due, stack.run())).toBe(1);
    expect(stack.live).toEqual({ ...fresh, SECRET_KEY: { generation: 2, since: TODAY, until: "2026-12-25" } });
    expect(stack.rotation).toEqual(stack.live);
  });
  test("one that the stack cannot take holds up no other, and is said with what it lacks", async () => {
    const stack = new RotatingStack(fresh);
    const text = fs.readFileSync(path.join(folder, "compose.yaml"), "utf8");
    fs.writeFileSync(path.join(folder, "without.yaml"), text.replace('K2: "${SECRET_KEY_PREVIOUS:-}", ', ""));
    const raw = stack.raw.bind(stack);
    stack.raw = () => ({ ...raw(), values: { ...raw().values, composeFile: "without.yaml" } });
    expect(await rotate(due, stack.run())).toBe(1);
    expect(stack.live).toEqual({ ...fresh, POSTGRES_PASSWORD: { generation: 2, since: TODAY } });
    expect(stack.rotation).toEqual(stack.live);
    expect(stack.said.join("\n")).toMatch(/together they cannot be renewed; each by itself now[^]*SECRET_KEY_PREVIOUS reaches no service/);
  });
  test("an overlap whose day is over ends", async () => {
    const stack = new RotatingStack({
      ...fresh,
      POSTGRES_PASSWORD: { generation: 2, since: TODAY },
      SECRET_KEY: { generation: 2, since: "2026-10-01", until: "2026-11-24" },
    });
    expect(await rotate(due, stack.run())).toBe(0);
    expect(stack.live["SECRET_KEY"]).toEqual({ generation: 2, since: "2026-10-01" });
  });
  test("where none is, nothing is done, and the job's summary says so", async () => {
    const now = { generation: 2, since: TODAY };
    const stack = new RotatingStack({ ...fresh, POSTGRES_PASSWORD: now, SECRET_KEY: now, sshPrivateKey: { generation: 1, since: TODAY } });
    const summary = path.join(folder, "summary.md");
    expect(await rotate(due, stack.run({ summary }))).toBe(0);
    expect(stack.commands).toEqual([]);
    expect(fs.readFileSync(summary, "utf8")).toContain("### Secrets of staging\n\nBy ana\n\nNothing was due.");
  });
});

test("what a workflow has and no application is not accepted in two values", () => {
  const password = { name: "TEST_USER_PASSWORD" as const, generation: 1 };
  expect(choose(one("TEST_USER_PASSWORD"), { held: [password], live: {}, today: TODAY }).steps[0]!.wish).toEqual({ generation: 2, since: TODAY });
});

describe("one that a person gives", () => {
  test("travels by standard input alone, is asked of the provider, and is put back where the release fails", async () => {
    const stack = new RotatingStack(fresh);
    stack.failing = ["STRIPE_SECRET_KEY"];
    const run = stack.run({ askValue: async () => "sk_test_NEW-MARKER", provider: async () => ({ how: "taken" }) });
    expect(await rotate(one("STRIPE_SECRET_KEY"), run)).toBe(1);
    expect(stack.secrets["STRIPE_SECRET_KEY"]).toBe("sk_test_MARKER");
    stack.failing = [];
    expect(await rotate(one("STRIPE_SECRET_KEY"), run)).toBe(0);
    expect(stack.secrets["STRIPE_SECRET_KEY"]).toBe("sk_test_NEW-MARKER");
    expect(stack.said.join("\n")).toContain("a call of the provider");
    expect([...stack.commands, ...stack.said].join("\n")).not.toContain("MARKER");
  });
  test("that began with a brace is one text all the same, and nothing of it is said", async () => {
    const stack = new RotatingStack(fresh);
    stack.secrets["STRIPE_WEBHOOK_SECRET"] = '{"MARKER';
    expect(await rotate(one("STRIPE_WEBHOOK_SECRET"), stack.run({ askValue: async () => "whsec_{NEW" }))).toBe(0);
    expect(stack.secrets["STRIPE_WEBHOOK_SECRET"]).toBe("whsec_{NEW");
    expect(stack.said.join("\n")).not.toContain("MARKER");
  });
  test("of a webhook keeps the one before beside it until its day", async () => {
    const stack = new RotatingStack(fresh);
    await rotate(one("STRIPE_WEBHOOK_SECRET"), stack.run({ askValue: async () => "whsec_NEW" }));
    expect(stack.secrets).toMatchObject({ STRIPE_WEBHOOK_SECRET: "whsec_NEW", STRIPE_WEBHOOK_SECRET_PREVIOUS: "whsec_MARKER" });
    await rotate(due, stack.run({ today: "2026-12-26" }));
    expect(stack.secrets).not.toHaveProperty("STRIPE_WEBHOOK_SECRET_PREVIOUS");
    expect(stack.live["STRIPE_WEBHOOK_SECRET"]).toEqual({ generation: 2, since: TODAY });
  });
  const webhook = one("STRIPE_WEBHOOK_SECRET");
  const giving = (stack: RotatingStack, value: string) =>
    stack.run({ askValue: async () => value, agrees: async () => Promise.reject(new Error("nobody is there")) });
  test.each([
    ["the same value", /^config set --path --secret recoloca:secrets.STRIPE_WEBHOOK_SECRET$/, "whsec_NEW"],
    ["the same value", /^config set-all/, "whsec_NEW"],
    ["another value", /^config set-all/, "whsec_OTHER"],
  ])("killed on the way is gone on with by %s, and the one that is live is still the one before", async (_what, killedAt, second) => {
    const stack = new RotatingStack(fresh);
    stack.killedAt = killedAt;
    await expect(rotate(webhook, giving(stack, "whsec_NEW"))).rejects.toThrow("killed");
    stack.killedAt = undefined;
    expect(await rotate(webhook, giving(stack, second))).toBe(0);
    expect(stack.secrets).toMatchObject({ STRIPE_WEBHOOK_SECRET: second, STRIPE_WEBHOOK_SECRET_PREVIOUS: "whsec_MARKER" });
    expect(stack.live["STRIPE_WEBHOOK_SECRET"]).toMatchObject({ generation: 2 });
  });
  test.each([/^config rm --path recoloca:rotation/, /^config set-all/, /^config set --path --secret/, /^config rm --path recoloca:secrets/])(
    "killed at %s while it is put back can be gone on with, and never says that it was renewed",
    async (killedAt) => {
      const stack = new RotatingStack(fresh);
      stack.failing = ["STRIPE_WEBHOOK_SECRET"];
      let up = false;
      const run = giving(stack, "whsec_NEW");
      const killing = stack.run({
        ...run,
        pulumi: (args, options) => {
          up ||= args[0] === "up";
          if (up) stack.killedAt = killedAt;
          return run.pulumi(args, options);
        },
      });
      await expect(rotate(webhook, killing)).rejects.toThrow("killed");
      const { generation } = stack.rotation["STRIPE_WEBHOOK_SECRET"] ?? { generation: 1 };
      expect([generation, stack.secrets["STRIPE_WEBHOOK_SECRET"]]).not.toEqual([2, "whsec_MARKER"]);
      stack.killedAt = undefined;
      stack.failing = [];
      expect(await rotate(webhook, giving(stack, "whsec_NEW"))).toBe(0);
      expect(stack.secrets).toMatchObject({ STRIPE_WEBHOOK_SECRET: "whsec_NEW", STRIPE_WEBHOOK_SECRET_PREVIOUS: "whsec_MARKER" });
    },
  );
  test("that was killed and fails the second time is as it was before the first", async () => {
    const stack = new RotatingStack(fresh);
    const before = structuredClone(stack.secrets);
    stack.killedAt = /^config set-all/;
    await expect(rotate(webhook, giving(stack, "whsec_NEW"))).rejects.toThrow("killed");
    stack.killedAt = undefined;
    stack.failing = ["STRIPE_WEBHOOK_SECRET"];
    expect(await rotate(webhook, giving(stack, "whsec_NEW"))).toBe(1);
    expect(stack.secrets).toEqual(before);
  });
  test.each([
    ["a line break", "sk_test_a\nb", "has a line break"],
    ["quotes", '"sk_test_a"', "is between quotes"],
    ["a space at its end", "sk_test_a ", "begins or ends with a space"],
    ["nothing", "", "is empty"],
    ["a key of production", "sk_live_x", "is a live key, and the one that the stack has is not"],
    ["something else", "hello", "is none: wants sk_live_… in production"],
  ])("%s is one clear error, and nothing is changed", async (_what, value, says) => {
    const stack = new RotatingStack(fresh);
    await expect(rotate(one("STRIPE_SECRET_KEY"), stack.run({ askValue: async () => value }))).rejects.toThrow(says);
    expect(stack.commands).toEqual([]);
  });
  test("the one that is there already is asked about, and its number raised only where somebody says that a stopped run has set it", async () => {
    const stack = new RotatingStack(fresh);
    const run = (agree: boolean) => stack.run({ askValue: async () => "sk_test_MARKER", knows: async () => agree });
    await expect(rotate(one("STRIPE_SECRET_KEY"), run(false))).rejects.toThrow("is the one that the stack has already");
    expect(stack.commands).toEqual([]);
    expect(await rotate(one("STRIPE_SECRET_KEY"), run(true))).toBe(0);
    expect(stack.said).toContain(" STRIPE_SECRET_KEY stays what it is in the configuration; its number alone is raised");
    expect(stack.live["STRIPE_SECRET_KEY"]?.generation).toBe(2);
  });
  const keyed = async (has: string, given: string, production = false) => {
    const stack = new RotatingStack(fresh);
    stack.secrets["STRIPE_SECRET_KEY"] = has;
    const done = rotate(one("STRIPE_SECRET_KEY"), stack.run({ production, askValue: async () => given }));
    const code = await done.catch((error: Error) => error.message);
    expect(stack.secrets["STRIPE_SECRET_KEY"]).toBe(code === 0 ? given : has);
    return code;
  };
  test("a stack of another name that has a live key is one that people live on, and keeps to live ones", async () => {
    expect(await keyed("rk_live_old", "sk_live_NEW")).toBe(0);
    expect(await keyed("rk_live_old", "sk_test_NEW")).toMatch(
      /^the new STRIPE_SECRET_KEY is a test key, and the one that the stack has is not .*pulumi config set --path --secret recoloca:secrets\.STRIPE_SECRET_KEY\).*nothing was changed$/,
    );
  });
  test("production wants a live one, whatever it has", async () => {
    expect(await keyed("sk_test_old", "sk_test_NEW", true)).toContain("is a test key, and this is production");
    expect(await keyed("sk_test_old", "sk_live_NEW", true)).toBe(0);
  });
  test("one that says nothing of it goes by the stack's name", async () => {
    expect(await keyed("old", "sk_live_NEW")).toContain("is a live key, and this is not production");
    expect(await keyed("old", "sk_test_NEW")).toBe(0);
  });
  test("a DSN of a Sentry of one's own may have a path", () =>
    expect(wrongValue("SENTRY_DSN", "https://k@errors.acme.example/prefix/1", { production: true, before: "" })).toBeUndefined());
  test.each([
    ["refused", "opens nothing"],
    ["silent", "cannot be asked"],
  ] as const)("what its provider has %s changes nothing", async (how, says) => {
    const stack = new RotatingStack(fresh);
    await expect(
      rotate(one("STRIPE_SECRET_KEY"), stack.run({ askValue: async () => "sk_test_NEW", provider: async () => ({ how, says: "Stripe" }) })),
    ).rejects.toThrow(says);
    expect(stack.commands).toEqual([]);
  });
});

describe("a leaked one", () => {
  test("says what breaks, asks, and leaves no overlap", async () => {
    const stack = new RotatingStack(fresh);
    expect(await rotate(one("SECRET_KEY", true), stack.run({ agrees: async () => false }))).toBe(1);
    expect(stack.commands).toEqual([]);
    expect(stack.said.join("\n")).toMatch(/breaks whatever the one before has signed is refused.*log in again/);
    expect(await rotate(one("SECRET_KEY", true), stack.run())).toBe(0);
    expect(stack.live["SECRET_KEY"]).toEqual({ generation: 2, since: TODAY });
    expect(stack.said.join("\n")).toContain("SECRET_KEY was used by: the release's containers");
  });
  test("takes what was accepted since an earlier day with it, also the value that a person gave", async () => {
    const rotation = { ...fresh, STRIPE_WEBHOOK_SECRET: { generation: 2, since: "2026-11-20", until: "2026-12-20" } };
    const stack = new RotatingStack(rotation);
    stack.secrets["STRIPE_WEBHOOK_SECRET_PREVIOUS"] = "whsec_OLDER";
    stack.failing = ["STRIPE_WEBHOOK_SECRET"];
    const run = stack.run({ askValue: async () => "whsec_NEW" });
    expect(await rotate(one("STRIPE_WEBHOOK_SECRET", true), run)).toBe(1);
    expect([stack.rotation, stack.secrets["STRIPE_WEBHOOK_SECRET_PREVIOUS"]]).toEqual([rotation, "whsec_OLDER"]);
    stack.failing = [];
    expect(await rotate(one("STRIPE_WEBHOOK_SECRET", true), run)).toBe(0);
    expect(stack.live["STRIPE_WEBHOOK_SECRET"]).toEqual({ generation: 3, since: TODAY });
    expect(stack.secrets).not.toHaveProperty("STRIPE_WEBHOOK_SECRET_PREVIOUS");
  });
  test("that was renewed today loses its overlap, and is not renewed once more", async () => {
    const stack = new RotatingStack({ SECRET_KEY: { generation: 2, since: TODAY, until: "2026-12-25" } });
    await rotate(one("SECRET_KEY", true), stack.run());
    expect(stack.live["SECRET_KEY"]).toEqual({ generation: 2, since: TODAY });
  });
});

describe("is refused, and nothing is changed:", () => {
  const held: Held[] = [{ name: "SECRET_KEY", generation: 2, since: "2026-11-20", until: "2026-12-20" }];
  const known = { held, live: { SECRET_KEY: 2 }, today: TODAY };
  test.each([
    ["an unknown name", one("SECRET_KY"), '"SECRET_KY" is no secret of the catalogue; did you mean "SECRET_KEY"?'],
    ["one renewed elsewhere", one("bastionPrivateKey"), "bastionPrivateKey is not renewed by a number\n  add the new key to authorized_keys"],
    ["one that the stack has not", one("SENTRY_DSN"), "the stack has no SENTRY_DSN"],
    ["an overlap that still runs", one("SECRET_KEY"), "accepted until 2026-12-20, and a third one would be too many"],
    ["nothing chosen", { secret: undefined, all: false, revoke: false }, "which secret?"],
    ["both", { ...one("SECRET_KEY"), all: true }, "SECRET and ALL are two ways"],
    ["revoking all", { secret: undefined, all: true, revoke: true }, "REVOKE=now wants SECRET=NAME"],
  ])("%s", (_what, asked, says) => expect(() => choose(asked, known)).toThrow(says));
  test("a checkout of before the last rotation", () => {
    expect(() => choose(one("SECRET_KEY"), { ...known, live: { SECRET_KEY: 3 } })).toThrow(
      /generation 2 of SECRET_KEY is older than 3, which is live.*\n {2}git pull/,
    );
  });
  test("a stack on which nothing is live", async () => {
    const run = new RotatingStack().run();
    await expect(rotate(one("SECRET_KEY"), { ...run, server: async () => JSON.stringify({ format: 1, live: null, next: "1" }) })).rejects.toThrow(
      "nothing is live",
    );
  });
  test("an overlap that reaches no service", async () => {
    const stack = new RotatingStack();
    const other = path.join(folder, "other");
    fs.mkdirSync(other, { recursive: true });
    fs.writeFileSync(path.join(other, "compose.yaml"), fs.readFileSync(path.join(folder, "compose.yaml"), "utf8").replace(/K2: .*?}", /, ""));
    await expect(rotate(one("SECRET_KEY"), stack.run({ folder: other }))).rejects.toThrow("SECRET_KEY_PREVIOUS reaches no service");
    expect(stack.commands).toEqual([]);
  });
});

describe("a provider is asked", () => {
  const answering = (status: number) => (async () => new Response("{}", { status })) as typeof fetch;
  test.each([
    ["STRIPE_SECRET_KEY", 200, "taken"],
    ["STRIPE_SECRET_KEY", 403, "taken"],
    ["STRIPE_SECRET_KEY", 401, "refused"],
    ["GEMINI_API_KEY", 400, "refused"],
    ["GEMINI_API_KEY", 403, "not-asked"],
    ["SEMGREP_APP_TOKEN", 401, "refused"],
    ["SEMGREP_APP_TOKEN", 404, "not-asked"],
    ["STRIPE_SECRET_KEY", 404, "silent"],
    ["githubToken", 500, "silent"],
    ["SENTRY_DSN", 200, "not-asked"],
  ] as const)("%s, which answers %i: %s", async (name, status, how) => expect((await askProvider(name, "v", answering(status))).how).toBe(how));
  test("GitHub where the stack's repository is", async () => {
    process.env["GITHUB_BASE_URL"] = "https://github.example/api/v3/";
    let asked = "";
    const ask = (async (url: string) => ((asked = url), new Response("{}"))) as unknown as typeof fetch;
    await askProvider("githubToken", "v", ask).finally(() => delete process.env["GITHUB_BASE_URL"]);
    expect(asked).toBe("https://github.example/api/v3/rate_limit");
  });
  test("and one that does not answer proves nothing; what it says has no value in it", async () => {
    const verdict = await askProvider("STRIPE_SECRET_KEY", "MARKER", async () => Promise.reject(new Error("MARKER")));
    expect(verdict.how).toBe("silent");
    expect(JSON.stringify(verdict)).not.toContain("MARKER");
  });
});
