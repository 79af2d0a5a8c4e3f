/** What the containers of a stack print, line by line, from where the last look ended. Whatever log driver the engine has. */
import { getBytes } from "./docker-api.ts";
import { containers } from "./engine.ts";

export interface OutputLine {
  /** As the engine writes it: UTC with nine digits of a second, so that texts sort as times do. */
  readonly at: string;
  readonly container: string;
  readonly service: string;
  readonly stream: Stream;
  readonly text: string;
}
type Stream = "stdout" | "stderr";
type Read = Pick<OutputLine, "at" | "stream" | "text">;

/** Of one container in one look: older ones are left out. A flood must take neither the server's memory nor the bill. */
const MOST_LINES = 2000;
const MOST_CHARACTERS = 1_000_000;
/** Of one line. */
const LONGEST = 4000;

export interface Output {
  readonly lines: readonly OutputLine[];
  /** Where each container's next look begins; those that are gone are not in it. */
  readonly until: Readonly<Record<string, string>>;
}

/** `from`: where the last look ended; a container that it does not know is read from `since` on. Both as the engine writes times. */
export async function outputOf(stack: string, from: Readonly<Record<string, string>>, since: string): Promise<Output> {
  const all = (await containers(`recoloca.stack=${stack}`)).filter(({ status, service }) => status !== "created" && service !== "");
  const lines: OutputLine[] = [];
  const until: Record<string, string> = {};
  for (const { id, service } of all) {
    const begin = from[id] ?? since;
    const found = (await read(id, begin)).filter(({ at }) => at > begin).sort((a, b) => (a.at < b.at ? -1 : 1));
    lines.push(...newestOf(found).map((line) => ({ ...line, container: id, service })));
    until[id] = found.at(-1)?.at ?? begin;
  }
  return { lines, until };
}

/** Those that are sent, with a word in front where some are not. */
export function newestOf(found: readonly Read[]): Read[] {
  let [begin, characters] = [found.length, 0];
  while (begin > 0 && found.length - begin < MOST_LINES && characters + found[begin - 1]!.text.length <= MOST_CHARACTERS)
    characters += found[--begin]!.text.length;
  const newest = found.slice(begin);
  const [first] = newest;
  return first && begin > 0 ? [{ at: first.at, stream: first.stream, text: "recoloca: older lines of this minute are left out" }, ...newest] : newest;
}

/** One line more than are sent: that there were more can be told. One whose driver cannot be read, or that is gone by now, has nothing to say. */
async function read(id: string, since: string): Promise<Read[]> {
  const seconds = `${Math.floor(Date.parse(since) / 1000)}.${since.slice(20, 29)}`;
  const bytes = await getBytes(`/containers/${id}/logs?stdout=1&stderr=1&timestamps=1&since=${seconds}&tail=${MOST_LINES + 1}`);
  return bytes === undefined ? [] : linesOf(bytes);
}

/**
 * Of the engine's answer: frames with a head of eight bytes, which say of which stream they are and how long; or, of a container with a
 * terminal, text as it is. A long line may come in several frames.
 */
export function linesOf(bytes: Buffer): Read[] {
  const framed = (bytes[0] ?? 0) <= 2;
  const texts: Record<Stream, Buffer[]> = { stdout: [], stderr: [] };
  if (!framed) texts.stdout.push(bytes);
  for (let at = 0; framed && at + 8 <= bytes.length;) {
    const end = at + 8 + bytes.readUInt32BE(at + 4);
    texts[bytes[at] === 2 ? "stderr" : "stdout"].push(bytes.subarray(at + 8, end));
    at = end;
  }
  return (Object.entries(texts) as [Stream, Buffer[]][]).flatMap(([stream, parts]) =>
    Buffer.concat(parts)
      .toString("utf8")
      .split("\n")
      .flatMap((line) => {
        const match = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z) ?(.*)$/s.exec(line);
        return match ? [{ at: match[1]!, stream, text: match[2]!.replace(/\r$/, "").slice(0, LONGEST) }] : [];
      }),
  );
}
