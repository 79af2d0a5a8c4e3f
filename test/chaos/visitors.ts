/** Visitors who come all the while, whatever happens to the server: each writes one line, and what was acknowledged must be there in the end. */
import { randomUUID } from "node:crypto";
import * as http from "node:http";
import { testSite } from "../../local/site.ts";

/** Milliseconds between two of them. */
const EVERY = 50;

export class Visitors {
  readonly acknowledged = new Set<string>();
  asked = 0;
  failed = 0;
  private readonly series = randomUUID().slice(0, 8);
  private readonly timer: NodeJS.Timeout;
  private readonly open = new Set<Promise<void>>();

  constructor() {
    this.timer = setInterval(() => this.visit(), EVERY);
  }

  private visit(): void {
    const name = `${this.series}-${this.asked++}`;
    const visit = post(`/${name}`).then((status) => {
      if (status === 201) this.acknowledged.add(name);
      else this.failed++;
    });
    this.open.add(visit);
    void visit.finally(() => this.open.delete(visit));
  }

  /** Until each of them has his answer. */
  async stop(): Promise<void> {
    clearInterval(this.timer);
    await Promise.all(this.open);
  }
}

const post = (path: string) =>
  new Promise<number>((done) => {
    const request = http.request({ host: "127.0.0.1", port: testSite.httpPort, path, method: "POST", agent: false, timeout: 5000 }, (response) => {
      response.resume().on("end", () => done(response.statusCode ?? 0));
      response.on("error", () => done(0));
    });
    request.on("timeout", () => request.destroy());
    request.on("error", () => done(0));
    request.end();
  });

/** A stream of the release that serves now, open until the server ends it. */
export function openStream(): { readonly ended: () => boolean; readonly close: () => void } {
  let over = false;
  const request = http.get({ host: "127.0.0.1", port: testSite.httpPort, path: "/stream", agent: false }, (response) => {
    response.resume().on("close", () => (over = true));
  });
  request.on("error", () => (over = true));
  return { ended: () => over, close: () => request.destroy() };
}
