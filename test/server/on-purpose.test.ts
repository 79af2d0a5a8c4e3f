/** What a person does to a release on purpose: cancels it, ends its watch, changes its base; what he asks of the server beside it, and who is told. */
import { afterEach, beforeAll, describe, expect, test } from "vitest";
import type { Plan } from "../../release/plan.ts";
import { interrupt, isWhole, release } from "../held-release.ts";
import { FAULTS } from "../chaos/faults.ts";
import { deployPlan, installHostProgram, mustDeploy, records, removeStack } from "../host.ts";
import { imagesOf, server } from "../site.ts";

let plan: Plan;
beforeAll(installHostProgram);
afterEach(() => removeStack(plan));

describe("cancel", () => {
  test("before the switch: the old release was never touched; the cancelled one is on hold until it is named", async () => {
    plan = release("first");
    await mustDeploy(plan);
    const next = release("second", { boot: 6 });
    let said = { code: -1, output: "" };
    const { ran, record } = await interrupt(next, "healthy", async () => void (said = await server("recoloca cancel")));
    expect(said.code, said.output).toBe(0);
    expect(said.output).toContain("cancelling release 2");
    expect(said.output).toMatch(/release 2 removed\. release 1 was never touched and serves/);
    expect(ran.code, ran.output).toBe(21);
    expect(record).toMatchObject({ outcome: "failed", reason: expect.stringMatching(/^cancelled by root@/) as string });
    await isWhole("first");
    const again = await deployPlan(next);
    expect(again.code, again.output).toBe(20);
    expect(again.output).toMatch(/release 2 \(second\) was left by root@\S+'s cancel, \d+s ago, and is on hold/);
    expect(again.output).toContain("pulumi config set recoloca:lift 2");
    expect((await server("recoloca status")).stdout).toContain("on hold");
    const lifted = await server("recoloca deploy --lift 2", JSON.stringify(next));
    expect(lifted.code, lifted.output).toBe(0);
    expect(lifted.output).toContain("release 2 was the same and failed before the switch");
    await isWhole("second");
  });

  test("after the switch: switched back", async () => {
    plan = release("first");
    await mustDeploy(plan);
    const { ran, record } = await interrupt(release("second", { watch: 20 }), "watched", async () => void (await server("recoloca cancel")));
    expect(ran.code, ran.output).toBe(22);
    expect(ran.output).toContain("switched back to release 1; release 2 removed");
    expect(record.outcome).toBe("rolled-back");
    await isWhole("first");
  });

  test("with nothing running, and of a stack that is not there", async () => {
    plan = release("first");
    await mustDeploy(plan);
    const nothing = await server("recoloca cancel");
    expect(nothing.code).toBe(20);
    expect(nothing.output).toContain("refused: nothing is being deployed to shapes-test. Nothing was changed.");
    const unknown = await server("recoloca cancel --stack shop");
    expect(unknown.code).toBe(2);
    expect(unknown.output).toContain('there is no stack "shop" on this host; there is shapes-test');
  });
});

test("a watch window is ended by who has seen enough, and the record says who", async () => {
  plan = release("first");
  await mustDeploy(plan);
  let said = { code: -1, output: "" };
  const { ran } = await interrupt(release("second", { watch: 100 }), "watched", async () => void (said = await server("recoloca accept")));
  expect(said.code, said.output).toBe(0);
  expect(ran.output).toMatch(/watched [\d.]+s of 1m ?40s, ended by root@\S+: \d+ requests/);
  await isWhole("second");
  expect((await server("recoloca accept")).output).toContain("nothing is being deployed");
});

test("a plan is told beforehand, with what would keep it from being run; nothing changes", async () => {
  plan = release("first");
  await mustDeploy(plan);
  const told = await server("recoloca plan", JSON.stringify(release("second", { base: 1 })));
  expect(told.code, told.output).toBe(0);
  expect(told.output).toMatch(/release {4}first {2}→ {2}second\n web .*rolls/);
  const wrong = await server("recoloca plan", JSON.stringify({ ...plan, compose: "services: { web: { image: web, network_mode: host } }" }));
  expect(wrong.code, wrong.output).toBe(20);
  expect((await server("recoloca plan", JSON.stringify(plan))).output).toContain("is live already");
  expect(await records()).toHaveLength(1);
});

test("logs that nobody reads any more end, with all that follows them", async () => {
  plan = release("first");
  await mustDeploy(plan);
  expect((await server("timeout 20 sh -c 'recoloca logs --follow | true'")).code).toBe(0);
  await expect.poll(async () => (await server("pgrep --full '[d]ocker logs|[r]ecoloca.js logs'")).stdout, { timeout: 10_000 }).toBe("");
});

test("remove takes names, and no way to another folder; of what is not there it removes nothing", async () => {
  plan = release("first");
  await mustDeploy(plan);
  await server("mkdir -p /srv/precious");
  const wrong = await server("recoloca remove --application x --environment /../../../../srv/precious");
  expect(wrong.code).toBe(2);
  expect(wrong.output).toContain('--environment got "/../../../../srv/precious", wants lower-case letters');
  expect((await server("rmdir /srv/precious")).code).toBe(0);
  const missing = await server("recoloca remove --application shapes --environment tset");
  expect(missing.output).toContain("nothing of shapes-tset is on this host; there is shapes-test");
  await isWhole("first");
});

test("prune takes what no release needs, says how much, and leaves what is needed", async () => {
  plan = release("first");
  await mustDeploy({ ...plan, keep: 0 });
  const images = async () => (await server("docker images --digests --format '{{.Repository}}@{{.Digest}}'")).stdout;
  const { frontend } = await imagesOf("2");
  // As an earlier release of this stack would have left it.
  await server(`DOCKER_CONFIG=/etc/recoloca/docker docker pull --quiet ${frontend}`);
  await server(`cd /var/lib/recoloca/shapes-test/releases; mkdir 0
sed 's#"web":"[^"]*"#"web":"${frontend}"#' 1/plan.json > 0/plan.json
sed 's#"number": 1#"number": 0#; s#"web": "[^"]*"#"web": "${frontend}"#' 1/record.json > 0/record.json`);
  const ran = await server("recoloca prune");
  expect(ran.code, ran.output).toBe(0);
  expect(ran.output).toMatch(/shapes-test: removed 1 image \([\d.]+ [kM]?B|bytes\)/);
  expect(await images()).not.toContain(frontend);
  expect(await images()).toContain(plan.images["web"]);
  expect((await server("recoloca prune")).output).toContain("nothing to remove");
  expect((await server("systemctl is-enabled recoloca-prune.timer")).stdout.trim()).toBe("enabled");
});

describe("who wants to know is told how a release ended", () => {
  const HOOK = "http://127.0.0.1:9099";
  const heard = async () =>
    (await server("cat /tmp/heard")).stdout
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as { path: string; body: Record<string, unknown> });
  const listen = () =>
    server(`rm -f /tmp/heard; systemd-run --quiet --collect --unit=hook node -e '
      require("node:http").createServer((request, response) => {
        let body = "";
        request.on("data", (text) => (body += text)).on("end", () => {
          require("node:fs").appendFileSync("/tmp/heard", JSON.stringify({ path: request.url, body: JSON.parse(body) }) + "\\n");
          response.end();
        });
      }).listen(9099, "127.0.0.1")'; until curl --silent --output /dev/null ${HOOK}/ --data '{}'; do sleep 0.1; done; rm /tmp/heard`);
  afterEach(() => server("systemctl stop hook"));

  test("as JSON and as Slack takes it, of those outcomes that he wants, also after an interruption", async () => {
    await listen();
    plan = release("first");
    const notify: Plan["notify"] = [
      { url: `${HOOK}/json`, format: "json" },
      { url: `${HOOK}/slack`, format: "slack", on: ["failed", "rolled-back", "stuck"] },
    ];
    await mustDeploy({ ...plan, notify });
    expect(await heard()).toMatchObject([
      { path: "/json", body: { outcome: "live", exit: 0, release: "first", text: expect.stringContaining("came live") as string } },
    ]);
    await server("rm /tmp/heard");
    const { ran } = await interrupt({ ...release("second", { base: 5 }), notify }, "based", async () => FAULTS["its process is killed"]());
    expect(ran.code).toBe(21);
    await expect.poll(async () => (await heard()).length, { timeout: 20_000 }).toBe(2);
    const slack = (await heard()).find((one) => one.path === "/slack");
    expect(slack!.body).toEqual({
      text: expect.stringMatching(/^shapes-test: release 2 \(second\) by a test failed before the switch: interrupted/) as string,
    });
  });

  test("one that does not answer fails no deploy, and its URL is not said", async () => {
    plan = release("first");
    const ran = await deployPlan({ ...plan, notify: [{ url: "http://127.0.0.1:9098/a-secret-path", format: "json" }] });
    expect(ran.code, ran.output).toBe(0);
    expect(ran.output).toMatch(/127\.0\.0\.1:9098 was not told: .*refused/i);
    expect(ran.output).not.toContain("a-secret-path");
  });
});

