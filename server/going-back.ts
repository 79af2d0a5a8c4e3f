/** Which release can be gone back to, and what stands against it: the schema, and the base's definitions. */
import { previousOf, type Login } from "../release/logins.ts";
import { canonical, identityOf, type Plan } from "../release/plan.ts";
import type { ReleaseRecord } from "../release/record.ts";
import { reaches } from "../release/takers.ts";
import { backupsOf } from "./backup-note.ts";
import { baseOf } from "./backup-place.ts";
import { ago, sayRevision } from "./render.ts";
import type { Store } from "./store.ts";

/** The release that was live before this one; after a rollback, the one before that which was gone back to. */
export function releaseBefore(store: Store, now: ReleaseRecord): ReleaseRecord | string {
  const start = now.rollback?.to ?? now.number;
  const { hold } = store.state();
  const fits = (record: ReleaseRecord) =>
    !record.rollback && record.identity !== now.identity && record.identity !== hold?.identity && isAnother(store, record, now);
  const before = store.records().findLast((one) => one.outcome === "live" && one.number < start && fits(one));
  return before ?? `there is no older release that was live; recoloca history lists what happened. Nothing was changed.`;
}

/** Whether going back there would change anything: with today's values a release that differs in them alone is what is live. */
export const isAnother = (store: Store, target: ReleaseRecord, now: ReleaseRecord): boolean =>
  identityOf(planToGoBack(store.plan(target.number), store.plan(now.number))) !== now.identity;

/**
 * The old release with today's values for every variable that still exists, its own for those that are gone (design D22, docs/decisions/0024). Who is told
 * of it, and where its trace goes, is no part of a release.
 */
export function planToGoBack(target: Plan, now: Plan): Plan {
  const { generations, logins, notify, telemetry, addresses } = now;
  // What a rotation brought is today's, also where the older release was made before it.
  const renewed = [...(logins ?? []).flatMap(({ user, password }) => [user, password]), ...Object.keys(generations ?? {}).map(previousOf)];
  const own = Object.entries(target.variables).filter(([name]) => !renewed.includes(name) || name in now.variables);
  const brought = renewed.flatMap((name) => (now.variables[name] === undefined ? [] : [[name, now.variables[name]] as const]));
  const kept = own.map(([name, value]) => [name, now.variables[name] ?? value] as const);
  const { generations: _generations, logins: _logins, telemetry: _telemetry, addresses: _addresses, ...rest } = target;
  return {
    ...rest,
    variables: Object.fromEntries([...kept, ...brought]),
    migrate: false,
    masked: [...new Set([...target.masked, ...now.masked])],
    watch: now.watch,
    drain: now.drain,
    keep: now.keep,
    backup: now.backup ?? target.backup,
    tls: now.tls,
    notify,
    ...(telemetry && { telemetry }),
    ...(addresses && { addresses }),
    ...(generations && { generations }),
    ...(logins && { logins }),
  };
}

/** Where the revision could not be read after a change. */
const UNKNOWN = "an unknown revision";

/** What has become of the schema since a release, and what there is to take it back. Revisions may be empty: nothing migrated yet. */
export interface Moved {
  readonly by: ReleaseRecord;
  readonly is: string;
  readonly knows: string;
  /** Name of the backup that was taken before it moved, where it is still here. */
  readonly backup?: string | undefined;
}

/** What its code would meet in the database: another schema than the one it knows. */
export function schemaMoved(store: Store, target: ReleaseRecord): Moved | undefined {
  const readings = store.readings();
  const original = readings.find(({ number }) => number === target.rollback?.to)?.record ?? target;
  const knows = original.schema?.after;
  // Also those that failed: a migration stays when its release goes.
  const since = readings.filter(({ number }) => number > original.number);
  const records = since.flatMap(({ record }) => record ?? []);
  const last = since.findLast(({ record, damage }) => damage !== undefined || record?.schema?.before !== undefined || record?.schema?.after !== undefined);
  // A change that nobody saw the end of counts as one, and so does what a damaged record may have told.
  const is = last && (last.record?.schema?.after ?? UNKNOWN);
  if (knows === undefined || is === undefined || knows === is) return undefined;
  // The last one that left what the target knows: before it the schema may have gone and come back, and what was written meanwhile counts.
  const left = records.findLast((record) => record.schema?.before === knows && record.schema.after !== knows);
  const by = left ?? records.findLast((record) => record.schema !== undefined) ?? records.at(-1) ?? original;
  const backup = backupsOf(store.stack).find((note) => note.name === left?.backup)?.name;
  return { by, is, knows, backup };
}

export const sayMoved = ({ by, is, knows }: Moved, target: ReleaseRecord) =>
  `release ${by.number} (${by.release}) migrated the schema past release ${target.number}, ${ago(by.startedAt)} ago (${sayRevision(is)} now; release ${target.number} knows up to ${sayRevision(knows)})`;

/** A database that would get an older definition over newer data is nothing to do by the way. */
export function baseMoved(store: Store, target: ReleaseRecord, now: ReleaseRecord): string | undefined {
  const [then, today] = [baseOf(store, target.number)?.document.services ?? {}, baseOf(store, now.number)?.document.services ?? {}];
  const differs = [...new Set([...Object.keys(then), ...Object.keys(today)])].filter((name) => canonical(then[name]) !== canonical(today[name])).sort();
  if (differs.length === 0) return undefined;
  return `release ${target.number} has another definition of ${differs.join(", ")} than what runs now, and would recreate it
   Deploy ${target.release}'s images with today's Compose file instead.
   Nothing was changed.`;
}

/** One whose services take no login in turn has the service's first user only, which nobody is let in by any more. */
export function loginMoved(store: Store, target: ReleaseRecord, now: ReleaseRecord): string | undefined {
  const then = store.plan(target.number);
  // One that had a login in turn itself was asked that before it was deployed.
  const renewed = (store.plan(now.number).logins ?? []).filter(({ service }) => !then.logins?.some((one) => one.service === service));
  const missing = ({ user, password }: Login) => [user, password].filter((variable) => !reaches(then, variable));
  const login = renewed.find((one) => missing(one).length > 0);
  return (
    login &&
    `release ${target.number} logs in to ${login.service} by its first password, which was renewed since: its services take no ${missing(login).join(" and no ")}
   Deploy ${target.release}'s images with today's Compose file instead.
   Nothing was changed.`
  );
}

/** Why the live release cannot be left for that one, or undefined. */
export function against(store: Store, target: ReleaseRecord, now: ReleaseRecord): string | undefined {
  const moved = schemaMoved(store, target);
  return moved ? sayMoved(moved, target) : (loginMoved(store, target, now) ?? baseMoved(store, target, now));
}
