/** What is left of an upload whose processes are killed: the bucket's program as it lies on a server, and a store that counts what is unfinished. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import * as fs from "node:fs";
import * as http from "node:http";
import type { AddressInfo } from "node:net";
import * as os from "node:os";
import * as path from "node:path";
import { gunzipSync } from "node:zlib";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { bundled } from "../../components/host/host-program.ts";
import type { Order } from "../../server/bucket/order.ts";

let folder: string;
let program: string;
let endpoint: string;
/** Uploads that are begun and neither ended nor aborted, by their key, and bytes of what is there whole. */
const unfinished = new Map<string, string>();
const whole = new Map<string, number>();
let parts = 0;
let aborted = 0;

/** As much of S3 as an upload in parts takes. */
const store = http.createServer((request, response) => {
  const url = new URL(request.url!, "http://s3");
  const key = decodeURIComponent(url.pathname).replace(/^\/backups\/?/, "");
  const asks = (word: string) => url.searchParams.has(word);
  let bytes = 0;
  request
    .on("data", (part: Buffer) => (bytes += part.length))
    .on("end", () => {
      const xml = (name: string, inside: string) =>
        response.end(`<?xml version="1.0"?><${name} xmlns="http://s3.amazonaws.com/doc/2006-03-01/">${inside}</${name}>`);
      const { method } = request;
      const id = url.searchParams.get("uploadId");
      if (method === "GET" && asks("uploads"))
        return xml("ListMultipartUploadsResult", [...unfinished].map(([Key, Id]) => `<Upload><Key>${Key}</Key><UploadId>${Id}</UploadId></Upload>`).join(""));
      if (method === "POST" && asks("uploads")) {
        unfinished.set(key, `upload-${key}`);
        return xml("InitiateMultipartUploadResult", `<Bucket>backups</Bucket><Key>${key}</Key><UploadId>upload-${key}</UploadId>`);
      }
      if (method === "PUT" && id !== null) parts++;
      if (method === "DELETE" && unfinished.delete(key)) aborted++;
      if (method === "POST" && id !== null && unfinished.delete(key)) {
        whole.set(key, SIZE);
        return xml("CompleteMultipartUploadResult", `<Bucket>backups</Bucket><Key>${key}</Key><ETag>"e"</ETag>`);
      }
      if (method === "PUT" && id === null) whole.set(key, bytes);
      if (method === "HEAD") return response.writeHead(200, { "content-length": whole.get(key) ?? 0 }).end();
      if (method === "GET") return response.writeHead(404).end();
      return response.writeHead(method === "DELETE" ? 204 : 200, { etag: '"e"' }).end();
    });
});

const SIZE = 20 * 2 ** 20;
const order = (name: string): Order => ({
  does: "put",
  bucket: { name: "backups", region: "eu-central-1", prefix: "", endpoint, pathStyle: true, accessKeyId: "a", secretAccessKey: "b" },
  folder: "shop-test",
  key: `shop-test/${name}.backup`,
  bytes: SIZE,
  note: {},
  noteKey: `shop-test/${name}.json`,
});

/** Stands in for the host program: sends an order and its bytes, to their end or until it is killed. Prints the program's own id. */
const SENDER = `const [program, order, size] = process.argv.slice(1);
const child = require("node:child_process").spawn(process.execPath, [program], { stdio: ["pipe", "inherit", "inherit", "pipe"] });
process.stderr.write(child.pid + "\\n");
child.stdio[3].write(order + "\\n");
child.on("close", (code) => process.exit(code));
if (size !== "endless") child.stdin.end(Buffer.alloc(Number(size)), () => child.stdio[3].end("complete\\n"));
else (function more() { child.stdin.write(Buffer.alloc(2 ** 20), more); })();`;

function sender(name: string, size: string) {
  const child = spawn(process.execPath, ["--eval", SENDER, program, JSON.stringify(order(name)), size], { stdio: ["ignore", "pipe", "pipe"] });
  let said = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => (said += text));
  return { child, ended: once(child, "close").then(([code]) => ({ code: code as number, said })), pid: () => Number(said.split("\n")[0]) };
}

/** Whether a process is there and not only waiting for its parent to look. */
const runs = (pid: number) => fs.existsSync(`/proc/${pid}/stat`) && !/\) Z /.test(fs.readFileSync(`/proc/${pid}/stat`, "utf8"));
const soon = { timeout: 30_000, interval: 50 };

beforeAll(async () => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), "bucket-program-"));
  program = path.join(folder, "program.js");
  fs.writeFileSync(program, gunzipSync(Buffer.from((await bundled("bucket")).packed, "base64")));
  await new Promise<void>((done) => store.listen(0, "127.0.0.1", done));
  endpoint = `http://127.0.0.1:${(store.address() as AddressInfo).port}`;
});
afterAll(() => {
  store.closeAllConnections();
  store.close();
  fs.rmSync(folder, { recursive: true });
});
beforeEach(() => {
  unfinished.clear();
  whole.clear();
  [parts, aborted] = [0, 0];
});

test("where the host program alone is killed, the bucket's aborts the upload and ends: what had come is not taken for the whole", async () => {
  const sending = sender("cut", "endless");
  await expect.poll(() => parts, soon).toBeGreaterThan(0);
  sending.child.kill("SIGKILL");
  await expect.poll(() => aborted, soon).toBe(1);
  await expect.poll(() => runs(sending.pid()), soon).toBe(false);
  expect([[...unfinished], [...whole]]).toEqual([[], []]);
});

test("where both are, as by a power cut, the next upload aborts what was left, and is whole", async () => {
  const sending = sender("cut", "endless");
  await expect.poll(() => parts, soon).toBeGreaterThan(0);
  process.kill(sending.pid(), "SIGKILL");
  sending.child.kill("SIGKILL");
  await sending.ended;
  expect([...unfinished.keys()]).toEqual(["shop-test/cut.backup"]);
  const { code, said } = await sender("next", String(SIZE)).ended;
  expect(code, said).toBe(0);
  expect(aborted).toBe(1);
  expect([...unfinished]).toEqual([]);
  expect([...whole.keys()].sort()).toEqual(["shop-test/next.backup", "shop-test/next.json"]);
});
