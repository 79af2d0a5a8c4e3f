import { BUILD_AND_DEPLOY } from "./build-and-deploy.ts";
import { BY_THE_CLOCK } from "./by-the-clock.ts";
import { CHECKS_AND_SCANS } from "./checks-and-scans.ts";
import type { Defect, Named } from "./defect.ts";

export const DEFECTS: readonly Defect[] = [...CHECKS_AND_SCANS, ...BUILD_AND_DEPLOY, ...BY_THE_CLOCK];
export const COUNT = 152;

const numbersOf = ({ numbers }: Defect) => numbers.join(", ");
/** The name of a defect's test, where it has one of its own. */
export const nameOf = (defect: Defect): string => `seed ${numbersOf(defect)}: ${defect.was}`;

function answer(defect: Defect): [kind: "test" | "cannot be", text: string] {
  const said = ([file, name]: Named) => `\`test/${file}\`: ${name}`;
  const more = [...(defect.also ?? []).map(said), ...(defect.rest === undefined ? [] : [defect.rest])];
  const whole = (first: string) => [first, ...more].join("; ");
  if ("check" in defect)
    return ["test", `${whole(said(["workflows/seed.test.ts", nameOf(defect)]))}${defect.open === undefined ? "" : `. Open: ${defect.open}`}`];
  if ("by" in defect) return ["test", whole(said(defect.by))];
  return ["cannot be", whole(defect.cannot)];
}

/** `docs/seed-review.md`, whole. */
export function seedReview(): string {
  const rows = [...DEFECTS]
    .sort((a, b) => a.numbers[0]! - b.numbers[0]!)
    .map((defect) => {
      const [kind, text] = answer(defect);
      return `| ${numbersOf(defect)} | ${defect.was} | ${kind} | ${text} |`;
    });
  const count = (kind: "test" | "cannot be") => DEFECTS.filter((defect) => answer(defect)[0] === kind).reduce((sum, { numbers }) => sum + numbers.length, 0);
  const partly = DEFECTS.filter((defect) => "check" in defect && defect.open !== undefined).reduce((sum, { numbers }) => sum + numbers.length, 0);
  return `<!-- generated from test/workflows/seed/ by "npm run docs"; edit that folder -->

# The defects of the first pipeline, and what keeps each from coming back

The pipeline that this project replaces was one file written by hand, with ${COUNT} known defects; no event could ever deploy to production. For each:
a test that fails where it is back (${count("test")}, a part of which is open for ${partly}), or why it cannot be here (${count("cannot be")}).

| defect | what was wrong | | what keeps it away |
| --- | --- | --- | --- |
${rows.join("\n")}
`;
}
