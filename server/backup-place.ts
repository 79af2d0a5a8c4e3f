/** Where a backup's commands run: the base of a release, or a client beside it for a database that is elsewhere. */
import type { Backup } from "../release/backup.ts";
import type { ComposeDocument } from "./compose-split.ts";
import { postgresVariables } from "./database-url.ts";
import type { Job } from "./job.ts";
import { credentialsOf } from "./logins.ts";
import { readJson, type Store } from "./store.ts";

/** Which project and network a backup's commands run in. */
export interface Place {
  readonly store: Store;
  /** Names jobs and their files. */
  readonly number: number;
  /** The release whose login opens what is there. Another one's may not be let in yet. */
  readonly live: number;
  readonly document: ComposeDocument;
  readonly environment: Record<string, string>;
}

/** The base as a release brought it up. */
export function baseOf(store: Store, number: number): Place | undefined {
  const document = readJson<ComposeDocument>(store.file(number, "base.compose.json"));
  return document && { store, number, live: number, document, environment: store.plan(number).variables };
}

/** The same with today's URL, for a database that is elsewhere: the release that runs may know none, or one of before a rotation. */
export const withUrl = (place: Place, { database }: Backup, variables: Record<string, string>): Place =>
  database?.url !== undefined && variables[database.url] !== undefined
    ? { ...place, environment: { ...place.environment, [database.url]: variables[database.url]! } }
    : place;

/** Whether there is something to back up where the base is this one. */
export const canBackUp = ({ service, database }: Backup, { document }: Place): boolean => database !== undefined || document.services[service] !== undefined;

/** What is run for a backup, a restore or a drill: each may be ended where nobody waits for it any more. */
export const BACKUP_JOBS = ["backup", "backup-check", "restore", "take", "drill-count", "drill-drop"] as const;
type BackupJob = (typeof BACKUP_JOBS)[number];

export function backupJob(place: Place, backup: Backup, kind: BackupJob, command: readonly string[], variables: Record<string, string> = {}): Job {
  const { database, service } = backup;
  const url = database && place.environment[database.url];
  if (database && url === undefined) throw new Error(`${database.url}, which holds the database's URL, has no value`);
  return {
    kind,
    stack: place.store.stack,
    number: place.number,
    document: database ? { ...place.document, services: { [service]: { image: database.image } } } : place.document,
    service,
    network: "blue",
    command,
    environment: place.environment,
    variables: { ...(database ? postgresVariables(url!, database.url) : loginOf(place, service)), ...variables },
    file: place.store.file(place.number, `${kind}.compose.json`),
  };
}

/** The first password of a service that was renewed opens nothing any more. */
function loginOf({ store, live }: Place, service: string): Record<string, string> {
  const login = credentialsOf(store.plan(live), service);
  return login ? { LOGIN_USER: login.user, LOGIN_PASSWORD: login.password } : {};
}
