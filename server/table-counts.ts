/** Rows of each table, as a backup's command writes them down when it is taken, and as a drill finds them. */

/** Names the bytes that the whole takes, among the tables. */
const WHOLE = "*";

export interface Counts {
  readonly tables: Readonly<Record<string, number>>;
  readonly bytes?: number | undefined;
}

/** From lines of JSON, `["public.orders", 120]`; undefined where there is none. */
export function readCounts(text: string): Counts | undefined {
  const rows = text
    .split("\n")
    .filter((line) => line.trim() !== "")
    .map((line) => JSON.parse(line) as [string, number]);
  if (rows.length === 0) return undefined;
  const { [WHOLE]: bytes, ...tables } = Object.fromEntries(rows);
  return { tables, bytes };
}

/** What a restored backup has that it should not, or has not that it should; empty where it is as it was. */
export function differences(wanted: Counts["tables"], found: Counts["tables"]): string[] {
  const names = [...new Set([...Object.keys(wanted), ...Object.keys(found)])].sort();
  const say = (count: number | undefined) => (count === undefined ? "is not there" : `has ${count} rows`);
  return names.flatMap((name) => {
    const [then, now] = [wanted[name], found[name]];
    if (then === now) return [];
    return [then === undefined ? `${name} ${say(now)}, and was not there` : `${name} ${say(now)}, of ${then}`];
  });
}
