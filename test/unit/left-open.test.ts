/** Logins of before whose service did not answer when the release came live: what each record says of them, who sees them, and that they are closed later. */
import * as fs from "node:fs";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { Plan } from "../../release/plan.ts";
import type { ReleaseRecord } from "../../release/record.ts";
import type { Context } from "../../server/context.ts";
import { root, STACK } from "../backup-folder.ts";
import { RedisDouble } from "../doubles/redis.ts";
import { planFor } from "../host.ts";

/** Services of the base that run, with their port: each a Redis, by whatever name. */
const running: Record<string, RedisDouble> = {};
vi.doMock("../../server/base-address.ts", () => ({ baseAddress: async (_stack: string, service: string) => (running[service] ? "127.0.0.1" : undefined) }));
vi.doMock("../../server/redis-logins.ts", async (original) => {
  const real = await original<typeof import("../../server/redis-logins.ts")>();
  const shutOut: typeof real.shutOut = (place, ...rest) => real.shutOut({ ...place, port: running[place.service!]!.port }, ...rest);
  return { ...real, shutOut };
});
vi.doMock("../../server/docker-api.ts", async (original) => ({ ...(await original<object>()), must: async () => ({ status: 200, body: "[]" }) }));
vi.doMock("../../server/backup-timers.ts", async (original) => ({ ...(await original<object>()), placeTimers: async () => undefined }));
vi.doMock("../../server/process.ts", async (original) => ({
  ...(await original<object>()),
  run: async () => ({ code: 0, stdout: "", stderr: "" }),
}));
vi.doMock("../../server/host-figures.ts", async (original) => ({ ...(await original<object>()), foldersThatFill: async () => [] }));
vi.doMock("../../server/lock.ts", async (original) => ({ ...(await original<object>()), take: () => true, isTaken: async () => false }));
const { settle } = await import("../../server/endings.ts");
const { doctor } = await import("../../server/commands/doctor.ts");
const { hasLeftSomething, resumeCommand } = await import("../../server/commands/resume.ts");
const { Store } = await import("../../server/store.ts");
const { Journal } = await import("../../server/journal.ts");

/** Logins of two services, of that generation each; the first one of them is closed first. */
const FIRSTS = { database: "POSTGRES_PASSWORD", cache: "REDIS_PASSWORD" } as const;
type Service = keyof typeof FIRSTS;
const nameOf = (generation: number) => (generation % 2 ? "shop_b" : "shop_a");
function planOf(generations: Partial<Record<Service, number>>): Plan {
  const entries = Object.entries(generations) as [Service, number][];
  return planFor(`r/web@sha256:${"a".repeat(64)}`, {
    keep: 5,
    variables: Object.fromEntries(entries.flatMap(([service, generation]) => [[`${service}_user`, nameOf(generation)], [`${service}_password`, `${generation}`]])), // prettier-ignore
    generations: Object.fromEntries(entries.map(([service, generation]) => [FIRSTS[service], { generation, since: "2026-11-25" }])),
    logins: entries.map(([service, generation]) => ({
      kind: "redis",
      service,
      user: `${service}_user`,
      password: `${service}_password`,
      closes: [nameOf(generation + 1)],
      first: FIRSTS[service],
    })),
  });
}

let store: InstanceType<typeof Store>;
beforeEach(async () => {
  fs.rmSync(root, { recursive: true, force: true });
  store = new Store(STACK);
  for (const service of Object.keys(FIRSTS)) await start(service as Service);
});
afterEach(() => Object.keys(running).forEach((service) => stop(service as Service)));
async function start(service: Service): Promise<void> {
  running[service] = await new RedisDouble().start({ default: "first", shop_a: "2", shop_b: "3" });
}
function stop(service: Service): void {
  running[service]?.stop();
  delete running[service];
}

