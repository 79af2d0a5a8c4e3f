/** A switch while thousands of connections are open: each is kept alive, most ask now and then, a thousand wait for what comes. */
import * as net from "node:net";
import { sleep } from "../local/command.ts";
import { benchmarkSite as site } from "../local/site.ts";
import { step } from "../local/steps.ts";
import { configure, type Place } from "./place.ts";

export const CONNECTIONS = 5000;
export const IDLE = 1000;
/** Milliseconds between two questions of one that is not idle: 200 a second in all. */
const EVERY = 20_000;

export interface Held {
  readonly opened: number;
  readonly answered: number;
  /** Connections that were closed or reset, and answers that were not a 200. */
  readonly lost: number;
}

/** One connection of a visitor's browser. */
class Connection {
  answered = 0;
  lost = 0;
  private readonly socket: net.Socket;
  private waiting: (() => void) | undefined;
  private ending = false;

  constructor() {
    this.socket = net.connect({ host: "127.0.0.1", port: site.httpPort, noDelay: true });
    this.socket.setEncoding("utf8").on("data", (text: string) => {
      // The answer is small: it comes in one piece.
      if (text.startsWith("HTTP/1.1 200")) this.answered++;
      else if (text.startsWith("HTTP/")) this.lost++;
      this.waiting?.();
    });
    this.socket.on("error", () => undefined);
    this.socket.on("close", () => {
      if (!this.ending) this.lost++;
      this.waiting?.();
    });
  }

  ask(): Promise<void> {
    return new Promise((done) => {
      this.waiting = done;
      this.socket.write("GET /api/v1/version HTTP/1.1\r\nHost: visitors\r\n\r\n");
    });
  }

  end(): void {
    this.ending = true;
    this.socket.destroy();
  }
}

export async function measureConnections({ stack }: Place) {
  const work = async (): Promise<Held> => {
    const all: Connection[] = [];
    for (let number = 0; number < CONNECTIONS; number++) {
      const one = new Connection();
      all.push(one);
      await one.ask();
    }
    const busy = all.slice(IDLE);
    let turn = 0;
    const asking = setInterval(() => void busy[turn++ % busy.length]!.ask(), EVERY / busy.length);
    await configure(stack, "3", true);
    const ran = await stack.up();
    clearInterval(asking);
    if (ran.code !== 0) throw new Error(ran.output);
    await Promise.race([Promise.all(all.slice(0, IDLE).map((one) => one.ask())), sleep(20_000)]);
    const sum = (of: (one: Connection) => number) => all.reduce((before, one) => before + of(one), 0);
    const held = { opened: all.length, answered: sum((one) => one.answered), lost: sum((one) => one.lost) };
    all.forEach((one) => one.end());
    return held;
  };
  return { connections: await step("connections", work, (held) => `${held.opened} open, ${held.answered} answers, ${held.lost} lost`) };
}
