/** What is said of a value whose form is wrong: what was got, what is allowed, in the reference's words, and what mends it. No value of a secret is in it. */
import * as z from "zod";
import { BASTION_KEY } from "./bastion.ts";
import { FIELD_WORDS } from "./field-words.ts";
import { fieldAt, namesIn } from "./fields.ts";
import { hostKeyCommand } from "./host-key.ts";
import { meant, setCommand, type Problem } from "./problems.ts";
import { allowed, foundIn, inFile, rightValue } from "./right-value.ts";
import { keyOf, type Key } from "./schema.ts";
import { SETS } from "./tls.ts";

export const STRUCTURED: ReadonlySet<string> = new Set([
  "images",
  "provenance",
  "variables",
  "secrets",
  "rotation",
  "routes",
  "gates",
  "backup",
  "migration",
  "notify",
  "domainAddresses",
  "recreate",
  "telemetry",
  "tls",
  "bastion",
  "ec2",
  "github",
  "pipeline",
  "previews",
  "review",
  "createBackupBucket",
  "backupBucket",
  "backupBucketKeys",
  "observability",
]);

const PRIVATE_KEY = "cat PRIVATE_KEY_FILE | pulumi config set --secret recoloca:sshPrivateKey";

/** `beside`: what else the configuration has. */
export function commandFor(name: string, secret: boolean, beside: Readonly<Record<string, string>> = {}): string {
  if (name === "sshPrivateKey") return PRIVATE_KEY;
  if (name === "bastionPrivateKey") return BASTION_KEY;
  if (name === "tlsCertificate" || name === "tlsPrivateKey") return SETS[name];
  if (name === "hostKey") return hostKeyCommand(name, beside["hostAddress"] ?? "HOST", beside["hostPort"]);
  if (name === "telemetry") return setCommand("telemetry.endpoint", "", true);
  if (name === "notify") return setCommand("notify[0].url", "", true);
  if (name === "backupBucketKeys") return ["accessKeyId", "secretAccessKey"].map((field) => setCommand(`backupBucketKeys.${field}`, "", true)).join("\n");
  if (name === "secrets") return setCommand("secrets.NAME", "", true);
  const structured = STRUCTURED.has(name);
  const example = keyOf(name)?.example ?? "";
  if (name === "images") return setCommand("images.SERVICE", example);
  if (!structured) return setCommand(name, example, secret);
  return `in the stack's file: recoloca:${name}: ${example}`;
}

