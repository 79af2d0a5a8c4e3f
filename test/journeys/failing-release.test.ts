/** Releases that fail, each under the load of visitors: the old one serves on, and the reason is on the screen. */
import { attempt } from "../../local/command.ts";
import { registryContainer } from "../../local/server.ts";
import { testSite } from "../../local/site.ts";
import type { LocalStack } from "../../local/stack.ts";
import { beforeAll, beforeEach, describe, expect, test } from "vitest";
import { underLoad } from "../load.ts";
import { containersOnServer, deploy, imagesOf, liveRelease, openStack, server, settingsFor, url, wipe } from "../site.ts";

let stack: LocalStack;
beforeAll(async () => {
  stack = await openStack();
  await wipe();
  const ran = await deploy(stack, "2");
  expect(ran.code, ran.output).toBe(0);
});

let before: string[];
beforeEach(async () => {
  before = await containersOnServer();
});

async function oldOneServes(): Promise<void> {
  expect((await liveRelease())?.release).toBe("2");
  expect(await containersOnServer()).toEqual(before);
  expect((await fetch(`${url}/api/v1/version`)).headers.get("x-version")).toBe("2");
}

describe("before the switch", () => {
  test("broken: its gate is not passed, no visitor sees it", async () => {
    const gates = [
      { name: "api", path: "/api/v1/health", timeout: "6s" },
      { name: "page", path: "/", timeout: "6s" },
    ];
    const { result, seen } = await underLoad(url, () => deploy(stack, "broken", { gates }));
    expect(result.code).not.toBe(0);
    expect(result.output).toContain('NOT HEALTHY: gate "api" wanted 200 at /api/v1/health, got 500');
    expect(result.output).toContain('last answer   500 {"detail":"this version is broken on purpose"');
    expect(result.output).toMatch(/backend {7}running, 0 restarts/);
    expect(result.output).toContain("was never touched and serves");
    expect(seen.failed, JSON.stringify(seen.failed)).toEqual([]);
    expect(seen.lost).toEqual([]);
    expect(seen.versions).toEqual(["2"]);
    await oldOneServes();
  });

  test("bad migration: the schema is as it was", async () => {
    const { result, seen } = await underLoad(url, () => deploy(stack, "bad-migration"));
    expect(result.output).toContain('MIGRATION FAILED: "alembic upgrade head" failed with exit code 1; the schema is as it was (0002)');
    expect(seen.failed, JSON.stringify(seen.failed)).toEqual([]);
    expect(seen.lost).toEqual([]);
    await oldOneServes();
  });

  test("a digest that the registry does not have", async () => {
    const { backend } = await imagesOf("2");
    const wrong = backend.replace(/[0-9a-f]{64}$/, "0".repeat(64));
    const { result, seen } = await underLoad(url, () =>
      deploy(stack, "2", { images: { backend: wrong, worker: wrong, frontend: wrong }, release: "no-such-digest" }),
    );
    expect(result.output).toContain(`image ${wrong} cannot be had`);
    expect(result.output).toContain("the registry has no such digest");
    expect(seen.failed, JSON.stringify(seen.failed)).toEqual([]);
    await oldOneServes();
  });

  test("the registry is down", async () => {
    const { frontend, backend } = await imagesOf("3");
    // What another file has left on the server would be deployed without asking the registry.
    await server(`docker image rm ${frontend} ${backend}`);
    await attempt("docker", ["stop", "--time", "2", registryContainer(testSite)]);
    try {
      const { result, seen } = await underLoad(url, () => deploy(stack, "2", { images: { backend, worker: backend, frontend }, release: "3" }));
      expect(result.output).toContain("does not answer from this host");
      expect(seen.failed, JSON.stringify(seen.failed)).toEqual([]);
    } finally {
      await attempt("docker", ["start", registryContainer(testSite)]);
    }
    await oldOneServes();
  });
});

describe("after the switch", () => {
  test("crashing: switched back by itself; at most what was in flight is lost, no acknowledged write is", async () => {
    const { result, seen } = await underLoad(url, () => deploy(stack, "crashing", { watch: "15s" }));
    expect(result.output).toContain('"backend" died with exit code 1 while watched');
    expect(result.output).toContain("outcome: rolled back (exit 22)");
    expect(seen.versions).toEqual(["2", "crashing"]);
    expect(seen.failed.length, JSON.stringify(seen.failed)).toBeLessThanOrEqual(3);
    expect(seen.lost).toEqual([]);
    await oldOneServes();
  });

  test("and then a good one goes through", async () => {
    const { result, seen } = await underLoad(url, () => deploy(stack, "4"));
    expect(result.code, result.output).toBe(0);
    expect(seen.failed, JSON.stringify(seen.failed)).toEqual([]);
    expect(seen.versions).toEqual(["2", "4"]);
  });
});

describe("two at once", () => {
  test("two times pulumi up: the stack's lock lets one in, and what it deployed is live and whole", async () => {
    await stack.configure(await settingsFor("5"));
    const { result: ran, seen } = await underLoad(url, () => Promise.all([stack.up(), stack.up()]));
    const [good, turnedAway] = ran.sort((a, b) => a.code - b.code);
    expect(good?.code, good?.output).toBe(0);
    expect(turnedAway?.output).toMatch(/the stack is currently locked by 1 lock/);
    expect(seen.failed, JSON.stringify(seen.failed)).toEqual([]);
    expect(seen.lost).toEqual([]);
    expect((await liveRelease())?.release).toBe("5");
    const again = await stack.up();
    expect(again.code, again.output).toBe(0);
    expect(again.output).not.toMatch(/updated|created|deleted|replaced/);
  });

  test("one goes through, the other says who is at it", async () => {
    const plan = JSON.parse(
      (await server("cat /var/lib/recoloca/recoloca-local/releases/$(ls /var/lib/recoloca/recoloca-local/releases | sort -n | tail -1)/plan.json")).stdout,
    ) as Record<string, unknown>;
    const one = JSON.stringify({
      ...plan,
      release: "one",
      variables: { ...(plan["variables"] as object), ANY: "1" },
      provenance: { actor: "Ana", run: "8841" },
    });
    const two = JSON.stringify({ ...plan, release: "two", variables: { ...(plan["variables"] as object), ANY: "2" } });
    const first = server("recoloca deploy", one);
    await expect.poll(async () => (await server("recoloca status")).stdout, { timeout: 20_000 }).toContain("is being deployed");
    const second = await server("recoloca deploy", two);
    expect(second.code).toBe(20);
    expect(second.output).toMatch(/refused: release \d+ \(one\) is being deployed by Ana, run 8841, from [\d.]+, since \d+s/);
    expect(second.output).toMatch(/recoloca show \d+/);
    const again = await server("recoloca deploy", one);
    expect(again.code, again.output).toBe(0);
    expect((await first).code).toBe(0);
    expect((await liveRelease())?.release).toBe("one");
  });
});
