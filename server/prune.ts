/** Removes images that no kept release of any stack on this host needs. */
import type { Plan } from "../release/plan.ts";
import { pruneBackups } from "./backup.ts";
import { removeImage } from "./engine.ts";
import { Store } from "./store.ts";

/** After a good deploy. Gives whether the images of superseded releases are kept at all. */
export async function prune(store: Store, { keep, backup }: Pick<Plan, "keep" | "backup">): Promise<boolean> {
  const needed = new Set(Store.stacks().flatMap((name) => keptImages(new Store(name), keep)));
  if (backup)
    pruneBackups(
      store,
      backup.keep,
      keptReleases(store, keep).flatMap((number) => store.record(number)?.backup ?? []),
    );
  const old = store
    .numbers()
    .flatMap((number) => Object.values(store.record(number)?.images ?? {}))
    .filter((image) => !needed.has(image));
  await Promise.all([...new Set(old)].map(removeImage));
  return keep > 0;
}

/** Those that can be gone back to, the live one, and the newest whatever became of it. */
function keptReleases(store: Store, keep: number): number[] {
  const live = store.state().live?.number;
  const good = store.numbers().filter((number) => store.record(number)?.outcome === "live" || number === live);
  return [...new Set([...good.slice(-keep - 1), ...store.numbers().slice(-1), ...(live === undefined ? [] : [live])])];
}

const keptImages = (store: Store, keep: number) => keptReleases(store, keep).flatMap((number) => Object.values(store.record(number)?.images ?? {}));
