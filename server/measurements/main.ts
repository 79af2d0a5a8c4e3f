/**
 * A program of its own, put on the host only where a stack is measured: sends what it gets on standard input, and says what was
 * taken. Beside the host program, whose start both SDKs would slow.
 */
import { carryOut } from "../one-order.ts";
import type { Answer, Order } from "./order.ts";

/** Only one of the two SDKs is loaded: the other one's memory nobody needs. */
async function send(order: Order): Promise<Answer> {
  const { sink } = order;
  if (sink.to === "otlp") return (await import("./otlp.ts")).sendOtlp(sink, order);
  return (await import("./cloudwatch.ts")).sendToCloudWatch(sink, order);
}

carryOut<Order>(async (order) => void process.stdout.write(JSON.stringify(await send(order))));
