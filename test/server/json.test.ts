/** `--json`: what a command did, for programs, as one object on standard output. */
import { afterAll, beforeAll, expect, test } from "vitest";
import type { ReleaseRecord } from "../../release/record.ts";
import { release } from "../held-release.ts";
import { installHostProgram, removeStack } from "../host.ts";
import { server } from "../site.ts";

interface Answer {
  readonly exit: number;
  readonly said: string[];
  readonly release?: ReleaseRecord;
}

beforeAll(installHostProgram);
afterAll(() => removeStack(release("first")));

async function asked(command: string, input?: object): Promise<Answer> {
  const { stdout, code } = await server(`recoloca ${command} --json`, input && JSON.stringify(input));
  const answer = JSON.parse(stdout) as Answer;
  expect(code).toBe(answer.exit);
  return answer;
}

test("a deploy, with its record; going back; and what is refused", async () => {
  const first = await asked("deploy", release("first"));
  expect(first).toMatchObject({ exit: 0, release: { number: 1, release: "first", outcome: "live" } });
  expect(first.said.join("\n")).toMatch(/healthy: web 200/);
  expect(await asked("deploy", release("second"))).toMatchObject({ exit: 0, release: { number: 2 } });
  const back = await asked("rollback --restore");
  expect(back).toMatchObject({ exit: 20, said: [expect.stringContaining("refused"), expect.any(String)] });
  expect(await asked("cancel")).toMatchObject({ exit: 20, said: [expect.stringContaining("nothing")] });
  expect(await asked("deploy", { format: 99 })).toMatchObject({ exit: 20, said: [expect.stringContaining("format 99")] });
  expect(await asked("plan", release("third"))).toMatchObject({ exit: 0 });
  expect(await asked("show 99")).toMatchObject({ exit: 2 });
});

test("words in place of an object of its own are in one: what is refused, and what is asked wrongly", async () => {
  for (const command of ["backup", "drill"])
    expect(await asked(command)).toMatchObject({ exit: 20, said: [expect.stringContaining("refused"), expect.any(String)] });
  expect(await asked("status --bogus")).toMatchObject({ exit: 2, said: ["status: Unknown option '--bogus'"] });
  expect(JSON.parse((await server("recoloca prune --json")).stdout)).toMatchObject([{ stack: "shapes-test" }]);
});

test("logs, a line at a time", async () => {
  const { stdout } = await server("recoloca logs --json --lines 1");
  for (const line of stdout.split("\n").filter(Boolean)) expect(JSON.parse(line)).toMatchObject({ service: expect.any(String) as string });
});
