/**
 * An environment of a pull request: from the request that a run sends until its link, beside a first deploy of the same plan and its seed, each by
 * itself. What comes before, from the push, is the images' build at GitHub.
 */
import { mustOnServer } from "../local/server.ts";
import { benchmarkSite as site } from "../local/site.ts";
import { step } from "../local/steps.ts";
import type { Plan } from "../release/plan.ts";
import { installReviewProgram, policyOf } from "../test/review-program.ts";
import { deploy, imagesOf, server, type Place } from "./place.ts";
import { seconds } from "./programs.ts";

export interface Review {
  /** Seconds, of whole requests over SSH. */
  readonly opened: number;
  readonly deployed: number;
  readonly seeded: number;
}

const TIMES = 3;
const NUMBER = 7;
/** Rows of the seed. */
const ROWS = 20_000;
const SEED = [
  "python3",
  "-c",
  `from database import engine, listings
from sqlalchemy import insert
with engine.begin() as connection:
    connection.execute(insert(listings), [{"title": f"seed {number}"} for number in range(${ROWS})])`,
];
const SECRETS = { POSTGRES_PASSWORD: "POSTGRES_PASSWORD", DATABASE_PASSWORD: "POSTGRES_PASSWORD" };

const asked = (command: string, input?: string) => mustOnServer(site, command, input);

async function livePlan(): Promise<Plan> {
  const { live } = await server<{ live: { number: number } }>("recoloca live --application recoloca --environment local --json");
  return server<Plan>(`cat /var/lib/recoloca/recoloca-local/releases/${live.number}/plan.json`);
}

export async function measureReviews({ stack }: Place): Promise<{ reviews: readonly Review[] }> {
  await deploy(stack, "9", true);
  await installReviewProgram(site);
  const plan = await livePlan();
  const repositories = Object.values<string>({ ...(await imagesOf("9")) }).map((image) => image.slice(0, image.indexOf("@")));
  const wish = { host: "pr-{number}.review.test", memory: 2048, disk: 2048, repositories, seed: { service: "backend", command: SEED } };
  await asked("recoloca-review recoloca policy", JSON.stringify(policyOf(plan, wish, SECRETS)));
  const { compose, images } = plan;
  const request = JSON.stringify({ format: 1, number: NUMBER, release: "a", compose, images, provenance: {} });
  const once = async (): Promise<Review> => {
    const opened = await seconds(() => asked("recoloca-review recoloca open", request));
    // Its own plan, as it was made for it; only its name and its address are others, so that nothing of the first is found.
    const made = JSON.stringify(await server<Plan>(`cat /var/lib/recoloca/recoloca-pr-${NUMBER}/releases/1/plan.json`));
    await asked(`recoloca-review recoloca close ${NUMBER}`);
    const other = made.replaceAll(`pr-${NUMBER}`, "beside");
    const deployed = await seconds(() => asked("recoloca deploy", other));
    const seeded = await seconds(() => asked(`recoloca exec --stack recoloca-beside backend -- ${SEED.map((word) => `'${word}'`).join(" ")}`));
    await asked("recoloca remove --application recoloca --environment beside --volumes");
    return { opened, deployed, seeded };
  };
  const reviews: Review[] = [];
  for (let index = 0; index < TIMES; index++)
    reviews.push(
      await step(`review ${index + 1}`, once, (one) => {
        const beside = `a deploy ${one.deployed.toFixed(1)} s, its seed ${one.seeded.toFixed(1)} s`;
        return `${one.opened.toFixed(1)} s, ${beside}`;
      }),
    );
  await asked("recoloca-review recoloca off");
  return { reviews };
}
