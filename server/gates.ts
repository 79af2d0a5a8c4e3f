/** The questions a release must answer: asked of its containers directly, then through the edge. */
import * as http from "node:http";
import * as https from "node:https";
import * as net from "node:net";
import type { Gate, Route } from "../release/plan.ts";
import { BYPASS_HEADER, routeFor } from "./edge-configuration.ts";
import { sleep } from "./process.ts";

export interface Answer {
  readonly status?: number;
  readonly body: string;
  /** Why there is no answer: refused, timed out, reset. */
  readonly error?: string;
}

export interface Target {
  readonly address: string;
  readonly port: number;
  /** By TLS, with the name that is asked for. Who has certified it is no matter of a release: recoloca doctor looks at that. */
  readonly secured?: boolean;
}

/** Characters of an answer that are looked through, and what one is told of that has more. */
const MOST = 4 * 2 ** 20;

const ERRORS: Record<string, string> = {
  ECONNREFUSED: "connection refused: nothing listens there yet",
  EHOSTUNREACH: "no such address: the container is not running",
  ECONNRESET: "connection reset",
};

/** What is asked. `bypass`: the word that passes a closed edge. */
export type Question = Pick<Gate, "path" | "host"> & { readonly bypass?: string };

export function ask(target: Target, gate: Question, timeout = 5): Promise<Answer> {
  return new Promise((done) => {
    const request = (target.secured ? https : http).get(
      {
        ...(target.secured && { servername: gate.host, rejectUnauthorized: false }),
        host: target.address,
        port: target.port,
        path: gate.path,
        agent: false,
        headers: { "user-agent": "recoloca-gate", ...(gate.host && { host: gate.host }), ...(gate.bypass && { [BYPASS_HEADER]: gate.bypass }) },
      },
      (response) => {
        let body = "";
        response.setEncoding("utf8").on("data", (text: string) => {
          if (body.length < MOST) body += text;
        });
        response.on("end", () => done({ status: response.statusCode ?? 0, body }));
        response.on("error", (error) => done({ body, error: error.message }));
      },
    );
    // The whole answer, not only its first byte: one that never ends must not hold a deploy.
    const limit = setTimeout(() => request.destroy(new Error(`no whole answer in ${timeout}s`)), timeout * 1000);
    request.on("close", () => clearTimeout(limit));
    request.on("error", (error: NodeJS.ErrnoException) => done({ body: "", error: ERRORS[error.code ?? ""] ?? error.message }));
  });
}

/** Why an answer does not pass, or undefined when it does. */
export function verdict(gate: Gate, answer: Answer): string | undefined {
  if (answer.error !== undefined) return answer.error;
  if (answer.status !== gate.status) return `got ${answer.status}`;
  if (gate.contains !== undefined && !answer.body.includes(gate.contains))
    return `got ${answer.status} without "${gate.contains}"${answer.body.length < MOST ? "" : " in its first 4 MiB"}`;
  return undefined;
}

export interface GateFailure {
  readonly gate: Gate;
  readonly service: string;
  readonly why: string;
  readonly last: Answer;
  readonly seconds: number;
}

/** A container that is gone will not answer any more: no need to wait for the time limit. */
export type StillWorthAsking = () => Promise<string | undefined>;

/** Seconds between two questions, where the gate names none. */
const STARTING = 0.05;
const CONFIRMING = 0.015;

/** Seconds between two knocks at a port that nobody listens at yet. */
const KNOCKING = 0.015;

/** One knock for all gates of a service, and a cheaper one than a question: it wants the processor for its start. Gives up without a word. */
export async function listens({ address, port }: Target, seconds: number, worth: StillWorthAsking): Promise<void> {
  const limit = performance.now() + seconds * 1000;
  while (performance.now() < limit && !(await accepts(address, port)) && (await worth()) === undefined) await sleep(1000 * KNOCKING);
}

const accepts = (host: string, port: number) =>
  new Promise<boolean>((done) => {
    const socket = net.connect({ host, port, timeout: 1000 });
    const end = (open: boolean) => {
      socket.destroy();
      done(open);
    };
    socket
      .on("connect", () => end(true))
      .on("error", () => end(false))
      .on("timeout", () => end(false));
  });

/** Asks until the gate has passed often enough in a row; the last answer otherwise. `spentAlready`: seconds of its time limit. */
export async function pass(
  gate: Gate & Question,
  service: string,
  target: Target,
  worth: StillWorthAsking,
  spentAlready = 0,
): Promise<GateFailure | undefined> {
  const start = performance.now() - spentAlready * 1000;
  const spent = () => (performance.now() - start) / 1000;
  const starting = gate.interval ?? STARTING;
  let passes = 0;
  for (;;) {
    const left = gate.timeout - spent();
    const answer = await ask(target, gate, Math.max(0.2, Math.min(5, left)));
    const why = verdict(gate, answer);
    if (why === undefined) {
      if (++passes >= gate.passes) return undefined;
    } else {
      passes = 0;
      const gone = await worth();
      if (gone !== undefined || spent() + starting > gate.timeout) return { gate, service, why: gone ?? why, last: answer, seconds: spent() };
    }
    // Never more than a hundredth of the time it took so far is lost, and a slow start's log is not filled with questions.
    await sleep(1000 * (passes > 0 ? (gate.interval ?? CONFIRMING) : Math.max(starting, spent() / 100)));
  }
}

/** A gate that names no host asks for the first host name that is routed. */
export const hostOf = (gate: Pick<Gate, "host">, routes: readonly Route[]) => gate.host ?? routes.find((route) => route.host !== "*")?.host;

/** A gate asks the service that its path's route leads to. */
export function targetOf(gate: Gate, routes: readonly Route[], addresses: Record<string, string>): { service: string; target: Target } | undefined {
  const route = routeFor(routes, gate.path.split("?")[0]!, hostOf(gate, routes));
  const address = route && addresses[route.service];
  return route && address ? { service: route.service, target: { address, port: route.port } } : undefined;
}

export const sayGates = (gates: readonly Gate[]) => gates.map((gate) => `${gate.name} ${gate.status}`).join(", ");
