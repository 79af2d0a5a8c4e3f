/** `recoloca overdue`, by a timer each hour: what should have been done by itself and was not is told, and what was killed is taken up. */
import { begunHere } from "../begun.ts";
import { say } from "../follow.ts";
import { tellLate } from "../late-news.ts";
import { isTaken } from "../lock.ts";
import { Store } from "../store.ts";
import { hasStopped } from "../volume-backup.ts";
import { startResume } from "./resume.ts";

export async function overdueCommand(): Promise<number> {
  let code = 0;
  for (const stack of Store.stacks()) {
    const store = new Store(stack);
    try {
      if (wasInterrupted(store) && !(await isTaken(store.lockFile))) await startResume(stack);
      await tellLate(store);
    } catch (error) {
      // One stack that cannot be looked at keeps nobody from hearing of the others.
      say(` ${stack}: ${(error as Error).message}`);
      code = 1;
    }
  }
  return code;
}

/** A damaged record is doctor's to tell. */
function wasInterrupted(store: Store): boolean {
  const newest = store.readings().at(-1)?.record;
  return begunHere(store).length > 0 || hasStopped(store) || (newest !== undefined && newest.outcome === undefined);
}
