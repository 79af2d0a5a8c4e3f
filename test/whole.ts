/**
 * `make test WHOLE=1` does also what not every run repeats. A run of `make test` has ninety minutes at most, on a machine that may be half as fast as
 * another; what is left out of it is more of the same kind, and SEED chooses another part.
 */
export const SEED = Number(process.env["SEED"] ?? 1);
export const WHOLE = process.env["WHOLE"] === "1";

/** One of every so many, beginning where the seed says; all of them where the whole is wanted. */
export const partOf = <T>(items: readonly T[], every: number): T[] => items.filter((_, index) => WHOLE || index % every === SEED % every);
