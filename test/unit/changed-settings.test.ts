/** The table of what a changed setting does: nothing is missing in it, and its page is what it says. What it says is true by test/ssh/changed-settings.test.ts. */
import * as fs from "node:fs";
import * as path from "node:path";
import { expect, test } from "vitest";
import { settings, settingsOf } from "../changes/keys.ts";
import { page } from "../changes/page.ts";
import { NO_ROW, TABLE } from "../changes/table.ts";
import { WORDS } from "../changes/words.ts";

const rows = TABLE.flatMap((section) => section.rows);
const covered = new Set(rows.flatMap((row) => settingsOf(row)));

test("every setting of docs/configuration.md has a row, or a reason for having none", () => {
  expect(settings().filter((name) => !covered.has(name) && NO_ROW[name] === undefined)).toEqual([]);
  expect(
    Object.keys(NO_ROW).filter((name) => covered.has(name) || !settings().includes(name)),
    "a reason for what has a row, or is no setting",
  ).toEqual([]);
});

test("every kind of change has words for people", () => {
  const kinds = rows.flatMap(({ does = [] }) =>
    does.length > 25 ? [] : does.filter((one) => one !== "rolls" && one !== "~ release").map((one) => one.slice(2)),
  );
  expect([...new Set(kinds)].filter((kind) => WORDS[kind] === undefined)).toEqual([]);
});

test("docs/changing-settings.md is what the rows say", () => {
  expect(fs.readFileSync(path.join(import.meta.dirname, "../../docs/changing-settings.md"), "utf8"), 'run "npm run docs"').toBe(page());
});
