/** An application that logs in to the sample's PostgreSQL at each request, by whatever login its release was given, and generations of it. */
import type { Plan } from "../release/plan.ts";
import { planFor } from "./host.ts";
import { FIRST, otherThan, passwordOf, SINCE, userOf, webThatLogsIn } from "./rotated-logins.ts";
import { imagesOf, server } from "./site.ts";

const PSQL = "/usr/lib/postgresql/17/bin/psql";

/** Each answer wants a login of its own, and says who was let in and works as whom. */
const WEB = webThatLogsIn(
  "psycopg",
  `with psycopg.connect(host="postgres", dbname="shop", user=os.environ["DATABASE_USER"], password=os.environ["PGPASSWORD"], sslmode="disable") as database:
    body = database.execute("select session_user || ' as ' || current_user").fetchone()[0]`,
);

const { backend, postgres } = await imagesOf("1");
/** What is right of its answers. */
export const LET_IN = /^200 shop(_[ab])? as shop$/;

export const plain: Plan = planFor(backend, {
  // Ends with the last visitor: on a busy machine one that is in the middle of an answer takes more than a second.
  drain: 20,
  compose: `services:
  web: { image: web, init: true, command: ${JSON.stringify(["python3", "-c", WEB])}, environment: { DATABASE_USER: "\${DATABASE_USER:-shop}", PGPASSWORD: "\${DATABASE_PASSWORD}", NEXT: "\${NEXT:-}" } }
  postgres:
    image: ${postgres}
    environment: { POSTGRES_USER: shop, POSTGRES_DB: shop, POSTGRES_PASSWORD_FILE: /run/secrets/first }
    secrets: [first]
    volumes: ["data:/var/lib/postgresql/data"]
    healthcheck: { test: ["CMD-SHELL", "pg_isready --username shop --host 127.0.0.1"], start_period: 60s, start_interval: 300ms, interval: 10s }
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
    generations: { POSTGRES_PASSWORD: { generation: number, since: SINCE } },
  };
  const variables = {
    POSTGRES_PASSWORD: FIRST,
    DATABASE_PASSWORD: passwordOf(number),
    ...(number > 1 && { DATABASE_USER: userOf(number) }),
    NEXT: String(number),
  };
  // Each differs in more than values: those of today would make them one release.
  return {
    ...plain,
    release: `generation-${number}`,
    compose: `${plain.compose}# ${number}\n`,
    variables,
    masked: ["POSTGRES_PASSWORD", "DATABASE_PASSWORD"],
    ...rotated,
    ...change,
  };
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
