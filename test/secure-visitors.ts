/** Visitors who come by TLS, each on a connection of his own, and look at who answers. */
import * as http2 from "node:http2";
import * as https from "node:https";
import * as tls from "node:tls";
import { sleep } from "../local/command.ts";
import { testSite } from "../local/site.ts";

const EDGE = { host: "127.0.0.1", port: testSite.httpsPort };

export interface Seen {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
  readonly fingerprint: string;
}

/** By HTTP/1.1; fails where the certificate does not lead to `ca` or is not the name's. */
export const visit = (name: string, path: string, ca: string) =>
  new Promise<Seen>((done, fail) => {
    const request = https.get({ ...EDGE, path, ca, servername: name, headers: { host: name }, agent: false, timeout: 10_000 }, (response) => {
      const fingerprint = (response.socket as tls.TLSSocket).getPeerCertificate().fingerprint256;
      let body = "";
      response.setEncoding("utf8").on("data", (text: string) => (body += text));
      response.on("error", fail).on("end", () => done({ status: response.statusCode!, headers: response.headers, body, fingerprint }));
    });
    request.on("timeout", () => request.destroy(new Error("no answer in 10 s"))).on("error", fail);
  });

/** By HTTP/2. */
export const visitByHttp2 = (name: string, path: string, ca: string) =>
  new Promise<{ status: number; protocol: string }>((done, fail) => {
    const session = http2.connect(`https://${EDGE.host}:${EDGE.port}`, { servername: name, ca, ALPNProtocols: ["h2"] });
    session.on("error", fail);
    const stream = session.request({ ":path": path, ":authority": name });
    stream.on("error", fail).on("response", (headers) => {
      done({ status: Number(headers[":status"]), protocol: String(session.alpnProtocol) });
      session.destroy();
    });
    stream.end();
  });

/** What is agreed on in a handshake of these versions, whoever answers; throws where none is. */
export const handshake = (name: string, versions: Pick<tls.ConnectionOptions, "minVersion" | "maxVersion"> = {}) =>
  new Promise<{ version: string; subject: string; issuer: string; fingerprint: string }>((done, fail) => {
    const socket = tls.connect(
      { ...EDGE, servername: name, rejectUnauthorized: false, ...versions, ...(versions.maxVersion === "TLSv1.1" && { ciphers: "DEFAULT@SECLEVEL=0" }) },
      () => {
        const shown = socket.getPeerCertificate();
        done({ version: String(socket.getProtocol()), subject: String(shown.subject.CN), issuer: String(shown.issuer.CN), fingerprint: shown.fingerprint256 });
        socket.destroy();
      },
    );
    socket.on("error", fail);
  });

/** Also of work that is over at once. */
const LEAST = 60;

/** One visitor every 20 ms while the work goes on, and until enough have come, each with a handshake of his own; `fails` says why each failed one did. */
export async function whileVisited<T>(
  name: string,
  ca: string,
  work: () => Promise<T>,
): Promise<{ result: T; visits: number; fails: string[]; shown: string[] }> {
  const fails: string[] = [];
  const shown = new Set<string>();
  const all: Promise<void>[] = [];
  const come = async () => {
    const seen = await visit(name, "/", ca);
    shown.add(seen.fingerprint);
    if (seen.status !== 200) fails.push(String(seen.status));
  };
  const timer = setInterval(() => void all.push(come().catch((error: Error) => void fails.push(error.message))), 20);
  const visited = async () => {
    const done = await work();
    while (all.length < LEAST) await sleep(20);
    return done;
  };
  const result = await visited().finally(() => clearInterval(timer));
  await Promise.all(all);
  return { result, visits: all.length, fails, shown: [...shown] };
}

/** A WebSocket's way through: upgraded, and what is said comes back. */
export const echoOverTls = (name: string, ca: string) =>
  new Promise<{ say: (text: string) => Promise<string>; end: () => void }>((done, fail) => {
    const headers = { host: name, connection: "upgrade", upgrade: "websocket", "sec-websocket-version": "13", "sec-websocket-key": "AAAAAAAAAAAAAAAAAAAAAA==" };
    const request = https.get({ ...EDGE, path: "/echo", ca, servername: name, agent: false, headers });
    request.on("error", fail).on("response", (response) => fail(new Error(`not upgraded: ${response.statusCode}`)));
    request.on("upgrade", (_response, socket) => {
      socket.on("error", () => undefined);
      done({
        end: () => socket.destroy(),
        say: (text) => new Promise((answer) => (socket.once("data", (part: Buffer) => answer(part.toString())), socket.write(text))),
      });
    });
  });
