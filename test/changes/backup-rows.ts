/** Backups, and the bucket that they go to. */
import { hidden, type Section } from "./row.ts";

const word = ["true"];

export const BACKUPS: Section = {
  title: "Backups and their bucket",
  rows: [
    {
      change: "when, how many, by which commands, of which volumes, where they are encrypted for",
      set: {
        ...{ "backup.every": "04:00", "backup.drill": "Sat 05:00", "backup.before": "deploy", "backup.keep": 20, "backup.timeout": "1h" },
        ...{ "backup.command": word, "backup.verify": word, "backup.restore": word, "backup.take": word, "backup.count": word, "backup.drop": word },
        ...{ "backup.volumes": ["redis"], "backup.localIsEnough": true },
        "backup.recipient": "age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kudwq0m3q6l8zkm",
      },
      does: ["~ host-bucket", "~ release"],
      note: "backups that are there stay as they are",
    },
    {
      change: "a database that is elsewhere",
      set: {
        "backup.service": undefined,
        "backup.url": "DATABASE_URL",
        "backup.image": `postgres@sha256:${"b".repeat(64)}`,
        "secrets.DATABASE_URL": hidden("postgres://user:a-password-that-nobody-may-see@db.example.com/shop"),
      },
      along: ["secrets.DATABASE_URL"],
      does: ["rolls", "~ review"],
      note: "from then on that one is backed up, and the service's not any more; its secret makes another release",
    },
    {
      change: "how long a backup is locked",
      set: { "createBackupBucket.lock": "compliance", "createBackupBucket.lockDays": 14 },
      does: ["~ BucketObjectLockConfiguration"],
      note: "of those that come; nothing shortens the lock of one that is there",
    },
    {
      change: "when it gets cheaper storage and is removed; a log of who asked for it",
      set: { "createBackupBucket.coldAfter": 40, "createBackupBucket.expireAfter": 50, "createBackupBucket.accessLogs": "logs-of-somebody" },
      does: ["~ BucketLifecycleConfiguration", "+ BucketLogging"],
      note: "of those that are there, too: **older backups than `expireAfter` go** once their lock is over",
    },
    {
      change: "another name of the bucket",
      set: { "createBackupBucket.name": "another-name" },
      refused: /recoloca:createBackupBucket\.name {2}got "another-name", and the bucket that is there has the name that AWS gave it\n.*back:/,
    },
    {
      change: "no bucket, or one of your own in its place",
      set: { createBackupBucket: undefined, backupBucket: { name: "own", region: "eu-central-1" } },
      refused: /recoloca-staging-backups" cannot be deleted\nbecause it is protected/,
      note: "in Pulumi's words; what it takes: [aws.md](aws.md#taking-it-down)",
    },
    {
      change: "one of your own beside it",
      set: {
        backupBucket: { name: "own", region: "eu-central-1", prefix: "backups", endpoint: "https://s3.example.com", pathStyle: true },
        backupBucketKeys: { accessKeyId: hidden("AKIA0000000000000000"), secretAccessKey: hidden("a-secret-that-nobody-may-see") },
      },
      refused: /recoloca:createBackupBucket +and recoloca:backupBucket are both set: one bucket is wanted/,
    },
  ],
};
