/** What a person says by a variable of make reaches the program as it was typed. */
import { spawnSync } from "node:child_process";
import * as path from "node:path";
import { expect, test } from "vitest";

const root = path.join(import.meta.dirname, "..", "..");

test.each(["slow since noon", "costs $5 a day", "it's $$HOME, $(shell id) and `id`", 'says "no"'])("REASON=%s", (reason) => {
  const said = (given: object, ...args: string[]) =>
    spawnSync("make", ["--silent", "--eval", 'said:\n\t@printf %s "$$REASON"\n'.replaceAll("\\n", "\n"), "said", ...args], {
      cwd: root,
      env: { PATH: process.env["PATH"], ...given },
      encoding: "utf8",
    });
  expect(said({}, `REASON=${reason}`)).toMatchObject({ status: 0, stdout: reason });
  expect(said({ REASON: reason })).toMatchObject({ status: 0, stdout: reason });
});
