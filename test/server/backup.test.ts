/** Backups of a real Postgres: before a migration, by hand, read back, restored; and what happens when one cannot be had. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { Plan } from "../../release/plan.ts";
import type { BackupNote } from "../../server/backup-note.ts";
import { deployPlan, installHostProgram, records, removeStack } from "../host.ts";
import { FOLDER, PASSWORD, files, postgres, releaseOf, rows, shop, sql } from "../shop.ts";
import { mustServer, server } from "../site.ts";

let plan: Plan;
const release = (change: Partial<Plan> = {}) => releaseOf(plan, change);

beforeAll(async () => {
  await installHostProgram();
  plan = await shop();
  const ran = await deployPlan(release());
  expect(ran.code, ran.output).toBe(0);
});
afterAll(async () => {
  await removeStack(plan);
  await server(`rm -rf ${FOLDER}`);
});

const jobs = async () => (await server("docker ps --all --quiet --filter label=recoloca.job")).stdout;
const doctor = async () => (await server("recoloca doctor")).output;
/** Who has the stack's lock. */
const killOwner = () => mustServer("kill -9 $(node -p 'JSON.parse(fs.readFileSync(\"/var/lib/recoloca/shapes-test/owner.json\")).pid')");

let before: string;
beforeEach(async () => {
  before = await rows();
});

test("before a migration: taken, read back, and bound to the release; no password on the way", async () => {
  const ran = await deployPlan(release());
  expect(ran.code, ran.output).toBe(0);
  expect(ran.output).toMatch(/backed up postgres → release-2 \([\d.]+ kB, [\d.]+s, read back\)\n.*untouched\n.*migrated/);
  expect(ran.output).not.toContain(PASSWORD);
  expect((await records())[0]).toMatchObject({ number: 2, backup: "release-2" });
  const [note] = JSON.parse((await server("recoloca backups --json")).stdout) as BackupNote[];
  expect(note).toMatchObject({ name: "release-2", service: "postgres", live: 1 });
  expect((await server(`sha256sum ${FOLDER}/release-2.backup; stat -c '%a %s' ${FOLDER}/release-2.backup; stat -c %a ${FOLDER}`)).stdout).toMatch(
    new RegExp(`^${note!.sha256} [\\s\\S]*444 ${note!.bytes}\\n700\\n$`),
  );
});

test("by hand, and restored beside what is there", async () => {
  const taken = await server("recoloca backup");
  expect(taken.code, taken.output).toBe(0);
  const name = /→ (manual-\S+) /.exec(taken.output)![1]!;
  await sql("insert into orders (what) values ('later')");
  const restored = await server(`recoloca restore ${name} --into shop_copy`);
  expect(restored.code, restored.output).toBe(0);
  expect(await rows("shop_copy")).toBe(before);
  expect(await rows()).toBe(String(Number(before) + 1));
  const again = await server(`recoloca restore ${name} --into shop_copy`);
  expect(again.code).toBe(21);
  expect(again.output).toMatch(/RESTORE FAILED[\s\S]*database "shop_copy" already exists/);
  expect((await server("recoloca backups")).stdout).toContain(name);
});

test("one that was changed afterwards is not restored", async () => {
  await server(`printf x >> ${FOLDER}/release-2.backup`);
  const ran = await server("recoloca restore release-2 --into other");
  expect(ran.code).toBe(20);
  expect(ran.output).toContain("release-2 cannot be trusted: its checksum is not the one that was written down");
});

test.each([
  ["restore nonsense --into other", 2, "has no backup nonsense; recoloca backups lists them"],
  ["restore release-1 --into 'Robert;'", 2, 'got "Robert;", wants lower-case letters'],
  ["restore release-1", 2, "--into is missing"],
])("recoloca %s", async (words, code, says) => {
  const ran = await server(`recoloca ${words}`);
  expect(ran.code).toBe(code);
  expect(ran.output).toContain(says);
});

