/** age's private key as a person gives it: a file of age-keygen's, or what came on standard input. Both ends look at it, before it goes anywhere. */

/** `keys`: one a line, without what stood around them. `problem`: what came instead, never with any of it; `fix`: what to do. */
export type BackupKeys = { readonly keys: string } | { readonly problem: string; readonly fix: string };

const BEGINS = "AGE-SECRET-KEY-1";
/** Bech32 of 32 bytes and a checksum, which is age's to check. */
const KEY = new RegExp(`^${BEGINS}[QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L]{58}$`);
const LENGTH = BEGINS.length + 58;
const WANTED = "wanted is the file that age-keygen has written, with a line that begins with AGE-SECRET-KEY-1";

const ENCRYPTED = /^(age-encryption\.org\/|-----BEGIN AGE ENCRYPTED FILE)/;
/** What is known of other things, by their first line. */
const OTHERS: readonly (readonly [RegExp, string])[] = [
  [/^-----BEGIN .*PRIVATE KEY/, "is a key of SSH or TLS, not of age"],
  [/^AGE-PLUGIN-/, "is of a plugin of age, which the server does not have"],
  [/^age1/, "is the public half, which opens nothing"],
];

/** @param piped the command that reads such a key on standard input, for the file whose key somebody has to open first */
export function backupKeysIn(text: string, piped: string): BackupKeys {
  const lines = text.split("\n").map((line) => line.trim());
  const said = lines.filter((line) => line !== "" && !line.startsWith("#"));
  if (said.length === 0) return { problem: text.trim() === "" ? "is empty" : "has nothing in it but comments", fix: WANTED };
  if (ENCRYPTED.test(said[0]!)) return { problem: "is encrypted itself, for a passphrase", fix: `age --decrypt KEY_FILE | ${piped}` };
  const other = OTHERS.find(([begins]) => begins.test(said[0]!));
  if (other) return { problem: other[1], fix: WANTED };
  const at = lines.findIndex((line) => said.includes(line) && !KEY.test(line));
  if (at === -1) return { keys: `${said.join("\n")}\n` };
  const where = `line ${at + 1}`;
  const found = lines[at]!;
  if (!found.startsWith(BEGINS)) return { problem: `is no private key of age (${where})`, fix: WANTED };
  const { length } = found;
  return length === LENGTH
    ? { problem: `is no private key of age: ${where} has characters that no key has`, fix: WANTED }
    : { problem: `is no whole private key of age: ${where} has ${length} characters, a key has ${LENGTH}`, fix: WANTED };
}
