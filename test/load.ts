/** Visitors: requests at a constant rate, whether or not the earlier ones were answered, and what became of each. */
import * as http from "node:http";

export interface Failed {
  readonly what: string;
  readonly why: string;
  /** Milliseconds since the load began. */
  readonly at: number;
}

export interface Seen {
  readonly sent: number;
  readonly failed: Failed[];
  /** Numbers of the listings whose creation was acknowledged. */
  readonly acknowledged: number[];
  /** Versions that answered, in the order of their first answer. */
  readonly versions: string[];
}

const PER_SECOND = 40;
const REQUESTS = [
  { method: "GET", path: "/api/v1/version", status: 200 },
  { method: "POST", path: "/api/v1/listings", status: 201 },
  { method: "GET", path: "/", status: 200 },
] as const;

export class Load {
  private readonly base: string;
  private readonly agent = new http.Agent({ keepAlive: true });
  private readonly began = performance.now();
  private readonly pending = new Set<Promise<void>>();
  private readonly seen = { sent: 0, failed: [] as Failed[], acknowledged: [] as number[], versions: [] as string[] };
  private readonly timer: NodeJS.Timeout;

  constructor(base: string) {
    this.base = base;
    this.timer = setInterval(() => {
      // As many as the clock asks for: a busy event loop delays requests, it does not drop them.
      const due = Math.floor(((performance.now() - this.began) / 1000) * PER_SECOND);
      while (this.seen.sent < due) this.send();
    }, 5);
  }

  private send(): void {
    const number = this.seen.sent++;
    const { method, path, status } = REQUESTS[number % REQUESTS.length]!;
    const at = performance.now() - this.began;
    const fail = (why: string) => void this.seen.failed.push({ what: `${method} ${path}`, why, at });
    const answered = new Promise<void>((done) => {
      const headers = method === "POST" ? { "content-type": "application/json" } : {};
      const request = http.request(`${this.base}${path}`, { method, agent: this.agent, headers, timeout: 15_000 }, (response) => {
        let body = "";
        response.setEncoding("utf8").on("data", (text: string) => (body += text));
        response.on("error", (error) => (fail(`${error.message} in the answer`), done()));
        response.on("end", () => {
          const version = String(response.headers["x-version"] ?? "");
          if (version !== "" && !this.seen.versions.includes(version)) this.seen.versions.push(version);
          if (response.statusCode !== status) fail(`${response.statusCode} ${body.slice(0, 200)}`);
          else if (method === "POST") this.seen.acknowledged.push((JSON.parse(body) as { id: number }).id);
          done();
        });
      });
      request.on("timeout", () => request.destroy(new Error("no answer in 15 s")));
      request.on("error", (error) => (fail(error.message), done()));
      request.end(method === "POST" ? JSON.stringify({ title: `listing ${number}` }) : undefined);
    });
    this.pending.add(answered);
    void answered.then(() => this.pending.delete(answered));
  }

  /** Ends the load, waits for every answer, and reads back every listing that was acknowledged. */
  async end(): Promise<Seen & { lost: number[] }> {
    clearInterval(this.timer);
    await Promise.all(this.pending);
    this.agent.destroy();
    const held = new Set<number>();
    for (let after = 0; ;) {
      const response = await fetch(`${this.base}/api/v1/listings?after=${after}`);
      const { listings } = (await response.json()) as { listings: { id: number }[] };
      if (listings.length === 0) break;
      for (const { id } of listings) held.add(id);
      after = listings.at(-1)!.id;
    }
    return { ...this.seen, lost: this.seen.acknowledged.filter((id) => !held.has(id)) };
  }
}

/** Runs the work under load, and gives what the work gave and what the visitors saw. */
export async function underLoad<T>(base: string, work: () => Promise<T>): Promise<{ result: T; seen: Seen & { lost: number[] } }> {
  const load = new Load(base);
  try {
    const result = await work();
    return { result, seen: await load.end() };
  } catch (error) {
    await load.end().catch(() => undefined);
    throw error;
  }
}
