/** `recoloca prune`: by a timer once a day, and by hand. A deploy does it too, when it has come live. */
import type { Given } from "../command-line.ts";
import { say } from "../follow.ts";
import { keepLiveAnswer } from "../live-answer.ts";
import { signLock, whileOurs } from "../lock.ts";
import { prune, type Pruned } from "../prune.ts";
import { sayPruned } from "../render.ts";
import { Store } from "../store.ts";
import { theStack, whoAmI } from "./which.ts";

export async function pruneCommand(given: Given): Promise<number> {
  const stacks = given.options["stack"] === undefined ? Store.stacks() : [theStack(given)];
  const all: { readonly stack: string; readonly pruned?: Pruned }[] = [];
  for (const stack of stacks) {
    const store = new Store(stack);
    // What a deploy that runs now, or was interrupted, will need is not known yet; it prunes when it has ended.
    const pruned = await whileOurs(store.lockFile, async () => {
      signLock(store.lockFile, { what: "prune", number: store.state().live?.number ?? 0, by: whoAmI() });
      if (store.unfinished() !== undefined) return undefined;
      const pruned = await prune(store);
      // It names older releases too.
      keepLiveAnswer(store);
      return pruned;
    });
    all.push({ stack, ...(pruned && { pruned }) });
  }
  const busy = "something is at it, left alone";
  const told = all.map(({ stack, pruned }) => ({ stack, ...(pruned ?? { busy }) }));
  if (given.options["json"]) process.stdout.write(`${JSON.stringify(told, null, 2)}\n`);
  else for (const { stack, pruned } of all) say(` ${stack}: ${pruned ? sayPruned(pruned) || "nothing to remove" : busy}`);
  return 0;
}
