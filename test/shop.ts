/** A shop with a real Postgres, whose every release migrates: it adds an order. For tests of what happens to its data. */
import * as z from "zod";
import type { Backup } from "../release/backup.ts";
import type { Plan } from "../release/plan.ts";
import { backupForm } from "../settings/backup.ts";
import { planFor, webAnswering } from "./host.ts";
import { imagesOf, server } from "./site.ts";

export const PASSWORD = "a-secret-word";

const duration = z.string().transform(() => 60);
/** As a stack's settings give it. */
export const backupOf = (given: object): Backup => backupForm(duration).parse(given);
export const postgres = (change: object = {}): Backup => backupOf({ service: "postgres", ...change });

const MIGRATE = "create table if not exists orders (id serial, what text); insert into orders (what) values ('one')";

export async function shop(change: Partial<Plan> = {}): Promise<Plan> {
  const { backend, postgres: database } = await imagesOf("1");
  return planFor(backend, {
    compose: `services:
  web: { image: web, init: true, command: ${JSON.stringify(webAnswering('"hello"'))}, environment: { PGPASSWORD: "\${PASSWORD}" } }
  postgres:
    image: ${database}
    environment: { POSTGRES_USER: shop, POSTGRES_DB: shop, POSTGRES_PASSWORD_FILE: /run/secrets/password }
    secrets: [password]
    volumes: ["data:/var/lib/postgresql/data"]
    healthcheck: { test: ["CMD-SHELL", "pg_isready --username shop --host 127.0.0.1"], start_period: 60s, start_interval: 300ms, interval: 10s }
    stop_signal: SIGINT
volumes: { data: {} }
secrets: { password: { environment: PASSWORD } }
`,
    variables: { PASSWORD },
    masked: ["PASSWORD"],
    backup: postgres(),
    migration: {
      service: "web",
      command: ["/usr/lib/postgresql/17/bin/psql", "--host=postgres", "--username=shop", `--command=${MIGRATE}`, "shop"],
      timeout: 60,
    },
    keep: 2,
    ...change,
  });
}

let next = 0;
/** A release that is new each time. */
export const releaseOf = (plan: Plan, change: Partial<Plan> = {}): Plan => ({
  ...plan,
  release: `r${++next}`,
  variables: { ...plan.variables, NEXT: String(next) },
  ...change,
});

export const sql = (text: string, database = "shop") =>
  server(`recoloca exec postgres -- psql --username shop --tuples-only --no-align --command ${JSON.stringify(text)} ${database}`);
export const rows = async (database?: string) => (await sql("select count(*) from orders", database)).stdout.trim();

export const FOLDER = "/var/lib/recoloca/backups/shapes-test";
export const files = async () => (await server(`ls ${FOLDER}`)).stdout.trim().split("\n").filter(Boolean);
