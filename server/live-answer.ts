/** What is live, as Pulumi asks it before each preview. Kept as a file too, which the program's starter prints without Node. */
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

/** To be called whenever a release was created or has ended. */
export const keepLiveAnswer = (store: Store) => writeWhole(path.join(store.folder, LIVE_FILE), `${JSON.stringify(liveAnswer(store))}\n`);