describe("a deploy ends before its migration, and leaves no half backup,", () => {
  test.each([
    [
      "when the command fails",
      { command: ["sh", "-c", "echo half; echo no such role >&2; exit 3"], verify: ["true"] },
      /BACKUP FAILED: "postgres" failed with exit code 3\n.*no such role/,
    ],
    ["when it writes nothing", { command: ["true"], verify: ["true"] }, /BACKUP FAILED: "postgres" wrote nothing/],
    [
      "when it is cut short",
      { command: ["sh", "-c", "pg_dump --version | head -c 9"], verify: ["sh", "-c", "pg_restore --file=/dev/null"] },
      /what "postgres" wrote cannot be read back/,
    ],
    ["when it takes too long", { command: ["sleep", "60"], verify: ["true"], timeout: "1s" }, /took longer than 1s and was ended/],
  ])("%s", async (_what, change, says) => {
    const kept = await files();
    const backup = { ...postgres(change), ...("timeout" in change && { timeout: 1 }) };
    const ran = await deployPlan(release({ backup }));
    expect(ran.code, ran.output).toBe(21);
    expect(ran.output).toMatch(says);
    expect(await rows()).toBe(before);
    expect(await files()).toEqual(kept);
  });

  test("when its process is killed meanwhile", async () => {
    const kept = await files();
    const slow = { ...postgres(), command: ["sh", "-c", "echo half; sleep 30"] };
    const deploying = deployPlan(release({ backup: slow }));
    await expect.poll(files, { timeout: 20_000 }).toContainEqual(expect.stringMatching(/partial$/));
    await server("systemctl kill --signal=SIGKILL --kill-whom=all 'recoloca-deploy-*.service'");
    const ran = await deploying;
    expect(ran.code, ran.output).toBe(21);
    expect(await files()).toEqual(kept);
    expect(await rows()).toBe(before);
    expect((await server("docker ps --all --quiet --filter label=recoloca.job")).stdout).toBe("");
  });
});

test("a deploy that comes while a backup is taken says what it waits for", async () => {
  const slow = release({ backup: { ...postgres(), before: "never", command: ["sh", "-c", "echo all; sleep 6"], verify: ["true"] } });
  expect((await deployPlan(slow)).code).toBe(0);
  const taking = server("recoloca backup");
  await expect.poll(files, { timeout: 20_000 }).toContainEqual(expect.stringMatching(/partial$/));
  const refused = await deployPlan(release({ backup: postgres() }));
  expect(refused.code).toBe(20);
  expect(refused.output).toMatch(/refused: a backup is being taken by root@\S+, since \ds/);
  expect((await taking).code).toBe(0);
});

test("the engine may restart meanwhile: what the command writes arrives whole", async () => {
  const long = ["sh", "-c", "echo first; sleep 5; head -c 3000000 /dev/zero; echo last"];
  expect((await deployPlan(release({ backup: { ...postgres(), before: "never", command: long, verify: ["true"] } }))).code).toBe(0);
  const taking = server("recoloca backup");
  await expect.poll(async () => (await server(`cat ${FOLDER}/manual-*.backup.partial`)).stdout, { timeout: 20_000 }).toBe("first\n");
  await server("systemctl restart docker");
  const { code, output } = await taking;
  expect(code, output).toBe(0);
  const file = `${FOLDER}/${/→ (manual-\S+) /.exec(output)![1]!}.backup`;
  expect((await server(`wc -c < ${file}; head -n 1 ${file}; tail -c 5 ${file}`)).stdout).toBe("3000011\nfirst\nlast\n");
});