/** The first sentence of a description, as part of another one. What is written large for itself stays so: GitHub's, URL. */
export function insideSentence(text: string): string {
  const first = text.replace(/\.( .*)?$/s, "");
  return /^[A-Z][a-z]*\b(?!')/.test(first) ? first.charAt(0).toLowerCase() + first.slice(1) : first;
}

/** `given`: the whole value of the key `name`. */
export function wrongValue(name: string, issue: z.core.$ZodIssue, given: unknown): Problem[] {
  const key = keyOf(name)!;
  const at = keyAt(name, issue.path);
  if (issue.code === "unrecognized_keys") {
    const known = namesIn(fieldAt(key, name, issue.path).schema);
    return issue.keys.map((wrong) => ({ key: keyAt(at, [wrong]), says: known.length === 0 ? "is not known" : `is not known; ${meant(wrong, known)}` }));
  }
  if (issue.code === "invalid_key") {
    const wants = issue.issues[0]?.message ?? "wants another name";
    return [{ key: at, says: `has a name of another form, ${asWish(wants)}`, fix: `pulumi config rm --path '${`recoloca:${at}`}'` }];
  }
  const got = valueAt(given, issue.path);
  const wants = wish(name, key, issue, given);
  const fix = fixOf(name, key, issue.path, { got, wants });
  if (got !== undefined) return [{ key: at, says: `got ${shown(got, key.secret === true)}, ${wants}`, fix }];
  const { reference } = fieldAt(key, name, issue.path);
  const what = FIELD_WORDS[reference];
  return [{ key: at, says: what === undefined ? `is missing: ${wants}` : `is missing: ${insideSentence(what.replaceAll("`", ""))}; ${wants}`, fix }];
}

const valueAt = (whole: unknown, path: readonly PropertyKey[]) =>
  path.reduce<unknown>((value, part) => (value as Record<PropertyKey, unknown> | undefined)?.[part], whole);
/** What YAML takes for something else than text where it stands without quotes. */
const isPlain = (value: unknown): value is number | boolean => typeof value === "number" || typeof value === "boolean";

/** As `pulumi config set --path` has it. */
const keyAt = (start: string, path: readonly PropertyKey[]) =>
  [start, ...path.map((part) => (typeof part === "number" ? `[${part}]` : /^[\w-]+$/.test(String(part)) ? `.${String(part)}` : `["${String(part)}"]`))].join(
    "",
  );

const MOST_SHOWN = 80;

function shown(value: unknown, secret: boolean): string {
  if (secret) return value === "" ? "nothing" : "something else";
  // A URL with a password in it may stand where its secret's name was wanted.
  const text = JSON.stringify(value).replace(/\/\/[^@\s"]*@/g, "//…@");
  return text.length > MOST_SHOWN ? `${text.slice(0, MOST_SHOWN)}…` : text;
}

/** The form's own words where it has some. They say what is right; the library's say which of its rules was broken. */
function wish(name: string, key: Key, issue: z.core.$ZodIssue, given: unknown): string {
  if (isOwn(issue.message)) return asWish(issue.message);
  const { schema } = fieldAt(key, name, issue.path);
  const words = schema.type === "string" && !schema.enum ? wordsForText(key, issue.path, given) : undefined;
  if (words !== undefined) return words;
  const got = valueAt(given, issue.path);
  const isText = schema.type === "string" && !schema.enum;
  return `wants ${allowed(schema, foundIn(key.example, issue.path))}${isText && got === "" ? " that is not empty" : isText && isPlain(got) ? ", in quotes" : ""}`;
}

const isOwn = (message: string) => !/^(Invalid|Too (small|big)|Unrecognized|Expected)/.test(message);
const asWish = (message: string) => (message.startsWith("wants ") ? message : `wants ${message}`);

const NONE = " \0";

/** What the form says of a text that is none of its own. */
function wordsForText({ form }: Key, path: readonly PropertyKey[], given: unknown): string | undefined {
  const [last] = path.slice(-1);
  const changed: unknown = last === undefined ? NONE : structuredClone(given);
  if (last !== undefined)
    (path.slice(0, -1).reduce<unknown>((value, part) => (value as Record<PropertyKey, unknown>)[part], changed) as Record<PropertyKey, unknown>)[last] = NONE;
  const said = form.safeParse(changed).error?.issues.find((one) => one.path.join() === path.join())?.message;
  return said !== undefined && isOwn(said) ? asWish(said) : undefined;
}

function fixOf(name: string, key: Key, path: readonly PropertyKey[], { got, wants }: { readonly got: unknown; readonly wants: string }): string {
  const secret = key.secret === true;
  const at = keyAt(name, path);
  if (path.length === 0) return commandFor(name, secret);
  if (at === "bastion.hostKey") return hostKeyCommand(at, "BASTION");
  const { schema } = fieldAt(key, name, path);
  if (secret) return setCommand(schema.type === "array" ? `${at}[0]` : at, "", true);
  const example = wants.endsWith(", in quotes") ? { quoted: got } : rightValue(schema, foundIn(key.example, path), { got, wants });
  const [last] = path.slice(-1);
  if (typeof example === "string") return setCommand(at, example);
  return `in the stack's file: ${typeof last === "number" ? "- " : `${String(last)}: `}${"quoted" in example ? JSON.stringify(String(got)) : inFile(example)}`;
}
