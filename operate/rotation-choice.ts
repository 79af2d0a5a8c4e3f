/** Which secrets a rotation renews now, and what becomes of their numbers: from what the configuration has, what is live, and the day. Pure. */
import { SECRETS, type SecretName } from "../secrets/catalogue.ts";
import { addDays, due, elsewhere, isSecretName, overlapOf, renewedBy, type Day, type Held } from "../secrets/rotation.ts";
import { meant } from "../settings/problems.ts";
import type { RotationWish } from "../settings/rotation.ts";

export interface Asked {
  /** One by name, or all that are due. */
  readonly secret: string | undefined;
  readonly all: boolean;
  /** The one before is to be good for nothing at once. */
  readonly revoke: boolean;
}

export interface Known {
  readonly held: readonly Held[];
  /** Generations that are live; undefined where nothing is. */
  readonly live: Readonly<Record<string, number>> | undefined;
  readonly today: Day;
}

/**
 * - `raise`: the next generation
 * - `end`: the one before is accepted no longer
 * - `go-on`: its number was raised before, and it is not live yet
 */
export interface Step {
  readonly name: SecretName;
  readonly how: "raise" | "end" | "go-on";
  readonly wish: RotationWish[string];
  readonly asks: boolean;
}

export interface Choice {
  readonly steps: readonly Step[];
  /** Due, and only a person can. */
  readonly remind: readonly SecretName[];
  /** Of those that are due: what stands against one holds up no other. */
  readonly problems: readonly { readonly name: SecretName; readonly says: string }[];
}

/** Throws one error that says what stands against it; nothing has been changed by then. */
export function choose(asked: Asked, known: Known): Choice {
  if (asked.secret === undefined && !asked.all)
    throw new Error("which secret?\n  make rotate SECRET=NAME, or ALL=due for all that are due; make secrets lists them");
  if (asked.secret !== undefined && asked.all) throw new Error("SECRET and ALL are two ways: choose one");
  if (asked.revoke && asked.secret === undefined) throw new Error("REVOKE=now wants SECRET=NAME: what breaks by it is said for one");
  if (asked.secret !== undefined) return { steps: [stepFor(oneOf(asked.secret, known), asked, known)], remind: [], problems: [] };
  const now = due(known.today, known.held);
  const pending = known.held.filter((one) => isPending(one, known) && ["stack", "server"].includes(renewedBy(one.name))).map(({ name }) => name);
  const names = [...new Set([...pending, ...now.rotate, ...now.end])];
  const steps: Step[] = [];
  const problems: Choice["problems"][number][] = [];
  for (const name of names)
    try {
      steps.push(
        stepFor(
          known.held.find((one) => one.name === name)!,
          asked,
          known,
        ),
      );
    } catch (error) {
      problems.push({ name, says: (error as Error).message });
    }
  return { steps, remind: now.remind, problems };
}

function oneOf(name: string, { held }: Known): Held {
  if (!isSecretName(name))
    throw new Error(
      `"${name}" is no secret of the catalogue; ${meant(name, Object.keys(SECRETS))}\n  docs/secrets.md has all of them; one of your own is renewed by pulumi config set --path --secret recoloca:secrets.NAME, and pulumi up`,
    );
  const how = elsewhere(name);
  if (how !== undefined) throw new Error(`${name} is not renewed by a number\n  ${how}`);
  const found = held.find((one) => one.name === name);
  if (!found) throw new Error(`the stack has no ${name}\n  make secrets lists those that it has`);
  return found;
}

const liveOf = ({ live }: Known, name: string) => live?.[name] ?? 1;
const isPending = (one: Held, known: Known) => known.live !== undefined && one.generation > liveOf(known, one.name);

function stepFor(one: Held, { revoke }: Asked, known: Known): Step {
  const { name, generation, since, until } = one;
  const { today } = known;
  const asks = renewedBy(name) === "person";
  const now = { generation, since: since ?? today };
  if (known.live && generation < liveOf(known, name))
    throw new Error(
      `generation ${generation} of ${name} is older than ${liveOf(known, name)}, which is live: this checkout's configuration was written before that rotation\n  git pull, or: pulumi config set --path recoloca:rotation.${name}.generation ${liveOf(known, name)}`,
    );
  if (isPending(one, known)) return { name, how: "go-on", wish: { ...now, ...(until !== undefined && !revoke && { until }) }, asks: false };
  // What was renewed a moment ago because the one before has leaked is not renewed once more.
  const over = until !== undefined && (until < today || (revoke && since === today));
  if (over) return { name, how: "end", wish: now, asks: false };
  if (until !== undefined && !revoke)
    throw new Error(
      `the value of ${name} before is accepted until ${until}, and a third one would be too many\n  make rotate SECRET=${name} on the day after, or with REVOKE=now, which ends that at once`,
    );
  const overlap = revoke ? undefined : overlapOf(name);
  return { name, how: "raise", wish: { generation: generation + 1, since: today, ...(overlap !== undefined && { until: addDays(today, overlap) }) }, asks };
}

/** Why `ALL=due` does not renew one that is due: it renews what nobody has to be asked for, and what does not change how the server is reached. */
export function whyNotHere(name: SecretName): string {
  const by = renewedBy(name);
  return by === "server" ? "is renewed alone" : by === "person" ? "asks a person for its new value" : "only a person can renew it";
}

/** What somebody has to know before a value is revoked at once: what breaks, and for how long. */
export function breaks(name: SecretName): string {
  switch (SECRETS[name].rotation) {
    case "application":
      return "whatever the one before has signed is refused from the switch on: everybody who is logged in has to log in again, and links in e-mails that were sent open nothing";
    case "webhook":
      return "calls that the provider signs with the one before are refused from the switch on, until the provider signs with the new one; most providers send them again for days";
    case "database":
    case "redis":
      return "nothing of the application: it moves to a login of its own, and the one before is closed about one deploy from now. Whoever else uses it is cut off then";
    case "ssh":
      return "nothing of the stack: it moves to a new key, and the one before opens the server no longer once this has ended. Whoever else comes by it is not let in then";
    case "registry":
      return "nothing that runs. The one before is good until it is revoked at the registry, which only a person can do";
    case "aws":
      return "nothing that runs. The pair before is good until it is made inactive at the provider, which only a person can do";
    default:
      return "nothing here. The one before is good until it is revoked at the provider, which only a person can do: do it once this has ended";
  }
}
