import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { expect, test } from "vitest";
import { clearDeadLocks } from "../../local/stale-lock.ts";

test("the lock of a process that is gone on this machine is cleared; a living one's, another machine's and a strange file are not", () => {
  const state = fs.mkdtempSync(path.join(os.tmpdir(), "locks-"));
  const folder = path.join(state, ".pulumi", "locks", "organization", "recoloca", "local");
  fs.mkdirSync(folder, { recursive: true });
  const write = (name: string, text: string) => fs.writeFileSync(path.join(folder, name), text);
  const lock = (pid: number, hostname: string) => JSON.stringify({ pid, hostname, username: "root" });
  write("dead.json", lock(2 ** 22 + 1, os.hostname()));
  write("living.json", lock(process.pid, os.hostname()));
  write("elsewhere.json", lock(2 ** 22 + 1, `not-${os.hostname()}`));
  write("strange.json", "{");
  expect(clearDeadLocks(state)).toBe(1);
  expect(fs.readdirSync(folder).sort()).toEqual(["elsewhere.json", "living.json", "strange.json"]);
  expect(clearDeadLocks(path.join(state, "nowhere"))).toBe(0);
  fs.rmSync(state, { recursive: true });
});
