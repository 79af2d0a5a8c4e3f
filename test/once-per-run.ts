/** What several projects of one run share: vitest sets up each of them, and loads the file anew for each. */

interface Shared {
  users: number;
  readonly made: Promise<() => Promise<void> | void>;
}
const shared = ((globalThis as { oncePerRun?: Map<string, Shared> }).oncePerRun ??= new Map<string, Shared>());

/** A global set-up that is made with the first project and taken away with the last one. */
export function oncePerRun(name: string, setUp: () => Promise<() => Promise<void> | void>): () => Promise<() => Promise<void>> {
  return async () => {
    const one: Shared = shared.get(name) ?? { users: 0, made: setUp() };
    shared.set(name, one);
    one.users++;
    const takeAway = await one.made;
    return async () => {
      if (--one.users > 0) return;
      shared.delete(name);
      await takeAway();
    };
  };
}
