/** Renewing what the stack generates, beside an ordinary release of the same images: whole updates in turns, while visitors are there. */
import { step } from "../local/steps.ts";
import { failed } from "./answers.ts";
import { configure, deploy, edge, type Place } from "./place.ts";
import { seconds } from "./programs.ts";
import { visited } from "./under-load.ts";

export interface Renewal {
  /** Seconds of `pulumi up`, the watch window among them: an ordinary release, and one that renews. */
  readonly release: number;
  readonly rotation: number;
  /** Of visitors while the second one ran. */
  readonly requests: number;
  readonly failed: number;
}

const TIMES = 3;
const SINCE = "2026-11-26";
/** What the sample's stack generates, and can renew. */
const SECRET = "POSTGRES_PASSWORD";

export async function measureRenewal({ stack, loadClient }: Place): Promise<{ renewals: readonly Renewal[] }> {
  await deploy(stack, "9", false);
  const up = async () => {
    const ran = await stack.up();
    if (ran.code !== 0) throw new Error(ran.output);
  };
  const once = async (index: number): Promise<Renewal> => {
    await configure(stack, index % 2 === 0 ? "8" : "9", false);
    const release = await seconds(up);
    const at = `recoloca:rotation.${SECRET}`;
    const set = await stack.pulumi(["config", "set-all", "--path", "--plaintext", `${at}.generation=${index + 2}`, "--plaintext", `${at}.since=${SINCE}`]);
    if (set.code !== 0) throw new Error(set.output);
    const { result: rotation, seen } = await visited(`renewal-${index + 1}`, loadClient, edge, () => seconds(up));
    return { release, rotation, requests: seen.answers.length, failed: failed(seen.answers).length };
  };
  const renewals: Renewal[] = [];
  for (let index = 0; index < TIMES; index++)
    renewals.push(
      await step(
        `renewal ${index + 1}`,
        () => once(index),
        (one) => `${one.rotation.toFixed(1)} s, a release ${one.release.toFixed(1)} s, ${one.failed} of ${one.requests} failed`,
      ),
    );
  return { renewals };
}