/** Comes live, with what it renews. */
async function live(plan: Plan, ...renewed: readonly Service[]): Promise<number> {
  const number = store.create(plan);
  const base = { services: { database: {}, cache: {} } };
  fs.writeFileSync(store.file(number, "base.compose.json"), JSON.stringify(base));
  const record = {
    ...{ format: 1, number, application: "shop", environment: "test", release: `r${number}`, identity: `${number}`, images: {}, provenance: {} },
    ...{ attempt: `${number}`, startedAt: "2026-11-25T00:00:00Z", resumed: 0, restored: false, told: true, journal: [] },
    ...(renewed.length > 0 && { rotated: renewed.map((one) => ({ secret: FIRSTS[one], from: 1, to: plan.generations![FIRSTS[one]]!.generation, closed: false })) }), // prettier-ignore
  } as unknown as ReleaseRecord;
  store.setRecord(record);
  const journal = new Journal(store, number, String, () => undefined);
  const context = { stack: STACK, slot: "blue", number, old: null, store, edge: {}, journal, plan, record, split: { base } };
  expect(await settle(context as unknown as Context)).toBe("live");
  return number;
}
const closedIn = (number: number) => Object.fromEntries((store.record(number)!.rotated ?? []).map(({ secret, closed }) => [secret, closed]));
/** What a command prints. */
async function saidBy(command: () => Promise<number>): Promise<string> {
  let said = "";
  const write = vi.spyOn(process.stdout, "write").mockImplementation((text) => ((said += String(text)), true));
  await command().finally(() => write.mockRestore());
  return said;
}
const doctorSays = () => saidBy(() => doctor({ words: [], options: {} }));
const resumeSays = () => saidBy(() => resumeCommand({ words: [], options: { stack: STACK } }));
const both = planOf({ database: 2, cache: 2 });

test.each([
  ["database", "cache"],
  ["cache", "database"],
] as const)("where %s does not answer, the login of %s is closed all the same, and nobody is told otherwise", async (away, there) => {
  stop(away);
  const number = await live(both, "database", "cache");
  expect(closedIn(number)).toEqual({ [FIRSTS[there]]: true, [FIRSTS[away]]: false });
  expect(running[there]!.opens(running[there]!.saved)).toEqual(["shop_a"]);
  const told = store.journal(number).map(({ text }) => text).join("\n"); // prettier-ignore
  expect(told).toContain(`the login before of ${away} is still open`);
  expect(told).toContain(`open ${there} no longer`);
  const findings = await doctorSays();
  expect(findings).toContain(`the login that ${FIRSTS[away]} was renewed from opens its service still`);
  expect(findings).not.toContain(`the login that ${FIRSTS[there]}`);
  await start(away);
  await resumeSays();
  expect(closedIn(number)).toEqual({ [FIRSTS[there]]: true, [FIRSTS[away]]: true });
});

test("a later release does not make it forgotten: doctor tells of it with the release that it was renewed by, and the hourly resume closes it", async () => {
  stop("cache");
  const number = await live(both, "database", "cache");
  const next = await live(both);
  expect(store.record(next)!.rotated ?? []).toEqual([]);
  expect(await doctorSays()).toContain(
    `the login that REDIS_PASSWORD was renewed from opens its service still, which did not answer when release ${number} came live`,
  );
  expect(hasLeftSomething(store)).toBe(true);
  await start("cache");
  expect(await resumeSays()).toContain("open cache no longer");
  expect(closedIn(number)).toEqual({ POSTGRES_PASSWORD: true, REDIS_PASSWORD: true });
  expect(running["cache"]!.opens(running["cache"]!.saved)).toEqual(["shop_a"]);
  expect([hasLeftSomething(store), (await doctorSays()).includes("opens its service still")]).toEqual([false, false]);
});

test("a later release that closes it says so where it was renewed", async () => {
  stop("cache");
  const number = await live(both, "database", "cache");
  await start("cache");
  await live(both);
  expect(closedIn(number)).toEqual({ POSTGRES_PASSWORD: true, REDIS_PASSWORD: true });
  expect(hasLeftSomething(store)).toBe(false);
});

test("one that a later generation has closed is not open any more, whatever the older record says", async () => {
  stop("cache");
  const number = await live(planOf({ cache: 2 }), "cache");
  await start("cache");
  await live(planOf({ cache: 3 }), "cache");
  // As a program of before wrote it, which told one release of the other nothing.
  store.setRecord({ ...store.record(number)!, rotated: [{ secret: "REDIS_PASSWORD", from: 1, to: 2, closed: false }] });
  expect(hasLeftSomething(store)).toBe(false);
});
