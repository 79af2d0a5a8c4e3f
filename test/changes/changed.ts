/** A configuration with other values at some paths: `ec2.rootDisk`, `gates[0].timeout`, without the namespace. Pure. */
import { NAMESPACE } from "../../settings/index.ts";
import type { Config } from "../doubles/test-stack.ts";

const parts = (path: string) => path.split(/\.|\[|\]\.?/).filter(Boolean).map((one) => (/^\d+$/.test(one) ? Number(one) : one)); // prettier-ignore

function put(whole: unknown, [first, ...rest]: readonly (string | number)[], value: unknown): unknown {
  if (first === undefined) return value;
  if (typeof first === "number") {
    const list = [...((whole as unknown[] | undefined) ?? [])];
    list[first] = put(list[first], rest, value);
    return list;
  }
  const record = { ...(whole as Record<string, unknown> | undefined) };
  const next = put(record[first], rest, value);
  if (next === undefined) delete record[first];
  else record[first] = next;
  return record;
}

/** `undefined` takes something out. */
export const changed = (config: Config, set: Readonly<Record<string, unknown>>): Config =>
  Object.entries(set).reduce<Config>((whole, [path, value]) => {
    const [key, ...rest] = parts(path);
    return put(whole, [`${NAMESPACE}:${key}`, ...rest], value) as Config;
  }, config);
