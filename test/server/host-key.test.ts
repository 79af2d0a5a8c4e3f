/** Another host key for a server that no stack has made, by the very lines of docs/rotation.md: both are announced meanwhile, and whoever is logged in learns the next one. */
import * as fs from "node:fs";
import * as path from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { SshSession } from "../../components/host/ssh-session.ts";
import { attempt, must, until } from "../../local/command.ts";
import { hostKey, privateKey, serverName, sshArguments } from "../../local/server.ts";
import { inSite, testSite } from "../../local/site.ts";
import { checkout } from "../../tools/cache.ts";
import { mustServer } from "../site.ts";

const told = fs.readFileSync(path.join(checkout, "docs/rotation.md"), "utf8").split("Of any other server the host key is renewed by hand.")[1]!;
const [onServer = "", fromCheckout = ""] = [...told.matchAll(/```sh\n([^]*?)```/g)].map(([, lines]) => lines!);
const folder = inSite(testSite, "host-key");
const known = path.join(folder, "known_hosts");
const inServer = (command: string) => must("docker", ["exec", serverName(testSite), "sh", "-c", command]);

beforeAll(() => fs.mkdirSync(folder, { recursive: true }));
afterAll(async () => {
  await inServer("rm -f /etc/ssh/sshd_config.d/next.conf /etc/ssh/ssh_host_next*; systemctl reload ssh");
  await until("the server shows its first key again", 60, () => opensWith(hostKey(testSite)));
  fs.rmSync(folder, { recursive: true });
});

/** As the stack's own commands come: with one key pinned. */
async function opensWith(pinned: string): Promise<boolean> {
  const address = { host: "127.0.0.1", port: testSite.sshPort, user: "root", privateKey: privateKey(testSite), hostKey: pinned };
  return (await new SshSession().open(address).catch((error: Error) => error)) === undefined;
}
/** As a person comes, who has a known_hosts of his own. */
const ssh = (...words: string[]) => attempt("ssh", ["-o", `UserKnownHostsFile=${known}`, "-o", "UpdateHostKeys=yes", ...sshArguments(testSite), ...words]);
const knownKeys = () =>
  fs
    .readFileSync(known, "utf8")
    .split("\n")
    .flatMap((line) => (line === "" ? [] : [line.split(" ").slice(1, 3).join(" ")]));

test("the lines for the server have both keys announced: who is known by the one before stays known, and the next one is learned", async () => {
  const before = hostKey(testSite);
  await mustServer(onServer);
  const next = (await inServer("cut -d ' ' -f 1,2 /etc/ssh/ssh_host_next.pub")).trim();
  fs.writeFileSync(known, `[127.0.0.1]:${testSite.sshPort} ${before}\n`);
  await expect
    .poll(
      async () => {
        await ssh("sleep 1");
        return knownKeys();
      },
      { timeout: 60_000, interval: 1000 },
    )
    .toContain(next);
  expect(knownKeys()).toContain(before);
  expect([await opensWith(before), await opensWith(next)]).toEqual([true, false]);
});

test("the lines for later pin the next one, and the one before is shown to nobody any more", async () => {
  const before = hostKey(testSite);
  // `ssh root@HOST` as the person has it in his configuration, and what the stack is told.
  fs.writeFileSync(path.join(folder, "ssh"), `#!/bin/sh\nshift\nexec /usr/bin/ssh ${sshArguments(testSite).map((word) => `'${word}'`).join(" ")} "$@"\n`, { mode: 0o755 }); // prettier-ignore
  fs.writeFileSync(path.join(folder, "pulumi"), `#!/bin/sh\necho "$@" >> ${folder}/told\n`, { mode: 0o755 });
  await must("sh", ["-e", "-c", fromCheckout], { env: { ...process.env, PATH: `${folder}:${process.env["PATH"]}` } });
  const [set = "", up] = fs.readFileSync(path.join(folder, "told"), "utf8").trim().split("\n");
  expect(up).toBe("up");
  const next = set.replace("config set recoloca:hostKey ", "");
  expect(next).toMatch(/^ssh-ed25519 AAAA\S+$/);
  await expect.poll(() => opensWith(next), { timeout: 60_000, interval: 1000 }).toBe(true);
  expect(await opensWith(before)).toBe(false);
  // Whoever came by meanwhile is not asked anything.
  expect((await ssh("true")).code).toBe(0);
  fs.writeFileSync(known, `[127.0.0.1]:${testSite.sshPort} ${before}\n`);
  const stranger = await ssh("true");
  expect(stranger.code).toBe(255);
  expect(stranger.output).toContain("Host key verification failed");
});
