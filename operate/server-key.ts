/**
 * The key by which a stack logs in to its server, renewed: the new one is let in beside the one before, and logs in on a connection of its own, before it
 * is written down; the one before goes once the stack has the new one everywhere. Where a run was stopped is read from the server's own file.
 */
import { createHash } from "node:crypto";
import { endsOneDay, generationIn, hasOlder, letIn, shutOut, type PublicKey } from "./authorized-keys.ts";

/** The server, for whoever logs in with a key. */
export interface Door {
  /** What a command prints there; throws where it fails, or where the key does not open. */
  readonly run: (privateKey: string, command: string) => Promise<string>;
  /** `recoloca-staging`. */
  readonly owner: string;
  /** Other stacks that are deployed to that server. */
  readonly others: () => Promise<readonly string[]>;
  /** Whether the same key opens the bastion on the way. */
  readonly opensBastion: boolean;
}

const FILE = `"$(readlink -f "$HOME/.ssh/authorized_keys")"`;
const bytesOf = (text: string) => Buffer.from(text, "latin1");
const hashOf = (text: string) => createHash("sha256").update(bytesOf(text)).digest("hex");

async function readKeys({ run }: Door, privateKey: string): Promise<string> {
  // As it is, byte by byte: somebody's comment may be in any encoding.
  return Buffer.from(await run(privateKey, `base64 ${FILE}`), "base64").toString("latin1");
}

/** Written aside and renamed, with the owner and the mode that it has; refused where somebody else has written it meanwhile, or the disk is full. */
async function writeKeys({ run }: Door, privateKey: string, before: string, after: string): Promise<void> {
  const is = (file: string, text: string) => `test "$(sha256sum < ${file} | cut -d ' ' -f 1)" = ${hashOf(text)}`;
  await run(
    privateKey,
    `file=${FILE}; ${is('"$file"', before)} && cp -p "$file" "$file.new" && printf %s ${bytesOf(after).toString("base64")} | base64 -d > "$file.new" && ${is('"$file.new"', after)} && sync "$file.new" && mv "$file.new" "$file" && sync "$(dirname "$file")" || { rm -f "$file.new"; echo "$file could not be written, or somebody else is writing it" >&2; exit 1; }`,
  );
}

interface Pair {
  readonly privateKey: string;
  readonly publicKey: PublicKey;
}

/** One pair of 256 is none: ssh2 takes a first byte of zero away from it (https://github.com/mscdex/ssh2/issues/1390). Another one is made then. */
export async function newPair(comment: string): Promise<Pair> {
  const { default: ssh2 } = await import("ssh2");
  for (;;) {
    const pair = ssh2.utils.generateKeyPairSync("ed25519", { comment });
    const [type = "", blob = ""] = pair.public.split(" ");
    const [open, secret] = [pair.public, pair.private].map((text) => ssh2.utils.parseKey(text));
    if (!(open instanceof Error) && !(secret instanceof Error)) return { privateKey: pair.private, publicKey: { type, blob } };
  }
}

async function publicOf(privateKey: string): Promise<PublicKey> {
  const { default: ssh2 } = await import("ssh2");
  const parsed = ssh2.utils.parseKey(privateKey);
  if (parsed instanceof Error)
    throw new Error(`sshPrivateKey is no private key (${parsed.message})\n  cat PRIVATE_KEY_FILE | pulumi config set --secret recoloca:sshPrivateKey`);
  return { type: parsed.type, blob: parsed.getPublicSSH().toString("base64") };
}

/**
 * Whether a run was stopped once it had written this key down, for that generation: the one before is there still.
 * @param generation undefined: of whichever generation
 */
export async function isLeftOpen(door: Door, privateKey: string, generation?: number): Promise<boolean> {
  const [text, key] = [await readKeys(door, privateKey), await publicOf(privateKey)];
  return hasOlder(text, door.owner, key) && (generation === undefined || generationIn(text, door.owner, key) === generation);
}

/** Throws where the key cannot be renewed from here; nothing has been changed by then. `knows`: a person, who is asked what no file says. */
export async function mayRenew(door: Door, privateKey: string, knows: (question: string) => Promise<boolean>): Promise<void> {
  if (door.opensBastion)
    throw new Error(
      "sshPrivateKey opens the bastion too, where it would open nothing any more; nothing was changed\n  give the bastion its own first, which may be the same one: cat PRIVATE_KEY_FILE | pulumi config set --secret recoloca:bastionPrivateKey",
    );
  const [text, key] = [await readKeys(door, privateKey), await publicOf(privateKey)];
  const generation = generationIn(text, door.owner, key);
  if (generation === null)
    throw new Error(
      "the server's ~/.ssh/authorized_keys does not have the key that the stack logs in with: it is let in by something else, which has to learn the new one; nothing was changed\n  let another key in there, then: cat PRIVATE_KEY_FILE | pulumi config set --secret recoloca:sshPrivateKey",
    );
  if (endsOneDay(text, door.owner, key))
    throw new Error(
      "the key's line in the server's ~/.ssh/authorized_keys has an expiry-time, on which the new one would be shut out too; nothing was changed\n  take it out of that line first, or give it a later day",
    );
  const others = await door.others();
  // Later ones were made by the stack, and nobody else has them.
  if (generation !== undefined && others.length === 0) return;
  const also = others.length === 0 ? "" : ` ${others.join(", ")} ${others.length === 1 ? "is" : "are"} deployed to the same server.`;
  if (await knows(` Afterwards the key that the stack has now opens the server no longer.${also} Does nobody else come by it, no person and no other stack? `))
    return;
  throw new Error(
    `who else comes by the key would not be let in any more; nothing was changed\n  give ${others.length === 0 ? "him" : others.join(", ")} another one first`,
  );
}

/** A new key that opens the server, proven by a login on a connection of its own. The one before goes on opening it. */
export async function renewed(door: Door, privateKey: string, generation: number): Promise<string> {
  const pair = await newPair(`${door.owner}-generation-${generation}`);
  const text = await readKeys(door, privateKey);
  const wanted = letIn(text, door.owner, await publicOf(privateKey), pair.publicKey, generation);
  if (wanted === undefined) throw new Error("the server's ~/.ssh/authorized_keys does not have the key that the stack logs in with; nothing was changed");
  await writeKeys(door, privateKey, text, wanted);
  try {
    await door.run(pair.privateKey, "true");
  } catch (error) {
    await writeKeys(door, privateKey, wanted, text);
    throw new Error(`the new key was let in and does not open the server; it was taken out again, nothing was changed\n  ${(error as Error).message}`);
  }
  return pair.privateKey;
}

/**
 * All keys of the stack but its present one, which reads and writes the file here, open the server no longer.
 * @param before the one before, where it is known: it is tried
 */
export async function closeOthers(door: Door, privateKey: string, before?: string): Promise<void> {
  const text = await readKeys(door, privateKey);
  const wanted = shutOut(text, door.owner, await publicOf(privateKey));
  if (wanted !== text) await writeKeys(door, privateKey, text, wanted);
  if (before === undefined) return;
  const opens = await door.run(before, "true").then(
    () => true,
    () => false,
  );
  if (opens) throw new Error("it is in no line of ~/.ssh/authorized_keys any more, and is let in by something else: authorized_keys2, AuthorizedKeysCommand?");
}
