/** Pulumi as an operator's command calls it. */
import { expect, test } from "vitest";
import { localSite } from "../../local/site.ts";
import { pulumiFor, unlocking } from "../../operate/pulumi-for.ts";

// Before anything is built or asked: a checkout in which nobody has made the local stack.
test("without a local stack each command says what makes it, and how another one is named", async () => {
  await expect(pulumiFor("local", "make status STACK=local", { ...localSite, folder: "/nowhere" })).rejects.toThrow(
    "there is no local stack here\n  make local   makes it; for another one: make status STACK=staging",
  );
});

test.each([
  ["error: the stack is currently locked by 1 lock(s). Either wait …", true],
  ["error: [409] Conflict: Another update is currently in progress.", true],
  ["error: bucket is not empty", false],
])("what settles a lock that was left stands behind Pulumi's word of it: %s", async (said, told) => {
  const lines: string[] = [];
  const ran = await unlocking("staging", () => Promise.resolve({ code: 255, stdout: "", output: `${said}\n` }))(["up"], { onLine: (line) => lines.push(line) });
  expect([ran.code, ran.output.startsWith(said)]).toEqual([255, true]);
  for (const text of [ran.output, lines.join("\n")]) expect(text.includes("once nobody is at it: pulumi cancel --stack staging --yes")).toBe(told);
});
