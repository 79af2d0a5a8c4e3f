/**
 * Files that take minutes each come in turns: a run of `make test` has what every run repeats, and one of these. Together they would take more than an
 * hour of two processors. The commit says which, so that the same commit is always tested the same way, and four in a row have all of them.
 */
export const TURNS: readonly (readonly string[])[] = [
  ["engine/staging.test.ts", "chaos/first-half.test.ts", "server/tls.test.ts", "server/rotation-interrupted.test.ts", "ssh/stack.test.ts"],
  [
    "ssh/changed-settings.test.ts",
    "server/bucket.test.ts",
    "engine/github.test.ts",
    "server/review.test.ts",
    "server/rotation-interrupted-redis.test.ts",
    "server/going-back.test.ts",
  ],
  [
    "server/maintenance.test.ts",
    "engine/production.test.ts",
    "chaos/second-half.test.ts",
    "engine/renewed-secrets.test.ts",
    "engine/previews.test.ts",
    "ssh/half-made.test.ts",
  ],
  [
    "journeys/failing-release.test.ts",
    "server/on-purpose.test.ts",
    "engine/observability.test.ts",
    "journeys/workflow-commands.test.ts",
    "server/damaged-store.test.ts",
    "server/compose-shapes.test.ts",
    "server/watch.test.ts",
  ],
];

/** What a run leaves out that has this turn, counted from 1; nothing without one. */
export const leftOut = (turn: number | undefined): string[] => (turn === undefined ? [] : TURNS.flatMap((files, index) => (index === turn - 1 ? [] : files)));

/** Of the environment: `TURN` as `make test` gives it to its parts. */
export const givenTurn = (value = process.env["TURN"]): number | undefined => (value === undefined || value === "" ? undefined : Number(value));

/** Whose turn it is with the commit that has so many before it. */
export const turnOf = (commits: number): number => (commits % TURNS.length) + 1;
