/**
 * A rotation of a database's password that is interrupted where its logins are made or closed: the release that lives is let in, before and
 * after, and the next deploy needs no hand on the server. A lock of the table of roles holds the deploy there: roles are read and not written.
 */
import { afterEach, expect, test } from "vitest";
import { FAULTS, type Fault } from "../chaos/faults.ts";
import { reached } from "../held-release.ts";
import { startDeploy } from "../host.ts";
import { isInterrupted, isRotated, type Rotated } from "../interrupted-rotation.ts";
import { generation, LET_IN, opens, plain } from "../rotated-database.ts";
import { server } from "../site.ts";
import { partOf } from "../whole.ts";

const rotated: Rotated = { secret: "POSTGRES_PASSWORD", letIn: LET_IN, plain, generation, opens };
isRotated(rotated);
afterEach(async () => void (await psql(LET_GO)));

const LET_GO = "select pg_terminate_backend(pid) from pg_stat_activity where wait_event = 'PgSleep'";
const psql = (...commands: string[]) =>
  server(`recoloca exec postgres -- psql --username shop --tuples-only --no-align ${commands.map((one) => `--command "${one}"`).join(" ")} shop`);

/** Nobody writes a role until it is let go; held for longer than any fault takes. */
function lockRoles(): { readonly letGo: () => Promise<void> } {
  const held = psql("begin", "lock table pg_authid in share mode", "select pg_sleep(60)");
  return {
    letGo: async () => {
      await psql(LET_GO);
      await held;
    },
  };
}

async function untilOnRoles(granted: boolean): Promise<void> {
  const count = () =>
    psql(
      `select count(*) from pg_locks where relation = 'pg_authid'::regclass and mode ${granted ? "=" : "<>"} 'ShareLock' and ${granted ? "" : "not "}granted`,
    );
  await expect.poll(async () => (await count()).stdout.trim(), { timeout: 60_000, interval: 50 }).toBe("1");
}

const UNSEEN: readonly Fault[] = ["its connection is cut", "its process is killed", "it is cancelled"];

test.each(
  partOf<["made" | "closed", Fault, "before" | "new"]>(
    [
      ["made", "its connection is cut", "new"],
      ["made", "its process is killed", "before"],
      ["made", "it is cancelled", "before"],
      ["made", "the power is cut", "before"],
      ["closed", "its connection is cut", "new"],
      ["closed", "its process is killed", "new"],
      ["closed", "the power is cut", "new"],
    ],
    2,
  ),
)("while a login is being %s, %s: the one of %s opens, and only that one once it is live", (what, fault, lives) =>
  isInterrupted(rotated, {
    lives,
    unseen: UNSEEN.includes(fault),
    interrupt: async ({ number }) => {
      const rolls = () => startDeploy(generation(number, { watch: what === "closed" ? 300 : 1 }));
      const first = what === "closed" ? rolls() : undefined;
      if (first) await reached(`generation-${number}`, "watched");
      const lock = lockRoles();
      await untilOnRoles(true);
      // The window ends by a word, which waits for the release's end: nothing is closed before the lock is there, however long that takes.
      const accepted = first && server("recoloca accept");
      const deploying = first ?? rolls();
      await untilOnRoles(false);
      const faulted = FAULTS[fault](deploying);
      // What is cancelled ends at once or with its step: that one ends now.
      if (fault === "it is cancelled") await lock.letGo();
      await faulted;
      await lock.letGo();
      await accepted;
      return deploying;
    },
  }),
);
