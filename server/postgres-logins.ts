/**
 * Logins of a PostgreSQL server: let in, proven, shut out. Each is a member of the owner and works as the owner from its first statement on, so
 * that what it makes belongs to the owner and the next login may change it. Over the network, as the application does: what comes by a
 * local socket is trusted by default and proves nothing.
 */
import type { Client } from "pg";
import { Failure } from "./context.ts";
import type { Credentials, Place } from "./login-place.ts";
import { sleep } from "./process.ts";
import { scramVerifier } from "./scram.ts";

/** @default port 5432 */
export interface Database extends Place {
  readonly database: string;
  /** The user that the server began with. */
  readonly owner: string;
}

/** Milliseconds for which a server that is just starting is asked again, and which a question may take. */
const PATIENCE_MILLISECONDS = 30_000;
const LIMIT_MILLISECONDS = 10_000;

/** A wrong password, no such user, or one who may not log in: the server does not tell them apart to whoever knocks. */
const REFUSED = ["28P01", "28000"];
/** It is starting, or is not there yet. */
const STARTING = ["57P03", "ECONNREFUSED", "EHOSTUNREACH", "ENETUNREACH", "ETIMEDOUT", "ECONNRESET"];

const codeOf = (error: unknown) => (error as { code?: string }).code ?? "";

/** Undefined where the server lets that one not in. */
async function open({ address, port = 5432, database }: Database, { user, password }: Credentials): Promise<Client | undefined> {
  const { Client: PostgresClient } = (await import("pg")).default;
  for (const began = performance.now(); ;) {
    const client = new PostgresClient({
      host: address,
      port,
      database,
      user,
      password,
      application_name: "recoloca",
      connectionTimeoutMillis: LIMIT_MILLISECONDS,
      query_timeout: LIMIT_MILLISECONDS,
      // Nothing of the host's own environment, where a PGSSLMODE may stand.
      ssl: false,
    });
    // Said to whoever waits for an answer; without anybody who listens it would end this process.
    client.on("error", () => undefined);
    try {
      await client.connect();
      return client;
    } catch (error) {
      await client.end().catch(() => undefined);
      if (REFUSED.includes(codeOf(error))) return undefined;
      if (!STARTING.includes(codeOf(error)) || performance.now() - began > PATIENCE_MILLISECONDS) throw error;
      await sleep(200);
    }
  }
}

async function within<T>(client: Client, work: (client: Client) => Promise<T>): Promise<T> {
  try {
    return await work(client);
  } finally {
    await client.end().catch(() => undefined);
  }
}

const quoted = (name: string) => `"${name.replaceAll('"', '""')}"`;
const literal = (text: string) => `'${text.replaceAll("'", "''")}'`;

/** That somebody is let in and works as the owner. False where he is not let in. */
async function proven(place: Database, login: Credentials): Promise<boolean> {
  const client = await open(place, login);
  if (!client) return false;
  const { rows } = await within(client, (one) => one.query<{ me: string }>("select current_user as me"));
  if (rows[0]!.me !== place.owner) throw new Failure(`"${login.user}" is let in, and works as "${rows[0]!.me}" instead of "${place.owner}"`);
  return true;
}

/**
 * Has a login that opens the database, and proves it. One that does so already is left alone. `ways`: who may make it, in the order in which they
 * are tried. May be done twice.
 */
export async function admit(place: Database, login: Credentials, ways: readonly Credentials[]): Promise<"there" | "made"> {
  if (await proven(place, login)) return "there";
  for (const way of ways) {
    const client = await open(place, way);
    if (!client) continue;
    await within(client, (one) => make(one, place, login));
    if (await proven(place, login)) return "made";
    throw new Failure(`"${login.user}" was made and is not let in: does pg_hba.conf let it in from this host?`);
  }
  throw new Failure(`nobody is let in to the database: neither "${login.user}" nor ${ways.map(({ user }) => `"${user}"`).join(", ")}`, [
    [
      "hint",
      `open it from inside, and give its own user the password that the stack has: recoloca exec ${place.service ?? "SERVICE"} -- psql --username ${place.owner}, then \\password`,
    ],
  ]);
}

async function make(client: Client, { owner }: Database, { user, password }: Credentials): Promise<void> {
  const { rowCount } = await client.query("select from pg_roles where rolname = $1", [user]);
  await client.query("begin");
  await client.query(`${rowCount ? "alter" : "create"} role ${quoted(user)} with login password ${literal(scramVerifier(password))}`);
  await client.query(`grant ${quoted(owner)} to ${quoted(user)}`);
  await client.query(`alter role ${quoted(user)} set role = ${literal(owner)}`);
  await client.query("commit");
}

/**
 * Closes logins, and takes the owner's own password away; who was still connected by one of them is cut off. Gives the names of those that were
 * open until now. May be done twice.
 */
export async function shutOut(place: Database, login: Credentials, names: readonly string[]): Promise<string[]> {
  const client = await open(place, login);
  if (!client) throw new Error(`"${login.user}" is not let in to the database`);
  return within(client, async (one) => {
    const all = [...names, place.owner];
    const { rows } = await one.query<{ rolname: string }>(
      "select rolname from pg_authid where rolname = any($1) and rolpassword is not null order by rolname",
      [all],
    );
    const open = rows.map(({ rolname }) => rolname);
    await one.query("begin");
    // The owner stays who he is, and may come from inside.
    for (const name of open) await one.query(`alter role ${quoted(name)} with ${name === place.owner ? "" : "nologin "}password null`);
    await one.query("commit");
    await one.query("select pg_terminate_backend(pid) from pg_stat_activity where usename = any($1) and client_addr is not null and pid <> pg_backend_pid()", [
      all,
    ]);
    return open;
  });
}
