/** What is still done, and what is not any more, where the record of a release that is not live cannot be read. */
import * as fs from "node:fs";
import * as path from "node:path";
import { beforeEach, expect, test, vi } from "vitest";
import type { ReleaseRecord } from "../../release/record.ts";
import { form, hoursAgo, put, stackFolder } from "../backup-folder.ts";

let here: string[] = [];
const removed: string[] = [];
const started: string[] = [];
vi.doMock("../../server/process.ts", async (original) => ({
  ...(await original<object>()),
  run: async (...[, words]: [string, string[]]) => (started.push(words.at(-1)!), { code: 0, stdout: "", stderr: "" }),
}));
vi.doMock("../../server/engine.ts", async (original) => ({
  ...(await original<object>()),
  imagesHere: async () => here,
  imageBytes: async () => 0,
  removeImage: async (image: string) => removed.push(image),
}));
const { backupsOf } = await import("../../server/backup-note.ts");
const { hasLeftSomething, resumeCommand } = await import("../../server/commands/resume.ts");
const { releaseBefore, schemaMoved } = await import("../../server/going-back.ts");
const { prune } = await import("../../server/prune.ts");
const { Store } = await import("../../server/store.ts");
const store = new Store("shop-test");

const file = (number: number, name: string) => path.join(stackFolder, "releases", String(number), name);

function release(number: number, more: Partial<ReleaseRecord> = {}): void {
  const images = { web: `registry.test/web@sha256:${number}` };
  fs.mkdirSync(file(number, ""), { recursive: true });
  fs.writeFileSync(
    file(number, "plan.json"),
    JSON.stringify({ images, variables: {}, masked: [], keep: 1, notify: [], backup: form.parse({ service: "postgres", keep: 1 }) }),
  );
  const record = { format: 1, number, release: `r${number}`, identity: String(number), images, outcome: "live", startedAt: hoursAgo(100 - number), ...more };
  fs.writeFileSync(file(number, "record.json"), JSON.stringify(record));
}
const damage = (number: number) => fs.writeFileSync(file(number, "record.json"), '{ "format"');
const record = (number: number) => store.record(number)!;

beforeEach(() => {
  removed.length = 0;
  started.length = 0;
  for (const number of [1, 2, 3, 4]) release(number, { schema: { before: "a", after: "a" } });
  fs.writeFileSync(path.join(stackFolder, "state.json"), JSON.stringify({ live: { number: 4, slot: "blue" } }));
  here = [1, 2, 3, 4].map((number) => `registry.test/web@sha256:${number}`);
});

test("the way back passes over it", () => {
  expect(releaseBefore(store, record(4))).toMatchObject({ number: 3 });
  damage(3);
  expect(releaseBefore(store, record(4))).toMatchObject({ number: 2 });
});

test("what it may have done to the schema counts as done, until a later release has seen the schema", () => {
  damage(3);
  expect(schemaMoved(store, record(2))).toBeUndefined();
  release(4);
  expect(schemaMoved(store, record(2))).toMatchObject({ is: "an unknown revision", knows: "a" });
});

test("its images stay, by its plan, and no backup goes that it might need", async () => {
  put("timed-1", hoursAgo(9));
  put("timed-2", hoursAgo(8));
  damage(1);
  expect(await prune(store)).toMatchObject({ backups: [] });
  expect(removed).toEqual(["registry.test/web@sha256:2"]);
  expect(backupsOf("shop-test")).toHaveLength(2);
  release(1);
  expect(await prune(store)).toMatchObject({ backups: ["timed-1"] });
  expect(removed).toContain("registry.test/web@sha256:1");
});

test("with a plan that is damaged as well nothing of the others is kept from being pruned", async () => {
  damage(1);
  fs.writeFileSync(file(1, "plan.json"), "{");
  await prune(store);
  expect(removed).toEqual(["registry.test/web@sha256:2"]);
});

test.each([
  ["registry.test/web:1@sha256:1", "registry.test/web@sha256:1"],
  ["docker.io/shop/web@sha256:1", "shop/web@sha256:1"],
  ["index.docker.io/library/web:1@sha256:1", "web@sha256:1"],
])("%s goes, which the engine calls %s", async (pulled, listed) => {
  const plan = JSON.parse(fs.readFileSync(file(1, "plan.json"), "utf8")) as object;
  fs.writeFileSync(file(1, "plan.json"), JSON.stringify({ ...plan, images: { web: pulled } }));
  fs.writeFileSync(file(1, "record.json"), JSON.stringify({ ...record(1), images: { web: pulled } }));
  here[0] = listed;
  await prune(store);
  expect(removed).toContain(listed);
});

test("the newest one's leaves nothing to resume, and keeps no other stack from being resumed", async () => {
  expect(hasLeftSomething(store)).toBe(false);
  release(4, { outcome: undefined });
  expect(hasLeftSomething(store)).toBe(true);
  const other = path.join(path.dirname(stackFolder), "zoo-test");
  fs.cpSync(stackFolder, other, { recursive: true });
  damage(4);
  fs.writeFileSync(file(4, "plan.json"), "{");
  expect(hasLeftSomething(store)).toBe(false);
  const given = { words: [], options: {} };
  expect(await resumeCommand(given)).toBe(0);
  expect(started).toEqual(["recoloca-resume@zoo-test.service"]);
  fs.rmSync(other, { recursive: true });
});
