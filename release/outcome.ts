/** How a deploy can end, and the exit code of `recoloca deploy` for each. 0 means that what was asked for is live. */
export const OUTCOMES = {
  live: { exit: 0, says: "live", was: "came live" },
  refused: { exit: 20, says: "refused, nothing was changed", was: "was refused" },
  failed: { exit: 21, says: "failed before the switch", was: "failed before the switch" },
  "rolled-back": { exit: 22, says: "rolled back", was: "was rolled back" },
  stuck: { exit: 23, says: "needs a human", was: "needed a human" },
} as const;

export type Outcome = keyof typeof OUTCOMES;
