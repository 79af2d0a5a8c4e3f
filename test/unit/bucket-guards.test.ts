/** What a store says of versions and locks, each in its own way, and what the deploy that first has its bucket makes of it. */
import * as http from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import type { Bucket } from "../../release/backup.ts";
import { guards } from "../../server/bucket/s3.ts";
import { unguardedAnew } from "../../server/bucket-protection.ts";
import { backupForm } from "../../settings/backup.ts";
import * as z from "zod";

vi.mock("../../server/bucket.ts", () => ({ guardsOf: (bucket: Bucket) => guards(bucket) }));

type Answer = readonly [status: number, body: string];
const error = (status: number, code: string): Answer => [status, `<Error><Code>${code}</Code><Message>no</Message></Error>`];
const LOCKED: Answer = [
  200,
  "<ObjectLockConfiguration><ObjectLockEnabled>Enabled</ObjectLockEnabled><Rule><DefaultRetention><Mode>COMPLIANCE</Mode><Days>30</Days></DefaultRetention></Rule></ObjectLockConfiguration>",
];
const UNLOCKED = error(404, "ObjectLockConfigurationNotFoundError");
const VERSIONS: Answer = [200, "<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>"];
const NO_VERSIONS: Answer = [200, "<VersioningConfiguration></VersioningConfiguration>"];
const DENIED = error(403, "AccessDenied");

let lock: Answer;
let versioning: Answer;
const store = http.createServer((request, response) => {
  const [status, body] = request.url!.includes("object-lock") ? lock : versioning;
  response.writeHead(status, { "content-type": "application/xml" }).end(`<?xml version="1.0"?>${body}`);
});
let bucket: Bucket;
beforeAll(async () => {
  await new Promise<void>((done) => store.listen(0, "127.0.0.1", done));
  const endpoint = `http://127.0.0.1:${(store.address() as AddressInfo).port}`;
  bucket = { name: "acme", region: "eu-central-1", prefix: "", endpoint, pathStyle: true, accessKeyId: "a", secretAccessKey: "b" };
});
afterAll(() => void store.close());

const form = backupForm(z.string().transform(() => 60));
const plan = (change: Partial<Bucket> = {}) => ({ backup: { ...form.parse({ service: "postgres" }), bucket: { ...bucket, ...change } } });
const said = async (before?: ReturnType<typeof plan>) => (await unguardedAnew(plan(), before))?.what;

test.each<[string, Answer, Answer, RegExp | undefined]>([
  ["locks", LOCKED, DENIED, undefined],
  ["locks nothing, and keeps versions", UNLOCKED, VERSIONS, /^the bucket acme locks nothing/],
  ["keeps no versions", UNLOCKED, NO_VERSIONS, /^the bucket acme keeps no versions/],
  ["knows neither", error(501, "NotImplemented"), error(501, "NotImplemented"), /^the bucket acme keeps no versions/],
  ["lets this server see neither", DENIED, DENIED, /^the bucket acme locks nothing, as far as this server may see/],
  ["is somebody else's", error(404, "NoSuchBucket"), error(404, "NoSuchBucket"), undefined],
])("one that %s", async (_what, ofLocks, ofVersions, says) => {
  [lock, versioning] = [ofLocks, ofVersions];
  if (says) expect(await said()).toMatch(says);
  else expect(await said()).toBeUndefined();
});

test("what was there before is not said again; another bucket is", async () => {
  [lock, versioning] = [UNLOCKED, NO_VERSIONS];
  expect(await said(plan())).toBeUndefined();
  expect(await said(plan({ name: "other" }))).toMatch(/^the bucket acme keeps no versions/);
});
