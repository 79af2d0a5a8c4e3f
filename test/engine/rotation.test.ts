/** What a raised number does on the real engine: by the very commands of `make rotate`, with a double of the random provider. */
import * as fs from "node:fs";
import * as path from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { inSite, testSite } from "../../local/site.ts";
import { startDoubles, type Doubles } from "../doubles/doubles.ts";
import { TestStack } from "../doubles/test-stack.ts";

const folder = inSite(testSite, "rotated");
const program = path.join(import.meta.dirname, "../doubles/rotated-program");
const TARGETS = ["--target", "**RotatedSecrets**"];
const CONFIG = {
  "recoloca:hostAddress": "192.0.2.7",
  "recoloca:hostKey": "ssh-ed25519 AAAA",
  "recoloca:routes": [{ path: "/", service: "frontend", port: 3000 }],
  "recoloca:keep": 5,
};

let doubles: Doubles;
let stack: TestStack;
beforeAll(async () => {
  fs.rmSync(folder, { recursive: true, force: true });
  doubles = await startDoubles({ folder });
  stack = await TestStack.open({ program, name: "test", folder, env: doubles.env });
  stack.configure(CONFIG);
  await stack.secret("recoloca:sshPrivateKey", "a key");
  await stack.secret("recoloca:secrets.POSTGRES_PASSWORD", "the-first-password");
});
afterAll(() => doubles.stop());

const values = async () => (await stack.outputs())["values"] as Record<string, string>;
async function raise(generation: number): Promise<void> {
  const at = "recoloca:rotation.POSTGRES_PASSWORD";
  const ran = await stack.pulumi(["config", "set-all", "--path", "--plaintext", `${at}.generation=${generation}`, "--plaintext", `${at}.since=2026-11-25`]);
  expect(ran.code, ran.output).toBe(0);
}
/** What the stack's state has: the ground, by its algorithm, and what a rotation made. */
async function made(): Promise<string[]> {
  const { deployment } = JSON.parse(await stack.state()) as { deployment: { resources: { type: string; urn: string; inputs?: { algorithm?: string } }[] } };
  return deployment.resources.flatMap(({ type, urn, inputs }) =>
    type.endsWith(":PrivateKey") ? [`ground ${inputs!.algorithm!}`] : type.endsWith(":RandomPassword") ? [urn.split("::").at(-1)!] : [],
  );
}

describe("a database's password", () => {
  const seen: string[] = [];
  test("is the one that was set before the first rotation, and nothing is made", async () => {
    const ran = await stack.up();
    expect(ran.code, ran.output).toBe(0);
    expect(await values()).toEqual({ POSTGRES_PASSWORD: "the-first-password", DATABASE_PASSWORD: "the-first-password" });
    expect(await made()).toEqual(["ground ED25519"]);
    seen.push("the-first-password");
  });

  test("a release of a stack in which nothing was ever renewed names targets that are not there, and is none the worse for it", async () => {
    const ran = await stack.up("--target", "**::ground", ...TARGETS);
    expect(ran.code, ran.output).toBe(0);
  });

  test.each([
    [2, "recoloca_a"],
    [3, "recoloca_b"],
  ])("generation %i is a new value, and the one before goes", async (generation, user) => {
    await raise(generation);
    const ran = await stack.up(...TARGETS);
    expect(ran.code, ran.output).toBe(0);
    const { POSTGRES_PASSWORD, DATABASE_PASSWORD } = await values();
    expect(POSTGRES_PASSWORD).toBe("the-first-password");
    expect(DATABASE_PASSWORD).toMatch(/^[A-Za-z0-9]{48}$/);
    expect(seen).not.toContain(DATABASE_PASSWORD);
    seen.push(DATABASE_PASSWORD!);
    expect((await stack.outputs())["user"]).toBe(user);
    expect((await made()).sort()).toEqual([`POSTGRES_PASSWORD-${generation}`, "ground ED25519"]);
    for (const value of seen) expect(`${ran.output}${await stack.state()}`).not.toContain(value);
  });

  test("stays the same as long as its number does", async () => {
    const before = await values();
    const ran = await stack.up(...TARGETS);
    expect(ran.code, ran.output).toBe(0);
    expect(await values()).toEqual(before);
  });

  test("is renewed without what else has changed: that waits for its own run", async () => {
    stack.configure({ ...CONFIG, "recoloca:keep": 9 });
    await raise(4);
    const ran = await stack.up(...TARGETS);
    expect(ran.code, ran.output).toBe(0);
    expect((await made()).sort()).toEqual(["POSTGRES_PASSWORD-4", "ground ED25519"]);
    expect(seen).not.toContain((await values())["DATABASE_PASSWORD"]);
  });

  test("a number taken back by hand is a stack's own number again", async () => {
    const ran = await stack.pulumi(["config", "rm", "--path", "recoloca:rotation.POSTGRES_PASSWORD"]);
    expect(ran.code, ran.output).toBe(0);
    const up = await stack.up(...TARGETS);
    expect(up.code, up.output).toBe(0);
    expect((await values())["DATABASE_PASSWORD"]).toBe("the-first-password");
  });
});
