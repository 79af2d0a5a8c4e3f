/** Values as the engine sends them: what is not known yet in a preview, what is a secret, what differs. */

export type Values = Readonly<Record<string, unknown>>;

export const UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";
const SIGNATURE = "4dabf18193072939515e22adb298388d";
const SECRET = "1b47061264138c4ac30d75fd1eb44270";

export const isRecord = (value: unknown): value is Record<string, unknown> => value !== null && typeof value === "object" && !Array.isArray(value);

const isSecret = (value: unknown): value is { value: unknown } => isRecord(value) && value[SIGNATURE] === SECRET;

export interface Revealed {
  readonly values: Values;
  /** Where secrets were: `value`, `spec.password`, `keys.0`. */
  readonly secrets: readonly string[];
}

/** Takes the wrapping off secrets, and says where it was. */
export function reveal(sent: Values): Revealed {
  const secrets: string[] = [];
  const walk = (value: unknown, at: string): unknown => {
    if (isSecret(value)) {
      secrets.push(at);
      return walk(value.value, at);
    }
    const below = (key: string | number) => (at === "" ? String(key) : `${at}.${key}`);
    if (Array.isArray(value)) return value.map((one, index) => walk(one, below(index)));
    if (isRecord(value)) return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, walk(one, below(key))]));
    return value;
  };
  return { values: walk(sent, "") as Values, secrets };
}

/** Wraps what is at these places, where there is something. */
export function conceal(values: Values, places: readonly string[]): Values {
  const walk = (value: unknown, at: string): unknown => {
    if (value === undefined || value === null) return value;
    if (places.includes(at)) return { [SIGNATURE]: SECRET, value };
    const below = (key: string | number) => (at === "" ? String(key) : `${at}.${key}`);
    if (Array.isArray(value)) return value.map((one, index) => walk(one, below(index)));
    if (isRecord(value)) return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, walk(one, below(key))]));
    return value;
  };
  return walk(values, "") as Values;
}

/** Without the keys that have no value: JSON and the protocol know no `undefined`. */
export const given = (values: Values): Values => Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined && value !== null));

const sorted = (value: unknown): unknown =>
  Array.isArray(value)
    ? value.map(sorted)
    : isRecord(value)
      ? Object.fromEntries(
          Object.keys(value)
            .sort()
            .map((key) => [key, sorted(value[key])]),
        )
      : value;

export const same = (a: unknown, b: unknown): boolean => JSON.stringify(sorted(a)) === JSON.stringify(sorted(b));

/** The places that differ, without the numbers of lists: `rootBlockDevice.encrypted`, `rules.status`. */
export function changes(before: unknown, after: unknown, at = ""): string[] {
  if (same(before, after)) return [];
  const below = (key: string) => (at === "" ? key : `${at}.${key}`);
  if (isRecord(before) && isRecord(after))
    return [...new Set([...Object.keys(before), ...Object.keys(after)])].flatMap((key) => changes(before[key], after[key], below(key)));
  if (Array.isArray(before) && Array.isArray(after) && before.length === after.length) {
    return [...new Set(before.flatMap((one: unknown, index) => changes(one, after[index], at)))];
  }
  return [at];
}

export const text = (value: unknown): string => (typeof value === "string" ? value : "");
export const list = (value: unknown): readonly unknown[] => (Array.isArray(value) ? (value as unknown[]) : []);
export const record = (value: unknown): Values => (isRecord(value) ? value : {});
export const isUnknown = (value: unknown): boolean => value === UNKNOWN;
