/** How long going back takes: with the older release's images on the server, and without them. */
import { step } from "../local/steps.ts";
import { deploy, serverSide, type Place } from "./place.ts";

/** Seconds. */
export interface TimedRollback {
  /** From the command to the older release serving through the edge. */
  readonly serving: number;
  /** Of that, what the registry took. */
  readonly pulled: number;
}

const TIMES = 3;

export async function measureRollback({ stack }: Place) {
  await deploy(stack, "8", false);
  await deploy(stack, "9", false);
  const series = async (name: string, word: string) => {
    const all: TimedRollback[] = [];
    for (let index = 0; index < TIMES; index++)
      all.push(
        await step(
          `${name} ${index + 1}`,
          () => serverSide<TimedRollback>(`rollback ${word}`),
          (one) => `serving after ${one.serving.toFixed(2)} s${one.pulled > 0 ? `, ${one.pulled.toFixed(2)} s of it pulling` : ""}`,
        ),
      );
    return all;
  };
  return { rollbacks: { present: await series("rollback", "present"), pruned: await series("rollback, pruned", "pruned") } };
}
