/** The bootstrap on a server as a provider hands it over: what is missing is installed, and what cannot work is refused untouched. */
import * as fs from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { bootstrapScript } from "../../components/host/bootstrap.ts";
import { growScript } from "../../components/host/data-disk.ts";
import { groundQuestion, whyNotReady } from "../../components/host/ground.ts";
import { removeSite } from "../../local/down.ts";
import { ensureServer, onServer } from "../../local/server.ts";
import { bareSite } from "../../local/site.ts";

const bootstrap = (setUp = "true", script = bootstrapScript()) => onServer(bareSite, `unshare -m sh -c '${setUp} && sh -s'`, script);
const on = async (command: string) => (await onServer(bareSite, command)).stdout.trim();

beforeAll(async () => {
  await removeSite(bareSite);
  fs.mkdirSync(bareSite.folder, { recursive: true, mode: 0o700 });
  await ensureServer(bareSite, "bare");
});
afterAll(() => removeSite(bareSite));

describe("refused before anything is touched", () => {
  const release = (text: string) => `printf "${text}" > /tmp/release && mount --bind /tmp/release /etc/os-release`;

  test.each([
    [
      "another distribution",
      release("ID=fedora\\nVERSION_ID=42\\nPRETTY_NAME=Fedora\\n"),
      "this is Fedora; Debian 13 or newer, or Ubuntu 24.04 or newer, is wanted",
    ],
    ["an older Debian", release("ID=debian\\nVERSION_ID=12\\n"), "this is debian; Debian 13 or newer"],
    ["an older Ubuntu", release("ID=ubuntu\\nVERSION_ID=22.04\\n"), "this is ubuntu; Debian 13 or newer, or Ubuntu 24.04 or newer"],
    ["a full disk", "mount -t tmpfs -o size=50m none /var/lib", "50 MiB are free below /var/lib, 2048 MiB are wanted"],
    ["no systemd", "mkdir -p /tmp/run && mount --bind /tmp/run /run/systemd", "this server does not run systemd"],
    [
      "a port that somebody else has",
      `perl -MSocket -e "socket(S, PF_INET, SOCK_STREAM, 0); setsockopt(S, SOL_SOCKET, SO_REUSEADDR, 1); bind(S, sockaddr_in(443, INADDR_ANY)) or die; listen(S, 1); sleep 20" > /dev/null 2>&1 & sleep 1`,
      "port 443 is taken",
    ],
    [
      "an HAProxy that serves somebody",
      `mkdir -p /etc/haproxy && mount -t tmpfs none /etc/haproxy && printf "frontend shop\n  bind :8080\n" > /etc/haproxy/haproxy.cfg`,
      "HAProxy serves something here already",
    ],
  ])("%s", async (_what, setUp, says) => {
    const asked = await bootstrap(setUp, groundQuestion("root"));
    const ran = await bootstrap(setUp);
    await on("pkill -x perl || true");
    expect(ran.code).toBe(20);
    expect(ran.output).toContain(`refused, nothing was changed: ${says}`);
    expect(asked.code).toBe(20);
    expect(whyNotReady(asked.output)).toContain(says);
    expect(await on("command -v dockerd haproxy node")).toBe("");
  });

  test("somebody who is not root", async () => {
    const ran = await onServer(bareSite, "setpriv --reuid 65534 --clear-groups sh -s", bootstrapScript());
    expect(ran.code).toBe(20);
    expect(ran.output).toContain("this needs root, or a user with sudo without a password");
  });
});

describe("a bare Debian 13", () => {
  test("is asked before anything is put on it, and nothing speaks against it", async () => {
    expect(await bootstrap("true", groundQuestion("root"))).toMatchObject({ code: 0, output: "" });
  });

  /** Whoever installs something just now, as apt itself takes its locks. */
  const INSTALLING = ["/var/lib/apt/lists/lock", "/var/lib/dpkg/lock-frontend"]
    .map((file) => `(perl -MFcntl -e 'open F, ">", "${file}"; fcntl F, F_SETLK, pack("s s l! l! i", F_WRLCK, 0, 0, 0, 0) or die; sleep 12' >/dev/null 2>&1 &)`)
    .join("; ");

  test("whose own packages are being installed: it waits for its turn, and gets Docker, Compose, HAProxy and Node from the distribution, held, and an engine whose containers outlive it", async () => {
    await on(`${INSTALLING}; sleep 1`);
    const ran = await bootstrap();
    expect(ran.code, ran.output).toBe(0);
    expect(ran.output).toMatch(/installing docker\.io docker-cli docker-compose haproxy nodejs/);
    expect(ran.output).toMatch(/ready: Debian GNU\/Linux 13.*, docker 2\d\..*, compose 2\..*, haproxy 3\..*, node v20\./);
    expect(await on("docker info --format '{{.LiveRestoreEnabled}}'")).toBe("true");
    expect(JSON.parse(await on("cat /etc/docker/daemon.json"))).toMatchObject({
      "log-driver": "json-file",
      "log-opts": { "max-size": "10m", "max-file": "5" },
    });
    expect((await on("apt-mark showhold")).split("\n")).toEqual(["docker.io", "haproxy"]);
    // As needrestart reads it, which only Ubuntu has from the beginning.
    const reads = `our %nrconf = (override_rc => {}); do "/etc/needrestart/conf.d/recoloca.conf"; die $@ if $@;
for my $unit (@ARGV) { print "$unit\\n" if grep { $unit =~ /$_/ } keys %{$nrconf{override_rc}} }`;
    expect((await on(`perl -we '${reads}' haproxy.service docker.service recoloca-deploy-1.service cron.service`)).split("\n")).toEqual([
      "haproxy.service",
      "docker.service",
      "recoloca-deploy-1.service",
    ]);
    expect(await on("systemctl is-active docker haproxy")).toBe("active\nactive");
  });

  test("the file system of its data disk grows with the disk, once", async () => {
    await on("apt-get install -y -qq e2fsprogs >/dev/null 2>&1; truncate --size 1G /disk && mkfs.ext4 -q /disk && truncate --size 2G /disk");
    const disk = { label: "recoloca-data", place: "/dev/shm", size: 2 };
    const grow = (size: number) => onServer(bareSite, growScript({ ...disk, size }, "/disk"));
    expect((await grow(2)).output).toContain("the file system of recoloca-data has grown to 2 GiB");
    expect((await grow(2)).output).toBe("");
    expect((await onServer(bareSite, growScript(disk))).output).toContain("what is at /dev/shm is no disk called recoloca-data");
    await on("rm /disk");
  });

  test("is left alone the second time", async () => {
    const before = await on("systemctl show docker haproxy --property=ExecMainStartTimestamp; stat -c %y /etc/docker/daemon.json");
    const ran = await bootstrap();
    expect(ran.code, ran.output).toBe(0);
    expect(ran.output).not.toContain("installing");
    expect(await on("systemctl show docker haproxy --property=ExecMainStartTimestamp; stat -c %y /etc/docker/daemon.json")).toBe(before);
  });

  test("gets the ACME client only where certificates are asked for", async () => {
    expect(await on("command -v lego")).toBe("");
    const ran = await bootstrap("true", bootstrapScript({ certificates: true }));
    expect(ran.code, ran.output).toBe(0);
    expect(ran.output).toContain("installing lego");
    expect(await on("dpkg-query --show --showformat='\${Version}' lego; command -v lego")).toMatch(/^4\..*\/usr\/bin\/lego$/);
  });
});
