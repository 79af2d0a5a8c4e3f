/** What Pulumi is told of a stack, as it is kept beside it for a starter without Node. */
import * as fs from "node:fs";
import * as path from "node:path";
import { beforeEach, expect, test } from "vitest";
import { live, stackFolder } from "../backup-folder.ts";

const { keepLiveAnswer, keptAnswerIsWrong, liveAnswer } = await import("../../server/live-answer.ts");
const { Store } = await import("../../server/store.ts");
const store = new Store("shop-test");
const file = path.join(stackFolder, "live.json");

beforeEach(() => {
  live({ definitions: {} });
  keepLiveAnswer(store);
});

test("what was kept is right, though each answer names another attempt", () => {
  expect(liveAnswer(store).next).not.toBe(liveAnswer(store).next);
  expect(keptAnswerIsWrong(store)).toBeUndefined();
});

test.each<[string, () => void]>([
  ["another release", () => fs.writeFileSync(file, fs.readFileSync(file, "utf8").replace('"release":"r1"', '"release":"r0"'))],
  ["the attempt of another number", () => fs.writeFileSync(file, fs.readFileSync(file, "utf8").replace(/"next":"2-/, '"next":"3-'))],
  ["half of it", () => fs.truncateSync(file, 40)],
  ["nothing", () => fs.truncateSync(file)],
])("%s in its place is seen", (_what, damage) => {
  damage();
  expect(keptAnswerIsWrong(store)).toBe(file);
});

test("names what was live before what is, each once, the newest first", () => {
  const record = JSON.parse(fs.readFileSync(path.join(stackFolder, "releases/1/record.json"), "utf8")) as object;
  const releases = ["r1", "r2", "r1", "failed", "r3", "r3"];
  for (const [index, release] of releases.entries()) {
    const folder = path.join(stackFolder, `releases/${index + 1}`);
    fs.mkdirSync(folder, { recursive: true });
    fs.writeFileSync(path.join(folder, "plan.json"), JSON.stringify({ definitions: {} }));
    const outcome = release === "failed" ? "failed" : "live";
    fs.writeFileSync(path.join(folder, "record.json"), JSON.stringify({ ...record, number: index + 1, release, outcome }));
  }
  fs.writeFileSync(path.join(stackFolder, "state.json"), JSON.stringify({ live: { number: 6, slot: "blue" } }));
  expect(liveAnswer(store).live?.before).toEqual(["r1", "r2"]);
  // What was gone back from is no older one.
  fs.writeFileSync(path.join(stackFolder, "releases/6/record.json"), JSON.stringify({ ...record, number: 6, release: "r2", rollback: { to: 2, from: 5 } }));
  expect(liveAnswer(store).live?.before).toEqual(["r1"]);
});
