/** pg_dump refuses a server that is newer than itself: which versions these are, and which setting mends it. */
import type { Backup } from "../release/backup.ts";
import { Failure } from "./context.ts";

/** `said`: by the backup's command. Of a database in the Compose file the client is its own image's. */
export function olderClient(said: string, { database }: Backup): Failure | undefined {
  const [, server = "", client = ""] = /server version: (\d[^;\s]*)[^;]*; pg_dump version: (\d\S*)/.exec(said) ?? [];
  if (!database || server === "") return undefined;
  const major = server.split(".")[0]!;
  return new Failure(`BACKUP FAILED: the database is Postgres ${server}, and the client in recoloca:backup.image is ${client}, which cannot dump a newer one`, [
    ["to mend it", `an image of Postgres ${major}, by digest: pulumi config set --path recoloca:backup.image postgres@sha256:…`],
  ]);
}
