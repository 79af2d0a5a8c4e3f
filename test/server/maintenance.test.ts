/** Closed to visitors: by hand, and by releases that change the data in a way that the old release cannot run on. */
import * as fs from "node:fs";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import * as z from "zod";
import type { Backup } from "../../release/backup.ts";
import type { Plan } from "../../release/plan.ts";
import type { Doing } from "../../release/record.ts";
import { backupForm } from "../../settings/backup.ts";
import { migrationForm } from "../../settings/migration.ts";
import { interrupt, isWhole, newest, release, type Held } from "../held-release.ts";
import { deployPlan, get, installHostProgram, mustDeploy, planFor, removeStack } from "../host.ts";
import { FAULTS } from "../chaos/faults.ts";
import { imagesOf, server, url } from "../site.ts";
import { partOf } from "../whole.ts";

const duration = z.string().transform(() => 60);
const PAGE = "We are improving something";
let plan: Plan;

beforeAll(installHostProgram);
const forget = async () => {
  await removeStack(plan);
  await server("rm -rf /var/lib/recoloca/backups/shapes-test");
};
describe("by hand", () => {
  afterEach(forget);

  test("visitors get the page; the word and the probes pass; it lasts over a restart and a deploy", async () => {
    const { backend } = await imagesOf("1");
    plan = planFor(backend, { gates: [{ ...planFor(backend).gates[0]!, path: "/health" }] });
    await mustDeploy(plan);
    const on = await server("recoloca maintenance on");
    expect(on.code, on.output).toBe(0);
    expect(on.output).toMatch(/shapes-test is closed: visitors get the maintenance page, by root@\S+, since 0s/);
    const word = /x-recoloca-bypass: ([0-9a-f]{32})'/.exec(on.output)![1]!;
    expect((await server("recoloca maintenance on")).output).toContain(word);
    const closed = async () => {
      const visitor = await get("/");
      expect(visitor.status).toBe(503);
      expect(visitor.body).toContain(PAGE);
    };
    await closed();
    expect((await get("/health")).status).toBe(200);
    const asked = (header: string) =>
      server(`curl --silent --output /dev/null --write-out '%{http_code}' --header 'Host: shapes.test' --header '${header}' http://127.0.0.1/`);
    expect((await asked(`X-Recoloca-Bypass: ${word}`)).stdout).toBe("200");
    expect((await asked("X-Recoloca-Bypass: off")).stdout).toBe("503");
    expect((await server("stat -c %a /etc/haproxy/recoloca/maintenance.map")).stdout.trim()).toBe("600");
    await server("systemctl restart haproxy");
    await expect.poll(async () => (await get("/")).status, { timeout: 10_000 }).toBe(503);
    await mustDeploy({
      ...plan,
      release: "2",
      variables: { NEXT: "2" },
      compose: plan.compose.replace("init: true", 'init: true\n    environment: { NEXT: "2" }'),
    });
    await closed();
    expect((await server("recoloca status")).stdout).toContain("CLOSED");
    const off = await server("recoloca maintenance off");
    expect(off.output).toContain("shapes-test is open");
    expect((await get("/")).status).toBe(200);
  });

  test("with the stack's own page; another one is another file, so that the edge takes it", async () => {
    const { backend } = await imagesOf("1");
    plan = planFor(backend, { maintenancePage: "<h1>Shapes rest</h1>" });
    await mustDeploy(plan);
    await server("recoloca maintenance on");
    expect(await get("/")).toEqual({ status: 503, body: "<h1>Shapes rest</h1>" });
    await mustDeploy({ ...plan, release: "2", compose: `${plan.compose}    labels: { next: "2" }\n`, maintenancePage: "<h1>Shapes rest again</h1>" });
    expect((await get("/")).body).toBe("<h1>Shapes rest again</h1>");
    expect((await server("ls /etc/haproxy/recoloca/maintenance.shapes-test.*.html | wc -l")).stdout.trim()).toBe("1");
    expect((await server("recoloca maintenance sideways")).code).toBe(2);
  });
});

