/**
 * A program of its own, put on the host only where a stack has a bucket: one order, carried out with the official SDK. Bytes go
 * in on standard input and out on standard output. Beside the host program, whose start it would slow.
 */
import { Socket } from "node:net";
import { createInterface } from "node:readline";
import { explain } from "./explain.ts";
import { COMPLETE, type Order } from "./order.ts";
import { check, guards, list, prove, read, send, takeOut } from "./s3.ts";

const DESCRIPTOR = 3;
/** As a shell says it of a program whose reader is gone: why is the reader's to say. */
const NO_READER = 141;

process.stdout.on("error", () => process.exit(NO_READER));

async function main(): Promise<void> {
  // A socket, as Node makes its pipes: reading it as a file would hold a thread, and with it our end, until the other side closes it.
  const lines = createInterface({ input: new Socket({ fd: DESCRIPTOR, readable: true, writable: false }) })[Symbol.asyncIterator]();
  const first = await lines.next();
  const order = JSON.parse(first.value as string) as Order;
  try {
    await carryOut(order, async () => (await lines.next()).value === COMPLETE);
  } catch (error) {
    process.stderr.write(`${explain(error as Error, order.bucket)}\n`);
    process.exitCode = 1;
  }
  // The descriptor is still open on the other side, which waits for our end.
  process.stdout.write("", () => process.exit());
}

async function carryOut(order: Order, complete: () => Promise<boolean>): Promise<void> {
  const print = (value: unknown) => void process.stdout.write(JSON.stringify(value));
  if (order.does === "check") await check(order.bucket, order.folder);
  else if (order.does === "guards") print(await guards(order.bucket));
  else if (order.does === "prove") await prove(order.bucket, order.folder, order.key);
  else if (order.does === "list") print(await list(order.bucket, order.folder));
  else if (order.does === "read") process.stdout.write(await read(order.bucket, order.key));
  else if (order.does === "get") await takeOut(order.bucket, order.key, process.stdout);
  else print(await send(order.bucket, order, process.stdin, complete));
}

void main();
