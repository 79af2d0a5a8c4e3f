/** Removes images that no kept release of any stack on this host needs. */
import { removeImage } from "./engine.ts";
import { Store } from "./store.ts";

/** Whether the images of superseded releases are kept at all. */
export async function prune(store: Store, keep: number): Promise<boolean> {
  const needed = new Set(Store.stacks().flatMap((name) => keptImages(new Store(name), keep)));
  const old = store
    .numbers()
    .flatMap((number) => Object.values(store.record(number)?.images ?? {}))
    .filter((image) => !needed.has(image));
  await Promise.all([...new Set(old)].map(removeImage));
  return keep > 0;
}

function keptImages(store: Store, keep: number): string[] {
  const live = store.state().live?.number;
  const good = store.numbers().filter((number) => store.record(number)?.outcome === "live" || number === live);
  const kept = new Set([...good.slice(-keep - 1), ...store.numbers().slice(-1), ...(live === undefined ? [] : [live])]);
  return [...kept].flatMap((number) => Object.values(store.plan(number).images));
}