describe("a breaking migration, with alembic and Postgres", () => {
  const sql = async (text: string, database = "recoloca") =>
    (await server(`recoloca exec postgres -- psql --username recoloca --tuples-only --no-align --command ${JSON.stringify(text)} ${database}`)).stdout.trim();
  const revision = () => sql("select version_num from alembic_version");
  const titles = (database?: string) => sql("select string_agg(title, ',' order by id) from listings", database);
  const write = (title: string) =>
    server(`curl --silent --fail --header 'Content-Type: application/json' --data '{"title":"${title}"}' http://127.0.0.1/api/v1/listings`);
  let version: (name: string, change?: Partial<Plan>) => Promise<Plan>;

  beforeAll(async () => {
    const compose = fs.readFileSync("application/compose.yaml", "utf8");
    version = async (name, change = {}) => {
      const { backend, frontend, postgres, redis } = await imagesOf(name);
      return planFor(backend, {
        release: name,
        compose,
        images: { backend, worker: backend, frontend },
        variables: { POSTGRES_IMAGE: postgres, REDIS_IMAGE: redis, POSTGRES_PASSWORD: "a-secret-word", DATABASE_PASSWORD: "a-secret-word" },
        masked: ["POSTGRES_PASSWORD", "DATABASE_PASSWORD"],
        routes: [
          { host: "*", path: "/", service: "frontend", port: 3000 },
          { host: "*", path: "/api", service: "backend", port: 8000 },
        ],
        gates: [{ name: "api", path: "/api/v1/health", status: 200, timeout: 30, passes: 3 }],
        migration: migrationForm(duration).parse({ service: "backend", command: ["alembic", "upgrade", "head"], breaking: true }),
        backup: backupForm(duration).parse({ service: "postgres" }),
        keep: 5,
        watch: 2,
        ...change,
      });
    };
    plan = await version("1");
    await mustDeploy(plan);
    await write("before");
  });
  afterAll(forget);

  test("goes live with the doors closed: nobody writes meanwhile", async () => {
    const deploying = deployPlan(await version("2"));
    await expect.poll(async () => (await get("/")).body, { timeout: 60_000, interval: 50 }).toContain(PAGE);
    expect((await write("meanwhile")).code).not.toBe(0);
    const ran = await deploying;
    expect(ran.code, ran.output).toBe(0);
    expect(ran.output).toMatch(
      /maintenance page up; backend, frontend, worker of release 1 stopped\n.*backed up postgres → release-2[\s\S]*migrated 0001 → 0002[\s\S]*the same through the edge\n.*maintenance page down/,
    );
    expect(await titles()).toBe("before");
    expect((await get("/")).status).toBe(200);
  });

  test("back: what each way would cost, in the migration tool's own words", async () => {
    const ran = await server("recoloca rollback");
    expect(ran.code).toBe(20);
    expect(ran.output).toMatch(/release 2 \(2\) migrated the schema past release 1, \d+s ago \(0002 now; release 1 knows up to 0001\)/);
    expect(ran.output).toMatch(/--downgrade .*in release 2 first; its SQL:\n\s+ALTER TABLE listings DROP COLUMN note;/);
    expect(ran.output).toMatch(/--restore +puts back release-2; loses what was written in the \d+s since/);
    expect(ran.output).toContain("Nothing was changed.");
    expect((await server("recoloca rollback --downgrade --restore")).code).toBe(2);
  });

  test("back by a downgrade: what was written stays", async () => {
    await write("on the new schema");
    const ran = await server("recoloca rollback --downgrade");
    expect(ran.code, ran.output).toBe(0);
    expect(ran.output).toMatch(/downgraded 0002 → 0001[\s\S]*maintenance page down/);
    expect(await revision()).toBe("0001");
    expect(await titles()).toBe("before,on the new schema");
    expect((await get("/api/v1/health")).body).toContain('"1"');
    expect((await server("recoloca rollback 1 --restore")).output).toContain("release 1 (1) is what is live. Nothing was changed.");
  });

  test("a release that is not healthy: the data is as it was, the old one serves, and what the change left is kept", async () => {
    const { gates } = plan;
    const bad = await version("2", { gates: [{ ...gates[0]!, status: 418, timeout: 2 }] });
    // The rollback has put it on hold.
    const ran = await server("recoloca deploy --lift 2", JSON.stringify(bad));
    expect(ran.code, ran.output).toBe(21);
    expect(ran.output).toMatch(/data as it was: release-4 restored .*kept as recoloca_kept_4_back_0\n.*maintenance page down\n.*release 3 serves again/);
    expect(await revision()).toBe("0001");
    expect(await titles()).toBe("before,on the new schema");
    expect(await sql("select version_num from alembic_version", "recoloca_kept_4_back_0")).toBe("0002");
    expect(await sql("select count(*) from pg_database where starts_with(datname, 'recoloca_in_')")).toBe("0");
    expect((await write("after it")).code).toBe(0);
  });

  test("dies once visitors are in: it stays, for a person to decide; who then goes back by the backup", async () => {
    const visiting = setInterval(() => void get("/api/v1/version"), 500);
    const ran = await deployPlan(await version("crashing", { watch: 20 })).finally(() => clearInterval(visiting));
    expect(ran.code, ran.output).toBe(23);
    expect(ran.output).toContain("NOT TAKEN BACK: release 5 has changed the data, and visitors have written since. It stays");
    expect((await server("recoloca status")).stdout).toContain("release 5  crashing");
    const back = await server("recoloca rollback 1 --restore");
    expect(back.code, back.output).toBe(0);
    expect(back.output).toMatch(/restored release-5 .*schema 0001\. What was there is kept as recoloca_kept_6_0/);
    expect(await revision()).toBe("0001");
    expect(await titles()).toBe("before,on the new schema,after it");
    expect((await get("/api/v1/health")).status).toBe(200);
  });
});

