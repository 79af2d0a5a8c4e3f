/** What docs/github.md says that each plan has, held against what the program goes by. */
import * as fs from "node:fs";
import * as path from "node:path";
import { expect, test } from "vitest";
import { checkout } from "../../tools/cache.ts";
import { abilitiesOf, type Ability, type RepositoryPlan } from "../../workflows/github-plan.ts";

const ROWS: Readonly<Record<string, Ability>> = {
  environments: "environments",
  "reviewers, wait": "approval",
  "rules for branches and tags": "rulesets",
  "attestations of images": "attestations",
  "page of delivery metrics": "pages",
  "merge queue": "mergeQueue",
};
/** A private repository on the free plan is refused: its column tells of nothing else. */
const COLUMNS: readonly (readonly [column: number, plan: RepositoryPlan])[] = [
  [1, { visibility: "public", plan: "free" }],
  [3, { visibility: "private", plan: "pro" }],
  [3, { visibility: "private", plan: "team" }],
  [4, { visibility: "private", plan: "enterprise" }],
];
const text = fs.readFileSync(path.join(checkout, "docs/github.md"), "utf8");
const lines = text.slice(text.indexOf("| | public | private: free |")).split("\n");

test.each(Object.entries(ROWS))("%s", (what, ability) => {
  const cells = lines
    .find((line) => line.startsWith(`| ${what}`))!
    .split("|")
    .slice(1, -1);
  for (const [column, plan] of COLUMNS) {
    const says = cells[column]!.trim();
    expect(says).toMatch(/^(yes|no|no: .+)$/);
    expect([plan.plan, says.startsWith("yes")]).toEqual([plan.plan, abilitiesOf({ ...plan, pages: true, mergeQueue: true })[ability]]);
  }
});
