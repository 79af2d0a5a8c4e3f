/** `recoloca overdue`, by a timer each hour: what should have been done by itself and was not is told, and what was killed is taken up. */
import { say } from "../follow.ts";
import { tellLate } from "../late-news.ts";
import { isTaken } from "../lock.ts";
import { Store } from "../store.ts";
import { hasLeftSomething, startResume } from "./resume.ts";

export async function overdueCommand(): Promise<number> {
  let code = 0;
  for (const stack of Store.stacks()) {
    const store = new Store(stack);
    try {
      if (hasLeftSomething(store) && !(await isTaken(store.lockFile))) await startResume(stack);
      await tellLate(store);
    } catch (error) {
      // One stack that cannot be looked at keeps nobody from hearing of the others.
      say(` ${stack}: ${(error as Error).message}`);
      code = 1;
    }
  }
  return code;
}
