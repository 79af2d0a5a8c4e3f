/** What is backed up, how, when and to where: the plan's part that both ends check with the same schema. */
import * as z from "zod";
import { imageByDigest, seconds, serviceName, variableName } from "./forms.ts";

/** A bucket of anything that speaks S3. Without keys the server's own role opens it (an EC2 instance profile). */
export const bucketSchema = z.strictObject({
  name: z
    .string()
    .regex(
      /^(?!.*\.\.)(?!\d+\.\d+\.\d+\.\d+$)[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/,
      "wants a bucket's name, 3 to 63 lower-case letters, digits, single dots and dashes, and no address: acme-backups",
    ),
  region: z.string().regex(/^[a-z0-9-]+$/, "wants a region such as eu-central-1"),
  /** Below it each stack has a folder of its own. Empty: the bucket's top. */
  prefix: z
    .string()
    .regex(/^([A-Za-z0-9._-]+(\/[A-Za-z0-9._-]+)*)?$/, "wants folders such as backups/web, without a slash at either end")
    .default(""),
  /** Where it is not AWS: `https://s3.example.com`. */
  endpoint: z.url({ protocol: /^https?$/, error: "wants a URL such as https://s3.example.com" }).optional(),
  /** `https://endpoint/bucket/key` in place of `https://bucket.endpoint/key`: what most stores that are not AWS want. */
  pathStyle: z.boolean().default(false),
  accessKeyId: z.string().min(1).optional(),
  /** Secret. */
  secretAccessKey: z.string().min(1).optional(),
});
export type Bucket = z.infer<typeof bucketSchema>;

/** A named volume, backed up as the tar of what is in it. */
export const volumeSchema = z.strictObject({
  /** Its key below `volumes` in the Compose file. */
  volume: z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]*$/, "wants the name of a volume of the Compose file"),
  /** Whether the base's services that mount it are stopped meanwhile. Without it files may change while they are read. */
  stop: z.boolean().default(false),
});
export type VolumeBackup = z.infer<typeof volumeSchema>;

/** Only its letters are checked here; what systemd makes of it, the server says. */
const calendar = z.string().regex(/^[A-Za-z0-9*:,./~ -]+$/, "wants a calendar expression of systemd, such as daily, *-*-* 03:15:00, Sun 04:00");

/** Taken before a migration changes the data, checked, and kept. */
export const backupSchema = z.strictObject({
  /** Service of the base whose image, environment and network the commands get; with `database` only a name for people. */
  service: serviceName,
  /** A database that is no service of the Compose file: the image of its client, and the variable that holds its URL. */
  database: z.strictObject({ image: imageByDigest, url: variableName }).optional(),
  /**
   * Writes the backup to standard output. Where it knows, it writes what it counted into the file COUNTS: a line of JSON for each
   * table, `["public.orders", 120]`, and `["*", 52428800]` for the bytes that the whole takes once it is restored.
   */
  command: z.array(z.string()).min(1),
  /** Reads the backup from standard input, and fails where it cannot be read. */
  verify: z.array(z.string()).min(1),
  /** Reads the backup from standard input into a new database, whose name is in the variable INTO. */
  restore: z.array(z.string()).min(1).optional(),
  /**
   * Puts the database in INTO, which was restored, in the place of the application's, whose name from then on is KEPT. All or
   * nothing. A breaking migration wants it, and so does going back with data.
   */
  take: z.array(z.string()).min(1).optional(),
  /** Prints what is in the database in INTO, in the form of COUNTS. A drill wants it. */
  count: z.array(z.string()).min(1).optional(),
  /** Removes the database in INTO, where there is one. A drill wants it. */
  drop: z.array(z.string()).min(1).optional(),
  /** Volumes that are backed up with it, each as a backup of its own. @default none */
  volumes: z.array(volumeSchema).max(20).optional(),
  /** `migration`: before each one. `deploy`: before each deploy. `never`: only when somebody asks for one. */
  before: z.enum(["migration", "deploy", "never"]).default("migration"),
  /** When one is taken by itself; nothing else may be running, so it waits for a deploy. @default never */
  every: calendar.optional(),
  /** When the latest one is restored into a database of its own, counted and dropped. @default never */
  drill: calendar.optional(),
  /** Backups that are kept on the server; those of releases that can be gone back to are kept in any case. */
  keep: z.int().min(1).max(1000).default(10),
  /** Seconds that the backup, then its check, and then its way to the bucket may take. */
  timeout: seconds.default(1800),
  /** Where a copy of each goes, away from this server. */
  bucket: bucketSchema.optional(),
  /** Whether a deploy goes on where the bucket does not take the copy. @default false */
  localIsEnough: z.boolean().optional(),
  /** age's public key: what goes to the bucket is encrypted for it, and only its private half opens it again. */
  recipient: z
    .string()
    .regex(/^age1[02-9ac-hj-np-z]{58}$/, "wants age's public key, as age-keygen prints it: age1...")
    .optional(),
});
export type Backup = z.infer<typeof backupSchema>;
