/** What is live, as Pulumi asks it before each preview. Kept as a file too, which the program's starter prints without Node. */
import * as fs from "node:fs";
import * as path from "node:path";
import { RECORD_FORMAT, attemptName, type LiveAnswer } from "../release/record.ts";
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
          }
        : null,
    hold: hold ?? null,
    next: attemptName((store.numbers().at(-1) ?? 0) + 1),
  };
}

const file = (store: Store) => path.join(store.folder, LIVE_FILE);
const kept = (store: Store) => `${JSON.stringify(liveAnswer(store))}\n`;

/** To be called whenever a release was created or has ended. */
export const keepLiveAnswer = (store: Store) => writeWhole(file(store), kept(store));

/** Where another one lies there than there should; undefined where it is right, or none is there, which is asked of this program then. */
export function keptAnswerIsWrong(store: Store): string | undefined {
  const there = fs.existsSync(file(store)) ? fs.readFileSync(file(store), "utf8") : undefined;
  return there === undefined || there === kept(store) ? undefined : file(store);
}
