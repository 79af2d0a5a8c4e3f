/** How a backup is configured: for Postgres the service's name is enough, anything else names its own commands. */
import * as z from "zod";
import { backupSchema, type Backup } from "../release/plan.ts";

/** Both ways in which the official images take a password. */
const PASSWORD = 'export PGPASSWORD="${POSTGRES_PASSWORD:-$(cat "${POSTGRES_PASSWORD_FILE:-/dev/null}")}"';
const WHO = '--username="${POSTGRES_USER:-postgres}"';
const DATABASE = '"${POSTGRES_DB:-${POSTGRES_USER:-postgres}}"';

/**
 * Renaming wants nobody to be connected, so it is tried again while somebody comes back; it happens to both databases or to
 * neither. Done before by a try that was interrupted, it is done. What such a try left half restored goes.
 */
const take = (service: string) => `set -e; ${PASSWORD}
sql() { psql --quiet --no-psqlrc --no-align --tuples-only --set=ON_ERROR_STOP=1 --set=app=${DATABASE} --set=into="$INTO" --set=kept="$KEPT" --host=${service} ${WHO} --dbname=template1; }
is_there() { [ "$(echo "select count(*) from pg_database where datname = :'$1'" | sql)" = 1 ]; }
rename() { sql > /dev/null <<'SQL'
select pg_terminate_backend(pid) from pg_stat_activity where datname in (:'app', :'into') and pid <> pg_backend_pid();
begin;
alter database :"app" rename to :"kept";
alter database :"into" rename to :"app";
commit;
SQL
}
if is_there into || ! is_there kept; then
  for try in 1 2 3 4 5 6 7 8 9 last; do
    if rename; then break; fi
    if [ $try = last ]; then exit 1; fi
    sleep 1
  done
fi
echo "select datname from pg_database where starts_with(datname, 'recoloca_in_')" | sql | while read -r left; do
  dropdb --host=${service} ${WHO} --maintenance-db=template1 "$left" < /dev/null || true
done`;

/** A custom-format dump: compressed, and restored table by table. Commands run in the service's own image, so versions agree. */
const postgres = (service: string) => ({
  command: ["sh", "-c", `${PASSWORD}; exec pg_dump --format=custom --host=${service} ${WHO} ${DATABASE}`],
  verify: ["sh", "-c", "pg_restore --file=/dev/null"],
  restore: [
    "sh",
    "-c",
    `set -e; ${PASSWORD}; createdb --host=${service} ${WHO} --maintenance-db=template1 "$INTO"; exec pg_restore --exit-on-error --host=${service} ${WHO} --dbname="$INTO"`,
  ],
  take: ["sh", "-c", take(service)],
});

const OWN = ["command", "verify", "restore", "take"] as const;

export const backupForm = (duration: z.ZodType<number, string>) =>
  backupSchema
    .extend({ command: backupSchema.shape.command.optional(), verify: backupSchema.shape.verify.optional(), timeout: duration.prefault("30m") })
    .superRefine((given, context) => {
      if (given.command && !given.verify)
        context.addIssue({ code: "custom", path: ["verify"], message: "wants a command that reads a backup and fails where it cannot" });
      if (given.take && !given.restore)
        context.addIssue({ code: "custom", path: ["restore"], message: "wants the command that fills the database which `take` puts in place" });
    })
    .transform((given): Backup => {
      const named = Object.fromEntries(OWN.flatMap((name) => (given[name] ? [[name, given[name]]] : [])));
      // Postgres's own commands go together with no others.
      const commands = given.command && given.verify ? { command: given.command, verify: given.verify } : postgres(given.service);
      const { service, before, keep, timeout } = given;
      return { service, ...commands, ...named, before, keep, timeout };
    });
