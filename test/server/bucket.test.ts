/** Backups that leave the server, to a store that speaks S3: sent, killed, refused, damaged, fetched on a server that lost everything. */
import {
  CreateBucketCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  ListMultipartUploadsCommand,
  ListObjectsV2Command,
  PutBucketPolicyCommand,
  PutObjectCommand,
  S3Client,
} from "@aws-sdk/client-s3";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { bundled } from "../../components/host/host-program.ts";
import { bucketScript } from "../../components/host/install-scripts.ts";
import { must, until } from "../../local/command.ts";
import { bucketOf, ensureObjectStore, removeObjectStore, revokeKeys, secondKeys, storeContainer, type ObjectStore } from "../../local/object-store.ts";
import { sshArguments } from "../../local/server.ts";
import { testSite } from "../../local/site.ts";
import type { Backup, Bucket } from "../../release/backup.ts";
import type { Plan } from "../../release/plan.ts";
import type { BackupNote } from "../../server/backup-note.ts";
import { deployPlan, installHostProgram, removeStack } from "../host.ts";
import { FOLDER, PASSWORD, backupOf, files, postgres, releaseOf, rows, shop, sql } from "../shop.ts";
import { imagesOf, server } from "../site.ts";

let store: ObjectStore;
let bucket: Bucket;
let plan: Plan;
const to = (backup: Backup): Backup => ({ ...backup, bucket });
const release = (backup: Backup = to(postgres()), change: Partial<Plan> = {}) => releaseOf(plan, { backup, ...change });

async function deployed(next: Plan) {
  const ran = await deployPlan(next);
  expect(ran.code, ran.output).toBe(0);
  return ran.output;
}

async function recoloca(words: string, input?: string) {
  const ran = await server(`recoloca ${words}`, input);
  return { code: ran.code, output: ran.output };
}

const keys = async () => ((await store.owner.send(new ListObjectsV2Command({ Bucket: store.bucket }))).Contents ?? []).map(({ Key }) => Key!).sort();
const open = async () => (await store.owner.send(new ListMultipartUploadsCommand({ Bucket: store.bucket }))).Uploads ?? [];
const read = async (key: string) => (await store.owner.send(new GetObjectCommand({ Bucket: store.bucket, Key: key }))).Body!.transformToString("latin1");
const write = (key: string, text: string) => store.owner.send(new PutObjectCommand({ Bucket: store.bucket, Key: key, Body: text }));
const newest = async () => (JSON.parse((await server("recoloca backups --json")).stdout) as (BackupNote & { places: string[] })[])[0]!;
const theStore = (...words: string[]) => must("docker", [...words, storeContainer(testSite)]);

/** Too large to be there before the test sees it coming: 300 MB that do not compress. */
const LARGE = 300 * 2 ** 20;
const large = () => to(postgres({ command: ["sh", "-c", `head -c ${LARGE} /dev/urandom`], verify: ["sh", "-c", `test "$(wc -c)" = ${LARGE}`] }));
const onItsWay = () => expect.poll(async () => (await open()).length, { timeout: 60_000, interval: 50 }).toBe(1);

/** Says that it is Postgres 18.1, and answers whatever it is asked with one row. */
const NEWER = `
const message = (type, ...parts) => {
  const body = Buffer.concat(parts.map((part) => Buffer.from(part)));
  const length = Buffer.alloc(4);
  length.writeInt32BE(body.length + 4);
  return Buffer.concat([Buffer.from(type), length, body]);
};
const nul = "\\0";
const ready = message("Z", "I");
const row = Buffer.concat([
  message("T", [0, 1], "snapshot" + nul, [0, 0, 0, 0, 0, 0, 0, 0, 0, 25, 255, 255, 255, 255, 255, 255, 0, 0]),
  message("D", [0, 1, 0, 0, 0, 8], "select 1"),
  message("C", "SELECT 1" + nul),
  ready,
]);
require("node:net").createServer((socket) => {
  let begun = false;
  socket.on("error", () => undefined).on("data", (data) => {
    if (begun) return void (data[0] === 81 && socket.write(row));
    // Of TLS and of GSS it is asked first.
    if (data.length === 8) return void socket.write("N");
    begun = true;
    const told = (name, value) => message("S", name + nul + value + nul);
    socket.write(Buffer.concat([message("R", [0, 0, 0, 0]), told("server_version", "18.1"), told("client_encoding", "UTF8"), told("standard_conforming_strings", "on"), ready]));
  });
}).listen(5499);
`;

