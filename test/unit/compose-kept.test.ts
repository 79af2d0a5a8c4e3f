/** What Compose made of a stack's file is kept for the next release, and goes where the next one is not kept in its place. */
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { afterAll, beforeEach, expect, test, vi } from "vitest";

let complaints: string[] = [];
let asked = 0;
vi.doMock("../../server/compose.ts", () => ({
  composeVersion: () => "1",
  resolveCompose: async (_stack: string, _file: string, _folder: string, environment: object) => {
    asked += 1;
    return { document: JSON.stringify(environment), complaints };
  },
}));
const { readThrough } = await import("../../server/compose-kept.ts");

const folder = fs.mkdtempSync(path.join(os.tmpdir(), "recoloca-kept-"));
const kept = path.join(folder, "compose-read.json");
afterAll(() => fs.rmSync(folder, { recursive: true }));
const read = (text: string, password: string) => readThrough({ stack: "shop", text, folder, environment: { P: password }, kept });

beforeEach(async () => {
  complaints = [];
  fs.rmSync(kept, { force: true });
  await read("services: {}", "MARKER-1");
  asked = 0;
});

test("the same file with the same values is not read again, and with other values takes the place of the one before", async () => {
  await read("services: {}", "MARKER-1");
  expect(asked).toBe(0);
  await read("services: {}", "MARKER-2");
  expect(asked).toBe(1);
  expect(fs.readFileSync(kept, "utf8")).toMatch(/MARKER-2/);
  expect(fs.readFileSync(kept, "utf8")).not.toMatch(/MARKER-1/);
});

test.each([
  ["names other files", "services: { web: { env_file: .env } }", []],
  ["Compose complains of", "services: { web: {} }", ["a variable is not set"]],
])("older values go with a file that %s", async (_what, text, said) => {
  complaints = said;
  await read(text, "MARKER-2");
  expect(fs.existsSync(kept)).toBe(false);
});
