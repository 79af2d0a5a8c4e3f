/** A hold: a release that somebody left on purpose does not come back by the next update, until a deploy names it (design D14). */
import type { Plan } from "../../release/plan.ts";
import { isHeld } from "../../release/record.ts";
import { ago } from "../render.ts";
import type { Store } from "../store.ts";

/** ` (slow since noon)`, where the person said why. */
export const sayWhy = ({ why }: { readonly why?: string | undefined }) => (why === undefined ? "" : ` (${why})`);

/** Why a release may not be deployed, or undefined; `lift` is the number of the hold that the caller knows of. */
export function holdOf(store: Store, plan: Plan, lift: string | boolean | undefined): string | undefined {
  const { hold, live } = store.state();
  const now = live ? store.record(live.number) : undefined;
  if (!hold || !isHeld(hold, plan, now ?? null)) return undefined;
  if (lift === String(hold.number)) {
    store.setState({ hold: null });
    return undefined;
  }
  return `release ${hold.number} (${hold.release}) was left by ${hold.by}'s ${hold.how}, ${ago(hold.at)} ago${sayWhy(hold)}, and is on hold
   deploy it all the same   pulumi config set recoloca:lift ${hold.number}
   keep what is live        pulumi config rm recoloca:images; pulumi config rm recoloca:release
   Nothing was changed.`;
}
