/** A stack's lock as its commands take it: who has it and for what, whether he is waited for, and what his death left, which is settled first. */
import { sayDuration } from "../release/duration.ts";
import type { ReleaseRecord } from "../release/record.ts";
import { say } from "./follow.ts";
import { isTaken, ownerOf, take, type Owner } from "./lock.ts";
import { sleep } from "./process.ts";
import { ago, byWhom } from "./render.ts";
import { resumeHere } from "./run-release.ts";
import type { Store } from "./store.ts";

/** What keeps us from the lock: a release that is being deployed, or something else that its owner says. */
export interface Busy {
  readonly record?: ReleaseRecord;
  readonly owner?: Owner;
}

/** That whoever has just taken the lock may need until it has said what for. */
const UNSAID_MILLISECONDS = 2000;

/** `wait` is in seconds. Undefined once the lock is ours; else who has it, when it is for the release that we want, or when waiting took too long. */
export async function locked(store: Store, wait: number, same: (record: ReleaseRecord) => boolean = () => false): Promise<Busy | undefined> {
  const began = performance.now();
  const gone = () => performance.now() - began;
  for (let told = false; !take(store.lockFile);) {
    const number = await runningDeploy(store);
    const record = number === undefined ? undefined : store.record(number);
    const owner = ownerOf(store.lockFile);
    const busy: Busy = { ...(record && { record }), ...(owner && { owner }) };
    const due = gone() >= wait * 1000;
    if (record ? same(record) || due : due && gone() >= UNSAID_MILLISECONDS) return busy;
    if (!told && wait > 0 && (record || gone() >= UNSAID_MILLISECONDS)) {
      say(` waiting up to ${sayDuration(wait)}: ${whatRuns(busy)}`);
      told = true;
    }
    await sleep(100);
  }
  // A deploy whose process died: its lock is free, what it left is not.
  const left = store.numbers().at(-1);
  const record = left === undefined ? undefined : store.record(left);
  if (record && record.outcome === undefined) await settleFirst(store, record);
  return undefined;
}

/** The service that does so at a restart may not have come to it yet; the lock is ours now. */
async function settleFirst(store: Store, { number, release }: ReleaseRecord): Promise<void> {
  say(` release ${number} (${release}) was interrupted; first it is finished or taken back`);
  await resumeHere(store, number);
}

const WORK: Record<Owner["what"], string> = {
  deploy: "a release is being deployed",
  rollback: "a release is being rolled back",
  resume: "an interrupted release is being finished or taken back",
  backup: "a backup is being taken",
  restore: "a backup is being restored",
  drill: "a backup is being restored to see whether it can be",
  prune: "what no release needs is being removed",
  upgrade: "the edge and the engine are being upgraded",
};

function whatRuns({ record, owner }: Busy): string {
  const from = owner?.from ? `, from ${owner.from}` : "";
  if (record) return `release ${record.number} (${record.release}) is being deployed${byWhom(record.provenance)}${from}, since ${ago(record.startedAt)}`;
  return owner ? `${WORK[owner.what]}${byWhom({ actor: owner.by })}${from}, since ${ago(owner.since)}` : "somebody has the stack's lock";
}

export function sayRunning(busy: Busy): string {
  const ways = [
    ...(busy.record ? [`see it         recoloca show ${busy.record.number}`] : []),
    "wait for it    pulumi config set recoloca:wait 10m; pulumi up",
    ...(busy.record ? ["end it         recoloca cancel"] : []),
  ];
  return `${whatRuns(busy)}
${ways.map((way) => `   ${way}`).join("\n")}
   Nothing was changed.`;
}

/** The release that somebody deploys now. Nobody waits for a dead one: the lock died with its process. */
export async function runningDeploy(store: Store): Promise<number | undefined> {
  return (await isTaken(store.lockFile)) ? store.unfinished() : undefined;
}
