/** What `make rotate` does about the server's own key, which is no value of a release: it is made before the numbers, and the one before goes after everything. */
import { renewedBy } from "../secrets/rotation.ts";
import type { SecretName } from "../secrets/catalogue.ts";
import type { Audited } from "./rotation-audit.ts";
import { valueIn, type Values } from "./rotation-writes.ts";
import type { Rotating } from "./rotate.ts";
import { closeOthers, isLeftOpen, mayRenew, renewed } from "./server-key.ts";

export const isOfServer = (name: SecretName) => renewedBy(name) === "server";

/** Each command has the key that it comes by. */
export const KEY_TARGETS = ["**:remote:Command::**"];

/** Undefined where a run that was stopped has written it down already. */
export async function newKey(present: string, generation: number, { door, knows }: Rotating): Promise<Values[SecretName]> {
  if (await isLeftOpen(door, present, generation)) return undefined;
  await mayRenew(door, present, (question) => knows(question, "alone"));
  return { value: await renewed(door, present, generation), before: present, proven: "a login of its own" };
}

/** What an earlier run has left to do where its number is live already: to bring the key everywhere, and to close the one before. Whether there was any. */
export async function settleLeftOpen(name: SecretName, { door, configuration, pulumi, print }: Rotating): Promise<boolean> {
  const key = valueIn(await configuration(), name) ?? "";
  if (!(await isLeftOpen(door, key))) return false;
  print(` ${name}: the one before opens the server still, as an earlier run was stopped: pulumi up, then it is closed`);
  const ran = await pulumi(["up", "--yes", "--skip-preview", ...KEY_TARGETS.flatMap((one) => ["--target", one])], { onLine: print });
  if (ran.code !== 0) throw new Error(`pulumi up ended with ${ran.code}: both keys open the server; nothing else was changed`);
  await closeOthers(door, key);
  return true;
}

/** The last thing of all: nothing of this run comes by the key before any more. */
export async function closeKeyBefore(done: readonly Audited[], values: Values, { configuration, door }: Rotating): Promise<Audited[]> {
  const all: Audited[] = [];
  for (const one of done) {
    if (!isOfServer(one.name) || one.reason !== undefined) {
      all.push(one);
      continue;
    }
    const reason = await closeOthers(door, valueIn(await configuration(), one.name) ?? "", values[one.name]?.before).then(
      () => undefined,
      (error: Error) => `the key before still opens the server, run this again: ${error.message}`,
    );
    all.push({ ...one, ...(reason !== undefined && { reason }) });
  }
  return all;
}
