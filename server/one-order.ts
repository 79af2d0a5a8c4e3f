/** What a program beside the host program does: one order, as JSON on standard input; why it failed is on standard error. */
import { readInput } from "./standard-input.ts";

export function carryOut<Order>(work: (order: Order) => Promise<void>): void {
  readInput()
    .then((text) => work(JSON.parse(text) as Order))
    .catch((error: unknown) => {
      process.stderr.write(`${(error as Error).message}\n`);
      process.exitCode = 1;
    });
}
