/** Newer packages of the edge and the engine, under visitors. The same version stands in for a newer one: its scripts are what would cut them. */
import { spawn } from "node:child_process";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { attempt, must, until } from "../../local/command.ts";
import { ensureServer, serverName, sshArguments } from "../../local/server.ts";
import { testSite } from "../../local/site.ts";
import { Visitors } from "../chaos/visitors.ts";
import { isWhole, newest, reached, release } from "../held-release.ts";
import { deployPlan, installHostProgram, removeStack, startDeploy } from "../host.ts";
import { mustServer, server } from "../site.ts";

const plan = release("first");
beforeAll(async () => {
  await installHostProgram();
  const ran = await deployPlan(plan);
  expect(ran.code, ran.output).toBe(0);
});
afterAll(() => removeStack(plan));

const started = async () => (await server("systemctl show haproxy docker --property=ExecMainPID; pgrep --full 'haproxy .*-sf' | head -1")).stdout;

test("the edge and the engine run the installed files, and nobody was refused", async () => {
  const before = await started();
  const visitors = new Visitors();
  const ran = await server("recoloca upgrade --again");
  await visitors.stop();
  expect(ran.code, ran.output).toBe(0);
  expect(ran.output).toMatch(/haproxy \S+ installed again; all that served serves\n.*docker\.io \S+ installed again; all that served serves/);
  expect(visitors.asked).toBeGreaterThan(50);
  expect(visitors.failed).toBe(0);
  expect(await started()).not.toBe(before);
  expect((await server("apt-mark showhold")).stdout.split("\n")).toEqual(expect.arrayContaining(["docker.io", "haproxy"]));
  expect((await server("test -e /usr/sbin/policy-rc.d")).code).toBe(1);
  await isWhole("first");
});

test("a deploy that comes meanwhile is told so, and changes nothing", async () => {
  await mustServer(
    `rm -f /run/held; touch /run/hold; echo 'APT::Update::Pre-Invoke { "touch /run/held; while [ -e /run/hold ]; do sleep 0.1; done"; };' > /etc/apt/apt.conf.d/99hold`,
  );
  const upgrading = server("recoloca upgrade");
  await mustServer("until [ -e /run/held ]; do sleep 0.1; done");
  const deployed = await deployPlan(release("meanwhile"));
  await mustServer("rm /run/hold /etc/apt/apt.conf.d/99hold");
  expect(deployed.code, deployed.output).toBe(20);
  expect(deployed.output).toMatch(
    /the edge and the engine are being upgraded.*, since \d+s\n +wait for it +pulumi config set recoloca:wait 10m; pulumi up\n +Nothing was changed\./,
  );
  expect((await upgrading).code).toBe(0);
  expect((await newest()).release).toBe("first");
});

test("what is the newest already is left alone", async () => {
  const before = await started();
  const ran = await server("recoloca upgrade");
  expect(ran.code, ran.output).toBe(0);
  expect(ran.output).toMatch(/haproxy \S+ is the newest\n docker\.io \S+ is the newest/);
  expect(await started()).toBe(before);
});

const inside = async (command: string) => (await attempt("docker", ["exec", serverName(testSite), "sh", "-c", command])).output;

test("of the programs before, the latest stays for whoever still runs by it, and the others go", async () => {
  const ours = (await server("grep -o '/opt/recoloca/[0-9a-f]*' /usr/local/bin/recoloca | head -1")).stdout.trim();
  await mustServer(
    "cd /opt/recoloca; rm -rf $(ls -d * | grep -E '^[0-9a-f]{12}$' | grep -vx $(basename " +
      ours +
      ")); mkdir -p 0000000000aa 0000000000bb other; touch -d '2 days ago' 0000000000aa; touch -d yesterday 0000000000bb",
  );
  expect((await server("recoloca install")).code).toBe(0);
  expect((await server("cd /opt/recoloca; ls -d 0* other; rm -r 0000000000bb other")).stdout).toBe("0000000000bb\nother\n");
  expect((await server("recoloca status")).code).toBe(0);
});

describe("in the stack's own window", () => {
  const install = (words: string) => server(`node $(grep -o '/opt/recoloca/[0-9a-f]*/recoloca.js' /usr/local/bin/recoloca | head -1) install ${words}`);
  const timer = async () => (await server("systemctl show recoloca-upgrade.timer --property=LoadState,ActiveState,TimersCalendar")).stdout;

  test("the timer comes and goes with the setting; one that is no time is refused", async () => {
    expect((await install("--window 'Sun *-*-* 04:00:00 UTC'")).code).toBe(0);
    expect(await timer()).toMatch(/OnCalendar=Sun \*-\*-\* 04:00:00 UTC[\s\S]*ActiveState=active/);
    const wrong = await install("--window 'Sunday morning'");
    expect(wrong.code).toBe(1);
    expect(wrong.output).toContain("Sunday morning");
    // As doctor says it to somebody whose edge is damaged.
    expect((await server("recoloca install")).code).toBe(0);
    expect(await timer()).toContain("ActiveState=active");
    expect((await install("--window never")).code).toBe(0);
    expect(await timer()).toContain("LoadState=not-found");
  });

  test("it waits for a deploy that runs; then the server restarts where newer packages want it, and serves by itself", async () => {
    await server("touch /run/reboot-required; echo linux-image-amd64 > /run/reboot-required.pkgs");
    const boot = async () => (await server("cat /proc/sys/kernel/random/boot_id; stat -c %Y /run/systemd/system")).stdout;
    const before = await boot();
    // Something that takes its time to stop, as databases do.
    await mustServer(
      "touch /run/hold; systemd-run --quiet --unit=hold --property=Type=oneshot --property=RemainAfterExit=yes --property='ExecStop=sh -c \"while [ -e /run/hold ]; do sleep 0.1; done\"' true",
    );
    const deploying = startDeploy(release("second", { watch: 60 }));
    await reached("second", "watched");
    // The restart takes the connection along; what it has said until then is read here.
    let said = "";
    const upgrading = spawn("ssh", [...sshArguments(testSite), "recoloca upgrade --reboot"]);
    for (const stream of [upgrading.stdout, upgrading.stderr]) stream.setEncoding("utf8").on("data", (text: string) => (said += text));
    await expect.poll(() => said, { timeout: 20_000 }).toMatch(/ waiting up to 2h 00m: release \d+ \(second\) is being deployed/);
    expect(await boot()).toBe(before);
    await mustServer("recoloca accept");
    await deploying.ended;
    expect(await newest()).toMatchObject({ release: "second", outcome: "live" });
    await expect.poll(() => inside("systemctl is-system-running"), { timeout: 60_000 }).toContain("stopping");
    const late = await attempt("docker", ["exec", "--interactive", serverName(testSite), "recoloca", "deploy"], { input: JSON.stringify(release("late")) });
    await inside("rm /run/hold");
    expect(late.code, late.output).toBe(20);
    expect(late.output.trim()).toBe("the server is being shut down, or restarted. Nothing was changed: run this again once it is back.");
    // A container that restarts itself ends: here somebody has to switch it on again.
    const running = async () => (await must("docker", ["inspect", "--format", "{{.State.Running}}", serverName(testSite)])).trim();
    await until("the server is down", 90, async () => (await running()) === "false");
    expect(said).toContain("restarting the server for linux-image-amd64");
    await ensureServer(testSite);
    expect(await boot()).not.toBe(before);
    await isWhole("second");
  });
});
