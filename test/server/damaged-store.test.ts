/** A store that a power cut, a full disk or a newer program has left: what is damaged is named, and the rest goes on. */
import { afterEach, beforeAll, expect, test } from "vitest";
import type { Plan } from "../../release/plan.ts";
import { interrupt, isWhole, newest, release } from "../held-release.ts";
import { FAULTS, STORE } from "../chaos/faults.ts";
import { openStream } from "../chaos/visitors.ts";
import { deployPlan, installHostProgram, mustDeploy, removeStack } from "../host.ts";
import { server } from "../site.ts";

let plan: Plan;
beforeAll(installHostProgram);
afterEach(() => removeStack(plan));

test("a power cut between the decision and the file that says which release is live: the new one is, with what the cut stopped", async () => {
  plan = release("first");
  await mustDeploy(plan);
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

test("a record that a newer program wrote is not taken for one of ours", async () => {
  plan = release("first");
  await mustDeploy(plan);
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
  await mustDeploy(plan);
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
  for (const name of ["first", "second", "third"]) await mustDeploy({ ...release(name), keep: 3, migrate: false });
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
  await mustDeploy(plan);
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

test("a second interruption of the same release takes it back: it is not tried for ever", async () => {
  plan = release("first");
  await mustDeploy(plan);
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
  await mustDeploy(plan);
  const journal = "/var/lib/recoloca/shapes-test/releases/2/journal.jsonl";
  const { record } = await interrupt(release("second", { watch: 6 }), "watched", async () => {
    await server("systemctl kill --signal=SIGSTOP --kill-whom=all 'recoloca-deploy-*'");
    await server(`printf '{"format":1,"at":"2026-' >> ${journal}; systemctl kill --signal=SIGKILL --kill-whom=all 'recoloca-deploy-*'`);
  });
  expect(record.outcome).toBe("live");
  expect((await server("recoloca show 2")).stdout).toContain("taken up again");
  await isWhole("second");
});
