/** Redis's users in turn, where something stopped halfway: what is closed or let in stays so over the server's next start. */
import { afterEach, beforeEach, expect, test } from "vitest";
import { admit, shutOut } from "../../server/redis-logins.ts";
import { RedisConnection } from "../../server/redis-connection.ts";
import { RedisDouble } from "../doubles/redis.ts";

const NEW = { user: "shop_b", password: "new" };
const NAMES = ["shop_a"];
let redis: RedisDouble;
const place = () => ({ address: "127.0.0.1", port: redis.port });
beforeEach(async () => {
  redis = await new RedisDouble().start({ default: "first", shop_a: "old", shop_b: "new" });
});
afterEach(() => redis.stop());

const connected = () => RedisConnection.open("127.0.0.1", redis.port, 20_000);
const isCut = async (connection: RedisConnection) => connection.send("PING").then(() => false, () => true); // prettier-ignore

test.each(["ACL SAVE", "CLIENT KILL USER", "CLIENT KILL ID"])("what failed at %s is done whole the second time", async (failing) => {
  redis.failing = failing;
  const first = await connected();
  await first.send("AUTH", "default", "first");
  await first.send("GET", "it");
  await expect(shutOut(place(), NEW, NAMES)).rejects.toThrow();
  await shutOut(place(), NEW, NAMES);
  expect(redis.opens(redis.saved)).toEqual(["shop_b"]);
  expect(new Set(redis.killed)).toEqual(new Set(["default", "shop_a"]));
});

test("who came by the first password is cut off; who has only just connected may say who he is, and is not", async () => {
  const [inUse, idle, visitor] = [await connected(), await connected(), await connected()];
  for (const one of [inUse, idle]) await one.send("AUTH", "default", "first");
  await inUse.send("GET", "it");
  const shutting = shutOut(place(), NEW, NAMES);
  await expect.poll(() => redis.killed).toContain("default");
  expect(await isCut(inUse)).toBe(true);
  await visitor.send("AUTH", NEW.user, NEW.password);
  await shutting;
  expect([await isCut(idle), await isCut(visitor)]).toEqual([true, false]);
});

test("says only those that were open, and knows that one of the two may never have been made", async () => {
  expect(await shutOut(place(), NEW, ["shop_a", "shop_c"])).toEqual(["default", "shop_a"]);
  expect(await shutOut(place(), NEW, ["shop_a", "shop_c"])).toEqual([]);
});

test("a login that is there and was never saved is saved", async () => {
  redis.saved = { default: redis.users["default"]! };
  expect(await admit(place(), NEW, [])).toBe("there");
  expect(redis.opens(redis.saved)).toContain("shop_b");
});

test("a login that was made and could not be saved is not left behind", async () => {
  const login = { user: "shop_c", password: "newest" };
  redis.failing = "ACL SAVE";
  await expect(admit(place(), login, [NEW])).rejects.toThrow("error trying to save");
  expect(redis.users).not.toHaveProperty("shop_c");
});
