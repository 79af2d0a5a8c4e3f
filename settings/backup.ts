/** How a backup is configured: for Postgres the service's name, or its URL, is enough; anything else names its own commands. */
import * as z from "zod";
import { backupSchema, bucketSchema, volumeSchema, type Backup } from "../release/backup.ts";
import { imageByDigest, VARIABLE_NAME } from "../release/forms.ts";
import { atUrl, inService, postgres } from "./postgres.ts";

const URL_NAME = "wants the name of the secret that holds the database's URL, not the URL: DATABASE_URL";

const OWN = ["command", "verify", "restore", "take", "count", "drop"] as const;

const { database: _database, bucket: _bucket, ...fields } = backupSchema.shape;

/** Any structure, so that what is wrong in it is said of its field; for the reference one with those fields. */
const structured = z.looseObject({}).meta(z.toJSONSchema(volumeSchema, { io: "input" }));
/** `uploads` is short for `{ volume: uploads }`. */
const volume = z
  .union([volumeSchema.shape.volume.transform((name) => ({ volume: name })), structured], "wants the name of a volume of the Compose file: uploads")
  .pipe(volumeSchema);

export const backupForm = (duration: z.ZodType<number, string>) =>
  z
    .strictObject({
      ...fields,
      service: fields.service.optional(),
      /** Name of the secret, among `recoloca:secrets`, that holds the URL of a Postgres outside of the Compose file. */
      url: z.string().regex(VARIABLE_NAME, URL_NAME).optional(),
      /** With `url`: an image that has Postgres's client, of the server's major version or a newer one. */
      image: imageByDigest.optional(),
      command: fields.command.optional(),
      verify: fields.verify.optional(),
      volumes: z.array(volume).max(20).optional(),
      timeout: duration.prefault("30m"),
    })
    .superRefine((given, context) => {
      const problem = (key: string, message: string) => context.addIssue({ code: "custom", path: [key], message });
      if (given.service === undefined && given.url === undefined) problem("service", "wants the service to back up, or `url` for a database that is elsewhere");
      if (given.service !== undefined && given.url !== undefined)
        problem("url", "wants no `service` beside it: a database is either in the Compose file or elsewhere");
      if (given.url !== undefined && given.image === undefined) problem("image", "wants an image by digest that has Postgres's client: postgres@sha256:...");
      if (given.url === undefined && given.image !== undefined) problem("url", `${URL_NAME}; image goes with it`);
      if (given.command && !given.verify) problem("verify", "wants a command that reads a backup and fails where it cannot");
      if (given.take && !given.restore) problem("restore", "wants the command that fills the database which `take` puts in place");
      if (given.drill !== undefined && given.command)
        for (const name of ["restore", "count", "drop"] as const) if (!given[name]) problem(name, "wants a command: a drill restores, counts and drops");
    })
    .transform((given): Backup => {
      const named = Object.fromEntries(OWN.flatMap((name) => (given[name] ? [[name, given[name]]] : [])));
      // Postgres's own commands go together with no others.
      const commands =
        given.command && given.verify
          ? { command: given.command, verify: given.verify }
          : postgres(given.service === undefined ? atUrl : inService(given.service));
      const { service = "database", url, image, command: _command, verify: _verify, ...rest } = given;
      const database = url !== undefined && image !== undefined ? { database: { url, image } } : {};
      return { ...rest, service, ...database, ...commands, ...named };
    });

const { accessKeyId: _accessKeyId, secretAccessKey: _secretAccessKey, ...place } = bucketSchema.shape;

/** A bucket that is there already. */
export const backupBucketForm = z.strictObject(place).superRefine(({ name, pathStyle, endpoint }, context) => {
  if (place.name.safeParse(name).success && name.includes(".") && !pathStyle && endpoint?.startsWith("http://") !== true)
    context.addIssue({ code: "custom", path: ["pathStyle"], message: `wants true: no certificate is for the host name that ${name} would make` });
});
export const backupBucketKeysForm = z.strictObject({ accessKeyId: z.string().min(1), secretAccessKey: z.string().min(1) });
