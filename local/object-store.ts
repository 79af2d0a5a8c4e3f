/** A store that speaks S3, beside the server: versitygw, with a bucket that keeps versions and locks them, and an identity that may not delete. */
import { randomBytes } from "node:crypto";
import * as fs from "node:fs";
import { CreateBucketCommand, PutBucketPolicyCommand, PutObjectLockConfigurationCommand, S3Client } from "@aws-sdk/client-s3";
import { goProgram } from "../tools/go-program.ts";
import { attempt, must, until } from "./command.ts";
import { debianImage } from "./image-store.ts";
import { inSite, type Site } from "./site.ts";

const PORT = 7070;
const REGION = "us-east-1";

export const storeContainer = (site: Site) => `${site.name}-store`;
const published = (site: Site) => site.registryPort + 2000;

export interface Keys {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

export interface ObjectStore {
  /** Under which the server reaches it. */
  readonly endpoint: string;
  /** Of this machine, where it answers too. */
  readonly port: number;
  readonly region: string;
  readonly bucket: string;
  /** May list, put and get below `prefix`, and abort uploads; may not delete. */
  readonly host: Keys;
  readonly prefix: string;
  /** As its owner, from this machine. */
  readonly owner: S3Client;
}

/** As a stack names it, and the server opens it. */
export const bucketOf = ({ bucket, region, prefix, endpoint, host }: ObjectStore) => ({ name: bucket, region, prefix, endpoint, pathStyle: true, ...host });

/** A new one each time: what is in it belongs to whoever made it. With a region of AWS it also answers to that region's names of buckets. */
export async function ensureObjectStore(site: Site, log: (line: string) => void, region = REGION): Promise<ObjectStore> {
  const program = await goProgram(
    { name: "versitygw", version: "1.8.0", package: "github.com/versity/versitygw/cmd/versitygw", flags: ["-ldflags", "-s -w"], takes: "about a minute" },
    log,
  );
  const name = storeContainer(site);
  await removeObjectStore(site);
  const [root, host] = [newKeys("owner"), newKeys("server")];
  // By a file, since an argument is for everyone to read.
  const env = inSite(site, "store.env");
  fs.writeFileSync(env, `ROOT_ACCESS_KEY=${root.accessKeyId}\nROOT_SECRET_KEY=${root.secretAccessKey}\n`, { mode: 0o600 });
  await must("docker", [
    "run", "--detach", "--name", name, "--network", site.name, "--env-file", env, "-v", `${program}:/versitygw:ro`, "-v", `${name}-data:/data`,
    "-p", `127.0.0.1:${published(site)}:${PORT}`, await debianImage("debian", ["ca-certificates"]), "sh", "-c",
    `mkdir -p /data/objects /data/versions /data/users && exec /versitygw --port :${PORT} --region ${region} --virtual-domain s3.${region}.amazonaws.com --iam-dir /data/users --quiet posix --versioning-dir /data/versions /data/objects`,
  ]); // prettier-ignore
  await until("the object store answers", 30, async () => (await administer(site, region, ...userOf(host))).code === 0);
  const owner = new S3Client({ region, endpoint: `http://127.0.0.1:${published(site)}`, forcePathStyle: true, credentials: root });
  const store: ObjectStore = { endpoint: `http://${name}:${PORT}`, port: published(site), region, bucket: "backups", host, prefix: "servers/one", owner };
  await makeBucket(store);
  return store;
}

const newKeys = (accessKeyId: string): Keys => ({ accessKeyId, secretAccessKey: randomBytes(18).toString("base64url") });

const userOf = ({ accessKeyId, secretAccessKey }: Keys) => ["create-user", "--access", accessKeyId, "--secret", secretAccessKey, "--role", "user"];

const administer = (site: Site, region: string, ...words: string[]) =>
  attempt("docker", [
    "exec", storeContainer(site), "sh", "-c",
    `/versitygw admin --access "$ROOT_ACCESS_KEY" --secret "$ROOT_SECRET_KEY" --region ${region} --endpoint-url http://127.0.0.1:${PORT} "$@"`, "admin", ...words,
  ]); // prettier-ignore

/** A second pair of keys, which may what the server's may; both are good at once. */
export async function secondKeys(site: Site, store: ObjectStore): Promise<Keys> {
  const second = newKeys("server-2");
  const { code, output } = await administer(site, store.region, ...userOf(second));
  if (code !== 0) throw new Error(output);
  await allow(store, store.host, second);
  return second;
}

export async function revokeKeys(site: Site, { region }: ObjectStore, { accessKeyId }: Keys): Promise<void> {
  const { code, output } = await administer(site, region, "delete-user", "--access", accessKeyId);
  if (code !== 0) throw new Error(output);
}

async function makeBucket(store: ObjectStore): Promise<void> {
  const { owner, bucket, host } = store;
  await owner.send(new CreateBucketCommand({ Bucket: bucket, ObjectLockEnabledForBucket: true }));
  await owner.send(
    new PutObjectLockConfigurationCommand({
      Bucket: bucket,
      ObjectLockConfiguration: { ObjectLockEnabled: "Enabled", Rule: { DefaultRetention: { Mode: "GOVERNANCE", Days: 1 } } },
    }),
  );
  await allow(store, host);
}

/** These, and nobody else but the owner. */
async function allow({ owner, bucket, prefix }: ObjectStore, ...keys: readonly Keys[]): Promise<void> {
  const may = (Action: string[], Resource: string) => ({ Effect: "Allow", Principal: { AWS: keys.map((one) => one.accessKeyId) }, Action, Resource });
  const Statement = [
    may(["s3:ListBucket", "s3:ListBucketMultipartUploads", "s3:GetBucketObjectLockConfiguration"], `arn:aws:s3:::${bucket}`),
    may(["s3:PutObject", "s3:GetObject", "s3:AbortMultipartUpload"], `arn:aws:s3:::${bucket}/${prefix}/*`),
  ];
  await owner.send(new PutBucketPolicyCommand({ Bucket: bucket, Policy: JSON.stringify({ Version: "2012-10-17", Statement }) }));
}

export async function removeObjectStore(site: Site): Promise<void> {
  const name = storeContainer(site);
  await attempt("docker", ["rm", "--force", name]);
  await attempt("docker", ["volume", "rm", "--force", `${name}-data`]);
}
