/**
 * An application that holds a deploy in the state that a test wants, for some seconds, so that a test can do something to it
 * there and does not depend on how fast anything is. It keeps what visitors write, and names the release in each answer.
 */
import { expect } from "vitest";
import type { Plan } from "../release/plan.ts";
import type { Doing, ReleaseRecord } from "../release/record.ts";
import { deployPlan, planFor } from "./host.ts";
import { imagesOf, server, url } from "./site.ts";

const image = (await imagesOf("1")).backend;
const other = (await imagesOf("2")).backend;

/** Has the next release that wants to pull its image do so. */
export const forgetImage = () => server(`docker rmi --force ${other}`);

/** Answers after BOOT seconds, the gate through the edge after VERIFY more; LATE is another service's port. */
const WEB = `
const fs = require("node:fs");
const { RELEASE, BOOT, VERIFY, LATE } = process.env;
const serve = (port, after) => setTimeout(() => require("node:http").createServer((request, response) => {
  response.setHeader("x-release", RELEASE);
  const gate = request.headers["user-agent"] === "recoloca-gate";
  const through = gate && request.headers["x-forwarded-host"];
  if (through && process.env.REFUSED) response.statusCode = 503;
  if (request.url === "/stream") return void response.write("open");
  if (gate) {
    const bad = Number(fs.existsSync("/data/flap") && fs.readFileSync("/data/flap", "utf8"));
    if (bad > 0 && RELEASE.startsWith("second")) { fs.writeFileSync("/data/flap", String(bad - 1)); response.statusCode = 503; return void response.end(); }
  }
  if (request.method === "POST") {
    const file = fs.openSync("/data/written", "a");
    fs.writeSync(file, request.url.slice(1) + "\\n");
    fs.fsyncSync(file);
    fs.closeSync(file);
    response.statusCode = 201;
  }
  setTimeout(() => response.end(), through ? 1000 * VERIFY : 0);
}).listen(port), 1000 * after);
serve(8000, BOOT);
serve(8001, LATE);
process.on("SIGTERM", () => setTimeout(() => process.exit(0), 1000 * process.env.STOP));
`;

/** Each of these keeps a deploy in one state for so many seconds. */
export interface Held {
  /** Its image is another one, which the server does not have. */
  readonly pull?: boolean;
  readonly backup?: number;
  readonly base?: number;
  /** Of its base service, when that is to end: whoever recreates it waits for it. */
  readonly baseStop?: number;
  readonly migration?: number;
  readonly task?: number;
  readonly boot?: number;
  readonly late?: number;
  readonly verify?: number;
  /** Of this release's containers, when they are to end. */
  readonly stop?: number;
  readonly watch?: number;
  readonly drain?: number;
  /** Its gate is not passed through the edge, so that it is taken back after the switch. */
  readonly refused?: boolean;
}

export function release(name: string, held: Held = {}): Plan {
  const {
    backup,
    base = 0,
    baseStop = 0,
    migration = 0,
    task,
    boot = 0,
    late = 0,
    verify = 0,
    stop = 0,
    watch = 1,
    drain = 1,
    refused = false,
    pull = false,
  } = held;
  return planFor(image, {
    release: name,
    compose: `services:
  web:
    image: web
    init: true
    command: ${JSON.stringify(["node", "-e", WEB])}
    environment: { RELEASE: "${name}", BOOT: "\${BOOT}", VERIFY: "\${VERIFY}", LATE: "\${LATE}", STOP: "\${STOP}", REFUSED: "${refused ? "yes" : ""}" }
    volumes: ["data:/data"]
    stop_grace_period: 20s
  worker:
    image: web
    command: ${JSON.stringify(["sh", "-c", "trap 'sleep $$STOP; exit 0' TERM; sleep 3600 & wait"])}
    environment: { RELEASE: "${name}", STOP: "\${STOP}" }
    stop_grace_period: 20s
${task === undefined ? "" : `  prepare: { image: web, command: ["sleep", "${task}"], restart: "no" }\n`}  store:
    image: ${image}
    init: true
    command: ${JSON.stringify(["sh", "-c", "trap 'sleep $$STOP; exit 0' TERM; sleep $$DELAY & wait; touch /ready; sleep 3600 & wait"])}
    environment: { DELAY: "\${DELAY}", STOP: "\${BASE_STOP}" }
    volumes: ["data:/data"]
    stop_grace_period: 20s
    healthcheck: { test: ["CMD", "test", "-f", "/ready"], start_period: 90s, start_interval: 200ms, interval: 5s }
volumes:
  data:
`,
    images: { web: pull ? other : image, worker: image, ...(task !== undefined && { prepare: image }) },
    variables: { BOOT: String(boot), VERIFY: String(verify), LATE: String(late), STOP: String(stop), DELAY: String(base), BASE_STOP: String(baseStop) },
    routes: [
      { host: "*", path: "/", service: "web", port: 8000 },
      { host: "*", path: "/late", service: "web", port: 8001 },
    ],
    gates: [{ name: "web", path: "/", status: 200, timeout: refused ? 2 : 60, passes: 2 }],
    ...(backup !== undefined && {
      backup: { service: "store", command: ["sh", "-c", `sleep ${backup}; echo all`], verify: ["true"], before: "migration", keep: 3, timeout: 60 },
    }),
    migration: {
      service: "web",
      command: ["sh", "-c", `sleep ${migration}; echo ${name} > /data/schema`],
      revision: ["sh", "-c", "cat /data/schema 2>/dev/null || true"],
      timeout: 60,
    },
    recreate: ["store"],
    watch,
    drain,
  });
}

