/** What the SDK or the network says, in a person's words, with what mends it. Never a key. */
import type { Bucket } from "../../release/backup.ts";

interface Raised extends Error {
  readonly code?: string;
  readonly $metadata?: { readonly httpStatusCode?: number };
}

const SET = "pulumi config set --path";
const KEYS = `${SET} --secret recoloca:backupBucketKeys.accessKeyId, and .secretAccessKey`;

/** The reason, and below it the way out. */
export function explain(error: Raised, bucket: Bucket): string {
  const { name, region } = bucket;
  const where = bucket.endpoint === undefined ? `S3 in ${region}` : new URL(bucket.endpoint).host;
  const known: Record<string, readonly [string, string]> = {
    NoSuchBucket: [`${where} has no bucket ${name}`, `${SET} recoloca:backupBucket.name NAME`],
    NoSuchKey: [`it is not in ${name} any more`, "recoloca backups"],
    AccessDenied: [`${name} does not let this server in`, "its policy must allow put, get and list below the stack's prefix, and to abort uploads"],
    InvalidAccessKeyId: [`${where} does not know the access key`, KEYS],
    SignatureDoesNotMatch: [`${where} does not accept the secret key`, KEYS],
    CredentialsProviderError: ["no keys are set, and this server has no role of its own", KEYS],
    PermanentRedirect: [`${name} is not in ${region}`, `${SET} recoloca:backupBucket.region REGION`],
    AuthorizationHeaderMalformed: [`${name} is not in ${region}`, `${SET} recoloca:backupBucket.region REGION`],
    ENOTFOUND: [`there is no host ${where}`, `${SET} recoloca:backupBucket.endpoint https://HOST`],
    EAI_AGAIN: [`the name ${where} is not resolved`, "check the server's DNS, then try again"],
    ECONNREFUSED: [`${where} does not answer: connection refused`, "start it, or let this server through to it, then try again"],
    RequestTimeTooSkewed: ["the server's clock is wrong", "timedatectl; apt-get install systemd-timesyncd"],
  };
  const first = (error as unknown as AggregateError).errors as Raised[] | undefined;
  const found = [error.name, error.code, first?.[0]?.code].flatMap((word) => (word === undefined ? [] : (known[word] ?? [])));
  const status = error.$metadata?.httpStatusCode;
  const [says, fix] =
    found.length > 0
      ? found
      : status === 403
        ? known["AccessDenied"]!
        : error.name === "TimeoutError"
          ? [`${where} does not answer`, "check the way to it, then try again"]
          : [`${where}: ${error.message || error.name}`, "recoloca doctor"];
  return `${says}\n${fix}`;
}
