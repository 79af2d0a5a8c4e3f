/** A rotation of a service's password that is interrupted, under visitors each of whom wants a login: what each service's test does around it. */
import { afterAll, beforeAll, expect } from "vitest";
import type { Plan } from "../release/plan.ts";
import { ended, newest } from "./held-release.ts";
import { deployAfterAll, deployPlan, installHostProgram, removeStack, startDeploy } from "./host.ts";
import { visited } from "./rotated-logins.ts";
import { server } from "./site.ts";

export interface Rotated {
  readonly secret: string;
  /** What is right of its answers. */
  readonly letIn: RegExp;
  readonly plain: Plan;
  readonly generation: (number: number, change?: Partial<Plan>) => Plan;
  /** Whether a generation's login opens the service. */
  readonly opens: (number: number) => Promise<boolean>;
}

/** Its second generation is live before the first test of the file. */
export function isRotated({ plain, generation }: Rotated): void {
  beforeAll(async () => {
    await installHostProgram();
    for (const number of [1, 2]) {
      const ran = await deployPlan(generation(number));
      expect(ran.code, ran.output).toBe(0);
    }
  });
  afterAll(() => removeStack(plain));
}

/** Whatever became of the case before. */
async function liveGeneration(secret: string): Promise<number> {
  const { live } = JSON.parse((await server("recoloca live --application shapes --environment test --json")).stdout) as {
    live: { generations: Record<string, { generation: number }> };
  };
  return live.generations[secret]!.generation;
}

interface Interruption {
  /** Which of the two generations is live after it. */
  readonly lives: "before" | "new";
  /** Whether visitors may notice nothing. */
  readonly unseen: boolean;
  /** Begins the next generation's deploy, and interrupts it. */
  readonly interrupt: (next: { readonly number: number; readonly live: number }) => Promise<ReturnType<typeof startDeploy>>;
}

/** Afterwards the login of the one that lives opens, without a hand on the server the new one comes live, and then only its own opens. */
export async function isInterrupted({ secret, letIn, generation, opens }: Rotated, { lives, unseen, interrupt }: Interruption): Promise<void> {
  const live = await liveGeneration(secret);
  const number = live + 1;
  const { answers, wrong } = await visited(letIn, async () => {
    const deploying = await interrupt({ number, live });
    await ended();
    deploying.cut();
    await deploying.ended;
    expect((await newest()).outcome === "live").toBe(lives === "new");
    expect(await opens(lives === "new" ? number : live)).toBe(true);
    if (lives === "before") {
      const again = await deployAfterAll(generation(number, { release: `generation-${number}-again` }));
      expect(again.code, again.output).toBe(0);
    }
  });
  expect(answers).toBeGreaterThan(100);
  if (unseen) expect(wrong).toEqual([]);
  const { rotated, journal } = await newest();
  expect(rotated, JSON.stringify(journal, undefined, 1)).toMatchObject([{ secret, to: number, verified: "login", closed: true }]);
  expect([await opens(live), await opens(number)]).toEqual([false, true]);
}
