/** What is done to a bucket: look, list, read, and put. Never delete, never write over: its identity need not be allowed to. */
import { once } from "node:events";
import type { Readable, Writable } from "node:stream";
import { pipeline } from "node:stream/promises";
import {
  AbortMultipartUploadCommand,
  GetBucketVersioningCommand,
  GetObjectCommand,
  GetObjectLockConfigurationCommand,
  HeadObjectCommand,
  ListMultipartUploadsCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
  type S3ServiceException,
} from "@aws-sdk/client-s3";
import { Upload } from "@aws-sdk/lib-storage";
import type { Bucket } from "../../release/backup.ts";
import { HashingStream } from "../hashing-stream.ts";
import type { Guards, InBucket, Listed, Put } from "./order.ts";

/** Each part, each answer, is asked for so often, with growing pauses: about a minute in all. */
const TRIES = 12;
/** For a question before any work is begun: it tells within seconds that nobody answers. */
const QUICK_TRIES = 3;
const CONNECT_MS = 5_000;
const SILENCE_MS = 30_000;

const MIB = 2 ** 20;
/** S3 takes ten thousand parts; some room is left for a size that was only about right. */
const PARTS = 9_000;
const AT_ONCE = 3;
const partSize = (bytes: number) => Math.max(8 * MIB, Math.ceil(bytes / PARTS / MIB) * MIB);

function clientOf(bucket: Bucket, maxAttempts = TRIES): S3Client {
  const { region, endpoint, pathStyle, accessKeyId, secretAccessKey } = bucket;
  return new S3Client({
    region,
    ...(endpoint !== undefined && { endpoint }),
    forcePathStyle: pathStyle,
    // Without keys the SDK asks the instance for its role's, and for new ones before they expire.
    ...(accessKeyId !== undefined && secretAccessKey !== undefined && { credentials: { accessKeyId, secretAccessKey } }),
    maxAttempts,
    requestHandler: { connectionTimeout: CONNECT_MS, socketTimeout: SILENCE_MS },
  });
}

const inside = (folder: string) => `${folder}/`;

export async function check(bucket: Bucket, folder: string): Promise<void> {
  await clientOf(bucket, QUICK_TRIES).send(new ListObjectsV2Command({ Bucket: bucket.name, Prefix: inside(folder), MaxKeys: 1 }));
}

/** That keys may do what a backup wants of them: put, list, get. A few bytes stay there, as they may not delete. */
export async function prove(bucket: Bucket, folder: string, key: string): Promise<void> {
  const client = clientOf(bucket, QUICK_TRIES);
  const text = `These keys may put, list and get here, seen ${new Date().toISOString()}\n`;
  await client.send(new PutObjectCommand({ Bucket: bucket.name, Key: key, Body: text, ContentType: "text/plain" }));
  if (!(await list(bucket, folder)).some((one) => one.key === key)) throw new Error(`${bucket.name} does not list ${key}, which was just put there`);
  if ((await read(bucket, key)) !== text) throw new Error(`${bucket.name} gives something else back for ${key} than was put there`);
}

export async function list(bucket: Bucket, folder: string): Promise<Listed[]> {
  const client = clientOf(bucket, QUICK_TRIES);
  const found: Listed[] = [];
  for (let from: string | undefined, more = true; more; more = from !== undefined) {
    const page = await client.send(
      new ListObjectsV2Command({ Bucket: bucket.name, Prefix: inside(folder), ...(from !== undefined && { ContinuationToken: from }) }),
    );
    for (const { Key, Size, LastModified } of page.Contents ?? [])
      if (Key !== undefined) found.push({ key: Key, bytes: Size ?? 0, at: (LastModified ?? new Date(0)).toISOString() });
    from = page.NextContinuationToken;
  }
  return found;
}

export async function read(bucket: Bucket, key: string): Promise<string> {
  const { Body } = await clientOf(bucket, QUICK_TRIES).send(new GetObjectCommand({ Bucket: bucket.name, Key: key }));
  return (await Body?.transformToString()) ?? "";
}

/** The whole object; what a cut left out is asked for from there on, of the same version. */
export async function takeOut(bucket: Bucket, key: string, output: Writable): Promise<void> {
  const client = clientOf(bucket);
  let had = 0;
  let same: string | undefined;
  for (let stuck = 0, at = -1; ;) {
    const range = had === 0 ? {} : { Range: `bytes=${had}-`, ...(same !== undefined && { IfMatch: same }) };
    const { Body, ETag, ContentLength = 0 } = await client.send(new GetObjectCommand({ Bucket: bucket.name, Key: key, ...range }));
    same ??= ETag;
    const whole = had + ContentLength;
    try {
      for await (const chunk of Body as Readable) {
        had += (chunk as Buffer).length;
        if (!output.write(chunk)) await once(output, "drain");
      }
      if (had >= whole) return;
      throw new Error(`${bucket.name} ended ${key} after ${had} of ${whole} bytes`);
    } catch (error) {
      stuck = had > at ? 0 : stuck + 1;
      at = had;
      if (stuck >= QUICK_TRIES || output.destroyed) throw error;
    }
  }
}

