/**
 * The text of an `authorized_keys` in which a stack's key is renewed. Each of the stack's keys has its name and generation for a comment, so that
 * whoever comes later knows which are its own, and which of them is the newest. Pure.
 */

/** Of one stack: `recoloca-staging`. */
export type Owner = string;

export interface PublicKey {
  /** `ssh-ed25519`. */
  readonly type: string;
  /** Base64, as it stands in the file. */
  readonly blob: string;
}

interface Line {
  readonly text: string;
  /** What stands before the key: restrictions, which the next key gets too. */
  readonly before: string;
  readonly blob: string;
  readonly generation: number | undefined;
}

const KEY = /^(?<before>.*?)(?<type>(?:ssh|ecdsa|sk)-[A-Za-z0-9@.-]+)\s+(?<blob>AAAA[A-Za-z0-9+/=]+)(?:\s+(?<comment>.*))?$/;

function read(text: string, owner: Owner): Line[] {
  return text.split("\n").map((line) => {
    const { before = "", blob = "", comment = "" } = /^\s*#/.test(line) ? {} : (KEY.exec(line.trimEnd())?.groups ?? {});
    const [, generation] = new RegExp(`(?:^|\\s)${owner}-generation-(\\d+)$`).exec(comment) ?? [];
    return { text: line, before, blob, generation: generation === undefined ? undefined : Number(generation) };
  });
}

const tag = (owner: Owner, generation: number) => `${owner}-generation-${generation}`;
const joined = (lines: readonly string[]) => lines.join("\n");

/** Generation that the file says one has; undefined where it stands there without one, null where it does not stand there. */
export function generationIn(text: string, owner: Owner, key: PublicKey): number | undefined | null {
  const found = read(text, owner).find(({ blob }) => blob === key.blob);
  return found ? found.generation : null;
}

/** What stands before a key and ends by itself one day: whoever is let in like it would be shut out on that day. */
export const endsOneDay = (text: string, owner: Owner, key: PublicKey): boolean =>
  read(text, owner).some(({ blob, before }) => blob === key.blob && /\bexpiry-time=/i.test(before));

/**
 * With a key for the next generation after the present one, under the same restrictions. The present one is of the generation before, in each line that
 * it has. What an earlier run let in and nobody has written down since goes. Undefined where the present one is not in the file.
 */
export function letIn(text: string, owner: Owner, present: PublicKey, next: PublicKey, generation: number): string | undefined {
  const lines = read(text, owner).filter((line) => line.generation === undefined || line.generation < generation || line.blob === present.blob);
  const last = lines.findLastIndex(({ blob }) => blob === present.blob);
  const mine = lines[last];
  if (!mine) return undefined;
  const added = `${mine.before}${next.type} ${next.blob} ${tag(owner, generation)}`;
  const named = lines.map((line) => (line.blob === present.blob ? withName(line, owner, generation - 1) : line.text));
  return joined([...named.slice(0, last + 1), added, ...named.slice(last + 1)]);
}

/** Its own comment stays before the name that it gets. */
const withName = ({ text, generation: now }: Line, owner: Owner, generation: number) =>
  `${now === undefined ? text.trimEnd() : text.trimEnd().slice(0, -tag(owner, now).length).trimEnd()} ${tag(owner, generation)}`;

/** Whether keys of generations before the present one's are still there. */
export function hasOlder(text: string, owner: Owner, present: PublicKey): boolean {
  const mine = generationIn(text, owner, present);
  return typeof mine === "number" && read(text, owner).some(({ generation }) => generation !== undefined && generation < mine);
}

/** Without the stack's other keys. The same text where it has no others. */
export function shutOut(text: string, owner: Owner, present: PublicKey): string {
  const lines = read(text, owner);
  // A file that does not know who comes is somebody else's.
  if (!lines.some(({ blob }) => blob === present.blob)) return text;
  return joined(lines.filter(({ blob, generation }) => generation === undefined || blob === present.blob).map(({ text: one }) => one));
}
