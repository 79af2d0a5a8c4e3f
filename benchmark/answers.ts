/** What the load client's raw answers say: failures, gaps, what was in flight. Pure. */

export interface Answer {
  /** Milliseconds since the epoch: sent, answered. */
  readonly sent: number;
  readonly answered: number;
  /** HTTP status, 0 without an answer. */
  readonly status: number;
  readonly method: string;
  readonly url: string;
  readonly error: string;
  readonly body: string;
}

/** Rows of `vegeta encode --to csv`, in the order they were answered. */
export function parseAnswers(csv: string): Answer[] {
  return csv
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => {
      const cells = line.split(",");
      const sent = Number(cells[0]) / 1e6;
      return {
        sent,
        answered: sent + Number(cells[2]) / 1e6,
        status: Number(cells[1]),
        error: cells[5] ?? "",
        body: Buffer.from(cells[6] ?? "", "base64").toString("utf8"),
        method: cells.at(-3) ?? "",
        url: cells.at(-2) ?? "",
      };
    })
    .sort((a, b) => a.answered - b.answered);
}

export const failed = (answers: readonly Answer[]): Answer[] => answers.filter((one) => one.status < 200 || one.status >= 400);

/** Listings whose creation was acknowledged, by number. */
export const acknowledged = (answers: readonly Answer[]): number[] =>
  answers.filter((one) => one.method === "POST" && one.status === 201).map((one) => (JSON.parse(one.body) as { id: number }).id);

/** Longest time, in milliseconds, in which nobody got a good answer, between two moments. */
export function longestGap(answers: readonly Answer[], from = -Infinity, to = Infinity): number {
  const good = answers.filter((one) => one.status >= 200 && one.status < 400).map((one) => one.answered);
  return good.slice(1).reduce((most, at, index) => (at >= from && good[index]! <= to ? Math.max(most, at - good[index]!) : most), 0);
}

export const inFlight = (answers: readonly Answer[], at: number): number => answers.filter((one) => one.sent <= at && one.answered >= at).length;

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length / 2;
  return sorted.length % 2 === 1 ? sorted[Math.floor(middle)]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}