beforeAll(async () => {
  await installHostProgram();
  store = await ensureObjectStore(testSite, () => undefined);
  bucket = bucketOf(store);
  await must("ssh", [...sshArguments(testSite), bucketScript(true)], { input: (await bundled("bucket")).packed });
  plan = await shop();
  await deployed(release());
});
afterAll(async () => {
  await removeStack(plan);
  await server(`rm -rf ${FOLDER} /opt/recoloca/recoloca-bucket.js`);
  await removeObjectStore(testSite);
});

test("before a migration: in the bucket, with what is known of it, by an identity that cannot delete; no key on the way", async () => {
  const said = await deployed(release());
  expect(said).toMatch(/backed up postgres → release-2 \([\d.]+ kB, [\d.]+s, read back, in the bucket\)/);
  const [object = "", note = ""] = await keys();
  expect(object).toMatch(/^servers\/one\/shapes-test\/\d{8}T\d{6}Z\/release-2\.backup$/);
  expect(JSON.parse(await read(note))).toMatchObject({
    stack: "shapes-test",
    release: "r1",
    live: 1,
    counts: { "public.orders": 1 },
    program: expect.stringMatching(/^[0-9a-f]{12}$/) as string,
    bucket: { key: object },
  });
  expect(await newest()).toMatchObject({
    name: "release-2",
    places: ["server", "bucket"],
    bucket: { version: expect.any(String) as string, lock: "GOVERNANCE" },
  });
  expect((await recoloca("doctor")).output).not.toContain("the bucket backups");
  const asServer = new S3Client({
    region: store.region,
    endpoint: await store.owner.config.endpoint!().then((at) => `${at.protocol}//${at.hostname}:${at.port}`),
    forcePathStyle: true,
    credentials: store.host,
  });
  await expect(asServer.send(new DeleteObjectCommand({ Bucket: store.bucket, Key: object }))).rejects.toThrow(/Access ?Denied/i);
  const everything = (await server("journalctl --no-pager; cat /var/lib/recoloca/shapes-test/releases/*/journal.jsonl")).stdout;
  for (const secret of [store.host.secretAccessKey, PASSWORD]) expect(said + everything).not.toContain(secret);
});

test("other keys have to do all that a backup wants before they take the place of those before", async () => {
  const before = await keys();
  const wrong = { ...postgres(), bucket: { ...bucket, secretAccessKey: "not-the-one-that-opens-it" } };
  const refused = await deployPlan(release(wrong));
  expect(refused.code, refused.output).toBe(20);
  expect(refused.output).toContain("the new keys of the bucket backups do not do what a backup wants");
  expect(refused.output).not.toContain("not-the-one");
  expect(await keys()).toEqual(before);
  expect((await recoloca("backup")).code).toBe(0);
});

test("a second pair of keys takes over while the first is good; then the first is none, and backups go on", async () => {
  const second = await secondKeys(testSite, store);
  bucket = { ...bucket, ...second };
  await deployed(release());
  await revokeKeys(testSite, store, store.host);
  const before = (await keys()).length;
  const ran = await recoloca("backup");
  expect(ran.code, ran.output).toBe(0);
  expect(ran.output).toContain("in the bucket");
  expect((await keys()).length).toBe(before + 2);
  const { accessKeyId, secretAccessKey } = store.host;
  const late = await deployPlan(release({ ...postgres(), bucket: { ...bucket, accessKeyId, secretAccessKey } }));
  expect(late.code, late.output).toBe(20);
  expect(late.output).toContain("the new keys of the bucket backups do not do what a backup wants");
});

test("killed in the middle: taken back; the next one aborts what was left", async () => {
  const before = await rows();
  const deploying = deployPlan(release(large()));
  await onItsWay();
  await theStore("pause");
  await server("systemctl kill --signal=SIGKILL --kill-whom=all 'recoloca-deploy-*.service'");
  await theStore("unpause");
  const ran = await deploying;
  expect(ran.code, ran.output).toBe(21);
  expect(await rows()).toBe(before);
  expect(await open()).toHaveLength(1);
  await deployed(release());
  expect(await open()).toEqual([]);
});

