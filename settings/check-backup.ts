/** What is wrong with a stack's backups, seen beside its other values: pure, like all of the check. */
import type { Values } from "./check.ts";
import { meant, nearest, setCommand, type Problem } from "./problems.ts";

interface InFile {
  /** Of the Compose file, for people. */
  readonly path: string;
  readonly services: readonly string[];
  readonly volumes: readonly string[];
}

/** Whether what is to be backed up is there. */
export function checkWhat({ backup, images }: Partial<Values>, file: InFile, secrets: readonly string[]): Problem[] {
  if (!backup) return [];
  const { service, database, volumes = [] } = backup;
  const problems: Problem[] = volumes.flatMap(({ volume }, index) =>
    file.volumes.includes(volume)
      ? []
      : [
          {
            key: `backup.volumes[${index}]`,
            says: `got "${volume}", a volume which ${file.path} does not have; ${meant(volume, file.volumes)}`,
          },
        ],
  );
  if (database && !secrets.includes(database.url))
    problems.push({
      key: "backup.url",
      says: `got "${database.url}", which is not among the secrets: it names the one that holds the database's URL`,
      fix: setCommand(`secrets.${database.url}`, "", true),
    });
  if (!database && !file.services.includes(service))
    problems.push({
      key: "backup.service",
      says: `got "${service}", which ${file.path} does not have; ${meant(service, file.services)}`,
      fix: setCommand("backup.service", nearest(service, file.services) ?? "SERVICE"),
    });
  if (!database && images?.[service] !== undefined)
    problems.push({ key: "backup.service", says: `got "${service}", which each deploy replaces; a backup is of what stays` });
  return problems;
}

/** What goes with a bucket, and with nothing else. `keys`: the commands that set them. */
export function checkBucket({ backup, backupBucket, backupBucketKeys }: Partial<Values>, keys: string, unread: ReadonlySet<string>): Problem[] {
  const problems: Problem[] = [];
  if (backupBucket && !backup && !unread.has("backup"))
    problems.push({ key: "backup", says: "is missing: a bucket is set, and nothing is backed up", fix: setCommand("backup.service", "SERVICE") });
  if (backupBucketKeys && !backupBucket && !unread.has("backupBucket"))
    problems.push({
      key: "backupBucket",
      says: "is missing: keys are set, and no bucket that they open",
      fix: `${setCommand("backupBucket.name", "BUCKET")}\n${setCommand("backupBucket.region", "REGION")}`,
    });
  if (backupBucket && !backupBucketKeys && !unread.has("backupBucketKeys") && backupBucket.endpoint !== undefined)
    problems.push({ key: "backupBucketKeys", says: `is missing: ${backupBucket.endpoint} is not AWS, where a server has a role of its own`, fix: keys });
  return problems;
}
