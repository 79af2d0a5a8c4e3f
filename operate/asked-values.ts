/** New values for what a run renews, asked for one after the other, and refused before anything is changed. */
import type { SecretName } from "../secrets/catalogue.ts";
import type { Raw } from "../settings/check.ts";
import { LINES, wrongValue, type Before } from "./new-value.ts";
import { askProvider } from "./provider-checks.ts";
import { isOfServer, newKey } from "./rotate-key.ts";
import type { Rotating } from "./rotate.ts";
import type { Step } from "./rotation-choice.ts";
import { leftOver, partsOf, valueIn, type Values } from "./rotation-writes.ts";

type Given = NonNullable<Values[SecretName]>;

export async function valuesFor(steps: readonly Step[], raw: Raw, run: Rotating): Promise<Values> {
  const values: Values = {};
  for (const { name, asks, how, wish } of steps) {
    const present = valueIn(raw, name) ?? "";
    if (isOfServer(name) && how !== "end") Object.assign(values, { [name]: await newKey(present, wish.generation, run) });
    if (!asks) continue;
    const parts = partsOf(name, present);
    values[name] = parts ? await newParts(name, parts, present, run) : await newValue(name, present, leftOver(raw, name), run);
  }
  await run.nothingMore?.();
  return values;
}

/** `present`: what the stack has; `before`: what the new one may not be. */
async function ask(name: SecretName, what: string, { present, before }: Partial<Before>, { askValue, production }: Rotating): Promise<string> {
  const value = await askValue(` new ${what}: `, LINES.includes(name));
  const wrong = wrongValue(name, value, { production, present, before });
  if (wrong !== undefined) throw new Error(`the new ${what} ${wrong}; nothing was changed`);
  return value;
}

/** The server proves them before it takes them on; until then the ones before go on. */
async function newParts(name: SecretName, parts: Readonly<Record<string, string>>, before: string, run: Rotating): Promise<Given> {
  const asked: Record<string, string> = {};
  for (const part of Object.keys(parts)) asked[part] = await ask(name, `${name}.${part}`, {}, run);
  const same = Object.keys(parts).filter((part) => asked[part] === parts[part]);
  const all = same.length === Object.keys(parts).length;
  if (same.length > 0 && !(all && (await setBefore(name, run))))
    throw new Error(`the new ${name}.${same[0]!} is the one that the stack has already: each part of a new one is wanted; nothing was changed`);
  return { value: JSON.stringify(asked), before, proven: "the server, which used them" };
}

/** A run that was stopped may have set it; where nothing is kept of the one before, only a person knows. */
async function setBefore(name: SecretName, { knows, print }: Rotating): Promise<boolean> {
  if (!(await knows(` That is the ${name} that the stack has already. Was it set by a run that was stopped? `, "stopped"))) return false;
  print(` ${name} stays what it is in the configuration; its number alone is raised`);
  return true;
}

async function newValue(name: SecretName, present: string, live: string | undefined, run: Rotating): Promise<Given> {
  const value = await ask(name, name, { present, before: live }, run);
  if (value === present && live === undefined && !(await setBefore(name, run)))
    throw new Error(`the new ${name} is the one that the stack has already: a new one is wanted; nothing was changed`);
  const verdict = await (run.provider ?? askProvider)(name, value);
  if (verdict.how === "refused") throw new Error(`the new ${name} opens nothing: ${verdict.says}; nothing was changed`);
  if (verdict.how === "silent")
    throw new Error(`whether the new ${name} is good cannot be asked: ${verdict.says}; nothing was changed\n  run this again when it does`);
  return { value, before: live ?? present, ...(verdict.how === "taken" && { proven: "a call of the provider" }) };
}
