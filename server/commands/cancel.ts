/** What a person decides of a deploy that runs. `recoloca cancel`: ends it, and goes back to the old release. */
import { OUTCOMES } from "../../release/outcome.ts";
import type { Given } from "../command-line.ts";
import { follow, say } from "../follow.ts";
import { ownerOf } from "../lock.ts";
import { run } from "../process.ts";
import { runningDeploy } from "../stack-lock.ts";
import { Store } from "../store.ts";
import { refuse } from "./refuse.ts";
import { theStack, whoAmI } from "./which.ts";
import { startResume } from "./resume.ts";

export async function cancel(given: Given): Promise<number> {
  const store = new Store(theStack(given, await stacksWithDeploys()));
  const number = await runningDeploy(store);
  if (number === undefined) return refuse(`nothing is being deployed to ${store.stack}. Nothing was changed.`);
  const { live } = store.state();
  if (live?.number === number)
    return refuse(`release ${number} is live already, only the old one's requests are being ended\n   to go back: recoloca rollback`);
  const owner = ownerOf(store.lockFile);
  const shown = store.journal(number).length;
  store.cancel(number, { by: whoAmI(), at: new Date().toISOString() });
  say(` cancelling release ${number}`);
  // The same way as a crash, which is proven in every state: the process ends, and what it left is taken back.
  if (owner?.unit !== undefined) await run("systemctl", ["kill", "--signal=SIGKILL", "--kill-whom=all", owner.unit]);
  else if (owner) process.kill(owner.pid, "SIGKILL");
  await startResume(store.stack);
  const code = await follow(store, number, shown);
  if (code === OUTCOMES.live.exit) return refuse(`release ${number} came live before it could be ended\n   to go back: recoloca rollback`);
  return code === OUTCOMES.failed.exit || code === OUTCOMES["rolled-back"].exit ? 0 : code;
}

/** `recoloca accept`: somebody has seen enough; the window of a release that is watched ends now, and the record says who ended it. */
export async function accept(given: Given): Promise<number> {
  const store = new Store(theStack(given, await stacksWithDeploys()));
  const number = await runningDeploy(store);
  if (number === undefined) return refuse(`nothing is being deployed to ${store.stack}. Nothing was changed.`);
  if (store.doing(number) !== "watched") return refuse(`release ${number} is not being watched now: recoloca show ${number}. Nothing was changed.`);
  const shown = store.journal(number).length;
  store.accept(number, { by: whoAmI(), at: new Date().toISOString() });
  return follow(store, number, shown);
}

async function stacksWithDeploys(): Promise<string[]> {
  const found = await Promise.all(Store.stacks().map(async (stack) => ((await runningDeploy(new Store(stack))) === undefined ? [] : [stack])));
  return found.flat();
}
