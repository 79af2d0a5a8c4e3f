/**
 * An application that holds a deploy in the state that a test wants, for some seconds, so that a test can do something to it
 * there and does not depend on how fast anything is.
 */
import { expect } from "vitest";
import type { Plan } from "../release/plan.ts";
import type { Doing, ReleaseRecord } from "../release/record.ts";
import { deployPlan, planFor } from "./host.ts";
import { imagesOf, server, url } from "./site.ts";

const image = (await imagesOf("1")).backend;

/** Answers after BOOT seconds, and ends its streams after the drain time or never. */
const WEB = `
setTimeout(() => require("node:http").createServer((request, response) => {
  response.setHeader("x-release", process.env.RELEASE);
  if (request.url === "/stream") return void response.write("open");
  response.end();
}).listen(8000), 1000 * process.env.BOOT);
`;

/** Each of these keeps a deploy in one state for a while. */
export interface Held {
  /** Seconds. */
  readonly migration?: number;
  readonly boot?: number;
  readonly stop?: number;
  readonly base?: number;
  readonly watch?: number;
}

export function release(name: string, held: Held = {}): Plan {
  const { migration = 0, boot = 0, stop = 0, base = 0, watch = 1 } = held;
  return planFor(image, {
    release: name,
    compose: `services:
  web:
    image: web
    init: true
    command: ${JSON.stringify(["node", "-e", WEB])}
    environment: { RELEASE: "${name}", BOOT: "\${BOOT}" }
    volumes: ["data:/data"]
  worker:
    image: web
    command: ${JSON.stringify(["sh", "-c", "trap 'sleep $$STOP; exit 0' TERM; while :; do sleep 0.05; done"])}
    environment: { RELEASE: "${name}", STOP: "\${STOP}" }
    stop_grace_period: 20s
  store:
    image: ${image}
    init: true
    command: ${JSON.stringify(["sh", "-c", "sleep $$DELAY; touch /ready; exec sleep 3600"])}
    environment: { DELAY: "\${DELAY}" }
    volumes: ["data:/data"]
    healthcheck: { test: ["CMD", "test", "-f", "/ready"], interval: 200ms, retries: 200 }
volumes:
  data:
`,
    images: { web: image, worker: image },
    variables: { BOOT: String(boot), STOP: String(stop), DELAY: String(base) },
    routes: [{ host: "*", path: "/", service: "web", port: 8000 }],
    gates: [{ name: "web", path: "/", status: 200, timeout: 60, passes: 2, interval: 0.05 }],
    migration: {
      service: "web",
      command: ["sh", "-c", `sleep ${migration}; echo ${name} > /data/schema`],
      revision: ["sh", "-c", "cat /data/schema 2>/dev/null || true"],
      timeout: 60,
    },
    watch,
    drain: 1,
  });
}

export async function newest(): Promise<ReleaseRecord> {
  const [record] = JSON.parse((await server("recoloca history --json")).stdout) as ReleaseRecord[];
  return JSON.parse((await server(`recoloca show ${record!.number} --json`)).stdout) as ReleaseRecord;
}

/** Deploys, and when the deploy is in the state does what interrupts it; gives what the deployer read and what the record says in the end. */
export async function interrupt(next: Plan, state: Doing, what: () => Promise<void>) {
  const deploying = deployPlan(next);
  await expect
    .poll(async () => (await newest()).release === next.release && (await newest()).journal.findLast((line) => line.doing)?.doing, {
      timeout: 60_000,
      interval: 50,
    })
    .toBe(state);
  await what();
  await expect.poll(async () => (await newest()).outcome, { timeout: 90_000, interval: 200 }).toBeDefined();
  return { ran: await deploying, record: await newest() };
}

/** One release is live and whole, the edge serves it, and nothing of the other one is left. */
export async function isWhole(name: string): Promise<void> {
  await expect
    .poll(
      async () =>
        await fetch(url).then(
          (answer) => answer.headers.get("x-release"),
          () => undefined,
        ),
      { timeout: 30_000 },
    )
    .toBe(name);
  const label = (one: string) => `{{.Label "recoloca.${one}"}}`;
  const { stdout } = await server(
    `docker ps --all --filter label=recoloca.stack=shapes-test --format '${label("service")} ${label("job")} ${label("release")} {{.State}}'`,
  );
  const { live } = JSON.parse((await server("recoloca live --application shapes --environment test --json")).stdout) as {
    live: { number: number; release: string };
  };
  expect(live.release).toBe(name);
  expect(stdout.trim().split("\n").sort()).toEqual(["store   running", `web  ${live.number} running`, `worker  ${live.number} running`]);
  const units = await server("systemctl list-units --all --plain --no-legend 'recoloca-deploy-*' 'recoloca-resume@*' | grep -v inactive");
  expect(units.stdout).toBe("");
}