test("killed by a timer in the middle of its way: started again, which aborts what was left and is there whole", async () => {
  await deployed(release({ ...large(), before: "never" }));
  const before = (await keys()).length;
  await server("systemctl start --no-block recoloca-backup@shapes-test.service");
  await onItsWay();
  const [cut] = await open();
  await theStore("pause");
  await server("systemctl kill --signal=SIGKILL --kill-whom=all recoloca-backup@shapes-test.service");
  await theStore("unpause");
  await expect.poll(async () => (await keys()).length, { timeout: 120_000, interval: 500 }).toBe(before + 2);
  expect((await open()).map(({ UploadId }) => UploadId)).not.toContain(cut!.UploadId);
  const { key } = (await newest()).bucket!;
  expect(key).not.toBe(cut!.Key);
  await deployed(release());
});

test("a bucket that keeps no versions is used; the deploy that sets it says what that means, once, and so does doctor", async () => {
  const plain = "plain";
  await store.owner.send(new CreateBucketCommand({ Bucket: plain }));
  const Statement = [
    { Effect: "Allow", Principal: { AWS: [bucket.accessKeyId] }, Action: "s3:*", Resource: [`arn:aws:s3:::${plain}`, `arn:aws:s3:::${plain}/*`] },
  ];
  await store.owner.send(new PutBucketPolicyCommand({ Bucket: plain, Policy: JSON.stringify({ Version: "2012-10-17", Statement }) }));
  const { bucket: kept } = to(postgres());
  const intoPlain = () => deployed(release({ ...to(postgres()), bucket: { ...kept!, name: plain } }));
  const WARNING = / warning: the bucket plain keeps no versions: .* is gone\n +aws s3api put-bucket-versioning --bucket plain/g;
  expect((await intoPlain()).match(WARNING)).toHaveLength(1);
  expect(await intoPlain()).not.toContain("warning");
  const { output } = await recoloca("doctor");
  expect(output).toContain("shapes-test: the bucket plain keeps no versions: what is removed from it, or written over, is gone");
  expect(output).toContain("aws s3api put-bucket-versioning --bucket plain --versioning-configuration Status=Enabled");
  expect(await deployed(release())).not.toContain("warning");
});

describe("a store that is down", () => {
  beforeAll(() => theStore("stop", "--time", "0"));
  afterAll(async () => {
    await theStore("start");
    await until("the store answers again", 20, () => keys().then(() => true, () => false)); // prettier-ignore
  });

  test("ends a deploy before its migration, with the reason and the way out", async () => {
    const before = await rows();
    const kept = await files();
    const ran = await deployPlan(release());
    expect(ran.code, ran.output).toBe(21);
    expect(ran.output).toMatch(/BACKUP FAILED: it would not leave this server: [\s\S]*to mend it/);
    expect(await rows()).toBe(before);
    expect(await files()).toEqual(kept);
  });

  test("ends none where this server is enough, and is said", async () => {
    expect(await deployed(release(to(postgres({ localIsEnough: true }))))).toContain("read back, NOT in the bucket: ");
    expect((await recoloca("backups")).output).toContain("backups was not asked: ");
  });

  test("fails a timed backup, which is told, and stays in status and doctor until one succeeds", async () => {
    await server("cat > /tmp/hear.js; systemd-run --quiet --collect --unit=hear node /tmp/hear.js", HEAR);
    await deployed(
      release(to(postgres({ before: "never", every: "*-*-* 03:15:00" })), { notify: [{ url: "http://127.0.0.1:9098/a-secret", format: "slack" }] }),
    );
    expect((await server("systemctl start recoloca-backup@shapes-test.service")).code).not.toBe(0);
    expect((await server("cat /tmp/heard")).stdout).toContain("shapes-test: the backup failed: BACKUP FAILED: it would not leave this server");
    expect((await recoloca("status")).output).toContain("the last one FAILED");
    expect((await recoloca("doctor")).output).toContain("shapes-test: the last backup failed");
    await server("systemctl stop hear");
  });
});
const HEAR = `require("node:http").createServer((request, response) => {
  request.on("data", (text) => require("node:fs").appendFileSync("/tmp/heard", text)).on("end", () => response.end());
}).listen(9098, "127.0.0.1");`;

