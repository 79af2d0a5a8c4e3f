/** What a rotation writes into a stack's configuration, in which order, and how it is put back: an interruption anywhere leaves what the next run goes on by. */
import { previousOf } from "../release/logins.ts";
import { SECRETS, type Secret, type SecretName } from "../secrets/catalogue.ts";
import { overlapOf, renewedBy } from "../secrets/rotation.ts";
import type { Raw } from "../settings/check.ts";
import type { RotationWish } from "../settings/rotation.ts";
import type { Pulumi } from "./rollback.ts";
import type { Step } from "./rotation-choice.ts";

/** What a person gave, and what was there before. */
export type Values = Partial<Record<SecretName, { readonly value: string; readonly before: string; readonly proven?: string }>>;

const secretsIn = (raw: Raw): Record<string, string> => JSON.parse(raw.values["secrets"] ?? "{}") as Record<string, string>;
export const keyOf = (name: SecretName) => (SECRETS[name] as Secret).key;
/** The value of a secret in the configuration, wherever it has its place. */
export const valueIn = (raw: Raw, name: SecretName): string | undefined => {
  const key = keyOf(name);
  return key === undefined ? secretsIn(raw)[name] : raw.values[key];
};

/** Whether the value before is kept in the configuration, beside the one of today. Another class's NAME_PREVIOUS is somebody's own. */
export const standsBeside = (name: SecretName) => renewedBy(name) === "person" && overlapOf(name) !== undefined && keyOf(name) === undefined;

/** What was live before a run that was stopped between the value and its number: kept, and accepted until no day. */
export function leftOver(raw: Raw, name: SecretName): string | undefined {
  return standsBeside(name) && rotationIn(raw)[name]?.until === undefined ? secretsIn(raw)[previousOf(name)] : undefined;
}

const rotationIn = (raw: Raw): RotationWish => JSON.parse(raw.values["rotation"] ?? "{}") as RotationWish;

/** The value before of what a person renews; the stack keeps the others itself. */
const keepsBefore = ({ name, wish, asks }: Step) => asks && wish.until !== undefined && keyOf(name) === undefined;
/** Whatever brought it to the end of its time: its day, or that it has leaked. */
const dropsBefore = ({ name, wish }: Step) => wish.until === undefined && standsBeside(name);

/** The configuration as it would be, to be checked before anything is changed. */
export function withWishes(raw: Raw, steps: readonly Step[], values: Values): Raw {
  const rotation = { ...rotationIn(raw), ...Object.fromEntries(steps.map(({ name, wish }) => [name, wish])) };
  const secrets = { ...secretsIn(raw) };
  for (const step of steps) {
    const given = values[step.name];
    if (given && keyOf(step.name) === undefined) secrets[step.name] = given.value;
    if (given && keepsBefore(step)) secrets[previousOf(step.name)] = given.before;
    if (dropsBefore(step)) delete secrets[previousOf(step.name)];
  }
  return {
    ...raw,
    values: { ...raw.values, rotation: JSON.stringify(rotation), ...(raw.values["secrets"] !== undefined && { secrets: JSON.stringify(secrets) }) },
  };
}

async function must(pulumi: Pulumi, args: readonly string[], input?: string): Promise<void> {
  const ran = await pulumi(args, input === undefined ? {} : { input });
  if (ran.code !== 0) throw new Error(`pulumi ${args.slice(0, 3).join(" ")} failed:\n${ran.output.trim()}`);
}

/** Of the one that is a structure; undefined where it is one text, which may begin with a brace as well. */
export const partsOf = (name: SecretName, value: string): Record<string, string> | undefined =>
  name === "backupBucketKeys" && value !== "" ? (JSON.parse(value) as Record<string, string>) : undefined;

const place = (name: string) => `recoloca:rotation.${name}`;
const setSecret = (pulumi: Pulumi, key: string, value: string) => must(pulumi, ["config", "set", "--path", "--secret", key], value);
/** One part after the other: what is between two of them the server refuses, and goes on by those before. */
async function setValue(pulumi: Pulumi, name: SecretName, value: string): Promise<void> {
  for (const [part, text] of Object.entries(partsOf(name, value) ?? { "": value })) await setSecret(pulumi, `${nameOf(name)}${part && `.${part}`}`, text);
}
const nameOf = (name: SecretName) => `recoloca:${keyOf(name) ?? `secrets.${name}`}`;

/** Values first, by standard input; the numbers at once and last, so that an interruption leaves either nothing or the whole. */
export async function write(steps: readonly Step[], values: Values, before: Raw, pulumi: Pulumi): Promise<void> {
  for (const step of steps) {
    const given = values[step.name];
    if (given && keepsBefore(step)) await setSecret(pulumi, `recoloca:secrets.${previousOf(step.name)}`, given.before);
    if (given) await setValue(pulumi, step.name, given.value);
    if (dropsBefore(step) && secretsIn(before)[previousOf(step.name)] !== undefined)
      await must(pulumi, ["config", "rm", "--path", `recoloca:secrets.${previousOf(step.name)}`]);
  }
  await writeWishes(Object.fromEntries(steps.map(({ name, wish }) => [name, wish])), before, pulumi);
}

async function writeWishes(wishes: Partial<RotationWish>, before: Raw, pulumi: Pulumi): Promise<void> {
  for (const [name, wish] of Object.entries(wishes))
    if (rotationIn(before)[name]?.until !== undefined && wish?.until === undefined) await must(pulumi, ["config", "rm", "--path", `${place(name)}.until`]);
  const pairs = Object.entries(wishes).flatMap(([name, wish]) =>
    Object.entries(wish ?? {}).map(([field, value]) => `${place(name)}.${field}=${String(value)}`),
  );
  await must(pulumi, ["config", "set-all", "--path", ...pairs.flatMap((pair) => ["--plaintext", pair])]);
}

/** Somebody raised it before this run did, and it stays wanted; or it is a key of the server, which is good, and the next run goes on by it. */
export const staysAfterFailure = ({ name, how }: Step) => how === "go-on" || renewedBy(name) === "server";

/**
 * As if it had not been tried. What the stack has made meanwhile goes with the next update. The number goes before the value: with a raised one beside the
 * value before, whatever is deployed next would say that it was renewed. What is live is kept as the one before until the end, by which the next run goes on.
 */
export async function putBack(steps: readonly Step[], values: Values, before: Raw, pulumi: Pulumi): Promise<void> {
  for (const step of steps) {
    const { name } = step;
    if (staysAfterFailure(step)) continue;
    const now = rotationIn(before)[name];
    const key = `recoloca:secrets.${previousOf(name)}`;
    const previous = now?.until === undefined ? undefined : secretsIn(before)[previousOf(name)];
    if (dropsBefore(step) && previous !== undefined) await setSecret(pulumi, key, previous);
    await must(pulumi, ["config", "rm", "--path", place(name)]);
    if (now) await writeWishes({ [name]: now }, { ...before, values: { ...before.values, rotation: "{}" } }, pulumi);
    const given = values[name];
    if (given) await setValue(pulumi, name, given.before);
    if (given && keepsBefore(step)) await must(pulumi, ["config", "rm", "--path", key]);
  }
}