test("its reader is killed when the command has ended well: what was still on its way is missed", async () => {
  const long = ["sh", "-c", "echo first; sleep 3; echo last"];
  expect((await deployPlan(release({ backup: { ...postgres(), before: "never", command: long, verify: ["true"] } }))).code).toBe(0);
  const reader = (signal: string) => server(`pkill --signal=${signal} --full '^cat ${FOLDER}/output.partial$'`);
  const taking = server("recoloca backup");
  await expect.poll(async () => (await server(`cat ${FOLDER}/manual-*.backup.partial`)).stdout, { timeout: 20_000 }).toBe("first\n");
  expect((await reader("STOP")).code).toBe(0);
  const ended = async () => (await server("docker ps --all --filter label=recoloca.job --filter status=exited --quiet")).stdout;
  await expect.poll(ended, { timeout: 20_000 }).not.toBe("");
  expect((await reader("KILL")).code).toBe(0);
  const { code, output } = await taking;
  expect(code, output).not.toBe(0);
  expect(output).toContain("what reads its output ended with SIGKILL");
  expect((await files()).filter((name) => name.endsWith("partial"))).toEqual([]);
});

describe("a disk without room, which the database needs as well", () => {
  const large = ["sh", "-c", "head -c 100000000 /dev/urandom; sleep 5"];
  const onDisk = async (megabytes: number) => {
    await mustServer(`mount --types tmpfs --options size=${megabytes}m tmpfs ${FOLDER}`);
    try {
      const { code, output } = await server("recoloca backup");
      expect(code, output).toBe(21);
      expect(await files()).toEqual([]);
      expect(await jobs()).toBe("");
      return output;
    } finally {
      await mustServer(`umount ${FOLDER}`);
    }
  };
  beforeAll(async () => {
    expect((await deployPlan(release({ backup: { ...postgres(), before: "never", command: large, verify: ["true"] } }))).code).toBe(0);
  });

  test("at once: nothing is begun", async () =>
    expect(await onDisk(100)).toMatch(
      /BACKUP FAILED: there is no room for "postgres"\n +free +\S+ MB below \S+, of which 268 MB stay free\n +to mend it +fewer are kept/,
    ));

  test("meanwhile: it is given up before the disk is full, and nothing of it stays", async () =>
    expect(await onDisk(300)).toMatch(/BACKUP FAILED: "postgres" cannot be kept\n +its output +only \S+ MB are left for whoever else writes there\n/));
});

describe("one that is killed", () => {
  const slow = () => release({ backup: { ...postgres(), before: "never", command: ["sh", "-c", "echo all; sleep 5"], verify: ["true"] } });
  const halfWay = () => expect.poll(files, { timeout: 20_000 }).toContainEqual(expect.stringMatching(/partial$/));
  const timed = async () => (await files()).filter((name) => /^timed-.*\.json$/.test(name)).length;

  beforeAll(async () => {
    expect((await deployPlan(slow())).code).toBe(0);
  });

  test("by its timer starts again by itself, and leaves nothing of the first", async () => {
    const kept = await timed();
    await server("systemctl start --no-block recoloca-backup@shapes-test.service");
    await halfWay();
    await server("systemctl kill --signal=SIGKILL --kill-whom=all recoloca-backup@shapes-test.service");
    await expect.poll(timed, { timeout: 60_000 }).toBe(kept + 1);
    await expect
      .poll(async () => (await server("systemctl is-active recoloca-backup@shapes-test.service")).stdout.trim(), { timeout: 20_000 })
      .toBe("inactive");
    expect((await files()).filter((name) => name.endsWith("partial"))).toEqual([]);
    expect(await jobs()).toBe("");
    const { output } = await server("recoloca status; ls /var/lib/recoloca/shapes-test");
    expect(output).not.toMatch(/FAILED|was killed|backup-begun/);
  });

  test("by hand has failed a moment later, and leaves nothing", async () => {
    const taking = server("recoloca backup");
    await halfWay();
    await killOwner();
    expect((await taking).code).not.toBe(0);
    await expect
      .poll(doctor, { timeout: 20_000 })
      .toMatch(/the last backup failed \d+s ago: the one by root@\S+ that began at \S+ \S+ UTC was killed before its end/);
    expect((await files()).filter((name) => name.endsWith("partial"))).toEqual([]);
    expect(await jobs()).toBe("");
    expect((await server("recoloca backup")).code).toBe(0);
    expect(await doctor()).not.toContain("the last backup failed");
  });
});

