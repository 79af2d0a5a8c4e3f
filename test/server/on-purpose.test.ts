/** What a person does to a release on purpose: cancels it, goes back, deploys it again; and what the next update then may do. */
import { afterEach, beforeAll, describe, expect, test } from "vitest";
import type { Plan } from "../../release/plan.ts";
import { interrupt, isWhole, newest, release } from "../held-release.ts";
import { FAULTS, STORE } from "../chaos/faults.ts";
import { openStream } from "../chaos/visitors.ts";
import { deployPlan, installHostProgram, records, removeStack } from "../host.ts";
import { imagesOf, server } from "../site.ts";

let plan: Plan;
beforeAll(installHostProgram);
afterEach(() => removeStack(plan));

const good = async (next: Plan) => {
  const ran = await deployPlan(next);
  expect(ran.code, ran.output).toBe(0);
};

describe("cancel", () => {
  test("before the switch: the old release was never touched; the cancelled one is on hold until it is named", async () => {
    plan = release("first");
    await good(plan);
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
    await good(plan);
    const { ran, record } = await interrupt(release("second", { watch: 20 }), "watched", async () => void (await server("recoloca cancel")));
    expect(ran.code, ran.output).toBe(22);
    expect(ran.output).toContain("switched back to release 1; release 2 removed");
    expect(record.outcome).toBe("rolled-back");
    await isWhole("first");
  });

  test("with nothing running, and of a stack that is not there", async () => {
    plan = release("first");
    await good(plan);
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
  await good(plan);
  let said = { code: -1, output: "" };
  const { ran } = await interrupt(release("second", { watch: 100 }), "watched", async () => void (said = await server("recoloca accept")));
  expect(said.code, said.output).toBe(0);
  expect(ran.output).toMatch(/watched [\d.]+s of 1m ?40s, ended by root@\S+: \d+ requests/);
  await isWhole("second");
  expect((await server("recoloca accept")).output).toContain("nothing is being deployed");
});

test("a power cut between the decision and the file that says which release is live: the new one is, with what the cut stopped", async () => {
  plan = release("first");
  await good(plan);
  const before = (await server(`cat ${STORE}/state.json`)).stdout;
  const stream = openStream();
  await interrupt(release("second", { drain: 8 }), "live", async () => {
    await server("systemctl kill --signal=SIGSTOP --kill-whom=all 'recoloca-deploy-*.service'");
    await server(`cat > ${STORE}/state.json; docker stop $(docker ps --quiet --filter label=recoloca.service=worker)`, before);
    await FAULTS["its process is killed"]();
  });
  stream.close();
  await isWhole("second");
});

test("a plan is told beforehand, with what would keep it from being run; nothing changes", async () => {
  plan = release("first");
  await good(plan);
  const told = await server("recoloca plan", JSON.stringify(release("second", { base: 1 })));
  expect(told.code, told.output).toBe(0);
  expect(told.output).toMatch(/release {4}first {2}→ {2}second\n web .*rolls/);
  const wrong = await server("recoloca plan", JSON.stringify({ ...plan, compose: "services: { web: { image: web, network_mode: host } }" }));
  expect(wrong.code, wrong.output).toBe(20);
  expect((await server("recoloca plan", JSON.stringify(plan))).output).toContain("is live already");
  expect(await records()).toHaveLength(1);
});

test("a record that a newer program wrote is not taken for one of ours", async () => {
  plan = release("first");
  await good(plan);
  const record = "/var/lib/recoloca/shapes-test/releases/1/record.json";
  await server(`sed -i 's/"format": 1/"format": 2/' ${record}`);
  for (const command of ["status", "show 1", "rollback"]) {
    const ran = await server(`recoloca ${command}`);
    expect(ran.code).not.toBe(0);
    expect(ran.output).toContain("release 1 of shapes-test was written by a newer program (format 2, this one knows 1)");
  }
  await server(`sed -i 's/"format": 2/"format": 1/' ${record}`);
});

test("a file of the store that was damaged is named, with what mends it; nothing is changed, and what serves goes on", async () => {
  plan = release("first");
  await good(plan);
  const whole = (await server(`cat ${STORE}/state.json`)).stdout;
  await server(`truncate --size=20 ${STORE}/state.json`);
  for (const command of ["status", "rollback", "history"]) {
    const ran = await server(`recoloca ${command}`);
    expect(ran.code, command).not.toBe(0);
    expect(ran.output).toContain(`${STORE}/state.json cannot be read`);
  }
  expect((await server("recoloca doctor")).output).toMatch(/shapes-test could not be checked: \S+\/state\.json cannot be read.*\n +dmesg/);
  const refused = await deployPlan(release("second"));
  expect(refused.code).toBe(20);
  expect(refused.output).toContain("nothing was changed");
  await server(`cat > ${STORE}/state.json`, whole);
  const record = `${STORE}/releases/1/record.json`;
  const recorded = (await server(`cat ${record}`)).stdout;
  await server(`truncate --size=20 ${record}`);
  const resumed = await server("recoloca resume --stack shapes-test");
  expect(resumed.code, resumed.output).toBe(0);
  expect(resumed.output).toContain(`${record} cannot be read`);
  await server(`cat > ${record}`, recorded);
  await isWhole("first");
});

test("a damaged record of an older release keeps nobody from the others: it is named, and passed over on the way back", async () => {
  plan = release("first");
  for (const name of ["first", "second", "third"]) await good({ ...release(name), keep: 3, migrate: false });
  const record = `${STORE}/releases/2/record.json`;
  const whole = (await server(`cat ${record}`)).stdout;
  await server(`truncate --size=20 ${record}`);
  const status = await server("recoloca status");
  expect(status.code, status.output).toBe(0);
  expect(status.output).toMatch(/going back {2}to release 1 {2}first/);
  const history = await server("recoloca history");
  expect(history.code).toBe(0);
  expect(history.output).toMatch(/^ 3 .*live[^]*^ 2 {3}\S+\/record\.json cannot be read.*: recoloca doctor$[^]*^ 1 .*superseded/m);
  expect((await server("recoloca doctor")).output).toMatch(/shapes-test: \S+\/2\/record\.json cannot be read.*\n +dmesg/);
  expect((await server("recoloca prune")).code).toBe(0);
  const back = await server("recoloca rollback");
  expect(back.code, back.output).toBe(0);
  await isWhole("first");
  await server(`cat > ${record}`, whole);
  expect((await server("recoloca show 2")).code).toBe(0);
});

test("other damaged files: the edge's is named; what Pulumi is told is made anew", async () => {
  plan = release("first");
  await good(plan);
  const edge = (await server(`cat ${STORE}/edge.json`)).stdout;
  await server(`truncate --size=6 ${STORE}/edge.json`);
  const status = await server("recoloca status");
  expect(status.code).toBe(1);
  expect(status.output).toMatch(/edge\.json cannot be read.*\n +dmesg/);
  await server(`cat > ${STORE}/edge.json`, edge);
  const live = async () =>
    (JSON.parse((await server("recoloca live --application shapes --environment test --json")).stdout) as { live: { number: number } }).live.number;
  expect((await server("recoloca doctor")).output).not.toContain("live.json");
  await server(`: > ${STORE}/live.json`);
  expect(await live()).toBe(1);
  await server(`echo '{ "live": null }' > ${STORE}/live.json`);
  const found = /live\.json, is not what is live\n +(recoloca resume --stack \S+)$/m.exec((await server("recoloca doctor")).output);
  expect(found).not.toBeNull();
  expect((await server(found![1]!)).code).toBe(0);
  expect(await live()).toBe(1);
  await isWhole("first");
});

test("logs that nobody reads any more end, with all that follows them", async () => {
  plan = release("first");
  await good(plan);
  expect((await server("timeout 20 sh -c 'recoloca logs --follow | true'")).code).toBe(0);
  await expect.poll(async () => (await server("pgrep --full '[d]ocker logs|[r]ecoloca.js logs'")).stdout, { timeout: 10_000 }).toBe("");
});

test("remove takes names, and no way to another folder; of what is not there it removes nothing", async () => {
  plan = release("first");
  await good(plan);
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
  await good({ ...plan, keep: 0 });
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
    await good({ ...plan, notify });
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

test("a second interruption of the same release takes it back: it is not tried for ever", async () => {
  plan = release("first");
  await good(plan);
  const kill = "systemctl kill --signal=SIGKILL --kill-whom=all 'recoloca-*'";
  const { ran, record } = await interrupt(release("second", { boot: 8 }), "healthy", async () => {
    await server(kill);
    await expect.poll(async () => (await newest()).resumed && (await newest()).journal.at(-1)?.doing, { timeout: 20_000, interval: 50 }).toBe("healthy");
    await server(kill);
  });
  expect(ran.code, ran.output).toBe(21);
  expect(record).toMatchObject({ outcome: "failed", resumed: 2, reason: "interrupted: its process had ended" });
  await isWhole("first");
});

test("a journal whose last line was torn by a power cut is read and written on", async () => {
  plan = release("first");
  await good(plan);
  const journal = "/var/lib/recoloca/shapes-test/releases/2/journal.jsonl";
  const { record } = await interrupt(release("second", { watch: 6 }), "watched", async () => {
    await server("systemctl kill --signal=SIGSTOP --kill-whom=all 'recoloca-deploy-*'");
    await server(`printf '{"format":1,"at":"2026-' >> ${journal}; systemctl kill --signal=SIGKILL --kill-whom=all 'recoloca-deploy-*'`);
  });
  expect(record.outcome).toBe("live");
  expect((await server("recoloca show 2")).stdout).toContain("taken up again");
  await isWhole("second");
});

describe("a release that changes the base for the worse", () => {
  const worse = () => {
    const next = release("second");
    return { ...next, compose: next.compose.replace("touch /ready; sleep 3600 & wait", "touch /ready; exit 7") };
  };

  test("fails, and the base is as it was again; so is the next release's", async () => {
    plan = release("first");
    await good(plan);
    const ran = await deployPlan(worse());
    expect(ran.code, ran.output).toBe(21);
    expect(ran.output).toMatch(/"store" died \d+ times, last with exit code 7/);
    expect(ran.output).toContain("store as in release 1 again");
    await isWhole("first");
    await good(release("third"));
    await isWhole("third");
  });

  test("and is cancelled while the base starts", async () => {
    plan = release("first");
    await good(plan);
    // Once the new one starts: what is cancelled is the waiting for it.
    const starts = "until docker ps --quiet --filter label=com.docker.compose.service=store --filter health=starting | grep -q .; do sleep 0.05; done";
    await interrupt(release("second", { base: 30 }), "based", async () => void (await server(`${starts}; recoloca cancel`)));
    await isWhole("first");
  });
});

test("a service that leaves the base goes with the release that has it no longer", async () => {
  plan = release("first");
  await good({
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
  await good(plan);
  expect((await server("recoloca backup")).output).toContain("the stack does not say what is backed up");
  const ran = await deployPlan({ ...plan, backup: { service: "store", command: ["echo", "all"], verify: ["true"], before: "never", keep: 2, timeout: 60 } });
  expect(ran.output).toContain("release 1  first is live already");
  expect((await server("recoloca backup")).code).toBe(0);
});

describe("rollback", () => {
  test("goes back to the release before, gated and switched like any other, and holds the one it leaves", async () => {
    const same = { migration: { service: "web", command: ["true"], revision: ["echo", "same"], timeout: 60 } };
    plan = { ...release("first"), ...same, provenance: { commit: "1a2b3c4d", actor: "ana" } };
    await good(plan);
    const second = { ...release("second"), ...same };
    await good(second);
    for (const way of ["restore", "downgrade"])
      expect(await server(`recoloca rollback --${way}`)).toMatchObject({
        code: 20,
        output: expect.stringContaining("the schema is what release 1 knows: recoloca rollback 1 needs neither. Nothing was changed.") as string,
      });
    const wrong = await server(`recoloca rollback --reason "$(printf 'two\\nlines')"`);
    expect(wrong).toMatchObject({ code: 2, output: expect.stringContaining('--reason got "two\\nlines", wants one line of at most 200 characters') as string });
    const ran = await server(`recoloca rollback --reason "it's slow since noon"`);
    expect(ran.code, ran.output).toBe(0);
    expect(ran.output).toMatch(/release 3 {2}first {2}by root@\S+, commit 1a2b3c4d: it's slow since noon/);
    expect(ran.output).toContain("started web in slot blue, beside release 2");
    expect(ran.output).toContain("release 2 (second) is on hold");
    await isWhole("first");
    expect((await records())[0]).toMatchObject({ number: 3, release: "first", rollback: { to: 1, from: 2 }, outcome: "live" });
    expect((await records())[0]).toHaveProperty("provenance.commit", "1a2b3c4d");
    expect((await server("recoloca history")).output).toMatch(/3 +first .*live +it's slow since noon/);
    expect((await server("recoloca status")).output).toMatch(/on hold since root@\S+'s rollback \d+s ago \(it's slow since noon\): not deployed/);
    // What the stack wanted before: the first release is what is live already; the second one is on hold.
    expect((await deployPlan(plan)).output).toContain("is live already");
    const held = await deployPlan(second);
    expect(held.code).toBe(20);
    expect(held.output).toMatch(/was left by root@\S+'s rollback, \d+s ago \(it's slow since noon\), and is on hold/);
    await good(release("third"));
  });

  test("works where the images are gone: pulled again by digest", async () => {
    const same = { migration: { service: "web", command: ["true"], timeout: 60 }, keep: 0 };
    plan = { ...release("first"), ...same };
    await good(plan);
    await good({ ...release("second"), ...same });
    const ran = await server("recoloca rollback 1");
    expect(ran.code, ran.output).toBe(0);
    await isWhole("first");
  });

  test("knows the schema: refuses what would meet one that it does not know", async () => {
    plan = release("first");
    await good(plan);
    await good(release("second"));
    const ran = await server("recoloca rollback");
    expect(ran.code, ran.output).toBe(20);
    expect(ran.output).toMatch(/release 2 \(second\) migrated the schema past release 1, \d+s ago \(second now; release 1 knows up to first\)/);
    await isWhole("second");
  });

  test("to the live one, to one that never was, to one that is unknown", async () => {
    plan = release("first");
    await good(plan);
    const broken = { ...release("broken"), gates: [{ ...plan.gates[0]!, status: 418, timeout: 1 }] };
    expect((await deployPlan(broken)).code).toBe(21);
    expect((await server("recoloca rollback")).output).toContain("there is no older release that was live");
    expect((await server("recoloca rollback 1")).output).toContain("release 1 (first) is the live one. Nothing was changed.");
    expect((await server("recoloca rollback 2")).output).toContain("release 2 (broken) failed before the switch, it never was live");
    const unknown = await server("recoloca rollback 17");
    expect(unknown.code).toBe(2);
    expect(unknown.output).toContain("there is no release 17 on this host; recoloca history lists them");
  });
});
