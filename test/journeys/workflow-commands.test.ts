/** The workflows' own commands on what is deployed, and on a real Postgres and Redis: those that application.test.ts has nothing to ask with. */
import { spawn, type ChildProcess } from "node:child_process";
import { randomUUID } from "node:crypto";
import { connect } from "node:net";
import chromium from "@sparticuz/chromium";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { until } from "../../local/command.ts";
import { sshArguments } from "../../local/server.ts";
import { testSite } from "../../local/site.ts";
import { k6 } from "../../tools/k6.ts";
import { freePort } from "../free-port.ts";
import { deploy, imagesOf, openStack, server, url, wipe } from "../site.ts";
import { application, copyOfTheApplication, type Copy } from "../workflows/application.ts";

const folder = application.backend.folder;
let copy: Copy;
beforeAll(async () => {
  copy = copyOfTheApplication();
  await wipe();
  const ran = await deploy(await openStack(), "1");
  expect(ran.code, ran.output).toBe(0);
});

/** The same application with a fault in one of its files. */
const changed = (file: string, text: Parameters<Copy["write"]>[1]) => {
  const other = copyOfTheApplication();
  other.write(file, text);
  return other;
};

describe("against an environment", () => {
  const { e2e, loadTest } = application;
  const maintenance = async (doors: "on" | "off") => {
    const { code, output } = await server(`recoloca maintenance ${doors}`);
    expect(code, output).toBe(0);
  };

  // The page of a maintenance says when to come again, in half a minute: curl would, three times.
  const rewrite = (text: string) => text.replace("--retry 3", "--retry 0");
  const answers = () => copy.run(".", "deploy-staging", "It answers from outside", { from: "deploy.yml", env: { PUBLIC_URL: url }, rewrite });
  const tests = async (from = copy) =>
    from.run(e2e, "e2e-staging", "Tests", { from: "deploy.yml", env: { BASE_URL: url, CHROMIUM: await chromium.executablePath(), CI: "true" } });
  let program: string;
  beforeAll(async () => {
    program = await k6((line) => void process.stdout.write(`   ${line}\n`));
  });
  const load = () =>
    copy.run(".", "load", "Load", {
      from: "performance.yml",
      env: { BASE_URL: url, SECONDS: "6", GH_REPO: "recoloca/recoloca", ENVIRONMENT: "staging" },
      // The program that GitHub's machine would have, and GitHub's word that nothing is deployed meanwhile.
      programs: { k6: `exec ${program} "$@"`, gh: "echo 1" },
    });
  const measured = () => JSON.parse(copy.read("results.json")) as Record<string, number>;

  test("the health paths answer; in a browser it does what it is for; the load is carried", async () => {
    const asked = answers();
    expect(asked.code, asked.said).toBe(0);
    expect(asked.said.match(/^200 [\d.]+s \//gm)).toHaveLength(4);
    const seen = await tests();
    expect(seen.code, seen.said).toBe(0);
    expect(seen.said).toMatch(/\d+ passed/);
    const carried = load();
    expect(carried.code, carried.said).toBe(0);
    expect(measured()).toEqual({ p95_ms: expect.any(Number) as number, failed_rate: 0, requests_per_second: expect.any(Number) as number });
    expect(loadTest).toBe("application/performance/load.js");
  });

  test("each of them fails where visitors get the page of a maintenance", async () => {
    await maintenance("on");
    try {
      expect(answers().code).not.toBe(0);
      // With less patience than they have, which is half a minute for each.
      const seen = await tests(changed(`${e2e}/playwright.config.ts`, (now) => now.replace("timeout: 30_000", "timeout: 3_000, maxFailures: 1")));
      expect(seen.code).not.toBe(0);
      expect(seen.said).toMatch(/\d+ failed/);
      expect(load().code).not.toBe(0);
    } finally {
      await maintenance("off");
    }
  });
});

describe("against a Postgres and a Redis that the workflow starts", () => {
  const project = `recoloca-integration-${randomUUID().slice(0, 8)}`;
  const place = `/tmp/${project}`;
  let tunnel: ChildProcess | undefined;
  let env: Record<string, string>;
  /** The step's text has the ports that are free on GitHub's machine, and may be taken here. */
  let rewrite: (text: string) => string;
  const run = (where: string, step: string, from = copy) =>
    from.run(where, "integration", step, {
      env,
      rewrite,
      // Compose is on the server alone, which has the images. Its ports come here by a tunnel.
      programs: {
        docker: `variables="$(for name in COMPOSE_PROJECT_NAME POSTGRES_IMAGE REDIS_IMAGE POSTGRES_PASSWORD; do printf '%s=%q ' "$name" "\${!name}"; done)"
tar --create application/compose.yaml --directory "$RUNNER_TEMP" ports.yaml | ssh ${sshArguments(testSite).join(" ")} \
  "mkdir -p ${place} && cd ${place} && tar --extract && $variables docker \${*/$RUNNER_TEMP/.}"`,
      },
    });
  const MIGRATIONS = "Migrations: from nothing";

  beforeAll(async () => {
    const { postgres, redis } = await imagesOf("1");
    const ports = [await freePort(), await freePort()] as const;
    rewrite = (text) => text.replaceAll("127.0.0.1:5432", `127.0.0.1:${ports[0]}`).replaceAll("127.0.0.1:6379", `127.0.0.1:${ports[1]}`);
    env = { COMPOSE_PROJECT_NAME: project, POSTGRES_IMAGE: postgres, REDIS_IMAGE: redis };
    const { code, said } = run(".", "Start what the tests need");
    expect(code, said).toBe(0);
    const forwards = ports.flatMap((port) => ["-L", `127.0.0.1:${port}:127.0.0.1:${port}`]);
    tunnel = spawn("ssh", ["-N", "-o", "ExitOnForwardFailure=yes", ...forwards, ...sshArguments(testSite)], { stdio: "inherit" });
    for (const port of ports) await until(`port ${port} is forwarded`, 20, () => listens(port));
  });
  afterAll(async () => {
    tunnel?.kill();
    await server(`docker compose --project-name ${project} down --volumes --timeout 2; rm -rf ${place}`);
  });

  test("migrations go from nothing to the newest and back and forth, and the integration tests pass", () => {
    const migrated = run(folder, MIGRATIONS);
    expect(migrated.code, migrated.said).toBe(0);
    const tested = run(folder, "Integration tests");
    expect(tested.code, tested.said).toBe(0);
    expect(tested.said).toMatch(/\d+ passed/);
  });

  test("a model without a migration, a second head and an API that forgets are found", () => {
    const forgotten = run(
      folder,
      MIGRATIONS,
      changed(`${folder}/database.py`, (now) => now.replace("    metadata,\n", '    metadata,\n    Column("colour", Text),\n')),
    );
    expect(forgotten.code).not.toBe(0);
    expect(forgotten.said).toMatch(/New upgrade operations detected.*colour/s);
    const second = changed(`${folder}/migrations/versions/0001_second.py`, 'revision = "second"\ndown_revision = None\n\n\ndef upgrade() -> None:\n    pass\n');
    const heads = run(folder, MIGRATIONS, second);
    expect(heads.code).not.toBe(0);
    expect(heads.said).toMatch(/heads/);
    const wrong = run(
      folder,
      "Integration tests",
      changed(`${folder}/main.py`, (now) => now.replace("with engine.begin()", "with engine.connect()")),
    );
    expect(wrong.code).not.toBe(0);
    expect(wrong.said).toMatch(/\d+ failed/);
  });
});

const listens = (port: number) =>
  new Promise<boolean>((done) => {
    const asked = connect(port, "127.0.0.1", () => {
      asked.destroy();
      done(true);
    }).on("error", () => done(false));
  });
