/** Each of the 152 defects of the first pipeline: a test that fails where it is back. `docs/seed-review.md` is made from this list. */
import * as fs from "node:fs";
import * as path from "node:path";
import { expect, test } from "vitest";
import { withArithmetic } from "./arithmetic.ts";
import { Made } from "./seed/defect.ts";
import { COUNT, DEFECTS, nameOf, seedReview } from "./seed/list.ts";

const made = new Made();
const below = (file: string) => path.join(import.meta.dirname, "..", file);

for (const defect of DEFECTS) if ("check" in defect) test(nameOf(defect), () => defect.check(made));

/** These were in pieces of the document that belonged to no workflow. */
const IN_NO_FILE = [149, 150, 151];

test("the first pipeline itself passes not one of these", () => {
  const folder = below("workflows/seed/first-pipeline");
  const first = new Made(fs.readdirSync(folder).map((name) => ({ path: `.github/workflows/${name}`, text: fs.readFileSync(path.join(folder, name), "utf8") })));
  for (const defect of DEFECTS) if ("check" in defect && !IN_NO_FILE.includes(defect.numbers[0]!)) expect(() => defect.check(first), nameOf(defect)).toThrow();
});

test("each of them is answered once", () => {
  const numbers = DEFECTS.flatMap((defect) => defect.numbers).sort((a, b) => a - b);
  expect(numbers).toEqual(Array.from({ length: COUNT }, (_, index) => index + 1));
});

test("a test that is named as an answer is there", () => {
  for (const defect of DEFECTS)
    for (const [file, name] of [...("by" in defect ? [defect.by] : []), ...(defect.also ?? [])]) expect(fs.readFileSync(below(file), "utf8")).toContain(name);
});

test("what is still open says why", () => {
  const open = DEFECTS.flatMap((defect) => ("open" in defect ? [defect] : []));
  expect(open.map(({ numbers }) => numbers)).toEqual([[27], [58]]);
  for (const { open: why } of open) expect(why!.split(". ").length).toBeGreaterThan(1);
});

test("docs/seed-review.md is fresh", () => expect(fs.readFileSync(below("../docs/seed-review.md"), "utf8")).toBe(seedReview()));

test("docs/workflows.md is fresh, and has no fixed sleep in it", () => {
  const page = fs.readFileSync(below("../docs/workflows.md"), "utf8");
  expect(page).toBe(withArithmetic(page));
  expect(page).toContain("| of all of it slept, whatever the release did | 0 s | 270 s |");
});
