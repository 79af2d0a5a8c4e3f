/**
 * Another login for the registry, on a real server and a real registry with two accounts: the one before is what the server pulls by until the new one has
 * read what is live, wherever it is killed; afterwards the registry may forget the one before.
 */
import { afterAll, beforeAll, expect, test } from "vitest";
import { must } from "../../local/command.ts";
import { REGISTRY_USER, registryPassword } from "../../local/registry.ts";
import { registryContainer } from "../../local/server.ts";
import { registryName, testSite } from "../../local/site.ts";
import { deployPlan, installHostProgram, planFor, removeStack } from "../host.ts";
import { imagesOf, mustServer, server } from "../site.ts";

const { backend } = await imagesOf("1");
const plan = planFor(backend);
const NEW = { user: "second", password: "password-of-the-second" };
const FOLDER = "/etc/recoloca/docker";

const accounts = (words: readonly string[], input?: string) =>
  must("docker", ["exec", "--interactive", registryContainer(testSite), "htpasswd", ...words], input === undefined ? {} : { input });
const setAccount = (user: string, password: string) => accounts(["-Bi", "/run/htpasswd", user], password);
const forgetAccount = (user: string) => accounts(["-D", "/run/htpasswd", user]);
const words = `login --server ${registryName(testSite)} --username ${NEW.user}`;

beforeAll(async () => {
  await installHostProgram();
  await setAccount(NEW.user, NEW.password);
  const ran = await deployPlan(plan);
  expect(ran.code, ran.output).toBe(0);
});
afterAll(async () => {
  await setAccount(REGISTRY_USER, registryPassword(testSite));
  await forgetAccount(NEW.user);
  await mustServer(`recoloca login --server ${registryName(testSite)} --username ${REGISTRY_USER}`, registryPassword(testSite));
  await removeStack(plan);
});

/** By what the server keeps: who it is at the registry. Throws where what is live cannot be had by it. */
async function pullsAs(): Promise<string> {
  await mustServer(`docker --config ${FOLDER} pull --quiet ${backend}`);
  const { auths } = JSON.parse(await mustServer(`cat ${FOLDER}/config.json`)) as { auths: Record<string, { auth: string }> };
  return Buffer.from(auths[registryName(testSite)]!.auth, "base64").toString().split(":")[0]!;
}

test("a password that is none changes nothing, and is not said", async () => {
  const ran = await server(`recoloca ${words}`, "a-wrong-password");
  expect(ran.code).toBe(1);
  expect(ran.output).toContain(`${registryName(testSite)} does not let second in: `);
  expect(ran.output).not.toContain("a-wrong-password");
  expect(await pullsAs()).toBe(REGISTRY_USER);
});

/** Docker's own command, held where it is told to be. */
const HELD = `#!/bin/sh
hold() { [ "$1" != "$HOLD" ] || { touch /run/login-held; sleep 60; }; }
hold "before $1"
/usr/bin/docker "$@"
code=$?
hold "after $1"
exit $code
`;

test.each(["before login", "before pull", "after pull"])("killed %s of the new one, the one before is what it pulls by", async (point) => {
  await mustServer("mkdir -p /opt/held && cat > /opt/held/docker && chmod 755 /opt/held/docker && rm -f /run/login-held", HELD);
  await mustServer("umask 077; cat > /run/new-password", NEW.password);
  await mustServer(
    `systemd-run --quiet --collect --unit held-login --setenv PATH=/opt/held:$PATH --setenv HOLD='${point}' --property StandardInput=file:/run/new-password recoloca ${words} &&
timeout 60 sh -c 'until test -e /run/login-held; do sleep 0.05; done' && systemctl kill --signal=SIGKILL --kill-whom=all held-login && rm -r /opt/held /run/new-password`,
  );
  expect(await pullsAs()).toBe(REGISTRY_USER);
});

test("the next run takes it on, and nothing of those that were killed is left; the registry may forget the one before", async () => {
  const ran = await server(`recoloca ${words}`, NEW.password);
  expect(ran.code, ran.output).toBe(0);
  expect((await mustServer(`ls -A ${FOLDER}`)).trim()).toBe("config.json");
  await forgetAccount(REGISTRY_USER);
  expect(await pullsAs()).toBe(NEW.user);
  const before = await server(`recoloca login --server ${registryName(testSite)} --username ${REGISTRY_USER}`, registryPassword(testSite));
  expect(before.code, before.output).toBe(1);
  expect(await pullsAs()).toBe(NEW.user);
});
