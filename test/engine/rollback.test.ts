/** `make rollback`: the server goes back first, then the stack is told, and both agree. */
import { afterAll, beforeAll, expect, test } from "vitest";
import type { LocalStack } from "../../local/stack.ts";
import { settleStack } from "../../operate/rollback.ts";
import { deploy, liveRelease, openStack, server, wipe } from "../site.ts";

let stack: LocalStack;
beforeAll(async () => {
  stack = await openStack();
  await wipe();
});
afterAll(async () => {
  await stack.pulumi(["destroy", "--yes", "--skip-preview"]);
  await wipe();
});

test("afterwards the stack names no release, keeps what is live, and the next update is empty", async () => {
  for (const version of ["2", "3"]) {
    const ran = await deploy(stack, version);
    expect(ran.code, ran.output).toBe(0);
  }
  const back = await server("recoloca rollback");
  expect(back.code, back.output).toBe(0);
  const { stdout } = await stack.pulumi(["config", "--json"]);
  const said: string[] = [];
  const code = await settleStack({
    stack: "local",
    application: "recoloca",
    configured: Object.keys(JSON.parse(stdout) as object),
    pulumi: (args) => stack.pulumi(args),
    say: (line) => void said.push(line),
  });
  expect(code, said.join("\n")).toBe(0);
  expect(said.at(-1)).toBe(" stack local names no release any more and keeps what is live: commit its file");
  expect(await liveRelease()).toMatchObject({ number: 3, release: "2" });
  const exported = JSON.parse((await stack.pulumi(["stack", "export"])).stdout) as { deployment: { resources: { type: string; outputs?: object }[] } };
  expect(exported.deployment.resources.find((one) => one.type === "pulumi:pulumi:Stack")?.outputs).toMatchObject({ release: "2" });
  const again = await stack.up();
  expect(again.output).toMatch(/\d+ unchanged/);
  expect(again.output).not.toMatch(/\d+ (updated|created|changed)/);
  expect(await liveRelease()).toMatchObject({ number: 3, release: "2" });
});
