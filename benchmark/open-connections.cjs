/**
 * Runs on the server: `node open-connections.cjs COUNT IDLE`. Opens so many connections to the edge, each kept alive after its first answer, and
 * says `open` on standard output. All but the idle ones then ask now and then. When standard input ends, every idle one asks too, and a
 * JSON object is printed: `opened`, `answered`, `lost` (closed, reset, or answered with anything but a 200).
 */
"use strict";
const net = require("node:net");

const [count, idle] = process.argv.slice(2).map(Number);
/** Milliseconds between two questions of one that is not idle. */
const EVERY = 20_000;
const LAST_ANSWERS = 20_000;

class Connection {
  constructor() {
    this.answered = 0;
    this.lost = 0;
    this.socket = net.connect({ host: "127.0.0.1", port: 80, noDelay: true });
    this.socket.setEncoding("utf8").on("data", (text) => {
      // The answer is small: it comes in one piece.
      if (text.startsWith("HTTP/1.1 200")) this.answered++;
      else if (text.startsWith("HTTP/")) this.lost++;
      this.waiting?.();
    });
    this.socket.on("error", () => undefined);
    this.socket.on("close", () => {
      this.lost++;
      this.waiting?.();
    });
  }

  ask() {
    return new Promise((done) => {
      this.waiting = done;
      this.socket.write("GET /api/v1/version HTTP/1.1\r\nHost: visitors\r\n\r\n");
    });
  }
}

async function main() {
  const all = [];
  while (all.length < count) {
    const some = Array.from({ length: Math.min(20, count - all.length) }, () => new Connection());
    all.push(...some);
    await Promise.all(some.map((one) => one.ask()));
  }
  process.stdout.write("open\n");
  const busy = all.slice(idle);
  let turn = 0;
  const asking = setInterval(() => void busy[turn++ % busy.length].ask(), EVERY / busy.length);
  await new Promise((done) => process.stdin.on("end", done).resume());
  clearInterval(asking);
  await Promise.race([Promise.all(all.slice(0, idle).map((one) => one.ask())), new Promise((done) => setTimeout(done, LAST_ANSWERS))]);
  const sum = (of) => all.reduce((before, one) => before + of(one), 0);
  process.stdout.write(`${JSON.stringify({ opened: all.length, answered: sum((one) => one.answered), lost: sum((one) => one.lost) })}\n`);
  process.exit(0);
}

void main();
