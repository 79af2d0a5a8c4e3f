/** How a deploy grows with the number of services that roll. */
import { step } from "../local/steps.ts";
import { imagesOf, serverSide, type Place } from "./place.ts";

export interface Grown {
  readonly services: number;
  /** Seconds from `recoloca deploy` to all of them serving through the edge. */
  readonly serving: number;
}

const COUNTS = [1, 5, 20, 50];

export async function measureGrowth(_place: Place) {
  const { backend } = await imagesOf("3");
  const growth: Grown[] = [];
  for (const services of COUNTS)
    growth.push(
      await step(
        `${services} services`,
        () => serverSide<Grown>(`grow ${services} '${backend}'`),
        (one) => `serving after ${one.serving.toFixed(1)} s`,
      ),
    );
  return { growth };
}
