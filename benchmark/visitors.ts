/** Visitors: vegeta at a constant rate, whatever becomes of the answers, and streams that stay open as long as they are let. */
import { spawn, type ChildProcess } from "node:child_process";
import * as fs from "node:fs";
import * as http from "node:http";
import { must, sleep } from "../local/command.ts";
import { goProgram } from "../tools/go-program.ts";
import { acknowledged, parseAnswers, type Answer } from "./answers.ts";

export const PER_SECOND = 200;
export const STREAMS = 10;

export const vegeta = (log: (line: string) => void) =>
  goProgram({ name: "vegeta", version: "12.13.0", package: "github.com/tsenart/vegeta/v12", takes: "some seconds" }, log);

/** Where the API and the page are; the same place behind the edge, two ports without one. */
export interface Addresses {
  readonly api: string;
  readonly page: string;
}

function targets({ api, page }: Addresses): string {
  const write = {
    method: "POST",
    url: `${api}/api/v1/listings`,
    body: Buffer.from('{"title":"a listing"}').toString("base64"),
    header: { "Content-Type": ["application/json"] },
  };
  const read = { method: "GET", url: `${api}/api/v1/version` };
  const look = { method: "GET", url: `${page}/` };
  return [read, look, read, look, read, write, read, look, read, look].map((one) => JSON.stringify(one)).join("\n");
}

/** One stream that is opened again when it is cut; each cut is remembered with its time. */
class Stream {
  readonly cuts: number[] = [];
  refused = 0;
  private stopped = false;
  private close: () => void = () => undefined;

  constructor(open: (cut: () => void, refused: () => void) => () => void) {
    const begin = () => {
      const again = (why: () => void) => {
        if (this.stopped) return;
        why();
        setTimeout(begin, 100).unref();
      };
      if (this.stopped) return;
      this.close = open(
        () => again(() => this.cuts.push(Date.now())),
        () => again(() => this.refused++),
      );
    };
    begin();
  }

  stop(): void {
    this.stopped = true;
    this.close();
  }
}

const events = (api: string) => (cut: () => void, refused: () => void) => {
  let opened = false;
  const request = http.get(`${api}/api/v1/events`, { agent: false }, (response) => {
    opened = true;
    if (response.statusCode !== 200) {
      request.destroy();
      return refused();
    }
    response.resume().on("close", cut);
  });
  request.on("error", () => opened || refused());
  return () => void request.destroy();
};

const echo = (api: string) => (cut: () => void, refused: () => void) => {
  const socket = new WebSocket(`${api.replace("http", "ws")}/api/v1/echo`);
  let opened = false;
  const beat = setInterval(() => opened && socket.readyState === WebSocket.OPEN && socket.send("still there"), 500);
  socket.addEventListener("open", () => (opened = true));
  socket.addEventListener("close", () => {
    clearInterval(beat);
    if (opened) cut();
    else refused();
  });
  return () => socket.close();
};

export interface Seen {
  readonly answers: Answer[];
  /** Acknowledged writes that are not there afterwards. */
  readonly lost: number[];
  /** Moments at which an open stream was cut, and how often one could not be opened. */
  readonly streams: { readonly cuts: number[]; readonly refused: number };
}

export class Visitors {
  private readonly client: ChildProcess;
  private readonly ended: Promise<void>;
  private readonly streams: Stream[];
  private readonly program: string;
  private readonly raw: string;
  private readonly addresses: Addresses;

  /** `raw` is the file that vegeta's own answers are kept in. */
  constructor(program: string, addresses: Addresses, raw: string) {
    this.program = program;
    this.raw = raw;
    this.addresses = addresses;
    this.client = spawn(
      program,
      ["attack", "-format=json", `-rate=${PER_SECOND}/1s`, "-duration=0", "-timeout=15s", "-redirects=-1", "-max-body=300", `-output=${raw}`],
      { stdio: ["pipe", "ignore", "inherit"] },
    );
    this.client.stdin!.end(targets(addresses));
    this.ended = new Promise((done) => this.client.on("close", () => done()));
    this.streams = Array.from({ length: 2 * STREAMS }, (_, number) => new Stream((number % 2 === 0 ? events : echo)(addresses.api)));
  }

  async end(): Promise<Seen> {
    this.client.kill("SIGINT");
    await Promise.race([this.ended, sleep(20_000)]);
    this.client.kill("SIGKILL");
    for (const stream of this.streams) stream.stop();
    const csv = `${this.raw}.csv`;
    await must(this.program, ["encode", "--to=csv", `--output=${csv}`, this.raw]);
    const answers = parseAnswers(fs.readFileSync(csv, "utf8"));
    fs.rmSync(csv);
    const held = await this.listings(Math.min(...acknowledged(answers)) - 1).catch(() => undefined);
    return {
      answers,
      lost: held === undefined ? [] : acknowledged(answers).filter((id) => !held.has(id)),
      streams: { cuts: this.streams.flatMap((one) => one.cuts), refused: this.streams.reduce((sum, one) => sum + one.refused, 0) },
    };
  }

  private async listings(from: number): Promise<Set<number>> {
    const held = new Set<number>();
    for (let after = from; ;) {
      const response = await fetch(`${this.addresses.api}/api/v1/listings?after=${after}`);
      if (!response.ok) throw new Error(`reading back: ${response.status}`);
      const { listings } = (await response.json()) as { listings: { id: number }[] };
      if (listings.length === 0) return held;
      for (const { id } of listings) held.add(id);
      after = listings.at(-1)!.id;
    }
  }
}
