/** The stand-in of the command plugin, over real SSH to the test server: it behaves as the plugin that it stands in for. */
import { generateKeyPairSync } from "node:crypto";
import { createRequire } from "node:module";
import { describe, expect, test } from "vitest";
import { hostKey, privateKey } from "../../local/server.ts";
import { testSite } from "../../local/site.ts";

interface Call {
  readonly command: string;
  readonly stdin?: string;
  readonly environment?: Record<string, string>;
  readonly connection?: Record<string, unknown>;
}
type RunRemote = (call: Call & { onLine: (stream: string, line: string) => void }) => Promise<{ stdout: string; stderr: string }>;
const { runRemote } = createRequire(import.meta.url)("../../tools/command-plugin/remote.cjs") as { runRemote: RunRemote };

const connection = () => ({
  host: "127.0.0.1",
  port: testSite.sshPort,
  user: "root",
  privateKey: privateKey(testSite),
  hostKey: hostKey(testSite),
  dialErrorLimit: 1,
  perDialTimeout: 5,
});

async function run(call: Call) {
  const lines: string[] = [];
  const result = await runRemote({ connection: connection(), ...call, onLine: (stream, line) => lines.push(`${stream}: ${line}`) });
  return { ...result, lines };
}

describe("remote.Command", () => {
  test("gives both outputs, each without its last line break, and every line as it comes", async () => {
    const { stdout, stderr, lines } = await run({ command: "echo one; echo two; echo three >&2" });
    expect({ stdout, stderr }).toEqual({ stdout: "one\ntwo", stderr: "three" });
    expect(lines.sort()).toEqual(["stderr: three", "stdout: one", "stdout: two"]);
  });

  test("carries standard input whole, and an empty one ends at once", async () => {
    const text = "x".repeat(300_000);
    expect((await run({ command: "cat | wc -c", stdin: text })).stdout).toBe("300000");
    expect((await run({ command: "cat | wc -c" })).stdout).toBe("0");
  });

  test("a failing command fails with its exit status, its own words and what it printed", async () => {
    await expect(run({ command: "echo seen; exit 21" })).rejects.toThrow('Process exited with status 21: running "echo seen; exit 21":\nseen\n');
  });

  test("a wrong key and a changed host key are refused", async () => {
    const other = generateKeyPairSync("ed25519").privateKey.export({ type: "pkcs8", format: "pem" });
    await expect(run({ command: "true", connection: { ...connection(), privateKey: other } })).rejects.toThrow(/failed attempts|Unsupported|Cannot parse/);
    const changed = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ0eP0Cq8s2iJf8bRk3WcJQn3cAa1gC9bN2yX6a5mYtE";
    await expect(run({ command: "true", connection: { ...connection(), hostKey: changed } })).rejects.toThrow(/host/i);
  });

  test("a server that is not there is given up after the attempts that were asked for", async () => {
    await expect(run({ command: "true", connection: { ...connection(), port: 1 } })).rejects.toThrow(/after 1 failed attempts/);
  });
});
