/** How old a secret may become, who renews it, how long the one before stays good, and which are due on a day. Pure. */
import { SECRETS, secretOf, type Rotation, type Secret, type SecretName } from "./catalogue.ts";

/** Days after which one is due. What the stack makes itself costs nobody anything, so it is renewed most often. */
export const MAXIMAL_AGE: Readonly<Record<Rotation, number>> = {
  application: 90,
  database: 90,
  redis: 90,
  registry: 180,
  aws: 180,
  webhook: 180,
  issued: 180,
  ssh: 365,
  "host-key": 365,
  person: 365,
};

/** Days for which the value before is still accepted, as NAME_PREVIOUS. Of the other classes it goes with the release that used it. */
export const OVERLAP: Readonly<Partial<Record<Rotation, number>>> = { application: 30, webhook: 30 };

/** Of one by name: only the application can accept two, and what is a workflow's alone never gets there. */
export function overlapOf(name: SecretName): number | undefined {
  const { consumers, rotation }: Secret = SECRETS[name];
  return consumers.includes("host") ? OVERLAP[rotation] : undefined;
}

/**
 * Who renews one.
 * - `stack`: a new value is made when its generation rises
 * - `person`: the new value is asked for, hidden
 * - `server`: `make rotate` makes it, and proves it at the server before it is written down; a raised number alone renews nothing
 * - `elsewhere`: not by its generation; `elsewhere` says how
 */
export type RenewedBy = "stack" | "person" | "server" | "elsewhere";

const MADE: readonly Rotation[] = ["application", "database", "redis"];

export function renewedBy(name: SecretName): RenewedBy {
  const secret: Secret = SECRETS[name];
  if (elsewhere(name) !== undefined) return "elsewhere";
  if (name === "sshPrivateKey") return "server";
  return secret.source === "generated" && secret.consumers.includes("host") && MADE.includes(secret.rotation) ? "stack" : "person";
}

const ELSEWHERE: Readonly<Partial<Record<SecretName, string>>> = {
  bastionPrivateKey: "add the new key to authorized_keys on the bastion, log in with it, then: pulumi config set --secret recoloca:bastionPrivateKey",
  sshAccessKey: 'of a server that the stack makes: docs/aws.md, "Another host key, another login key"',
  sshHostKey: 'of a server that the stack makes: docs/aws.md, "Another host key, another login key"',
  tlsCertificate: "with its key: pulumi config set --secret recoloca:tlsCertificate; recoloca certificate says how long it lasts",
  tlsPrivateKey: "with its certificate: pulumi config set --secret recoloca:tlsPrivateKey",
  backupIdentity: "people keep it: a new pair by age-keygen, its public half into recoloca:backup.recipient; older backups want the old one",
  notify: "a new URL at the receiver: pulumi config set --path --secret 'recoloca:notify[0].url'",
  telemetry: "a new token at the receiver: pulumi config set --path --secret 'recoloca:telemetry.headers.authorization'",
  REVIEW_SSH_KEY: "the stack makes another one, on the server and at GitHub: pulumi up --replace '**:PrivateKey::review-key'",
  PULUMI_CONFIG_PASSPHRASE: "pulumi stack change-secrets-provider passphrase, then the new one into recoloca:secrets.PULUMI_CONFIG_PASSPHRASE",
};

/** How one that has no generation is renewed; undefined for all others. */
export const elsewhere = (name: SecretName): string | undefined => ELSEWHERE[name];

/** A day, `2026-11-25`, in UTC. */
export type Day = string;

export const dayOf = (at: Date): Day => at.toISOString().slice(0, 10);
const daysOf = (day: Day) => Date.parse(`${day}T00:00:00Z`) / 86_400_000;
export const daysBetween = (from: Day, to: Day): number => daysOf(to) - daysOf(from);
export const addDays = (day: Day, days: number): Day => dayOf(new Date((daysOf(day) + days) * 86_400_000));
export const isDay = (text: string): boolean =>
  /^\d{4}-\d{2}-\d{2}$/.test(text) && !Number.isNaN(daysOf(text)) && dayOf(new Date(`${text}T00:00:00Z`)) === text;

/** One that a stack has. */
export interface Held {
  readonly name: SecretName;
  readonly generation: number;
  /** Since when; undefined where nobody wrote it down. */
  readonly since?: Day | undefined;
  /** Until when the one before is accepted; undefined where it is not. */
  readonly until?: Day | undefined;
}

export interface Due {
  /** The stack makes a new one: at most one of each class, the one that has waited longest. */
  readonly rotate: readonly SecretName[];
  /** Only a person can. */
  readonly remind: readonly SecretName[];
  /** The day of the one before is over: it is accepted no longer. */
  readonly end: readonly SecretName[];
}

/** The day on which it is too old; undefined where its age is not known, which counts as too old. */
export const dueOn = ({ name, since }: Pick<Held, "name" | "since">): Day | undefined =>
  since === undefined ? undefined : addDays(since, MAXIMAL_AGE[SECRETS[name].rotation]);

/** Days that it is over its time; one of unknown age comes after all whose age is known to be too high. */
function overdue(held: Held, today: Day): number | undefined {
  const day = dueOn(held);
  if (day === undefined) return 0;
  const days = daysBetween(day, today);
  return days >= 0 ? days + 1 : undefined;
}

/** What is to be done on a day. What failed yesterday is there again today, and stands in the way of nothing in another class. */
export function due(today: Day, held: readonly Held[]): Due {
  const late = held
    .flatMap((one) => {
      const days = overdue(one, today);
      return days === undefined ? [] : [{ ...one, days }];
    })
    .sort((a, b) => b.days - a.days || (a.name < b.name ? -1 : 1));
  const over = (one: Held) => one.until !== undefined && daysBetween(one.until, today) > 0;
  // Two of the three values would be good at once: the older one's time is waited for.
  const made = late.filter((one) => renewedBy(one.name) === "stack" && one.until === undefined);
  return {
    rotate: made
      .filter((one, index) => made.findIndex((other) => SECRETS[other.name].rotation === SECRETS[one.name].rotation) === index)
      .map(({ name }) => name),
    remind: late.filter(({ name }) => renewedBy(name) !== "stack").map(({ name }) => name),
    end: held.filter(over).map(({ name }) => name),
  };
}

/** Whether a catalogue name, for those who look one up that may be wrong. */
export const isSecretName = (name: string): name is SecretName => secretOf(name) !== undefined;
