/** A few words with a Redis server, one after the other. Five commands are not worth a client of half a megabyte in a program whose start is measured. */
import * as net from "node:net";

export type Reply = string | number | null | readonly Reply[];

/** What the server answered instead: `WRONGPASS invalid username-password pair`. */
export class RedisError extends Error {}

export class RedisConnection {
  private readonly socket: net.Socket;
  private received = Buffer.alloc(0);
  private waiting: { done: (reply: Reply) => void; fail: (error: Error) => void } | undefined;

  private constructor(socket: net.Socket) {
    this.socket = socket;
    socket.on("data", (data) => {
      this.received = Buffer.concat([this.received, data]);
      this.read();
    });
    socket.on("error", (error) => this.waiting?.fail(error));
    socket.on("close", () => this.waiting?.fail(new Error("the connection ended")));
  }

  /** `limit`: milliseconds for the connection and for each answer. */
  static open(host: string, port: number, limit: number): Promise<RedisConnection> {
    return new Promise((done, fail) => {
      const socket = net.connect({ host, port });
      socket.setTimeout(limit, () => socket.destroy(new Error(`no answer in ${limit / 1000}s`)));
      socket.once("error", fail).once("connect", () => {
        socket.off("error", fail);
        done(new RedisConnection(socket));
      });
    });
  }

  /** Rejects with a `RedisError` where the server says no. */
  send(...words: readonly string[]): Promise<Reply> {
    return new Promise((done, fail) => {
      // Of one that ended between two words nothing is heard any more.
      if (this.socket.destroyed) return fail(new Error("the connection ended"));
      this.waiting = { done, fail };
      this.socket.write(`*${words.length}\r\n${words.map((word) => `$${Buffer.byteLength(word)}\r\n${word}\r\n`).join("")}`);
    });
  }

  close(): void {
    this.waiting = undefined;
    this.socket.destroy();
  }

  private read(): void {
    const found = parse(this.received, 0);
    if (!found || !this.waiting) return;
    this.received = this.received.subarray(found.end);
    const { done, fail } = this.waiting;
    this.waiting = undefined;
    if (found.reply instanceof RedisError) fail(found.reply);
    else done(found.reply);
  }
}

interface Parsed {
  readonly reply: Reply | RedisError;
  readonly end: number;
}

/** RESP, version 2. Undefined where not all of it is there yet. */
function parse(text: Buffer, start: number): Parsed | undefined {
  const eol = text.indexOf("\r\n", start);
  if (eol < 0) return undefined;
  const line = text.toString("utf8", start + 1, eol);
  const next = eol + 2;
  switch (text.toString("latin1", start, start + 1)) {
    case "+":
      return { reply: line, end: next };
    case "-":
      return { reply: new RedisError(line), end: next };
    case ":":
      return { reply: Number(line), end: next };
    case "$": {
      const length = Number(line);
      if (length < 0) return { reply: null, end: next };
      return text.length < next + length + 2 ? undefined : { reply: text.toString("utf8", next, next + length), end: next + length + 2 };
    }
    case "*": {
      const all: Reply[] = [];
      let end = next;
      for (let left = Number(line); left > 0; left--) {
        const one = parse(text, end);
        if (!one) return undefined;
        all.push(one.reply instanceof RedisError ? one.reply.message : one.reply);
        end = one.end;
      }
      return { reply: all, end };
    }
    default:
      return { reply: new RedisError("this is no Redis server"), end: text.length };
  }
}
