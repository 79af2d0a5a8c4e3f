/** The process that holds the lock and runs the transaction: started by the receiver in a unit of its own. */
import { OUTCOMES } from "../../release/outcome";
import type { Given } from "../command-line";
import { Store } from "../store";
import { transact } from "../transaction";

export async function runTransaction(given: Given): Promise<number> {
  const [stack = "", number = ""] = given.words;
  return OUTCOMES[await transact(new Store(stack), Number(number))].exit;
}