describe("a release that changes the base for the worse", () => {
  const worse = () => {
    const next = release("second");
    return { ...next, compose: next.compose.replace("touch /ready; sleep 3600 & wait", "touch /ready; exit 7") };
  };

  test("fails, and the base is as it was again; so is the next release's", async () => {
    plan = release("first");
    await mustDeploy(plan);
    const ran = await deployPlan(worse());
    expect(ran.code, ran.output).toBe(21);
    expect(ran.output).toMatch(/"store" died \d+ times, last with exit code 7/);
    expect(ran.output).toContain("store as in release 1 again");
    await isWhole("first");
    await mustDeploy(release("third"));
    await isWhole("third");
  });

  test("and is cancelled while the base starts", async () => {
    plan = release("first");
    await mustDeploy(plan);
    // Once the new one starts: what is cancelled is the waiting for it.
    const starts = "until docker ps --quiet --filter label=com.docker.compose.service=store --filter health=starting | grep -q .; do sleep 0.05; done";
    await interrupt(release("second", { base: 30 }), "based", async () => void (await server(`${starts}; recoloca cancel`)));
    await isWhole("first");
  });
});

test("a service that leaves the base goes with the release that has it no longer", async () => {
  plan = release("first");
  await mustDeploy({
    ...plan,
    release: "zero",
    compose: plan.compose.replace("volumes:\n  data:", `  extra: { image: ${plan.images["web"]}, init: true, command: [sleep, "3600"] }\nvolumes:\n  data:`),
  });
  const ran = await deployPlan(plan);
  expect(ran.output).toContain("extra removed: no longer in the base");
  await isWhole("first");
});

test("what is not part of a release's identity reaches the server without a deploy", async () => {
  plan = release("first");
  await mustDeploy(plan);
  expect((await server("recoloca backup")).output).toContain("the stack does not say what is backed up");
  const ran = await deployPlan({ ...plan, backup: { service: "store", command: ["echo", "all"], verify: ["true"], before: "never", keep: 2, timeout: 60 } });
  expect(ran.output).toContain("release 1  first is live already");
  expect((await server("recoloca backup")).code).toBe(0);
});