test("the timer goes by systemd, makes up for what was missed, and goes with the stack's word", async () => {
  const show = async () => (await server("systemctl show recoloca-backup@shapes-test.timer --property=ActiveState,Persistent,TimersCalendar")).stdout;
  expect(await show()).toMatch(/03:15:00[\s\S]*Persistent=yes[\s\S]*ActiveState=active/);
  const ran = await server("systemctl start recoloca-backup@shapes-test.service; recoloca status");
  expect(ran.output).toMatch(/backup {6}timed-.*in the bucket/);
  expect(ran.output).not.toContain("FAILED");
  const wrong = await deployPlan(release(to(postgres({ every: "at noon" }))));
  expect(wrong.code).toBe(20);
  expect(wrong.output).toMatch(/refused: recoloca:backup.every got "at noon": /);
  await deployed(release());
  expect(await show()).toContain("ActiveState=inactive");
});

describe("a drill", () => {
  test("restores the bucket's copy, counts, compares, and leaves nothing", async () => {
    expect((await recoloca("backup")).code).toBe(0);
    const ran = await recoloca("drill");
    expect(ran.code, ran.output).toBe(0);
    expect(ran.output).toMatch(/drill passed \d+s ago: the bucket's copy of manual-\S+, \d+ tables, \d+ rows, as when it was taken/);
    expect((await sql("select count(*) from pg_database where datname like 'recoloca_drill%'")).stdout.trim()).toBe("0");
    expect((await recoloca("status")).output).toContain("drill passed");
    expect((await files()).filter((name) => name.endsWith("partial"))).toEqual([]);
  });

  test("finds a backup that lies", async () => {
    const good = to(postgres());
    const lies = { ...good, command: good.command.map((word) => word.replace("--snapshot=", "--exclude-table-data=orders --snapshot=")) };
    await deployed(release(lies));
    expect((await recoloca("backup")).code).toBe(0);
    const ran = await recoloca("drill");
    expect(ran.code, ran.output).toBe(21);
    expect(ran.output).toMatch(/DRILL FAILED: manual-\S+ is not what was there when it was taken: public.orders has 0 rows, of \d+/);
    expect((await recoloca("doctor")).output).toContain("shapes-test: the last drill failed");
    await deployed(release());
  });
});

describe("with a recipient", () => {
  let identity: string;
  test("what leaves is encrypted; without the private key it says how, with it the drill restores the bucket's copy", async () => {
    identity = (await server("age-keygen 2>/dev/null")).stdout;
    const recipient = /age1\S+/.exec(identity)![0];
    await deployed(release(to(postgres({ recipient }))));
    const object = (await keys()).findLast((key) => key.endsWith(".age"))!;
    expect(await read(object)).toMatch(/^age-encryption.org\/v1\n/);
    const here = await recoloca("drill");
    expect(here.output).toMatch(/passed \d+s ago: this server's copy of release-/);
    const there = await recoloca("drill --identity -", identity);
    expect(there.code, there.output).toBe(0);
    expect(there.output).toMatch(/passed \d+s ago: the bucket's copy of release-/);
    const other = (await server("age-keygen 2>/dev/null")).stdout;
    const refused = await recoloca("drill --identity -", other);
    expect(refused.code, refused.output).toBe(20);
    expect(refused.output).toContain(`is encrypted for ${recipient}, and the key that was given is another one's`);
    expect((await recoloca("status")).output).toContain("drill passed");
    const { name } = await newest();
    await server(`rm ${FOLDER}/${name}.*`);
    const locked = await recoloca(`restore ${name} --into other`);
    expect(locked.code).toBe(21);
    expect(locked.output).toMatch(/is encrypted[\s\S]*give age's private key on standard input: .*--identity -/);
    const wrong = await recoloca(`restore ${name} --into other --identity -`, other);
    expect(wrong.code).toBe(21);
    expect(wrong.output).toMatch(/age: .*no identity matched/);
    const right = await recoloca(`restore ${name} --into opened --identity -`, identity);
    expect(right.code, right.output).toBe(0);
    expect(await rows("opened")).toBe(String(Number(await rows()) - 1));
  });
});

test("one that is damaged in the bucket is refused, and so is another stack's", async () => {
  await deployed(release());
  const { name, bucket: at } = await newest();
  const note = at!.key.replace(/backup$/, "json");
  const text = await read(note);
  await write(at!.key, "x".repeat(at!.bytes));
  await server(`rm ${FOLDER}/${name}.*`);
  const damaged = await recoloca(`restore ${name} --into other`);
  expect(damaged.code).toBe(21);
  expect(damaged.output).toContain(`${name} in backups is damaged: its checksum is not the one that was written down`);
  await write(note, text.replace("shapes-test", "another"));
  const foreign = await recoloca(`restore ${name} --into other`);
  expect(foreign.code).toBe(20);
  expect(foreign.output).toContain("cannot be trusted: it is of another, not of shapes-test. Nothing was changed.");
});

test("a volume: stopped meanwhile, started again, restored into a new one", async () => {
  await deployed(release(to(postgres({ volumes: [{ volume: "data", stop: true }] }))));
  const { output } = await recoloca("backup");
  const name = /volume data → (manual-\S+\.data) .*in the bucket/.exec(output)?.[1];
  expect(name, output).toBeDefined();
  await expect.poll(() => rows(), { timeout: 30_000 }).toMatch(/^\d+$/);
  const restored = await recoloca(`restore ${name} --into data_copy`);
  expect(restored.code, restored.output).toBe(0);
  const inside = "find $(docker volume inspect --format '{{.Mountpoint}}' data_copy) -name PG_VERSION | xargs cat | sort -u";
  expect((await server(inside)).stdout).toBe("17\n");
  expect((await recoloca(`restore ${name} --into data_copy`)).output).toContain('there is a volume "data_copy" already');
  await server("docker volume rm data_copy");
});

test("a Postgres by its URL, with a client of its own image", async () => {
  const { postgres: image } = await imagesOf("1");
  const variables = { ...plan.variables, DATABASE_URL: `postgresql+psycopg://shop:${PASSWORD}@postgres:5432/shop` };
  const backup = to(backupOf({ url: "DATABASE_URL", image }));
  await deployed(releaseOf({ ...plan, variables, masked: ["PASSWORD", "DATABASE_URL"] }, { backup }));
  const taken = await recoloca("backup");
  expect(taken.output).toMatch(/backed up database → manual-\S+ .*in the bucket/);
  expect((await recoloca("drill")).output).toContain("as when it was taken");
});

test("a Postgres that is newer than that client is told with both versions, and with the setting", async () => {
  const { postgres: image } = await imagesOf("1");
  await server(`systemd-run --quiet --unit newer node -e '${NEWER}'`);
  const { stdout: address } = await server("hostname --ip-address");
  const variables = { ...plan.variables, DATABASE_URL: `postgresql://shop:${PASSWORD}@${address.trim()}:5499/shop` };
  const backup = to(backupOf({ url: "DATABASE_URL", image }));
  const ran = await deployPlan(releaseOf({ ...plan, variables, masked: ["PASSWORD", "DATABASE_URL"] }, { backup }));
  await server("systemctl stop newer");
  expect(ran.code, ran.output).toBe(21);
  expect(ran.output).toMatch(
    /BACKUP FAILED: the database is Postgres 18\.1, and the client in recoloca:backup\.image is 17\.\d+, which cannot dump a newer one\n +to mend it +an image of Postgres 18, by digest: pulumi config set --path recoloca:backup\.image postgres@sha256:/,
  );
  expect(ran.output).not.toContain(PASSWORD);
});

test("on a server that has lost everything: a release, then the data from the bucket in the place of its own", async () => {
  await deployed(release());
  await sql("insert into orders (what) select 'many' from generate_series(1, 1000)");
  const count = await rows();
  const { output } = await recoloca("backup");
  const name = /→ (manual-\S+) /.exec(output)![1]!;
  await removeStack(plan);
  await server(`rm -rf ${FOLDER}`);
  await deployed(release());
  expect(await rows()).toBe("1");
  expect((await recoloca("backups")).output).toContain(`/${name} `);
  const refused = await recoloca(`restore ${name} --take`);
  expect(refused.code).toBe(20);
  expect(refused.output).toContain("is open to visitors, who write\n   recoloca maintenance on");
  await recoloca("maintenance on");
  const ran = await recoloca(`restore ${name} --take`);
  expect(ran.code, ran.output).toBe(0);
  expect(await rows()).toBe(count);
  await recoloca("maintenance off");
});