describe("interrupted while the doors are closed", () => {
  /** The release that the last case left, where it left one whole; and how many there have been. */
  let left: string | undefined;
  let count = 0;
  afterEach(async ({ task }) => {
    if (task.result?.state === "pass") return;
    left = undefined;
    await forget();
  });
  afterAll(forget);
  /** A file is the database here: what counts is who puts it back, and when. */
  const backup: Backup = {
    service: "store",
    command: ["cat", "/data/schema"],
    verify: ["true"],
    restore: ["sh", "-c", "cat > /data/$INTO"],
    take: ["sh", "-c", "test ! -e /data/$INTO || { mv /data/schema /data/$KEPT; mv /data/$INTO /data/schema; }"],
    before: "migration",
    keep: 5,
    timeout: 60,
  };
  const breaking = (next: Plan): Plan => ({ ...next, backup, migration: { ...next.migration!, breaking: true } });
  const next = (held?: Held) => (plan = breaking(release(`release-${++count}`, held)));
  const comes = async (held?: Held): Promise<string> => {
    await mustDeploy(next(held));
    return (left = plan.release);
  };
  const schema = async () => (await server("recoloca exec store -- cat /data/schema")).stdout.trim();
  const isOpen = async (name: string) => {
    await isWhole(name);
    expect(await schema()).toBe(name);
    expect((await server("recoloca maintenance")).stdout).toContain("is open");
  };

  test.each(
    partOf<[Doing, "its process is killed" | "the engine is restarted" | "the power is cut", "first" | "second", Held]>(
      [
        ["closed", "its process is killed", "first", {}],
        ["migrated", "its process is killed", "second", { migration: 8 }],
        ["migrated", "the power is cut", "first", { migration: 8 }],
        ["healthy", "the engine is restarted", "second", { boot: 6 }],
        ["healthy", "the power is cut", "second", { boot: 6 }],
        ["watched", "the power is cut", "second", { watch: 8 }],
      ],
      2,
    ),
  )("in %s %s: the %s one lives", async (state, what, lives, held) => {
    const before = state === "closed" ? await comes({ stop: 6 }) : (left ?? (await comes()));
    const { release: name } = next(held);
    await interrupt(plan, state, FAULTS[what]);
    await isOpen(lives === "first" ? before : name);
    await isOpen(await comes());
  });

  test("killed when the data is back already: it is not put back over what the old release writes", async () => {
    const before = await comes({ boot: 5 });
    const { number } = await newest();
    const kept = async () => (await server("recoloca exec store -- ls /data")).stdout.match(/recoloca_kept/g)?.length ?? 0;
    const keptBefore = await kept();
    const oldRuns = `docker ps --quiet --filter status=running --filter label=recoloca.service=web --filter label=recoloca.release=${number}`;
    await interrupt(next({ refused: true }), "undoing", async () => {
      await expect.poll(async () => (await server(oldRuns)).stdout, { timeout: 30_000, interval: 50 }).not.toBe("");
      await FAULTS["its process is killed"]();
    });
    await isOpen(before);
    expect(await kept()).toBe(keptBefore + 1);
    await comes();
  });

  test("a person cannot open it meanwhile", async () => {
    if (left === undefined) await comes();
    let off = { code: 0, output: "" };
    const { ran, record } = await interrupt(next({ boot: 5 }), "healthy", async () => void (off = await server("recoloca maintenance off")));
    expect(off.code, off.output).toBe(20);
    expect(off.output).toContain(`release ${record.number} closes shapes-test while it changes the data, and opens it itself`);
    expect(ran.code, ran.output).toBe(0);
    left = record.release;
    await isOpen(left);
  });

  test("cancelled while it is healthy already: the data goes back with it", async () => {
    const before = left ?? (await comes());
    const { ran } = await interrupt(next({ boot: 8 }), "healthy", async () => void (await server("recoloca cancel")));
    expect(ran.code, ran.output).toBe(21);
    expect((await newest()).outcome).toBe("failed");
    await isOpen(before);
    expect((await fetch(url)).status).toBe(200);
  });
});
