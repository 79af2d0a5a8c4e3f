/** The engine's HTTP interface on its socket. Its command line costs a process and some 40 ms for every question. */
import * as http from "node:http";
import { sleep } from "./process.ts";

const SOCKET = "/var/run/docker.sock";
/** Longer than the longest grace period that a container may ask for. */
const LIMIT_MILLISECONDS = 620_000;
const TELLING_LIMIT_MILLISECONDS = 20_000;

export interface Reply {
  readonly status: number;
  readonly body: string;
}

/** The engine restarts in a second or two, and comes back after a reboot: nobody's deploy is to fail for that. */
const PATIENCE_MILLISECONDS = 30_000;

/** The engine does not answer: it is down, or is being restarted. */
export class EngineAway extends Error {}

/**
 * One request; the status is the caller's to judge. Asked again while the engine is away: everything that is asked of it
 * here may be asked twice. Rejects when it stays away.
 */
export async function request(method: "GET" | "POST" | "DELETE", path: string, body?: unknown): Promise<Reply> {
  for (const began = performance.now(); ;) {
    try {
      return await requestOnce(method, path, body);
    } catch (error) {
      if (!(error instanceof EngineAway) || performance.now() - began > PATIENCE_MILLISECONDS) throw error;
      await sleep(200);
    }
  }
}

function requestOnce(method: "GET" | "POST" | "DELETE", path: string, body?: unknown): Promise<Reply> {
  return new Promise((done, fail) => {
    const text = body === undefined ? undefined : JSON.stringify(body);
    const headers = text === undefined ? {} : { "content-type": "application/json", "content-length": Buffer.byteLength(text) };
    const sent = http.request({ socketPath: SOCKET, method, path, headers, timeout: LIMIT_MILLISECONDS }, (response) => {
      let answer = "";
      response.setEncoding("utf8").on("data", (part: string) => (answer += part));
      response.on("end", () => done({ status: response.statusCode ?? 0, body: answer }));
      response.on("error", (error) => fail(new EngineAway(`the Docker engine ended its answer: ${error.message}`)));
    });
    sent.on("timeout", () => sent.destroy(new Error(`the Docker engine gave no answer to ${method} ${path} in ${LIMIT_MILLISECONDS / 1000}s`)));
    sent.on("error", (error: NodeJS.ErrnoException) => fail(new EngineAway(`the Docker engine does not answer at ${SOCKET}: ${error.message}`)));
    sent.end(text);
  });
}

/** A GET whose answer is no text; undefined where the engine refuses it, or does not answer: nobody waits for what is only told. */
export function getBytes(path: string): Promise<Buffer | undefined> {
  return new Promise((done) => {
    const sent = http.get({ socketPath: SOCKET, path, timeout: TELLING_LIMIT_MILLISECONDS }, (response) => {
      const parts: Buffer[] = [];
      response.on("data", (part: Buffer) => parts.push(part));
      response.on("end", () => done(response.statusCode === 200 ? Buffer.concat(parts) : undefined));
      response.on("error", () => done(undefined));
    });
    sent.on("timeout", () => sent.destroy());
    sent.on("error", () => done(undefined));
  });
}

/** Rejects with the engine's own words unless the answer is good, or one of `also`. */
export async function must(method: "GET" | "POST" | "DELETE", path: string, body?: unknown, also: readonly number[] = []): Promise<Reply> {
  const reply = await request(method, path, body);
  if ((reply.status >= 200 && reply.status < 400) || also.includes(reply.status)) return reply;
  throw new Error(messageOf(reply));
}

function messageOf({ status, body }: Reply): string {
  try {
    return (JSON.parse(body) as { message: string }).message;
  } catch {
    return `the Docker engine answered ${status} ${body.slice(0, 200)}`;
  }
}

export const filters = (of: Record<string, readonly string[]>) => `filters=${encodeURIComponent(JSON.stringify(of))}`;

/** The engine's events as they happen, until stopped. */
export function events(of: Record<string, readonly string[]>, hear: (event: { Actor: { Attributes: Record<string, string> } }) => void): () => void {
  const sent = http.get({ socketPath: SOCKET, path: `/events?${filters(of)}` }, (response) => {
    let pending = "";
    response.setEncoding("utf8").on("data", (part: string) => {
      const lines = (pending + part).split("\n");
      pending = lines.pop() ?? "";
      for (const line of lines) if (line.trim() !== "") hear(JSON.parse(line) as { Actor: { Attributes: Record<string, string> } });
    });
    response.on("error", () => undefined);
  });
  // Who listens also asks now and then: an engine that restarts ends the stream, not the watching.
  sent.on("error", () => undefined);
  return () => void sent.destroy();
}

const AWAY = /Cannot connect to the Docker daemon|error during connect|connection reset by peer|unexpected EOF|: EOF$/m;

/** A call of Docker's own programs, once more when it failed because the engine was away meanwhile. */
export async function throughEngine<T extends { code: number; stderr: string }>(call: () => Promise<T>): Promise<T> {
  const ran = await call();
  if (ran.code === 0 || !AWAY.test(ran.stderr)) return ran;
  await request("GET", "/_ping");
  return call();
}
