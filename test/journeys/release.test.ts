/** What a person does with good releases, under the load of visitors: nobody notices. */
import { beforeAll, describe, expect, test } from "vitest";
import type { LocalStack } from "../../local/stack.ts";
import { askServer, type Configured } from "../../operate/ask-server.ts";
import { underLoad } from "../load.ts";
import { containersOnServer, deploy, liveRelease, openStack, server, url, wipe } from "../site.ts";

let stack: LocalStack;
beforeAll(async () => {
  stack = await openStack();
  await wipe();
});

describe("an application's life", () => {
  test("first release is broken: nothing is live, visitors see a friendly page, the reason is said", async () => {
    const ran = await deploy(stack, "broken", { gates: [{ name: "api", path: "/api/v1/health", timeout: "8s" }] });
    expect(ran.code).not.toBe(0);
    expect(ran.output).toContain('NOT HEALTHY: gate "api" wanted 200 at /api/v1/health, got 500');
    expect(ran.output).toContain("this version is broken on purpose");
    expect(ran.output).toContain("nothing is live");
    expect(ran.output).toContain("outcome: failed before the switch (exit 21)");
    expect(await liveRelease()).toBeNull();
    const response = await fetch(url);
    expect(response.status).toBe(503);
    expect(await response.text()).toContain("Back in a moment");
    expect(await containersOnServer()).toEqual(["postgres", "redis"]);
  });

  test("version 1 comes live", async () => {
    // The broken release has migrated already; version 1 wants a database that knows nothing of it.
    await wipe();
    const ran = await deploy(stack, "1");
    expect(ran.output).toContain("migrated empty → 0001");
    expect(ran.code).toBe(0);
    expect((await fetch(`${url}/api/v1/version`)).headers.get("x-version")).toBe("1");
    expect(await (await fetch(url)).text()).toContain("Recoloca");
  });

  test("version 1 to 2 with a migration: no request fails, no write is lost", async () => {
    const { result, seen } = await underLoad(url, () => deploy(stack, "2"));
    expect(result.output).toContain("migrated 0001 → 0002");
    expect(result.code).toBe(0);
    expect(seen.failed, JSON.stringify(seen.failed)).toEqual([]);
    expect(seen.lost).toEqual([]);
    expect(seen.acknowledged.length).toBeGreaterThan(50);
    expect(seen.versions).toEqual(["1", "2"]);
    expect(await containersOnServer()).toEqual(["backend green", "frontend green", "postgres", "redis", "worker green"]);
  });

  test("a slow release: the old one serves until the new one is ready", async () => {
    const { result, seen } = await underLoad(url, () => deploy(stack, "slow"));
    expect(result.code).toBe(0);
    expect(seen.failed, JSON.stringify(seen.failed)).toEqual([]);
    expect(seen.lost).toEqual([]);
    expect(seen.versions).toEqual(["2", "slow"]);
  });

  test("jobs go on through releases, each done once", async () => {
    await fetch(`${url}/api/v1/jobs`, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify({ name: "after" }) });
    await expect
      .poll(async () => await (await fetch(`${url}/api/v1/jobs`)).json(), { timeout: 15_000 })
      .toMatchObject({
        jobs: [{ name: "after", done_by: "slow" }],
      });
  });

  test("an older release does not fit the schema: refused by its own migration, with the reason", async () => {
    const ran = await deploy(stack, "1");
    expect(ran.output).toContain("MIGRATION FAILED");
    expect(ran.output).toContain("migrated by a newer release than this one");
    expect((await liveRelease())?.release).toBe("slow");
  });

  test("so does the server from the operator's own machine, over the stack's connection", async () => {
    const config = JSON.parse((await stack.pulumi(["config", "--json", "--show-secrets"])).stdout) as Record<string, Configured>;
    const ask = async (...words: string[]) => {
      let said = "";
      const code = await askServer({ name: "local", configuration: config }, words, (text) => (said += text));
      return { code, said };
    };
    expect(await ask("status")).toMatchObject({ code: 0, said: expect.stringContaining("recoloca-local") as string });
    expect((await ask("show", "2")).said).toContain("migrated 0001 → 0002");
    expect((await ask("logs", "worker")).said).toContain("worker slow waits for jobs");
    expect(await ask("logs", "nobody")).toMatchObject({
      code: 2,
      said: expect.stringContaining('has no service "nobody" that is live; it has backend') as string,
    });
    await expect(
      askServer({ name: "local", configuration: { ...config, "recoloca:hostPort": { value: "1", secret: false } } }, ["status"], () => undefined),
    ).rejects.toThrow(/does not answer/);
    await expect(askServer({ name: "local", configuration: {} }, ["status"], () => undefined)).rejects.toThrow(/has no configuration here\n {2}make local/);
  });

  test("the doctor finds what was broken, and how to mend it", async () => {
    const before = await server("recoloca doctor --json");
    const fixes = (json: string) => (JSON.parse(json) as { fix: string }[]).map(({ fix }) => fix);
    await server("systemctl disable --quiet recoloca-resume.service; docker stop $(docker ps --quiet --filter label=recoloca.service=worker)");
    const ran = await server("recoloca doctor");
    expect(ran.code).toBe(1);
    expect(ran.stdout).toMatch(/a service that must start with the system is disabled\n +systemctl enable recoloca-resume/);
    expect(ran.stdout).toMatch(/recoloca-local: "worker" is exited\n +recoloca logs worker/);
    await server("systemctl enable --quiet recoloca-resume.service; docker start $(docker ps --all --quiet --filter label=recoloca.service=worker)");
    expect(fixes((await server("recoloca doctor --json")).stdout)).toEqual(fixes(before.stdout));
  });

  test("the server tells the whole story", async () => {
    const history = (await server("recoloca history")).stdout.split("\n");
    expect(history.filter((line) => / live( |$)/.test(line))).toHaveLength(1);
    expect(history.join("\n")).toMatch(/ 4 +1 .*failed before the switch/);
    expect(history.join("\n")).toMatch(/ 2 +2 .*superseded/);
    const shown = (await server("recoloca show 2")).stdout;
    expect(shown).toContain("switched; release 1 stays warm");
    expect((await server("recoloca status")).stdout).toContain("backend running, frontend running, worker running");
  });
});
