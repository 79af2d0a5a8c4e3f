/** How a backup is configured: for Postgres the service's name is enough, anything else names its own commands. */
import * as z from "zod";
import { backupSchema, type Backup } from "../release/plan.ts";

/** Both ways in which the official images take a password. */
const PASSWORD = 'export PGPASSWORD="${POSTGRES_PASSWORD:-$(cat "${POSTGRES_PASSWORD_FILE:-/dev/null}")}"';
const WHO = '--username="${POSTGRES_USER:-postgres}"';
const DATABASE = '"${POSTGRES_DB:-${POSTGRES_USER:-postgres}}"';

/** A custom-format dump: compressed, and restored table by table. Commands run in the service's own image, so versions agree. */
const postgres = (service: string) => ({
  command: ["sh", "-c", `${PASSWORD}; exec pg_dump --format=custom --host=${service} ${WHO} ${DATABASE}`],
  verify: ["sh", "-c", "pg_restore --file=/dev/null"],
  restore: [
    "sh",
    "-c",
    `set -e; ${PASSWORD}; createdb --host=${service} ${WHO} "$INTO"; exec pg_restore --exit-on-error --no-owner --host=${service} ${WHO} --dbname="$INTO"`,
  ],
});

export const backupForm = (duration: z.ZodType<number, string>) =>
  backupSchema
    .extend({ command: backupSchema.shape.command.optional(), verify: backupSchema.shape.verify.optional(), timeout: duration.prefault("30m") })
    .superRefine((given, context) => {
      if (given.command && !given.verify)
        context.addIssue({ code: "custom", path: ["verify"], message: "wants a command that reads a backup and fails where it cannot" });
    })
    .transform((given): Backup => {
      const own = given.command && given.verify ? { command: given.command, verify: given.verify } : postgres(given.service);
      const { service, before, keep, timeout } = given;
      const restore = given.restore ?? ("restore" in own ? own.restore : undefined);
      return { service, ...own, ...(restore && { restore }), before, keep, timeout };
    });