describe("of commands that take their time", () => {
  /** Postgres's own ways, with something in between that lasts. */
  const slowRestore = () => {
    const { restore } = postgres();
    return postgres({ before: "never", restore: restore!.map((word) => word.replace("exec pg_restore", "sleep 10; exec pg_restore")) });
  };
  const taken = async () => /→ (manual-\S+) /.exec((await server("recoloca backup")).output)![1]!;

  test("a pg_dump that ends early is a command that failed, and not what cannot be read back", async () => {
    expect((await deployPlan(release({ backup: postgres({ before: "never" }) }))).code).toBe(0);
    await sql("create table large as select md5(i::text) what from generate_series(1, 500000) i");
    const ending = server("timeout 60 sh -c \"until pkill --signal=TERM --full '^pg_dump .*--snapshot'; do :; done\"");
    const { code, output } = await server("recoloca backup");
    expect((await ending).code).toBe(0);
    expect(code, output).toBe(21);
    expect(output).toContain('BACKUP FAILED: "postgres" failed with exit code 143');
    await sql("drop table large");
  });

  test("killed with a service stopped for it: that runs again a moment later", async () => {
    expect((await deployPlan(release({ backup: postgres({ before: "never", volumes: [{ volume: "data", stop: true }] }) }))).code).toBe(0);
    const holding = server("timeout 60 sh -c 'until pkill --signal=STOP --exact tar; do :; done'");
    const taking = server("recoloca backup");
    expect((await holding).code).toBe(0);
    const database = async () => (await server("docker ps --quiet --filter label=com.docker.compose.service=postgres")).stdout;
    expect(await database()).toBe("");
    await killOwner();
    await server("pkill --signal=KILL --exact tar");
    expect((await taking).code).not.toBe(0);
    await expect.poll(database, { timeout: 20_000 }).not.toBe("");
    // The deploy has migrated: one more.
    await expect.poll(() => rows(), { timeout: 20_000 }).toBe(String(Number(before) + 1));
  });

  test("a restore that is killed leaves no container, and the next one says what removes the half that it has filled", async () => {
    expect((await deployPlan(release({ backup: slowRestore() }))).code).toBe(0);
    const name = await taken();
    const restoring = server(`recoloca restore ${name} --into half`);
    await expect.poll(async () => (await sql("select 1", "half")).stdout.trim(), { timeout: 20_000, interval: 100 }).toBe("1");
    await killOwner();
    expect((await restoring).code).not.toBe(0);
    await expect.poll(jobs, { timeout: 20_000 }).toBe("");
    const again = await server(`recoloca restore ${name} --into half`);
    expect(again.code).toBe(21);
    const fix = /half filled: (recoloca exec .*)$/m.exec(again.output)?.[1];
    expect(fix, again.output).toBeDefined();
    const ran = await server(fix!);
    expect(ran.code, ran.output).toBe(0);
  });

  test("nobody is let in while one is put in the place of what is there: what he wrote would be lost", async () => {
    const name = await taken();
    await server("recoloca maintenance on");
    const restoring = server(`recoloca restore ${name} --take`);
    await expect.poll(jobs, { timeout: 20_000, interval: 100 }).not.toBe("");
    const refused = await server("recoloca maintenance off");
    expect(refused.code).toBe(20);
    expect(refused.output).toMatch(
      /refused: a backup is being put in the place of what is there by root@\S+, since \d+s: what visitors wrote now would be lost/,
    );
    const { code, output } = await restoring;
    expect(code, output).toBe(0);
    expect((await server("recoloca maintenance off")).code).toBe(0);
    expect(await rows()).toBe(before);
  });
});
