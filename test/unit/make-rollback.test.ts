/** `make rollback` against a server and a stack in memory: what it does where the stack could not be told, and that nothing goes back a second time. */
import { beforeEach, expect, test } from "vitest";
import { rollBack, type GoingBack } from "../../operate/rollback.ts";

const STACK = "shop-production";
/** As after `make rollback` from 4: release 3 again, under a number of its own. */
const records = [
  { stack: STACK, number: 5, release: "r3", identity: "three", outcome: "live", rollback: { to: 3, from: 4 } },
  { stack: STACK, number: 4, release: "r4", identity: "four", outcome: "live" },
  { stack: "other-production", number: 3, release: "r3", identity: "three", outcome: "live" },
  { stack: STACK, number: 3, release: "r3", identity: "three", outcome: "live" },
  { stack: STACK, number: 2, release: "r2", identity: "two", outcome: "live" },
];
let history: object[];
let live: { number: number; identity: string };
let configured: string[];
/** First words of a command of Pulumi that fails. */
let failing: string | undefined;
let commands: string[];
let said: string[];
beforeEach(() => {
  history = records;
  live = { number: 5, identity: "three" };
  configured = ["recoloca:images", "recoloca:release", "recoloca:domain"];
  failing = undefined;
  [commands, said] = [[], []];
});
const run = (code: number): GoingBack => ({
  stack: "production",
  application: "shop",
  configured,
  pulumi: async (args) => {
    const line = args.join(" ");
    commands.push(line);
    const fails = failing !== undefined && line.startsWith(failing);
    return { code: fails ? 255 : 0, stdout: "", output: fails ? "error: no login" : "" };
  },
  ask: async () => code,
  answer: async ([word]) =>
    JSON.stringify(
      word === "live" ? { format: 1, live: { ...live, release: "r3", images: {}, provenance: {}, since: "2026-11-25T00:00:00Z" }, next: "6" } : history,
    ),
  say: (line) => void said.push(line),
});
const UP = "up --yes --skip-preview --target **::shop-release --target **RotatedSecrets**";
const BY_HAND = "pulumi up --stack production --target '**::shop-release' --target '**RotatedSecrets**'";

test("the stack is told, and names no release any more", async () => {
  expect(await rollBack(["rollback"], run(0))).toBe(0);
  expect(commands).toEqual(["config rm recoloca:images", "config rm recoloca:release", UP]);
});

test("where a key of its configuration stays, each command that is left is named, and never the one that goes back again", async () => {
  failing = "config rm recoloca:release";
  const error = await rollBack(["rollback"], run(0)).then(String, (one: Error) => one.message);
  expect(error).toContain("pulumi config rm recoloca:release failed\nerror: no login\n");
  expect(error).toMatch(new RegExp(`: pulumi config rm recoloca:release --stack production; ${BY_HAND.replaceAll("*", "\\*")}$`));
  expect(error).not.toMatch(/same command|recoloca:images/);
  failing = "config rm recoloca:images";
  await expect(rollBack(["rollback"], run(0))).rejects.toThrow(
    `: pulumi config rm recoloca:images --stack production; pulumi config rm recoloca:release --stack production; ${BY_HAND}`,
  );
});

test("where the update fails, the one that is left is the same update, of the release alone", async () => {
  failing = "up";
  expect(await rollBack(["rollback"], run(0))).toBe(255);
  expect(said.at(-1)).toMatch(new RegExp(`without going back once more: ${BY_HAND.replaceAll("*", "\\*")}$`));
});

test.each([
  ["the release that was gone back to", "3"],
  ["that one by its name", "r3"],
  ["its new number", "5"],
])("the release that is live, %s, is refused by the server, and the stack is told all the same", async (_what, named) => {
  expect(await rollBack(["rollback", named], run(20))).toBe(0);
  expect(commands.at(-1)).toBe(UP);
});

test("also where a secret was renewed meanwhile, by which it is another identity", async () => {
  live = { number: 5, identity: "three with today's values" };
  expect(await rollBack(["rollback", "3"], run(20))).toBe(0);
});

test.each([
  ["what is refused for another reason", ["rollback", "2"], 20],
  ["what names no release", ["rollback", "--downgrade"], 20],
  ["a release that did not come live", ["rollback", "3"], 22],
])("%s changes nothing of the stack", async (_what, words, code) => {
  expect(await rollBack(words, run(code))).toBe(code);
  expect(commands).toEqual([]);
});

test("nor does one that meets a deploy", async () => {
  history = [{ stack: STACK, number: 6, release: "r6", identity: "six" }, ...records];
  expect(await rollBack(["rollback", "3"], run(20))).toBe(20);
  expect(commands).toEqual([]);
});
