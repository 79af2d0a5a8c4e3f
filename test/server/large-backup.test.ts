/**
 * A database on its way to the bucket, whose store dies at one point of the upload after the other: finished each time, in the memory that its
 * unit may have. BIG=1, or WHOLE=1 as for all that not every run repeats: two gigabytes, ten points. BACKUP_MEGABYTES and BACKUP_CUTS: any others.
 */
import { createHash } from "node:crypto";
import type { Readable } from "node:stream";
import { DeleteObjectCommand, GetObjectCommand, ListMultipartUploadsCommand, ListPartsCommand } from "@aws-sdk/client-s3";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { bundled } from "../../components/host/host-program.ts";
import { bucketScript } from "../../components/host/install-scripts.ts";
import { must, sleep } from "../../local/command.ts";
import { bucketOf, ensureObjectStore, removeObjectStore, storeContainer, type ObjectStore } from "../../local/object-store.ts";
import { sshArguments } from "../../local/server.ts";
import { testSite } from "../../local/site.ts";
import type { Plan } from "../../release/plan.ts";
import type { BackupNote } from "../../server/backup-note.ts";
import { deployPlan, installHostProgram, removeStack } from "../host.ts";
import { FOLDER, postgres, releaseOf, shop, sql } from "../shop.ts";
import { server } from "../site.ts";
import { WHOLE } from "../whole.ts";

const big = process.env["BIG"] === "1" || WHOLE;
const MEGABYTES = Number(process.env["BACKUP_MEGABYTES"] ?? (big ? 2000 : 300));
const CUTS = Number(process.env["BACKUP_CUTS"] ?? (big ? 10 : 1));
if (!(MEGABYTES >= 100 && CUTS >= 1))
  throw new Error(`got BACKUP_MEGABYTES=${MEGABYTES} and BACKUP_CUTS=${CUTS}, wants at least 100 and 1: a smaller one is there before it can be cut`);
/** MiB, of all processes of the unit. */
const MEMORY = 300;
/** Seconds: for the dump, its check, its way to the bucket. */
const TIMEOUT = 280;
/** Milliseconds in which nobody answers. */
const GONE = 500;

const UNIT = "large-backup";
/** Systemd keeps to it where it has the memory controller; elsewhere it is only watched. */
const LIMITED = `systemd-run --quiet --pipe --wait --collect --unit=${UNIT} --property=MemoryMax=${MEMORY}M --property=MemorySwapMax=0`;
/** The most KiB that the unit's processes of one moment came to, each with its own peak until then, once the unit has ended. */
const WATCH = `cd /sys/fs/cgroup/system.slice
n=0
until [ -f ${UNIT}.service/cgroup.procs ] || [ $n = 400 ]; do n=$((n + 1)); sleep 0.05; done
while pids=$(cat ${UNIT}.service/cgroup.procs 2>/dev/null); do
  for pid in $pids; do cat /proc/$pid/status 2>/dev/null; done | awk '/^VmHWM:/ { sum += $2 } END { print sum + 0 }'
  sleep 0.1
done | sort -n | tail -n 1`;

let store: ObjectStore;
let plan: Plan;

const newest = async () => (JSON.parse((await server("recoloca backups --json")).stdout) as BackupNote[])[0]!;
const theStore = (...words: string[]) => must("docker", [...words, storeContainer(testSite)]);
const open = async () => (await store.owner.send(new ListMultipartUploadsCommand({ Bucket: store.bucket }))).Uploads ?? [];

/** Bytes of the upload that is on its way, or none. */
async function arrived(): Promise<number> {
  const [upload] = await open();
  if (!upload) return 0;
  // Done between the two questions, it has no parts any more.
  const { Parts = [] } = await store.owner
    .send(new ListPartsCommand({ Bucket: store.bucket, Key: upload.Key, UploadId: upload.UploadId }))
    .catch(() => ({ Parts: [] }));
  return Parts.reduce((sum, part) => sum + (part.Size ?? 0), 0);
}

async function checksumInBucket(key: string): Promise<string> {
  const { Body } = await store.owner.send(new GetObjectCommand({ Bucket: store.bucket, Key: key }));
  const hash = createHash("sha256");
  for await (const chunk of Body as Readable) hash.update(chunk as Buffer);
  return hash.digest("hex");
}

/** Text of random letters, which hardly compresses, again and again: further from itself than zstd remembers. */
const FILL = `create unlogged table pool as
  select replace(encode(${Array.from({ length: 8 }, (_, part) => `sha512((random() || '${part}.' || i)::bytea)`).join(" || ")}, 'base64'), chr(10), '') as what
  from generate_series(1, 90000) i;
create unlogged table large as table pool;
do 'begin while pg_relation_size(''large'') < ${MEGABYTES}e6 loop insert into large table pool; end loop; end';
drop table pool;`;

beforeAll(async () => {
  await installHostProgram();
  store = await ensureObjectStore(testSite, () => undefined);
  await must("ssh", [...sshArguments(testSite), bucketScript(false)], { input: (await bundled("bucket")).packed });
  plan = await shop({ backup: { ...postgres({ keep: 1, before: "never" }), timeout: TIMEOUT, bucket: bucketOf(store) } });
  const deployed = await deployPlan(releaseOf(plan));
  expect(deployed.code, deployed.output).toBe(0);
  const filled = await sql(FILL.replaceAll("\n", " "));
  expect(filled.code, filled.output).toBe(0);
});
afterAll(async () => {
  await removeStack(plan);
  await server(`rm -rf ${FOLDER} /opt/recoloca/recoloca-bucket.js`);
  await removeObjectStore(testSite);
});

describe(`a database of ${MEGABYTES} MB`, () => {
  test.each(Array.from({ length: CUTS }, (_, index) => [index + 1] as const))(`whose store dies after part %i of ${CUTS + 1} of the way`, async (part) => {
    // One is enough on the disk.
    await server(`rm -f ${FOLDER}/*`);
    const watching = server(WATCH);
    let ended = false;
    const backup = server(`${LIMITED} recoloca backup`).finally(() => (ended = true));
    let bytes = 0;
    let there = 0;
    while (!ended && (bytes === 0 || there < (bytes * part) / (CUTS + 1))) {
      there = await arrived();
      // It is noted here before it is sent.
      if (bytes === 0 && there > 0) ({ bytes } = await newest());
    }
    await theStore("kill");
    await sleep(GONE);
    expect(ended, "the backup was over before the store was gone").toBe(false);
    await theStore("start");
    const ran = await backup;
    expect(ran.code, ran.output).toBe(0);
    expect(ran.output).toContain("read back, in the bucket");
    const note = await newest();
    const { key, version } = note.bucket!;
    expect(await checksumInBucket(key)).toBe(note.sha256);
    await store.owner.send(new DeleteObjectCommand({ Bucket: store.bucket, Key: key, VersionId: version, BypassGovernanceRetention: true }));
    expect(note.restoredBytes).toBeGreaterThan(MEGABYTES * 1e6);
    expect(await open()).toEqual([]);
    const kib = Number((await watching).stdout);
    expect(kib).toBeGreaterThan(0);
    expect(kib).toBeLessThan(MEMORY * 1024);
    process.stdout.write(`   ${(note.bytes / 1e6).toFixed(0)} MB, cut after ${(there / 1e6).toFixed(0)}: ${(kib / 1024).toFixed(0)} MiB of memory\n`);
  });
});
