/** What the SDK loads only once it is used: absent at first, whole afterwards. In a Node of its own, as `pulumi up` starts one. */
import { execFileSync } from "node:child_process";
import * as path from "node:path";
import { expect, test } from "vitest";

const checkout = path.join(import.meta.dirname, "..", "..");

const script = `
await import("./components/quick-start.ts");
const pulumi = await import("@pulumi/pulumi");
const { createRequire } = await import("node:module");
const files = () => Object.keys(createRequire(process.cwd() + "/x").cache);
const loaded = () => ["typescript/lib/typescript.js", "pacote/lib/index.js", "automation/localWorkspace.js"].map((name) => files().some((file) => file.endsWith(name)));
const before = loaded();
const stack = 40;
const { text } = await pulumi.runtime.serializeFunction(() => stack + 2);
const paths = await pulumi.runtime.computeCodePaths();
const { automation } = pulumi;
process.stdout.write(JSON.stringify({
  before, text, paths: paths.size, after: loaded(),
  automation: [typeof automation.LocalWorkspace.create, Object.keys(automation).includes("Stack"), "Stack" in automation],
}));
process.exit(0);
`;

test("what no run needs is not loaded, and works when one does", () => {
  const said = execFileSync(process.execPath, ["--input-type=module", "-e", script], { cwd: checkout, encoding: "utf8" });
  const found = JSON.parse(said) as { before: boolean[]; after: boolean[]; text: string; paths: number; automation: unknown[] };
  expect(found.before).toEqual([false, false, false]);
  expect(found.text).toContain("stack + 2");
  expect(found.paths).toBeGreaterThan(0);
  expect(found.after.slice(0, 2)).toEqual([true, true]);
  expect(found.automation).toEqual(["function", true, true]);
});

test("what was compiled is kept for the next time beside the packages, or where the person says", () => {
  const asks =
    'await import("./components/quick-start.ts"); const { getCompileCacheDir } = await import("node:module"); process.stdout.write(String(getCompileCacheDir()))';
  const kept = (env: NodeJS.ProcessEnv) => execFileSync(process.execPath, ["--input-type=module", "-e", asks], { cwd: checkout, encoding: "utf8", env });
  // Not what vitest gives its own: where it counts lines Node keeps nothing.
  const { PATH } = process.env;
  const plain = { PATH };
  expect(path.dirname(kept(plain))).toBe(path.join(checkout, "node_modules", ".cache", "compiled"));
  expect(kept({ ...plain, NODE_DISABLE_COMPILE_CACHE: "1" })).toBe("undefined");
});
