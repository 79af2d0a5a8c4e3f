/** A stack's life on the real engine, with a real server: what Pulumi says, and what is there afterwards. */
import { beforeAll, describe, expect, test } from "vitest";
import { must } from "../../local/command.ts";
import type { LocalStack } from "../../local/stack.ts";
import { ensureServer, removeServer, serverName } from "../../local/server.ts";
import { registryName, testSite } from "../../local/site.ts";
import { containersOnServer, liveRelease, openStack, server, settings, settingsFor, url, wipe } from "../site.ts";

let stack: LocalStack;
beforeAll(async () => {
  stack = await openStack();
  await wipe();
});

const secretsOf = async () => {
  const { stdout } = await stack.pulumi(["config", "--show-secrets", "--json"]);
  const config = JSON.parse(stdout) as Record<string, { secret?: boolean; value: string; objectValue?: Record<string, string> }>;
  return Object.values(config)
    .filter((one) => one.secret)
    .flatMap((one) => (one.objectValue ? Object.values(one.objectValue) : [one.value]))
    .flatMap((value) => value.split("\n").filter((line) => line.length > 10 && !line.startsWith("-----")));
};

describe("a stack", () => {
  test("without images everything else is provisioned, and it is said how to deploy", async () => {
    await stack.configure(settings({ variables: { POSTGRES_IMAGE: "unused", REDIS_IMAGE: "unused" } }));
    const ran = await stack.up();
    expect(ran.code, ran.output).toBe(0);
    expect(ran.output).toContain("nothing is deployed: neither the configuration nor the server names a release");
    expect(ran.output).toContain("pulumi config set --path 'recoloca:images.backend' REGISTRY/backend@sha256:DIGEST");
    expect((await server("recoloca status")).stdout).toContain("nothing is deployed on this host yet");
    expect((await server("stat -c '%a %U' /etc/recoloca/docker/config.json")).stdout.trim()).toBe("600 root");
  });

  test("the preview of a first deploy is readable, and does nothing", async () => {
    await stack.configure(await settingsFor("1"));
    const ran = await stack.pulumi(["preview", "--diff"]);
    expect(ran.code, ran.output).toBe(0);
    expect(ran.output).toMatch(/release +1 {2}\(the first one\)/);
    expect(ran.output).toMatch(/backend +sha256:[0-9a-f]{4}… {2}starts/);
    expect(ran.output).toMatch(/postgres, redis +start/);
    expect(ran.output).toMatch(/migration +alembic upgrade head/);
    expect(await liveRelease()).toBeNull();
    for (const secret of await secretsOf()) expect(ran.output).not.toContain(secret);
  });

  test("up deploys, and no secret is on the screen, in the state, or in a process's arguments", async () => {
    const arguments_ = server("for i in $(seq 200); do cat /proc/[0-9]*/cmdline 2>/dev/null | tr '\\0' ' '; sleep 0.05; done");
    const ran = await stack.up();
    expect(ran.code, ran.output).toBe(0);
    expect((await fetch(`${url}/api/v1/version`)).headers.get("x-version")).toBe("1");
    const state = (await stack.pulumi(["stack", "export"])).stdout;
    expect(state).toContain("recoloca-release");
    const seen = (await arguments_).stdout;
    expect(seen).toContain("recoloca");
    const secrets = await secretsOf();
    expect(secrets.length).toBeGreaterThan(3);
    for (const secret of secrets) {
      expect(ran.output).not.toContain(secret);
      expect(state).not.toContain(secret);
      expect(seen).not.toContain(secret);
    }
  });

  test("a second up, also without images in the configuration, changes nothing", async () => {
    const same = await stack.up();
    expect(same.code, same.output).toBe(0);
    expect(same.output).not.toMatch(/updated|created|deleted|replaced/);
    await stack.configure(settings({ variables: (await settingsFor("1"))["variables"] }));
    const bare = await stack.up();
    expect(bare.code, bare.output).toBe(0);
    expect(bare.output).not.toMatch(/updated|created|deleted|replaced/);
  });

  test("a changed environment is a new release of the same images, and the preview says what rolls", async () => {
    const same = await settingsFor("1");
    await stack.configure({ ...same, variables: { ...(same["variables"] as object), GREETING: "hello" } });
    const preview = await stack.pulumi(["preview", "--diff"]);
    expect(preview.output).toMatch(/backend +sha256:[0-9a-f]{4}… {2}rolls/);
    expect(preview.output).toContain("postgres, redis");
    const ran = await stack.up();
    expect(ran.code, ran.output).toBe(0);
    expect((await liveRelease())?.number).toBe(2);
  });

  test("what somebody removed on the server is put back by the next up", async () => {
    // Twice: without its records the server counts from one again, and the second time looks to Pulumi like the first.
    for (const _time of ["first", "second"]) {
      await server("recoloca remove --application recoloca --environment local");
      const ran = await stack.up();
      expect(ran.code, ran.output).toBe(0);
      expect((await liveRelease())?.release).toBe("1");
    }
  });

  test("a reboot of the server: the same release serves again, with its data", async () => {
    await fetch(`${url}/api/v1/listings`, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify({ title: "kept" }) });
    await server("systemctl reboot");
    await new Promise((done) => setTimeout(done, 3000));
    await must("docker", ["start", serverName(testSite)]);
    await expect
      .poll(
        async () =>
          await fetch(`${url}/api/v1/listings`).then(
            (answer) => answer.text(),
            () => "",
          ),
        { timeout: 90_000, interval: 500 },
      ) // prettier-ignore
      .toContain("kept");
    expect((await stack.up()).output).not.toMatch(/updated|created|deleted|replaced/);
  });

  test("a server that was made anew under the same name and key is prepared and deployed to again", async () => {
    await removeServer(testSite);
    await ensureServer(testSite);
    const preview = await stack.pulumi(["preview", "--diff"]);
    expect(preview.output).toMatch(/create *: "sh -s # machine [0-9a-f]{12}" => "sh -s # machine [0-9a-f]{12}"/);
    await stack.configure(await settingsFor("1"));
    const ran = await stack.up();
    expect(ran.code, ran.output).toBe(0);
    expect((await liveRelease())?.release).toBe("1");
  });

  test("destroy removes containers, networks, credentials and edge configuration, and keeps the data", async () => {
    const ran = await stack.pulumi(["destroy", "--yes", "--skip-preview"]);
    expect(ran.code, ran.output).toBe(0);
    expect(await containersOnServer()).toEqual([]);
    expect((await server("docker network ls --format '{{.Name}}'")).stdout).not.toContain("recoloca-local");
    expect((await server("cat /etc/recoloca/docker/config.json")).stdout).not.toContain(registryName(testSite));
    expect((await server("cat /etc/haproxy/haproxy.cfg /etc/haproxy/recoloca/slots.map")).stdout).not.toContain("recoloca-local");
    expect((await server("docker volume ls --quiet")).stdout).toContain("recoloca-local_postgres");
  });
});