/** In parts, each with a checksum that the store compares. The note comes last: what has none is not a backup. */
export async function send(bucket: Bucket, put: Put, input: Readable, complete: () => Promise<boolean>): Promise<InBucket> {
  const client = clientOf(bucket);
  await abortUnfinished(client, bucket, put.folder);
  const counted = new HashingStream({
    // The end of the stream is not the end of the backup, where whoever sends was killed.
    flush: (done) => void complete().then((whole) => done(whole ? null : new Error("what is to be uploaded ended before its end"))),
  });
  const body = pipeline(input, counted);
  const upload = new Upload({
    client,
    params: { Bucket: bucket.name, Key: put.key, Body: counted, ContentType: "application/octet-stream" },
    queueSize: AT_ONCE,
    partSize: partSize(put.bytes),
  });
  const stop = () => void upload.abort();
  process.once("SIGTERM", stop).once("SIGINT", stop);
  // Both to their end: an upload that fails is being aborted until then. Either one's failure ends the other.
  const uploaded = upload.done().catch((error: Error) => {
    counted.destroy(error);
    throw error;
  });
  const [sent] = await Promise.allSettled([uploaded, body]);
  if (sent.status === "rejected") throw sent.reason as Error;
  const { VersionId } = sent.value;
  const { ContentLength } = await client.send(new HeadObjectCommand({ Bucket: bucket.name, Key: put.key }));
  if (ContentLength !== counted.bytes) throw new Error(`${bucket.name} has ${ContentLength} bytes of ${put.key}, ${counted.bytes} were sent`);
  const lock = await lockOf(client, bucket);
  const there: InBucket = {
    key: put.key,
    bytes: counted.bytes,
    sha256: counted.sha256(),
    ...(VersionId !== undefined && { version: VersionId }),
    ...(lock !== undefined && { lock }),
  };
  const note = JSON.stringify({ ...put.note, bucket: there }, null, 2);
  await client.send(new PutObjectCommand({ Bucket: bucket.name, Key: put.noteKey, Body: note, ContentType: "application/json" }));
  return there;
}

/** Versions are asked for only where nothing is locked: a lock needs them. */
export async function guards(bucket: Bucket): Promise<Guards> {
  const client = clientOf(bucket, QUICK_TRIES);
  const locks = await client
    .send(new GetObjectLockConfigurationCommand({ Bucket: bucket.name }))
    .then(({ ObjectLockConfiguration }) => ObjectLockConfiguration?.Rule?.DefaultRetention?.Mode !== undefined, hasNoneOrHides);
  if (locks) return { versions: true, locks };
  const versions = await client.send(new GetBucketVersioningCommand({ Bucket: bucket.name })).then(({ Status }) => Status === "Enabled", hasNoneOrHides);
  return { versions, locks };
}

/** Of a store that has no such thing, and of one that does not let this identity ask. */
function hasNoneOrHides(error: S3ServiceException): false | undefined {
  if (["ObjectLockConfigurationNotFoundError", "NotImplemented", "MethodNotAllowed"].includes(error.name)) return false;
  if (error.$metadata.httpStatusCode === 403) return undefined;
  throw error;
}

/** Undefined where it locks nothing by itself, and where this identity may not see it. */
const lockOf = (client: S3Client, { name }: Bucket): Promise<string | undefined> =>
  client.send(new GetObjectLockConfigurationCommand({ Bucket: name })).then(
    ({ ObjectLockConfiguration }) => ObjectLockConfiguration?.Rule?.DefaultRetention?.Mode,
    () => undefined,
  );

/**
 * What a killed upload has left would be paid for until the bucket's lifecycle takes it away. Nobody else uploads for this
 * stack, whose lock is ours. An identity that may not look, or not abort, leaves it to the lifecycle.
 */
async function abortUnfinished(client: S3Client, bucket: Bucket, folder: string): Promise<void> {
  try {
    const { Uploads = [] } = await client.send(new ListMultipartUploadsCommand({ Bucket: bucket.name, Prefix: inside(folder) }));
    for (const { Key, UploadId } of Uploads) await client.send(new AbortMultipartUploadCommand({ Bucket: bucket.name, Key, UploadId }));
  } catch (error) {
    if (!["AccessDenied", "NotImplemented", "NoSuchUpload"].includes((error as Error).name)) throw error;
  }
}
