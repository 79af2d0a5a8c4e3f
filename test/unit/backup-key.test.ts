/** age's private key from a person's hand to a command's standard input: what is taken, and one clear error for whatever else was given. */
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { spawnSync } from "node:child_process";
import { afterAll, describe, expect, test } from "vitest";
import { backupKeys, type Asker } from "../../operate/backup-key.ts";
import { wordsOf } from "../../operate/restore.ts";
import { backupKeysIn } from "../../release/backup-key.ts";
import type { BackupNote } from "../../server/backup-note.ts";
import { keyProblem } from "../../server/bucket.ts";

const folder = fs.mkdtempSync(path.join(os.tmpdir(), "backup-key-"));
afterAll(() => fs.rmSync(folder, { recursive: true }));

/** In age's form, and of nobody. */
const key = (letter: string) => `AGE-SECRET-KEY-1${letter.repeat(58)}`;
const RECIPIENT = `age1${"q".repeat(58)}`;
const KEYGEN = `# created: 2026-11-26T09:00:00Z\n# public key: ${RECIPIENT}\n${key("Q")}\n`;
const COMMAND = "make drill STACK=staging";
const written = (name: string, text: string | Buffer) => {
  const file = path.join(folder, name);
  fs.writeFileSync(file, text);
  return file;
};

test.each<[string, string, string]>([
  ["a file of age-keygen's", KEYGEN, `${key("Q")}\n`],
  ["the key alone, without its line's end", key("Q"), `${key("Q")}\n`],
  ["two keys, from an editor of Windows", `${key("Q")}\r\n\r\n${key("P")}\r\n`, `${key("Q")}\n${key("P")}\n`],
])("%s is taken, without what stands around the keys", (_what, text, keys) => {
  expect(backupKeysIn(text, COMMAND)).toEqual({ keys });
});

test.each<[string, string, string, string]>([
  ["nothing", " \n", "is empty", "age-keygen has written"],
  ["comments", "# public key: age1\n", "has nothing in it but comments", "age-keygen has written"],
  ["the public half", `${RECIPIENT}\n`, "is the public half, which opens nothing", "age-keygen has written"],
  [
    "a file with a passphrase",
    "age-encryption.org/v1\n-> scrypt x 18\n",
    "is encrypted itself, for a passphrase",
    `age --decrypt KEY_FILE | ${COMMAND} IDENTITY=-`,
  ],
  ["the same in letters", "-----BEGIN AGE ENCRYPTED FILE-----\nYWdl\n", "is encrypted itself", "age --decrypt KEY_FILE | "],
  ["a key for SSH", "-----BEGIN OPENSSH PRIVATE KEY-----\nb3Bl\n", "is a key of SSH or TLS, not of age", "age-keygen has written"],
  ["a key of a plugin", "AGE-PLUGIN-YUBIKEY-1QQQ\n", "is of a plugin of age", "age-keygen has written"],
  ["half of one", KEYGEN.slice(0, -20), "line 3 has 55 characters, a key has 74", "age-keygen has written"],
  ["another's letters", key("B"), "line 1 has characters that no key has", "age-keygen has written"],
  ["a key among other things", `${KEYGEN}password: hunter2\n`, "is no private key of age (line 4)", "age-keygen has written"],
])("%s is refused, with what is wanted, and nothing of it is said", (_what, text, problem, fix) => {
  const found = backupKeysIn(text, `${COMMAND} IDENTITY=-`);
  expect(found).toEqual({ problem: expect.stringContaining(problem) as string, fix: expect.stringContaining(fix) as string });
  expect(JSON.stringify(found)).not.toMatch(/hunter2|KEY-1[QB]{4}|b3Bl|YWdl/);
});

