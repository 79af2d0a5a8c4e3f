/** How a new value comes from a person: by a pipe, and by a terminal that is asked for nothing that it would show. */
import { spawnSync } from "node:child_process";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { describe, expect, test } from "vitest";
import { wrongValue } from "../../operate/new-value.ts";

const KEY = ["-----BEGIN RSA PRIVATE KEY-----", "MIIE", "abcd", "-----END RSA PRIVATE KEY-----"].join("\n");
const module = path.join(import.meta.dirname, "../../operate/new-value.ts");
const folder = fs.mkdtempSync(path.join(os.tmpdir(), "new-value-"));
/** Asks so often, and writes down what it got. */
const program = (name: string, several: boolean, times: number) => {
  const file = path.join(folder, name);
  fs.writeFileSync(
    `${file}.mts`,
    `import * as fs from "node:fs";
import { askHidden, nothingMore } from ${JSON.stringify(module)};
const got = [];
for (let time = 0; time < ${times}; time++) got.push(await askHidden(" new value: ", undefined, ${several}));
await nothingMore();
fs.writeFileSync(${JSON.stringify(`${file}.json`)}, JSON.stringify(got));
process.exit(0);`,
  );
  return { file: `${file}.mts`, got: () => JSON.parse(fs.readFileSync(`${file}.json`, "utf8")) as string[] };
};

describe("by a pipe", () => {
  const run = (input: string, several: boolean, times = 1) => {
    const { file, got } = program("piped", several, times);
    fs.rmSync(path.join(folder, "piped.json"), { force: true });
    const { status, stderr } = spawnSync(process.execPath, [file], { input, encoding: "utf8" });
    return { status, stderr, got: status === 0 ? got() : undefined };
  };

  test("a line each, a key whole", () => {
    expect(run("one\ntwo\n", false, 2).got).toEqual(["one", "two"]);
    expect(run(`${KEY}\n`, true).got).toEqual([KEY]);
  });

  test("a line too many is not left out", () => {
    const { status, stderr } = run("one\nand the rest of it\n", false);
    expect(status).not.toBe(0);
    expect(stderr).toContain("more lines came by standard input than values were asked for");
    expect(stderr).not.toContain("and the rest of it");
  });

  test("nothing", () => expect(run("", false).stderr).toContain("no value was given; nothing was changed"));
});

describe("by a terminal", () => {
  /** util-linux's script has one to give. */
  const typed = (input: string, several: boolean) => {
    const { file, got } = program("typed", several, 1);
    const { status, stdout } = spawnSync("script", ["--quiet", "--return", "--command", `${process.execPath} ${file}`, "/dev/null"], {
      input,
      encoding: "utf8",
    });
    return { status, stdout, got: status === 0 ? got() : undefined };
  };

  test("a paste of two lines comes whole, so that it is refused, and nothing of it is left to the shell", () => {
    const { got } = typed("one\ntwo\n", false);
    expect(got).toEqual(["one\ntwo"]);
    expect(wrongValue("STRIPE_SECRET_KEY", got![0]!, { production: true, before: undefined })).toBe("has a line break in it: was more than one line copied?");
  });

  test("a key, until its last line", () => expect(typed(`${KEY}\n`, true).got).toEqual([KEY]));
});

test("a part of a key is none", () => {
  const wrong = (value: string) => wrongValue("INFRASTRUCTURE_APP_PRIVATE_KEY", value, { production: true, before: undefined });
  expect(wrong("-----BEGIN RSA PRIVATE KEY-----")).toBe("is no whole private key: wants all of its lines, from -----BEGIN to -----END");
  expect(wrong(KEY)).toBeUndefined();
});
