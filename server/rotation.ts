/** What a release means for the secrets of its stack: which it renews, whether it may, and what is forgotten once it is live. */
import * as fs from "node:fs";
import * as path from "node:path";
import { generationOf, previousOf } from "../release/logins.ts";
import type { Plan } from "../release/plan.ts";
import type { Rotation } from "../release/record.ts";
import { loginInUse } from "./logins.ts";
import type { Store } from "./store.ts";

const DAY = 86_400_000;

/** Secrets of which a plan has another generation than what is live. Where nothing is live, none was renewed. */
export function rotationsOf(plan: Plan, live: Plan | undefined, now = Date.now()): Rotation[] {
  if (!live) return [];
  return Object.keys(plan.generations ?? {})
    .sort()
    .flatMap((secret) => {
      const [from, to] = [generationOf(live.generations, secret), generationOf(plan.generations, secret)];
      const [age, newAge] = [live, plan].map(({ generations }) => daysSince(generations?.[secret]?.since, now));
      return from === to ? [] : [{ secret, from, to, ...(age !== undefined && { age }), ...(newAge !== undefined && { newAge }), closed: false }];
    });
}

const daysSince = (day: string | undefined, now: number) => (day === undefined ? undefined : Math.max(0, Math.floor((now - Date.parse(day)) / DAY)));

/** Why a plan's secrets cannot follow those that are live, or undefined. */
export function againstRotation(plan: Plan, live: Plan | undefined): string | undefined {
  const older = Object.entries(live?.generations ?? {}).filter(([secret, { generation }]) => generationOf(plan.generations, secret) < generation);
  if (older.length > 0)
    return older
      .map(
        ([
          secret,
          { generation },
        ]) => `generation ${generationOf(plan.generations, secret)} of ${secret} is older than ${generation}, which is live: what it opens may be closed to it
   go on with today's   pulumi config set --path recoloca:rotation.${secret}.generation ${generation}; pulumi up`,
      )
      .join("\n");
  return loginInUse(plan, live) ?? cutOff(plan, live);
}

/**
 * What is accepted beside a new value has to be the one that is live: beside another one, as with a number left out, whoever has that is cut off. With the
 * same number and the same one before, a person has set right what was live by mistake: nobody had that.
 */
function cutOff(plan: Plan, live: Plan | undefined): string | undefined {
  const [secret] = Object.keys(plan.generations ?? {}).filter((name) => {
    const [was, before] = [live?.variables[name], plan.variables[previousOf(name)]];
    if (was === undefined || before === undefined || plan.variables[name] === was || before === was) return false;
    return raises(name, plan, live) > 0 || !keepsPrevious(name, plan, live);
  });
  if (secret === undefined) return undefined;
  const [from, to] = [generationOf(live?.generations, secret), generationOf(plan.generations, secret)];
  const previous = `recoloca:secrets.${previousOf(secret)}`;
  const ofRotation = `recoloca:rotation.${secret}`;
  // Which of them it is the server does not know.
  const makes = `\n   one that the stack makes   pulumi config set --path ${ofRotation}.generation ${from + 1}; pulumi up`;
  const right = `\n   set right, nobody had it   pulumi config set --path ${ofRotation}.generation ${from}; pulumi up`;
  const way = to - from > 1 ? makes : keepsPrevious(secret, plan, live) ? right : "";
  return `generation ${to} of ${secret} would be accepted beside a value that is not live, and not beside generation ${from}, which is: whoever has that is cut off${way}
   one that was given to it   pulumi config set --path --secret ${previous}; pulumi up   (asks for the value that is live)
   all at once, on purpose    pulumi config rm --path ${ofRotation}.until; pulumi config rm --path ${previous}; pulumi up`;
}

const keepsPrevious = (secret: string, plan: Plan, live: Plan | undefined) => plan.variables[previousOf(secret)] === live?.variables[previousOf(secret)];
const raises = (secret: string, plan: Plan, live: Plan | undefined) => generationOf(plan.generations, secret) - generationOf(live?.generations, secret);

/**
 * Today's values in place of those before, in all that is kept of older releases: what was renewed is not to be found on the host any more. A rollback
 * takes today's values in any case (design D22). Gives how many were changed.
 */
export function forgetOlder(store: Store, live: number): number {
  const { variables, generations, logins } = store.plan(live);
  const renewed = [...Object.keys(generations ?? {}), ...(logins ?? []).flatMap(({ user, password }) => [user, password])];
  if (renewed.length === 0) return 0;
  // The service's first password stands in a file that it is given, also when it opens nothing any more.
  const today = new Set(Object.values(variables));
  let changed = 0;
  for (const number of store.numbers().filter((one) => one < live)) {
    const plan = store.plan(number);
    const mine = Object.fromEntries(
      Object.entries(plan.variables).flatMap(([name, value]) => {
        if (renewed.some((one) => previousOf(one) === name) && variables[name] === undefined) return [];
        return [[name, isRenewed(name, renewed) ? (variables[name] ?? value) : value]];
      }),
    );
    const gone = Object.entries(plan.variables).flatMap(([name, value]) => (mine[name] === value || today.has(value) ? [] : [value]));
    if (Object.keys(mine).every((name) => mine[name] === plan.variables[name]) && gone.length === 0) continue;
    // The files first: after an interruption the plan still says that there is something left to forget.
    const folder = path.dirname(store.file(number, "plan.json"));
    removeDerived(folder);
    for (const place of [folder, store.folder]) removeGiven(place, gone);
    store.setPlan(number, { ...plan, variables: mine });
    changed += 1;
  }
  return changed;
}

const isRenewed = (name: string, renewed: readonly string[]) => renewed.some((one) => one === name || previousOf(one) === name);

/** Files in which values stand, and which are made anew whenever the release is prepared. The base's is compared with, and has none of these. */
function removeDerived(folder: string): void {
  fs.rmSync(path.join(folder, "project/.env"), { force: true });
  for (const name of fs.readdirSync(folder)) if (name.endsWith(".compose.json") && name !== "base.compose.json") fs.rmSync(path.join(folder, name));
}

/** Secrets that its services were given as files. */
function removeGiven(folder: string, values: readonly string[]): void {
  for (const kind of ["secrets", "configs"]) {
    const place = path.join(folder, kind);
    if (!fs.existsSync(place)) continue;
    for (const name of fs.readdirSync(place)) {
      const file = path.join(place, name);
      if (values.includes(fs.readFileSync(file, "utf8"))) fs.rmSync(file);
    }
  }
}
