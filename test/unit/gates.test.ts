/** What a gate makes of an answer, asked of a real HTTP server. */
import * as http from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Gate } from "../../release/plan.ts";
import { ask, verdict } from "../../server/gates.ts";

const gate: Gate = { name: "page", path: "/", status: 200, contains: "</html>", timeout: 1, passes: 1 };
let length: number;
const server = http.createServer((_, response) => response.end(`${"x".repeat(length)}</html>`));
const asked = async () => verdict(gate, await ask({ address: "127.0.0.1", port: (server.address() as AddressInfo).port }, gate));

beforeAll(() => new Promise<void>((done) => server.listen(0, "127.0.0.1", done)));
afterAll(() => server.close());

test("what it is to contain may stand at the end of a long page", async () => {
  length = 300_000;
  expect(await asked()).toBeUndefined();
});

test("of a longer one than it reads it says how much that was", async () => {
  length = 5 * 2 ** 20;
  expect(await asked()).toBe('got 200 without "</html>" in its first 4 MiB');
});
