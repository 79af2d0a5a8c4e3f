/** `recoloca prune`: by a timer once a day, and by hand. A deploy does it too, when it has come live. */
import type { Given } from "../command-line.ts";
import { say } from "../follow.ts";
import { take } from "../lock.ts";
import { prune, type Pruned } from "../prune.ts";
import { sayPruned } from "../render.ts";
import { Store } from "../store.ts";
import { theStack } from "./which.ts";

export async function pruneCommand(given: Given): Promise<number> {
  const stacks = given.options["stack"] === undefined ? Store.stacks() : [theStack(given)];
  const all: (Pruned & { stack: string })[] = [];
  for (const stack of stacks) {
    const store = new Store(stack);
    // What a deploy that runs now will need is not known yet; it prunes when it has ended.
    if (!take(store.lockFile)) say(` ${stack}: something is at it, left alone`);
    else all.push({ stack, ...(await prune(store)) });
  }
  if (given.options["json"]) process.stdout.write(`${JSON.stringify(all, null, 2)}\n`);
  else for (const { stack, ...pruned } of all) say(` ${stack}: ${sayPruned(pruned) || "nothing to remove"}`);
  return 0;
}
