/** A hold: a release that somebody left on purpose does not come back by the next update, until a deploy names it (design D14). */
import { keepLiveAnswer } from "../live-answer.ts";
import { ago } from "../render.ts";
import type { Hold, Store } from "../store.ts";

export function setHold(store: Store, hold: Hold): void {
  store.setState({ hold });
  keepLiveAnswer(store);
}

/** Why a release may not be deployed, or undefined; `lift` is the number of the hold that the caller knows of. */
export function holdOf(store: Store, identity: string, lift: string | boolean | undefined): string | undefined {
  const { hold } = store.state();
  if (!hold || hold.identity !== identity) return undefined;
  if (lift === String(hold.number)) {
    store.setState({ hold: null });
    return undefined;
  }
  return `release ${hold.number} (${hold.release}) was left by ${hold.by}'s ${hold.how}, ${ago(hold.at)} ago, and is on hold
   deploy it all the same   pulumi config set recoloca:lift ${hold.number}
   keep what is live        pulumi config rm recoloca:images; pulumi config rm recoloca:release
   Nothing was changed.`;
}
