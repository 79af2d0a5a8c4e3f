import { expect, test } from "vitest";
import { parseDuration, sayDuration } from "../../release/duration.ts";
import { OUTCOMES } from "../../release/outcome.ts";
import { identityOf, planSchema, type Plan } from "../../release/plan.ts";
import { isHeld } from "../../release/record.ts";

const plan: Plan = planSchema.parse({
  format: 1,
  application: "shop",
  environment: "staging",
  release: "1",
  compose: "services: {}",
  images: { api: `r/app@sha256:${"a".repeat(64)}` },
  variables: { A: "1", B: "2" },
  routes: [{ service: "api", port: 80 }],
  gates: [],
  watch: 1,
  drain: 1,
  keep: 1,
  provenance: {},
});

test.each([
  ["30s", 30],
  ["5m", 300],
  ["1h30m", 5400],
  ["500ms", 0.5],
  ["5 minuts", undefined],
  ["", undefined],
  ["30", undefined],
])("duration %s is %s seconds", (text, seconds) => expect(parseDuration(text)).toBe(seconds));

test.each([
  [0.04, "0.0s"],
  [9.94, "9.9s"],
  [12, "12s"],
  [242, "4m 02s"],
  [8040, "2h 14m"],
])("%s seconds are said as %s", (seconds, text) => expect(sayDuration(seconds)).toBe(text));

test("a release is the same one whoever asks, however it is watched and called, and in whatever order it is written", () => {
  const same = { ...plan, release: "other", watch: 9, provenance: { actor: "me" }, variables: { B: "2", A: "1" } };
  expect(identityOf(same)).toBe(identityOf(plan));
});

test.each([
  ["image", { images: { api: `r/app@sha256:${"b".repeat(64)}` } }],
  ["secret", { variables: { A: "1", B: "3" } }],
  ["route", { routes: [{ host: "*", path: "/", service: "api", port: 81 }] }],
  ["Compose file", { compose: "services: {a: {}}" }],
])("another %s is another release", (_what, change) => expect(identityOf({ ...plan, ...change })).not.toBe(identityOf(plan)));

test("a field that nobody knows is an error, and an image by tag too", () => {
  expect(planSchema.safeParse({ ...plan, wach: 1 }).success).toBe(false);
  expect(planSchema.safeParse({ ...plan, images: { api: "r/app:latest" } }).success).toBe(false);
});

test("each outcome has an exit code of its own, and none is one that the shell or ssh uses", () => {
  const codes = Object.values(OUTCOMES).map((outcome) => outcome.exit);
  expect(new Set(codes).size).toBe(codes.length);
  for (const code of codes) expect([1, 2, 126, 127, 255]).not.toContain(code);
});

test("a release on hold is known by its images, whatever its environment; by its identity where the live one has the same", () => {
  const image = (digit: string) => ({ web: `r/web@sha256:${digit.repeat(64)}` });
  const of = (images: Record<string, string>, key: string) => ({ ...plan, images, variables: { KEY: key } });
  const hold = { identity: identityOf(of(image("a"), "old")), images: image("a") };
  expect(isHeld(hold, of(image("a"), "old"), { images: image("b") })).toBe(true);
  expect(isHeld(hold, of(image("a"), "rotated"), { images: image("b") })).toBe(true);
  expect(isHeld(hold, of(image("c"), "old"), { images: image("b") })).toBe(false);
  expect(isHeld(hold, of(image("a"), "mended"), { images: image("a") })).toBe(false);
});
