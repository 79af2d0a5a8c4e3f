/** Postgres's own commands for a backup, all of the image that they run in, so that versions agree. */
import type { Backup } from "../release/backup.ts";

/** The login of today where there is one, else both ways in which the official images take a password. */
export const inService = (service: string) =>
  `export PGPASSWORD="\${LOGIN_PASSWORD:-\${POSTGRES_PASSWORD:-$(cat "\${POSTGRES_PASSWORD_FILE:-/dev/null}")}}" PGHOST=${service} PGUSER="\${LOGIN_USER:-\${POSTGRES_USER:-postgres}}" PGDATABASE="\${POSTGRES_DB:-\${POSTGRES_USER:-postgres}}"`;

/** The host program sets the same variables from the URL. */
export const atUrl = ': "\${PGHOST:?}"';

const SQL = "psql --quiet --no-psqlrc --no-align --tuples-only --set=ON_ERROR_STOP=1";

/** A line of JSON for each table whose rows pg_dump writes, then the bytes of the whole. */
const COUNT = String.raw`select format('select json_build_array(%L::text, count(*)) from %I.%I', nspname || '.' || relname, nspname, relname)
  from pg_class c join pg_namespace n on n.oid = c.relnamespace
  where relkind = 'r' and relpersistence <> 't' and nspname !~ '^pg_' and nspname <> 'information_schema'
    and not exists (select from pg_depend where classid = 'pg_class'::regclass and objid = c.oid and deptype = 'e')
  order by 1 \gexec
select json_build_array('*', pg_database_size(current_database()));`;

/**
 * A custom-format dump: compressed, and restored table by table. Counted in the very snapshot that is dumped, so that what is
 * written meanwhile changes neither. zstd, where this pg_dump has it, is several times as fast as gzip. A pg_dump that fails ends psql,
 * which must not be the container's first process: the kernel keeps that one from being ended.
 */
const dump = (connect: string) =>
  String.raw`set -e; ${connect}
if pg_dump --format=custom --compress=zstd --host=/nowhere none 2>&1 | grep -q -i compress; then COMPRESS=; else COMPRESS=--compress=zstd:3; fi
export COMPRESS
${SQL} --set=counts="\${COUNTS:-/dev/null}" <<'SQL'
begin transaction isolation level repeatable read read only;
select pg_export_snapshot() as snapshot \gset
\setenv SNAPSHOT :snapshot
\o :counts
${COUNT}
\o
\! pg_dump --format=custom $COMPRESS --snapshot="$SNAPSHOT" < /dev/null || kill $PPID
SQL`.replaceAll("\\$", "$");

/**
 * Renaming wants nobody to be connected, so it is tried again while somebody comes back; it happens to both databases or to
 * neither. Done before by a try that was interrupted, it is done. What such a try left half restored goes.
 */
const take = (connect: string) => `set -e; ${connect}
sql() { ${SQL} --set=app="$PGDATABASE" --set=into="$INTO" --set=kept="$KEPT" --dbname=template1; }
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
  dropdb --maintenance-db=template1 "$left" < /dev/null || true
done`;

type Commands = Required<Pick<Backup, "command" | "verify" | "restore" | "take" | "count" | "drop">>;

/** `connect`: shell that sets libpq's variables, PGDATABASE among them. */
export const postgres = (connect: string): Commands => {
  const shell = (text: string) => ["sh", "-c", text];
  return {
    command: shell(dump(connect)),
    verify: shell("pg_restore --file=/dev/null"),
    restore: shell(`set -e; ${connect}; createdb --template=template0 --maintenance-db=template1 "$INTO"; exec pg_restore --exit-on-error --dbname="$INTO"`),
    take: shell(take(connect)),
    count: shell(`set -e; ${connect}; exec ${SQL} --dbname="$INTO" <<'SQL'\n${COUNT}\nSQL`),
    drop: shell(`set -e; ${connect}; exec dropdb --if-exists --maintenance-db=template1 "$INTO"`),
  };
};
