/**
 * That a backup or a drill has begun, in a file of the store until it has ended: so what was killed is known. One of a timer starts
 * again, once; one of a person's, and one that was killed again, has failed and is told like it.
 */
import * as fs from "node:fs";
import { keepFailure } from "./backup-failure.ts";
import { removePartialBackups } from "./backup-note.ts";
import { BACKUP_JOBS } from "./backup-place.ts";
import { KINDS, type Kind } from "./backup-timers.ts";
import { keepDrill } from "./drill.ts";
import * as engine from "./engine.ts";
import type { Finding } from "./finding.ts";
import { say } from "./follow.ts";
import { isTaken } from "./lock.ts";
import { tellTrouble } from "./notify.ts";
import { run } from "./process.ts";
import { ago } from "./render.ts";
import { readJsonOr, writeWhole, type Store } from "./store.ts";

export interface Begun {
  readonly at: string;
  /** `its timer`, or the person. */
  readonly by: string;
  readonly timed: boolean;
  /** Was killed, and is to be started again; or is the one that was. */
  readonly again?: "due" | "begun" | undefined;
  /** Its own person has ended it. */
  readonly dropped?: boolean | undefined;
}

const kinds = Object.keys(KINDS) as Kind[];
const file = (store: Store, kind: Kind) => `${store.folder}/${kind}-begun.json`;
/** A damaged one says that something had begun, and no more. */
export const begunOf = (store: Store, kind: Kind): Begun | undefined =>
  readJsonOr<Begun>(file(store, kind), (_why, at) => ({ at, by: "somebody", timed: false }));
const keep = (store: Store, kind: Kind, begun: Begun) => writeWhole(file(store, kind), JSON.stringify(begun));

/** Under the lock, like all of this. */
export function begin(store: Store, kind: Kind, { by, timed }: Pick<Begun, "by" | "timed">): void {
  const again = begunOf(store, kind)?.again && ({ again: "begun" } as const);
  keep(store, kind, { at: new Date().toISOString(), by, timed, ...again });
}
export const ended = (store: Store, kind: Kind): void => fs.rmSync(file(store, kind), { force: true });
export const drop = (store: Store, kind: Kind): void => keep(store, kind, { ...begunOf(store, kind)!, dropped: true });

/** Of which one has begun and not ended; whether somebody is at it, the lock knows. */
export const begunHere = (store: Store): Kind[] => kinds.filter((kind) => begunOf(store, kind) !== undefined);

/** Those that nobody is at any more, for `status`. */
export async function sayCut(store: Store): Promise<{ kind: Kind; text: string }[]> {
  const cut = begunHere(store).filter((kind) => !begunOf(store, kind)!.dropped);
  if (cut.length === 0 || (await isTaken(store.lockFile))) return [];
  return cut.map((kind) => {
    const { by, at } = begunOf(store, kind)!;
    return { kind, text: `a ${kind} by ${by} that began ${ago(at)} ago was killed` };
  });
}

/** And for `doctor`. */
export const cutFindings = async (store: Store): Promise<Finding[]> =>
  (await sayCut(store)).map(({ kind, text }) => ({
    what: `${store.stack}: ${text}`,
    fix: `systemctl start recoloca-resume@${store.stack}, which happens by itself in a moment; or recoloca ${kind}`,
  }));

/** Under the stack's lock, so that whoever has begun one, or a restore, is dead. */
export async function pickUpCut(store: Store): Promise<void> {
  const cut = begunHere(store);
  removePartialBackups(store.stack);
  // Not a migration's, of a release that could not be taken up: nobody can tell what it has done already.
  await engine.removeJobs(store.stack, BACKUP_JOBS).catch((error: Error) => say(` its containers stay for the next one: ${error.message}`));
  for (const kind of cut) await pickUp(store, kind, begunOf(store, kind)!);
}

async function pickUp(store: Store, kind: Kind, begun: Begun): Promise<void> {
  const { at, by, timed, again, dropped } = begun;
  if (dropped) return ended(store, kind);
  if (timed && again !== "begun") {
    keep(store, kind, { ...begun, again: "due" });
    const unit = `recoloca-${kind}@${store.stack}.service`;
    const started = await run("systemctl", ["start", "--no-block", unit]);
    if (started.code === 0) return say(` the ${kind} that began ${ago(at)} ago was killed; it is started again: ${unit}`);
  }
  const reason = `the one by ${by} that began at ${at.slice(0, 16).replace("T", " ")} UTC was killed before its end${again ? ", as the one before it was" : ""}`;
  if (kind === "backup") keepFailure(store, reason);
  else keepDrill(store, { at: new Date().toISOString(), passed: false, reason });
  await tellTrouble(store, kind, reason);
  ended(store, kind);
}
