/** What is live, as Pulumi asks it before each preview. Kept as a file too, which the program's starter prints without Node. */
import * as fs from "node:fs";
import * as path from "node:path";
import { RECORD_FORMAT, attemptName, type LiveAnswer, type ReleaseRecord } from "../release/record.ts";
import { writeWhole, type Store } from "./store.ts";

export const LIVE_FILE = "live.json";

export function liveAnswer(store: Store): LiveAnswer {
  const { live, hold } = store.state();
  const record = live && store.record(live.number);
  const plan = record && store.plan(record.number);
  return {
    format: RECORD_FORMAT,
    live:
      record && plan
        ? {
            number: record.number,
            release: record.release,
            identity: record.identity,
            attempt: record.attempt,
            images: record.images,
            provenance: record.provenance,
            definitions: plan.definitions,
            generations: plan.generations ?? {},
            since: record.endedAt ?? record.startedAt,
            before: namesBefore(store, record),
          }
        : null,
    hold: hold ?? null,
    next: attemptName((store.numbers().at(-1) ?? 0) + 1),
  };
}

/** As many as a preview of an old release can be about. */
const MOST = 50;

function namesBefore(store: Store, now: ReleaseRecord): string[] {
  const start = now.rollback?.to ?? now.number;
  const older = store.records().filter(({ number, outcome, release }) => number < start && outcome === "live" && release !== now.release);
  return [...new Set(older.map(({ release }) => release).reverse())].slice(0, MOST);
}

const file = (store: Store) => path.join(store.folder, LIVE_FILE);

/** To be called whenever a release was created or has ended. */
export const keepLiveAnswer = (store: Store) => writeWhole(file(store), `${JSON.stringify(liveAnswer(store))}\n`);

/** The name of the next attempt is another one each time, behind its number. */
const told = ({ next, ...rest }: LiveAnswer) => JSON.stringify({ ...rest, next: next.replace(/-.*/, "") });

/** Where another one lies there than there should; undefined where it is right, or none is there, which is asked of this program then. */
export function keptAnswerIsWrong(store: Store): string | undefined {
  if (!fs.existsSync(file(store))) return undefined;
  try {
    return told(JSON.parse(fs.readFileSync(file(store), "utf8")) as LiveAnswer) === told(liveAnswer(store)) ? undefined : file(store);
  } catch {
    return file(store);
  }
}