describe("on one's own machine", () => {
  const nobody: Asker = { ask: () => Promise.reject(new Error("nobody was to be asked")), piped: () => Promise.reject(new Error("nothing was to be read")) };
  const given = (named: string, asker: Asker = nobody) => backupKeys(named, COMMAND, asker);

  test("it is read from a file, from standard input, or asked for in a terminal", async () => {
    expect(await given(written("backup.key", KEYGEN))).toBe(`${key("Q")}\n`);
    expect(await given("-", { ...nobody, piped: async () => KEYGEN })).toBe(`${key("Q")}\n`);
    const asked: string[] = [];
    expect(await given("-", { piped: undefined, ask: async (question) => (asked.push(question), key("P")) })).toBe(`${key("P")}\n`);
    expect(asked).toEqual(["age's private key (AGE-SECRET-KEY-1…, not shown): "]);
  });

  test.each<[string, () => string, RegExp]>([
    [
      "no file",
      () => path.join(folder, "none"),
      /^IDENTITY got ".*none", which is not there; nothing was sent\n {2}make drill STACK=staging IDENTITY=KEY_FILE/,
    ],
    ["a folder", () => folder, /, which is a folder; nothing was sent\n/],
    ["something large", () => written("dump", Buffer.alloc(100_000)), /, which has 100000 bytes and is no private key of age; nothing was sent\n/],
    [
      "an empty file",
      () => written("empty", ""),
      /^age's private key: .*empty is empty; nothing was sent\n {2}wanted is the file that age-keygen has written.*\n {2}make drill/,
    ],
    ["the key itself", () => key("Q"), /^IDENTITY got a key itself.*\n.*make a new pair, docs\/backups\.md\n {2}make drill STACK=staging IDENTITY=KEY_FILE/],
    ["standard input without anything", () => "-", /^age's private key: what came on standard input is empty; nothing was sent\n/],
  ])("%s: one error, and the command that mends it", async (_what, named, error) => {
    const said = await given(named(), { ...nobody, piped: async () => "" }).catch((problem: Error) => problem.message);
    expect(said).toMatch(error);
    expect(said).not.toContain(key("Q"));
  });

  test("the words of make restore and make drill; all that is wrong at once", () => {
    expect(wordsOf(["status"], "make status STACK=staging", { IDENTITY: "x", BACKUP: "x" })).toEqual(["status"]);
    expect(wordsOf(["drill"], COMMAND, {})).toEqual(["drill"]);
    expect(wordsOf(["drill"], COMMAND, { IDENTITY: "backup.key" })).toEqual(["drill", "--identity", "-"]);
    const restore = (variables: Record<string, string>) => wordsOf(["restore"], "make restore STACK=staging", variables);
    expect(restore({ BACKUP: "20261126T031500Z/release-13", INTO: "copy" })).toEqual(["restore", "20261126T031500Z/release-13", "--into", "copy"]);
    expect(restore({ BACKUP: "release-13", TAKE: "1", IDENTITY: "-" })).toEqual(["restore", "release-13", "--take", "--identity", "-"]);
    expect(() => restore({})).toThrow(
      /^BACKUP is missing: which one; make backups STACK=staging lists them\n {2}INTO is missing: .*\n {2}make restore STACK=staging BACKUP=NAME INTO=copy$/,
    );
    expect(() => restore({ BACKUP: "--take", INTO: "copy", TAKE: "yes" })).toThrow(
      /BACKUP got "--take", wants NAME.*\n {2}TAKE got "yes", wants 1\n {2}INTO and TAKE do not go together/,
    );
  });
});

describe("on the server", () => {
  /** In a process of its own, which has that standard input. */
  const asked = (identity: string, input: string) => {
    const given = JSON.stringify({ words: [], options: { identity } });
    const script = `const { identityOf } = await import("./server/backup-key.ts"); console.log(JSON.stringify(await identityOf(${given}, "drill").catch((error) => error.message)));`;
    const { stdout } = spawnSync(process.execPath, ["--input-type=module", "--eval", script], {
      input,
      cwd: path.join(import.meta.dirname, "../.."),
      encoding: "utf8",
    });
    return JSON.parse(stdout) as string;
  };

  test("it is taken from standard input alone", () => {
    expect(asked("-", KEYGEN)).toBe(`${key("Q")}\n`);
    expect(asked("backup.key", KEYGEN)).toContain("--identity wants -, and the key on standard input");
    expect(asked("-", "")).toMatch(/^what came on standard input for age's private key is empty\n {2}wanted is/);
    expect(asked("-", "age-encryption.org/v1\n")).toContain("age --decrypt KEY_FILE | ssh SERVER sudo recoloca drill … --identity -");
  });

  test("one that does not open it: which one would", () => {
    const note = { name: "release-13", recipient: RECIPIENT } as BackupNote;
    const other = keyProblem(note, new Error("age: age: error: no identity matched any of the recipients"));
    expect(other).toMatchObject({
      message: expect.stringContaining(`release-13 is encrypted for ${RECIPIENT}, and the key that was given is another one's`) as string,
      fix: `the file of age-keygen that says "# public key: ${RECIPIENT}"`,
    });
    const typed = keyProblem(note, new Error('age: age: error: reading "/dev/fd/4": failed to read: error at line 1: malformed secret key: invalid checksum'));
    expect(typed.message).toMatch(/has a mistake in it/);
    const cut = new Error("age: age: error: failed to read header: unexpected EOF");
    expect(keyProblem(note, cut)).toBe(cut);
  });
});
