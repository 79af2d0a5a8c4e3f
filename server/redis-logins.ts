/** Users of a Redis server: let in, proven, shut out. Kept by its ACL file, without which they would be gone with its next start. */
import { createHash } from "node:crypto";
import { Failure } from "./context.ts";
import type { Credentials, Place } from "./login-place.ts";
import { sleep } from "./process.ts";
import { RedisConnection, RedisError, type Reply } from "./redis-connection.ts";

const PORT = 6379;
/** Milliseconds, as for a database. */
const PATIENCE_MILLISECONDS = 30_000;
const LIMIT_MILLISECONDS = 10_000;
const STARTING = ["ECONNREFUSED", "EHOSTUNREACH", "ENETUNREACH", "ETIMEDOUT", "ECONNRESET"];
/** The user that whoever gives only a password is. */
export const DEFAULT_USER = "default";

/** Undefined where the server lets that one not in. */
async function open({ address, port = PORT }: Place, { user, password }: Credentials): Promise<RedisConnection | undefined> {
  for (const began = performance.now(); ;)
    try {
      const connection = await RedisConnection.open(address, port, LIMIT_MILLISECONDS);
      try {
        await connection.send("AUTH", user, password);
        // It reads its data: whoever is let in then is let in.
        await connection.send("PING");
        return connection;
      } catch (error) {
        connection.close();
        if (error instanceof RedisError && /^(WRONGPASS|NOAUTH|ERR AUTH|ERR invalid)/.test(error.message)) return undefined;
        if (!(error instanceof RedisError && error.message.startsWith("LOADING"))) throw error;
        if (performance.now() - began > PATIENCE_MILLISECONDS) throw error;
        await sleep(200);
      }
    } catch (error) {
      if (!STARTING.includes((error as { code?: string }).code ?? "") || performance.now() - began > PATIENCE_MILLISECONDS) throw error;
      await sleep(200);
    }
}

async function within<T>(connection: RedisConnection, work: (connection: RedisConnection) => Promise<T>): Promise<T> {
  try {
    return await work(connection);
  } finally {
    connection.close();
  }
}

async function isLetIn(place: Place, who: Credentials): Promise<boolean> {
  const connection = await open(place, who);
  connection?.close();
  return connection !== undefined;
}

/** The password as its hash: the server shows it to whoever lists users, and may log slow commands. */
const hashed = (password: string) => `#${createHash("sha256").update(password).digest("hex")}`;

/** Has a user that may do everything, and proves it. `ways`: who may make it, in the order in which they are tried. May be done twice. */
export async function admit(place: Place, login: Credentials, ways: readonly Credentials[]): Promise<"there" | "made"> {
  const there = await open(place, login);
  if (there) {
    // Whoever made it may have ended before it was saved.
    await within(there, (one) => save(one, place));
    return "there";
  }
  for (const way of ways) {
    const connection = await open(place, way);
    if (!connection) continue;
    await within(connection, async (one) => {
      await one.send("ACL", "SETUSER", login.user, "reset", "on", hashed(login.password), "~*", "&*", "+@all");
      await save(one, place).catch(async (error: Error) => {
        await one.send("ACL", "DELUSER", login.user);
        throw error;
      });
    });
    if (await isLetIn(place, login)) return "made";
    throw new Failure(`"${login.user}" was made and is not let in`);
  }
  throw new Failure(`nobody is let in to ${place.service ?? "Redis"}: neither "${login.user}" nor ${ways.map(({ user }) => `"${user}"`).join(", ")}`);
}

async function save(connection: RedisConnection, { service = "Redis" }: Place): Promise<void> {
  await connection.send("ACL", "SAVE").catch((error: Error) => {
    if (!/not configured to use an ACL file/.test(error.message)) throw error;
    throw new Failure(`${service} keeps its users nowhere: after its next start nobody would be let in by the new password`, [
      ["hint", "in the Compose file: redis-server --aclfile /data/users.acl, which docs/rotation.md shows whole"],
    ]);
  });
}

/** Closes users, the one that the server began with among them; who was still connected by one is cut off. Gives those that were open. May be done twice. */
export async function shutOut(place: Place, login: Credentials, names: readonly string[]): Promise<string[]> {
  const connection = await open(place, login);
  if (!connection) throw new Error(`"${login.user}" is not let in`);
  return within(connection, async (one) => {
    const listed = usersOf(await one.send("ACL", "LIST")).filter(({ name }) => names.includes(name) || name === DEFAULT_USER);
    // Cut off and saved also where it is closed: who closed it may have ended before that.
    for (const { name, opens } of listed) {
      if (opens) await one.send("ACL", "SETUSER", name, "resetpass", ...(name === DEFAULT_USER ? [] : ["off"]));
      if (name !== DEFAULT_USER) await one.send("CLIENT", "KILL", "USER", name, "SKIPME", "yes");
    }
    await save(one, place);
    await cutOffFirst(one);
    return listed.flatMap(({ name, opens }) => (opens ? [name] : [])).sort();
  });
}

/** Milliseconds in which whoever has connected says who he is, on a busy machine too. */
const SAYS_WHO_MILLISECONDS = 5000;

/**
 * Whoever came in by the first password, and nobody else: until it has said who it is, each connection counts as that user's, those of the release that
 * is live too. Nobody who comes now gets in by it, so it is those who are there already; one that has asked for anything was let in.
 */
async function cutOffFirst(connection: RedisConnection): Promise<void> {
  const firsts = async () => clientsOf(await connection.send("CLIENT", "LIST")).filter(({ user }) => user === DEFAULT_USER);
  let left = (await firsts()).map(({ id }) => id);
  for (const until = performance.now() + SAYS_WHO_MILLISECONDS; left.length > 0; await sleep(100)) {
    const late = performance.now() > until;
    const still = (await firsts()).filter(({ id }) => left.includes(id));
    const known = still.filter(({ asked }) => asked || late);
    for (const { id } of known) await connection.send("CLIENT", "KILL", "ID", id);
    left = still.filter((one) => !known.includes(one)).map(({ id }) => id);
  }
}

/** `id=7 addr=172.18.0.3:51234 … cmd=auth user=default …`, a line each; `asked`: for more than to be let in. */
const clientsOf = (listed: Reply) =>
  String(listed)
    .split("\n")
    .filter((line) => line.includes("id="))
    .map((line) => {
      const field = (name: string) => new RegExp(`(?:^| )${name}=(\\S*)`).exec(line)?.[1] ?? "";
      return { id: field("id"), user: field("user"), asked: !/^(NULL|auth|hello)$/i.test(field("cmd")) };
    });

/** `user default on #5e88… ~* &* +@all`: whether some password opens it, or none has to. */
const usersOf = (listed: Reply) =>
  (listed as readonly string[]).map((line) => {
    const [, name = "", state] = line.split(" ");
    return { name, opens: state === "on" && / (#[0-9a-f]{64}|nopass)\b/.test(line) };
  });