export async function newest(): Promise<ReleaseRecord> {
  const [record] = JSON.parse((await server("recoloca history --json")).stdout) as ReleaseRecord[];
  return JSON.parse((await server(`recoloca show ${record!.number} --json`)).stdout) as ReleaseRecord;
}

/** Seconds. */
const COMES_WITHIN = 90;

const RELEASES = "/var/lib/recoloca/shapes-test/releases";

/**
 * Looks every 20 ms, and a quarter of the time at most, in one process on the server itself: a question over SSH takes longer than some states last, and
 * the processor from those it asks about.
 */
async function untilOnServer(what: string, looks: string): Promise<void> {
  const ran = await server(
    "node -",
    `const fs = require("node:fs");
const text = (file) => { try { return fs.readFileSync(file, "utf8"); } catch { return ""; } };
const lines = (...words) => require("node:child_process").execFileSync(words[0], words.slice(1), { encoding: "utf8" }).split("\\n").length - 1;
const newest = () => "${RELEASES}/" + fs.readdirSync("${RELEASES}").sort((one, other) => one - other).at(-1);
const looks = () => { ${looks} };
const last = performance.now() + ${COMES_WITHIN * 1000};
const look = () => {
  const began = performance.now();
  if (fs.existsSync("${RELEASES}") && fs.readdirSync("${RELEASES}").length > 0 && looks()) process.exit(0);
  if (performance.now() < last) return void setTimeout(look, Math.max(20, 3 * (performance.now() - began)));
  console.log(text(newest() + "/journal.jsonl").split("\\n").slice(-5).join("\\n"));
  process.exit(1);
};
look();
`,
  );
  expect(ran.code, `${what} within ${COMES_WITHIN}s:\n${ran.output}`).toBe(0);
}

/**
 * Waits until the newest release is that one, and is in the middle of reaching a state; received is one that nothing was begun of yet.
 * A migration is one once its container runs, and a base that is recreated once the new container is there beside the old one.
 */
export async function reached(name: string, state: Doing, beside = false): Promise<void> {
  const containers = (...filters: string[]) => `lines("docker", "ps", "--quiet", ${filters.map((one) => `"${one}"`).join(", ")})`;
  const runs =
    state === "migrated"
      ? `${containers("--filter", "label=recoloca.job=migration")} > 0`
      : beside
        ? `${containers("--all", "--filter", "label=recoloca.service=store")} === 2`
        : "true";
  await untilOnServer(
    `${name} is seen ${state}`,
    `if (!text(newest() + "/record.json").includes('"release": "${name}"')) return false;
    const journal = text(newest() + "/journal.jsonl");
    const doing = journal.match(/"doing":"[a-z-]*"/g)?.at(-1);
    return journal !== "" && doing === ${state === "received" ? "undefined" : `'"doing":"${state}"'`} && ${runs};`,
  );
}

/** Waits until the newest release has an outcome. */
export const ended = () => untilOnServer("the newest release has ended", `return text(newest() + "/record.json").includes('"outcome":');`);

/** Deploys, and when the deploy is in the state does what interrupts it; gives what the deployer read and what the record says in the end. */
export async function interrupt(next: Plan, state: Doing, what: () => Promise<void>) {
  const deploying = deployPlan(next);
  await reached(next.release, state);
  await what();
  await ended();
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
  const lasting = stdout.split("\n").filter((line) => line !== "" && !line.startsWith("prepare "));
  expect(lasting.sort()).toEqual(["store   running", `web  ${live.number} running`, `worker  ${live.number} running`]);
  // One that was started beside a deploy ends once it has seen, under the lock, that nothing is left to do.
  const units = () =>
    server("systemctl list-units --all --plain --no-legend 'recoloca-deploy-*' 'recoloca-resume@*' | grep -v inactive").then(({ stdout }) => stdout);
  await expect.poll(units, { timeout: 20_000, interval: 200 }).toBe("");
}
