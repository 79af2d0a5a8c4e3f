/**
 * A program of its own, put on the host only where a stack is measured: sends what it gets on standard input, and says what was
 * taken. Beside the host program, whose start both SDKs would slow.
 */
import type { Answer, Order } from "./order.ts";

/** Only one of the two SDKs is loaded: the other one's memory nobody needs. */
async function send(order: Order): Promise<Answer> {
  const { sink } = order;
  if (sink.to === "otlp") return (await import("./otlp.ts")).sendOtlp(sink, order);
  return (await import("./cloudwatch.ts")).sendToCloudWatch(sink, order);
}

async function main(): Promise<void> {
  const chunks: Buffer[] = [];
  for await (const chunk of process.stdin) chunks.push(chunk as Buffer);
  const answer = await send(JSON.parse(Buffer.concat(chunks).toString("utf8")) as Order);
  process.stdout.write(JSON.stringify(answer));
}

main().catch((error: unknown) => {
  process.stderr.write(`${(error as Error).message}\n`);
  process.exitCode = 1;
});
