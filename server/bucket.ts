/**
 * The stack's folder in its bucket: `<prefix>/<stack>/<time>/<name>.backup`, or `.backup.age` where a recipient is set, and
 * `<name>.json` beside it, which is written last. No key is ever used twice, so nothing is written over.
 */
import { spawn, type ChildProcess } from "node:child_process";
import * as fs from "node:fs";
import * as path from "node:path";
import type { Writable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { Backup, Bucket } from "../release/backup.ts";
import type { Plan } from "../release/plan.ts";
import { decryption, encryption, through } from "./age.ts";
import { backupFile, backupsFolder, checksumOf, type BackupNote } from "./backup-note.ts";
import { COMPLETE, type Guards, type InBucket, type Listed, type Order } from "./bucket/order.ts";
import { Failure } from "./context.ts";
import { freeBytes } from "./host-figures.ts";
import { run } from "./process.ts";

/** Put there by the stack, where it has a bucket. */
export const BUCKET_PROGRAM = "/opt/recoloca/recoloca-bucket.js";

/** The bucket did not do what it was asked. */
export class BucketProblem extends Error {
  readonly fix: string;
  /** Its program ended without a word. */
  readonly unsaid: boolean;

  constructor(message: string, fix: string, unsaid = false) {
    super(message);
    this.fix = fix;
    this.unsaid = unsaid;
  }
}

/** The key that was given is not the one: nothing of the backup is wrong. */
export class KeyProblem extends BucketProblem {}

const QUESTION_SECONDS = 60;
const folderOf = (stack: string, { prefix }: Bucket) => [prefix, stack].filter((part) => part !== "").join("/");

/** Throws where it cannot be looked into: asked before anything is done that relies on it. */
export async function askBucket(stack: string, { bucket, recipient }: Backup): Promise<void> {
  if (!bucket) return;
  if (recipient !== undefined && (await run("age", ["--version"])).code !== 0)
    throw new BucketProblem("age, which encrypts the backups, is not on this server", "pulumi up, which installs it");
  await text({ does: "check", bucket, folder: folderOf(stack, bucket) });
}

export const guardsOf = async (bucket: Bucket): Promise<Guards> => JSON.parse(await text({ does: "guards", bucket })) as Guards;

/** Why other keys than those that backups go by now cannot take their place, or undefined: they do everything once that a backup will want of them. */
export async function againstKeys(stack: string, { backup }: Pick<Plan, "backup">, before: Pick<Plan, "backup"> | undefined): Promise<string | undefined> {
  const [bucket, known] = [backup?.bucket, before?.backup?.bucket];
  if (!bucket?.accessKeyId || !known?.accessKeyId || (bucket.accessKeyId === known.accessKeyId && bucket.secretAccessKey === known.secretAccessKey))
    return undefined;
  const folder = folderOf(stack, bucket);
  const at = inKeys(new Date().toISOString());
  return text({ does: "prove", bucket, folder, key: `${folder}/${at}/probe.txt` }).then(
    () => undefined,
    (error: Error) => `the new keys of the bucket ${bucket.name} do not do what a backup wants: ${error.message}`,
  );
}

/** A backup in the bucket, as its key tells. */
export interface Remote {
  /** `20261125T031502Z/release-13`: names it where several have the same name, as after a server was made anew. */
  readonly id: string;
  readonly name: string;
  readonly at: string;
  /** As they are there. */
  readonly bytes: number;
  readonly key: string;
  readonly encrypted: boolean;
}

/** A time as it is in keys: `20261125T031502Z`. */
const inKeys = (at: string) => at.replace(/\.\d+/, "").replace(/[-:]/g, "");

/** Of the database: volumes are there under the name of the backup that they belong to, with a dot and their own. Not one that a clock that was ahead has dated, where there is another. */
export function newestOfDatabase(all: readonly Remote[], now = Date.now()): Remote | undefined {
  const databases = all.filter(({ name }) => !name.includes("."));
  return databases.find(({ id }) => id <= inKeys(new Date(now + 1000).toISOString())) ?? databases[0];
}

const KEY = /\/(\d{8}T\d{6}Z)\/([A-Za-z0-9._-]+)\.backup(\.age)?$/;
const noteKeyOf = (key: string) => key.replace(/\.backup(\.age)?$/, ".json");

/** Newest first; those without a note were not finished. */
export async function backupsInBucket(stack: string, bucket: Bucket): Promise<Remote[]> {
  const found = JSON.parse(await text({ does: "list", bucket, folder: folderOf(stack, bucket) })) as Listed[];
  const keys = new Set(found.map(({ key }) => key));
  return found
    .flatMap(({ key, bytes, at }): Remote[] => {
      const match = KEY.exec(key);
      if (!match || !keys.has(noteKeyOf(key))) return [];
      return [{ id: `${match[1]}/${match[2]}`, name: match[2]!, at, bytes, key, encrypted: match[3] !== undefined }];
    })
    .sort((a, b) => (a.id < b.id ? 1 : -1));
}

/** Sends a backup's file, encrypted on its way where a recipient is set; gives what is there then. */
export async function upload(note: BackupNote, { bucket, recipient, timeout }: Backup): Promise<InBucket> {
  const { stack, name, at, bytes } = note;
  const folder = folderOf(stack, bucket!);
  const key = `${folder}/${inKeys(at)}/${name}.backup${recipient === undefined ? "" : ".age"}`;
  const { bucketProblem: _problem, ...known } = note;
  const order: Order = {
    does: "put",
    bucket: bucket!,
    folder,
    key,
    bytes,
    note: { ...known, ...(recipient !== undefined && { recipient }) },
    noteKey: noteKeyOf(key),
  };
  const file = fs.createReadStream(backupFile(stack, name));
  const age = recipient === undefined ? undefined : encryption(recipient);
  let said = "";
  const ended = ask(order, timeout, (text) => (said += text));
  const { stdin, stdio } = ended.child;
  const flow = age ? through(age, file, stdin!) : pipeline(file, stdin!);
  const control = stdio[3] as Writable;
  // Where either side breaks the other one ends too; what the program itself says is why.
  const sent = flow.then(
    () => void control.end(`${COMPLETE}\n`),
    (error: Error) => {
      control.end();
      age?.kill();
      file.destroy();
      return error;
    },
  );
  const [end, broken] = await Promise.all([failureOf(ended.done), sent]);
  // Where age failed, the program only knows that not all came.
  const why = /^age:/.test(broken?.message ?? "") ? broken : (end ?? broken);
  if (why) throw why;
  return JSON.parse(said) as InBucket;
}

/** What is written of a backup beside it in the bucket; one of another stack, or of nobody's, is refused. */
export async function noteInBucket(stack: string, bucket: Bucket, { key, id }: Remote): Promise<BackupNote> {
  const refusal = (why: string) => new BucketProblem(`${id} in ${bucket.name} cannot be trusted: ${why}`, "recoloca backups lists the others");
  let note: BackupNote;
  try {
    note = JSON.parse(await text({ does: "read", bucket, key: noteKeyOf(key) })) as BackupNote;
  } catch (error) {
    if (error instanceof SyntaxError) throw refusal("what is written of it is not readable");
    throw error;
  }
  if (note.stack !== stack) throw refusal(`it is of ${String(note.stack)}, not of ${stack}`);
  if (note.bucket?.key !== key || !/^[0-9a-f]{64}$/.test(note.sha256)) throw refusal("what is written of it is of another object");
  return note;
}

/**
 * Brings a backup from the bucket into a file of its own, decrypted, and compares it with what was written down when it was
 * taken. The caller removes the file; one that is not right is gone already.
 */
export async function fetchFromBucket(note: BackupNote, { bucket, timeout }: Backup, identity: string | undefined): Promise<string> {
  const { stack, name, bytes } = note;
  const { key } = note.bucket!;
  const encrypted = key.endsWith(".age");
  if (encrypted && identity === undefined) throw new KeyProblem(`${name} is encrypted`, GIVE_KEY);
  fs.mkdirSync(backupsFolder(stack), { recursive: true, mode: 0o700 });
  if (freeBytes(backupsFolder(stack)) < bytes * 1.05)
    throw new BucketProblem(`${name} wants ${bytes} bytes of room below ${backupsFolder(stack)}`, "df --human-readable");
  const file = path.join(backupsFolder(stack), `fetched-${process.pid}.partial`);
  try {
    const target = fs.createWriteStream(file, { mode: 0o444 });
    const { child, done } = ask({ does: "get", bucket: bucket!, key }, timeout);
    child.stdin!.end();
    const age = encrypted ? decryption(identity!) : undefined;
    const flow = age ? through(age, child.stdout!, target) : pipeline(child.stdout!, target);
    // The bucket's own word first: what broke after it is its consequence. It has none where its reader was gone.
    const [end, broken] = await Promise.all([failureOf(done), failureOf(flow)]);
    const why = end instanceof BucketProblem && !end.unsaid ? end : (broken ?? end);
    if (why) throw keyProblem(note, why);
    if ((await checksumOf(file)) !== note.sha256)
      throw new BucketProblem(
        `${name} in ${bucket!.name} is damaged: its checksum is not the one that was written down`,
        "restore another one: recoloca backups",
      );
    return file;
  } catch (error) {
    fs.rmSync(file, { force: true });
    throw error;
  }
}

const GIVE_KEY = "give age's private key on standard input: --identity - < KEY_FILE; from your own machine: make restore, make drill with IDENTITY=KEY_FILE";

/** What age says of a key that does not open it, with which one would. */
export function keyProblem({ name, recipient = "age1…" }: BackupNote, error: Error): Error {
  const wanted = `the file of age-keygen that says "# public key: ${recipient}"`;
  if (/^age: .*no identity matched/.test(error.message))
    return new KeyProblem(`${name} is encrypted for ${recipient}, and the key that was given is another one's (${error.message})`, wanted);
  return /^age: .*malformed secret key/.test(error.message)
    ? new KeyProblem("the key that was given has a mistake in it, which age finds by its checksum: was it typed, or not all of it copied?", wanted)
    : error;
}

/** As a step of a deploy or a command tells it. */
export const asFailure = (what: string, error: Error): Failure =>
  new Failure(`${what}: ${error.message}`, error instanceof BucketProblem ? [["to mend it", error.fix]] : []);

const failureOf = (work: Promise<unknown>): Promise<Error | undefined> =>
  work.then(
    () => undefined,
    (error: Error) => error,
  );

/** Carries out an order that answers with some text. */
async function text(order: Order): Promise<string> {
  let answer = "";
  const { child, done } = ask(order, QUESTION_SECONDS, (part) => (answer += part));
  child.stdin!.end();
  (child.stdio[3] as Writable).end();
  await done;
  return answer;
}

/** Seconds for an upload to be aborted, once it was told to end. */
const GRACE = 10;

/** Starts the bucket's program; `done` is its end, or why it failed. Its order goes by a descriptor, since the keys are in it. */
function ask(order: Order, seconds: number, hear?: (text: string) => void): { child: ChildProcess; done: Promise<void> } {
  const program = fs.existsSync(BUCKET_PROGRAM);
  const child = spawn(process.execPath, program ? ["--max-semi-space-size=2", BUCKET_PROGRAM] : ["--version"], { stdio: ["pipe", "pipe", "pipe", "pipe"] });
  const control = child.stdio[3] as Writable;
  control.on("error", () => undefined);
  control.write(`${JSON.stringify(order)}\n`);
  // Where it is gone it has said why.
  child.stdin.on("error", () => undefined);
  let said = "";
  child.stderr.setEncoding("utf8").on("data", (part: string) => (said += part));
  if (hear) child.stdout.setEncoding("utf8").on("data", hear);
  const done = new Promise<void>((succeed, fail) => {
    let late = false;
    const kill = setTimeout(() => {
      late = true;
      child.kill("SIGTERM");
      setTimeout(() => child.kill("SIGKILL"), GRACE * 1000).unref();
    }, seconds * 1000);
    child.on("error", fail);
    child.on("close", (code) => {
      clearTimeout(kill);
      const [why = "", fix = ""] = said.trim().split("\n");
      if (!program) fail(new BucketProblem(`${BUCKET_PROGRAM} is not on this server`, "pulumi up, which puts it there"));
      else if (late) fail(new BucketProblem(`it took longer than ${seconds}s and was ended`, "recoloca:backup.timeout in the stack's file"));
      else if (code !== 0) fail(new BucketProblem(why || `the bucket's program ended with ${code}`, fix || "recoloca doctor", why === ""));
      else succeed();
    });
  });
  return { child, done };
}
