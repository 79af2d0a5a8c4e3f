/** What a deploy will do, for the person who reviews it. Pure. */
import { generationOf, previousOf } from "./logins.ts";
import type { Definition, Plan } from "./plan.ts";
import type { LiveAnswer } from "./record.ts";

const LABEL = 11;
const short = (image: string) => `sha256:${image.split("@sha256:")[1]?.slice(0, 4) ?? "?"}…`;

export interface Known {
  /** What is live is the stack's memory, not the server's word, so that no more is known than the new release. @default false */
  readonly remembered?: boolean;
  /** Whether a service has a volume; whoever reads the Compose file knows. */
  readonly keepsData: (service: string) => boolean;
}

export function previewLines(live: LiveAnswer["live"], plan: Plan, { remembered = false, keepsData }: Known): string[] {
  const row = (label: string, text: string) => `${label.padEnd(Math.max(LABEL, label.length + 2))}${text}`;
  const first = remembered ? "" : "  (the first one)";
  const named = live === null ? `${plan.release}${first}` : live.release === plan.release ? plan.release : `${live.release}  →  ${plan.release}`;
  const why = (name: string) => (live ? changesOf(live.definitions[name], plan.definitions[name]!) : []);
  const changed = (name: string) => (why(name).length > 0 ? ` (${why(name).join(", ")} changed)` : "");
  const base = Object.keys(plan.definitions)
    .filter((name) => !(name in plan.images))
    .sort();
  const recreated = base.filter((name) => why(name).length > 0);
  const untouched = base.filter((name) => !recreated.includes(name));
  const backed = plan.backup !== undefined && plan.backup.before !== "never";
  const how = [...(backed ? ["after a backup"] : []), ...(plan.migration?.breaking ? ["with the maintenance page up"] : [])].join(", ");
  return [
    row("release", named),
    ...(live && live.release !== plan.release && live.before?.includes(plan.release) ? [row("goes back", sayOlder(plan.release, live.release))] : []),
    ...Object.keys(plan.images)
      .sort()
      .map((name) => {
        const [old, now] = [live?.images[name], plan.images[name]!];
        if (old === undefined) return row(name, `${short(now)}  ${remembered ? "rolls" : "starts"}`);
        return row(name, old === now ? `${short(now)}  rolls${changed(name) || ", the same image"}` : `${short(old)}  →  ${short(now)}  rolls${changed(name)}`);
      }),
    ...recreated.map((name) =>
      keepsData(name) && !plan.recreate.includes(name)
        ? row(name, `NOT recreated${changed(name)}, and so the release is refused: it keeps data. pulumi config set --path 'recoloca:recreate[0]' ${name}`)
        : row(name, `recreated${changed(name)}: it stops for a moment`),
    ),
    ...(untouched.length > 0 ? [row(untouched.join(", "), live || remembered ? "untouched" : "start")] : []),
    ...renewedIn(live, plan).map((name) => row(name, sayRenewed(live!, plan, name))),
    ...(plan.migration ? [row("migration", `${plan.migration.command.join(" ")}  ${how}`.trimEnd())] : []),
  ];
}

/** A file that names the release of some weeks ago is how somebody who wanted a larger disk goes back by them. */
const sayOlder = (named: string, live: string) =>
  `${named} was live before ${live}. Where nobody means to go back: pulumi config rm recoloca:images; pulumi config rm recoloca:release`;

/** Secrets of another generation than what is live. */
const renewedIn = (live: LiveAnswer["live"], { generations = {} }: Plan): string[] =>
  live
    ? Object.keys(generations)
        .filter((name) => generationOf(live.generations, name) !== generationOf(generations, name))
        .sort()
    : [];

/** What becomes of the value before is what a reviewer has to know of it. */
function sayRenewed(live: NonNullable<LiveAnswer["live"]>, { generations, logins = [], variables }: Plan, name: string): string {
  const numbers = `generation ${generationOf(live.generations, name)}  →  ${generationOf(generations, name)}`;
  if (logins.some(({ first }) => first === name)) return `${numbers}; the login before is closed once the release is live`;
  return previousOf(name) in variables ? `${numbers}; the value before is accepted as well` : `${numbers}; the release takes the new value alone`;
}

/** What to say where there is nothing to deploy yet. */
export function howToDeploy(services: readonly string[]): string {
  const [first = "SERVICE"] = services;
  return [
    "nothing is deployed: neither the configuration nor the server names a release. Everything else is in place. To deploy:",
    `  pulumi config set recoloca:release NAME`,
    `  pulumi config set --path 'recoloca:images.${first}' REGISTRY/${first}@sha256:DIGEST    and so on for each service of yours`,
    "  pulumi up",
  ].join("\n");
}

/** A release that somebody left on the server, and that the configuration names still. */
export const sayHold = ({ number, release, by, how }: NonNullable<LiveAnswer["hold"]>) =>
  `release ${number} (${release}) was left by ${by}'s ${how} and is on hold: the server will refuse it
    deploy it all the same   pulumi config set recoloca:lift ${number}
    keep what is live        pulumi config rm recoloca:images; pulumi config rm recoloca:release`;

/** What differs, in a person's words, or nothing. */
export function changesOf(old: Definition | undefined, now: Definition): string[] {
  if (!old) return [];
  const names = [...new Set([...Object.keys(old.variables), ...Object.keys(now.variables)])].sort();
  const variables = names.filter((name) => old.variables[name] !== now.variables[name]);
  return [...(old.definition === now.definition ? [] : ["definition"]), ...variables];
}
