/**
 * An application that logs in to the sample's PostgreSQL at each request, by whatever login its release was given, and generations of it; with
 * visitors who come all the while.
 */
import * as http from "node:http";
import { testSite } from "../local/site.ts";
import type { Plan } from "../release/plan.ts";
import { planFor } from "./host.ts";
import { imagesOf, server } from "./site.ts";

const PSQL = "/usr/lib/postgresql/17/bin/psql";

/** Each answer wants a login of its own, and says who was let in and works as whom. */
const WEB = `import http.server, os, psycopg
class Web(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        try:
            with psycopg.connect(host="postgres", dbname="shop", user=os.environ["DATABASE_USER"], password=os.environ["PGPASSWORD"], sslmode="disable") as database:
                body, status = database.execute("select session_user || ' as ' || current_user").fetchone()[0], 200
        except Exception as error:
            body, status = str(error), 500
        self.send_response(status)
        self.end_headers()
        self.wfile.write(body.encode())
    def log_message(self, *_): pass
class Server(http.server.ThreadingHTTPServer):
    request_queue_size = 200
Server(("", 8000), Web).serve_forever()`;

const since = "2026-11-25";
export const FIRST = "the-first-password";
export const passwordOf = (generation: number) => (generation === 1 ? FIRST : `password-of-generation-${generation}`);
export const userOf = (generation: number) => (generation === 1 ? "shop" : generation % 2 ? "shop_b" : "shop_a");
/** The one that a generation takes turns with. */
export const otherThan = (generation: number) => userOf(generation === 2 ? 3 : generation - 1);

const { backend, postgres } = await imagesOf("1");
export const plain: Plan = planFor(backend, {
  compose: `services:
  web: { image: web, init: true, command: ${JSON.stringify(["python3", "-c", WEB])}, environment: { DATABASE_USER: "\${DATABASE_USER:-shop}", PGPASSWORD: "\${DATABASE_PASSWORD}", NEXT: "\${NEXT:-}" } }
  postgres:
    image: ${postgres}
    environment: { POSTGRES_USER: shop, POSTGRES_DB: shop, POSTGRES_PASSWORD_FILE: /run/secrets/first }
    secrets: [first]
    volumes: ["data:/var/lib/postgresql/data"]
    healthcheck: { test: ["CMD-SHELL", "pg_isready --username shop --host 127.0.0.1"], interval: 500ms, retries: 60 }
    stop_signal: SIGINT
volumes: { data: {} }
secrets: { first: { environment: POSTGRES_PASSWORD } }
`,
  migration: {
    service: "web",
    command: [
      "sh",
      "-c",
      `${PSQL} --host=postgres --username="$DATABASE_USER" --command='create table if not exists orders (id serial); alter table orders add column if not exists "c$NEXT" int' shop`,
    ],
    timeout: 60,
  },
});

export function generation(number: number, change: Partial<Plan> = {}): Plan {
  const rotated = number > 1 && {
    logins: [
      {
        kind: "postgres" as const,
        service: "postgres",
        user: "DATABASE_USER",
        password: "DATABASE_PASSWORD",
        closes: [otherThan(number)],
        first: "POSTGRES_PASSWORD",
      },
    ],
    generations: { POSTGRES_PASSWORD: { generation: number, since } },
  };
  const variables = {
    POSTGRES_PASSWORD: FIRST,
    DATABASE_PASSWORD: passwordOf(number),
    ...(number > 1 && { DATABASE_USER: userOf(number) }),
    NEXT: String(number),
  };
  return { ...plain, release: `generation-${number}`, variables, masked: ["POSTGRES_PASSWORD", "DATABASE_PASSWORD"], ...rotated, ...change };
}

/** As whoever has learned a password would come: from the host, over the network. */
export async function opens(number: number): Promise<boolean> {
  const address =
    "$(docker inspect --format '{{(index .NetworkSettings.Networks \"shapes-test_blue\").IPAddress}}' $(docker ps --quiet --filter label=recoloca.service=postgres))";
  const ran = await server(
    `docker run --rm --network shapes-test_blue --env PGPASSWORD=${passwordOf(number)} ${plain.images["web"]!} ${PSQL} --host=${address} --username=${userOf(number)} --command='select 1' shop`,
  );
  return ran.code === 0;
}

/** So many at a time, each with so many milliseconds from one visit to his next: a hundred a second, and fewer where the machine has no more to give. */
const VISITORS = 5;
const EVERY = 50;

/** Visitors, until the work is done and each of them has his answer. Gives what went wrong. */
export async function visited(work: () => Promise<unknown>): Promise<{ answers: number; wrong: string[] }> {
  const wrong: string[] = [];
  let answers = 0;
  let done = false;
  const visitor = async () => {
    while (!done) {
      const next = performance.now() + EVERY;
      const said = await visit();
      answers++;
      if (!/^200 shop(_[ab])? as shop$/.test(said)) wrong.push(said);
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

const visit = () =>
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
