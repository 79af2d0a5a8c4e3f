/** What applications whose logins are renewed have in common: who each generation logs in as, and visitors who come all the while, each of whom wants a login of his own. */
import * as http from "node:http";
import { testSite } from "../local/site.ts";

export const SINCE = "2026-11-25";
export const FIRST = "the-first-password";
export const passwordOf = (generation: number) => (generation === 1 ? FIRST : `password-of-generation-${generation}`);
/** `first`: who the service began with. */
export const userOf = (generation: number, first = "shop") => (generation === 1 ? first : generation % 2 ? "shop_b" : "shop_a");
/** The one that a generation takes turns with. */
export const otherThan = (generation: number) => userOf(generation === 2 ? 3 : generation - 1);

/** A web server in the sample's Python. Each request runs these lines, which log in with `modules` and leave an answer in `body`; 500 is what kept them from it. */
export const webThatLogsIn = (modules: string, lines: string): string => `import http.server, os, ${modules}
class Web(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        try:
            status = 200
${lines.replace(/^/gm, " ".repeat(12))}
        except Exception as error:
            body, status = str(error), 500
        body = body if isinstance(body, bytes) else str(body).encode()
        self.send_response(status)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def log_message(self, *_): pass
class Server(http.server.ThreadingHTTPServer):
    request_queue_size = 200
Server(("", 8000), Web).serve_forever()`;

/** So many at a time, each with so many milliseconds from one visit to his next: a hundred a second, and fewer where the machine has no more to give. */
const VISITORS = 5;
const EVERY = 50;

/** Visitors, until the work is done and each of them has his answer. Gives what was not answered `right`. */
export async function visited(right: RegExp, work: () => Promise<unknown>): Promise<{ answers: number; wrong: string[] }> {
  const wrong: string[] = [];
  let answers = 0;
  let done = false;
  const visitor = async () => {
    while (!done) {
      const next = performance.now() + EVERY;
      const said = await visit();
      answers++;
      if (!right.test(said)) wrong.push(said);
      await new Promise((rested) => setTimeout(rested, Math.max(0, next - performance.now())));
    }
  };
  const all = Array.from({ length: VISITORS }, visitor);
  try {
    await work();
  } finally {
    done = true;
    await Promise.all(all);
  }
  return { answers, wrong };
}

/** `200 shop_a`. */
export const visit = () =>
  new Promise<string>((done) => {
    const request = http.request(
      { host: "127.0.0.1", port: testSite.httpPort, path: "/", agent: false, timeout: 10_000, headers: { host: "shapes.test" } },
      (response) => {
        let body = "";
        response.on("data", (part: Buffer) => (body += part.toString())).on("end", () => done(`${response.statusCode} ${body}`));
        response.on("error", (error) => done(error.message));
      },
    );
    request.on("timeout", () => request.destroy(new Error("no answer in 10s")));
    request.on("error", (error) => done(error.message));
    request.end();
  });
