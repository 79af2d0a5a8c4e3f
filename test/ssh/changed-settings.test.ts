/**
 * Both stacks that this repository ships, whole on the real engine, with doubles of the clouds and no Docker: every setting that can change is changed, and what
 * that would do is what docs/changing-settings.md says. Then what else may happen to a stack: things changed by hand, another checkout, a part of it alone.
 */
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { checkout } from "../../tools/cache.ts";
import { BUCKETS, STACKS } from "../changes/baseline.ts";
import { lost } from "../changes/effects.ts";
import type { Row } from "../changes/row.ts";
import { hiddenIn, type Seen, Stacks } from "../changes/stacks.ts";
import { TABLE } from "../changes/table.ts";
import { partOf } from "../whole.ts";

const MINUTE = 60_000;
/** On a busy machine. The whole takes two minutes on a quiet one. */
vi.setConfig({ testTimeout: 20 * MINUTE, hookTimeout: 20 * MINUTE });
const AT_ONCE = 3;
const UNCHANGED = /updated|created|deleted|replaced/;
const INSTANCE = "aws:ec2/instance:Instance";
const VOLUME = "aws:ebs/volume:Volume";
const LIFECYCLE = "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration";
const INGRESS = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule";

const folder = fs.mkdtempSync(path.join(os.tmpdir(), "changes-"));
/** Of those that one run does, a third. */
const rows = partOf(
  TABLE.flatMap((section) => section.rows),
  3,
);
let all: Stacks;

beforeAll(async () => {
  all = await Stacks.open(folder, rows.flatMap(({ set }) => Object.values(set)).flatMap(hiddenIn));
});
afterAll(async () => {
  await all.stop();
  fs.rmSync(folder, { recursive: true });
});

const state = async (name: (typeof STACKS)[number]) => {
  const { deployment } = JSON.parse(await all.stack(name).state()) as { deployment: { resources: { type: string; id?: string; protect?: boolean }[] } };
  return deployment.resources;
};

describe("from nothing", () => {
  test("a preview knows all that it has to ask before anything is there", async () => {
    const { code, says, steps } = await all.see({ set: {} });
    expect(code, says).toBe(0);
    const images = steps.filter(({ urn }) => urn.includes("aws:ec2/instance:Instance")).map(({ newState }) => newState?.inputs?.["ami"]);
    expect(images).toEqual([expect.stringMatching(/^ami-/)]);
  });

  test("staging comes up in one update", async () => {
    const ran = await all.stack("staging").up();
    expect(ran.code, ran.output).toBe(0);
    expect(all.machines.recorded("staging").filter((words) => words.includes("recoloca deploy"))).toHaveLength(1);
  });

  test("production takes over a bucket and a repository that were there before it", async () => {
    const taken: string[] = [];
    for (const [what, said] of [
      ["bucket", "BucketAlreadyOwnedByYou"],
      ["repository", "it is there already, and this stack did not make it"],
    ] as const) {
      const found = await all.stack("production").up();
      expect(found.code).not.toBe(0);
      expect(found.output).toContain(said);
      taken.push(await all.takeOver("production", what));
    }
    const ran = await all.stack("production").up();
    expect(ran.code, `${taken.join("\n")}\n${ran.output}`).toBe(0);
    expect((await state("production")).filter(({ type }) => type === "aws:s3/bucket:Bucket")).toMatchObject([{ id: BUCKETS.production, protect: true }]);
    expect(all.doubles.world.all("aws:s3/bucket:Bucket")).toHaveLength(2);
  });

  test.each(STACKS)("a second update of %s changes nothing", async (of) => {
    const { code, effects, says } = await all.see({ of, set: {} });
    expect({ code, effects }, says).toEqual({ code: 0, effects: [] });
  });
});

describe("a setting changes", () => {
  const seen = new Map<Row, Promise<Seen>>();
  /** Some at a time, in their order: each waits most of the time for the processor. */
  const ask = () => {
    const turns: Promise<unknown>[] = Array.from({ length: AT_ONCE }, () => Promise.resolve());
    for (const [index, row] of rows.entries()) {
      const turn = turns[index % AT_ONCE]!.then(() => all.see(row));
      seen.set(row, turn);
      turns[index % AT_ONCE] = turn.catch(() => undefined);
    }
  };
  beforeAll(ask);

  test.each(rows.map((row) => [`${row.change} (${Object.keys(row.set).join(", ")})`, row] as const))("%s", async (_, row) => {
    const { code, effects, steps, says } = await seen.get(row)!;
    if (row.refused) {
      expect(code, says).not.toBe(0);
      expect(says).toMatch(row.refused);
      return;
    }
    expect(code, says).toBe(0);
    expect(effects).toEqual([...new Set(row.does)].sort());
    expect(lost(steps)).toEqual([]);
    if (row.says) expect(says).toMatch(row.says);
  });
});

describe("what else may happen to a stack", () => {
  const staging = () => all.stack("staging");
  const id = (type: string, property: string, value: unknown) => all.doubles.world.all(type).find((one) => one[property] === value)!["id"] as string;

  test("what is refused is refused by an update that nobody has previewed, too, and nothing is asked of anybody", async () => {
    for (const name of STACKS) all.machines.recorded(name);
    all.configure("staging", { "ec2.region": "eu-central-1", "createBackupBucket.name": "another-name" });
    all.doubles.clear();
    const ran = await all.stack("staging").up();
    all.configure("staging");
    expect(ran.code).not.toBe(0);
    expect(ran.output).toContain("the data disk of this stack would be replaced by another one; nothing was changed");
    expect(ran.output).toMatch(/recoloca:createBackupBucket\.name {2}got "another-name"/);
    expect(ran.output).not.toMatch(/^ +at |error serializing property/m);
    expect(all.doubles.requests.filter(({ operation, preview }) => !preview && ["create", "update", "delete"].includes(operation))).toEqual([]);
    expect(all.machines.recorded("staging")).toEqual([]);
  });

  test("a refresh with nothing changed changes nothing", async () => {
    const before = await state("staging");
    const ran = await staging().refresh();
    expect(ran.code, ran.output).toBe(0);
    expect(ran.output).not.toMatch(UNCHANGED);
    expect((await state("staging")).map(({ type, id: one }) => [type, one])).toEqual(before.map(({ type, id: one }) => [type, one]));
    expect((await all.see({ set: {} })).effects).toEqual([]);
  });

  test("what somebody changed or removed by hand is seen by a refresh, and put right by the next update", async () => {
    const { world } = all.doubles;
    const bucket = world.all("aws:s3/bucket:Bucket").find((one) => one["id"] !== BUCKETS.production)!["id"] as string;
    const rules = world.get(LIFECYCLE, bucket)!["rules"];
    world.change(LIFECYCLE, bucket, { rules: [{ id: "backups", status: "Disabled", filter: { prefix: "" }, expiration: { days: 1 } }] });
    world.remove(INGRESS, id(INGRESS, "fromPort", 443));
    const seen = await staging().pulumi(["preview", "--refresh", "--diff"]);
    expect(seen.output).toMatch(/~ aws:s3\/bucketLifecycleConfiguration/);
    expect(seen.output).toMatch(/\+ aws:vpc\/securityGroupIngressRule/);
    const ran = await staging().up("--refresh");
    expect(ran.code, ran.output).toBe(0);
    expect(world.get(LIFECYCLE, bucket)!["rules"]).toEqual(rules);
    expect(world.all(INGRESS).filter((one) => one["fromPort"] === 443)).toHaveLength(2);
    expect((await all.see({ set: {} })).effects).toEqual([]);
  });

  test("a part of it alone is updated without a release, whatever else waits", async () => {
    all.machines.recorded("staging");
    all.configure("staging", { "variables.MORE": "another release", "ec2.dataDisk": 50 });
    const ran = await staging().up("--target", `**${VOLUME}::**`);
    expect(ran.code, ran.output).toBe(0);
    expect(all.machines.recorded("staging")).toEqual([]);
    expect(all.doubles.world.all(VOLUME).map((one) => one["size"])).toContain(50);
    expect((await all.see({ set: { "variables.MORE": "another release", "ec2.dataDisk": 50 } })).effects).toEqual(["rolls", "~ host-data-disk", "~ review"]);
  });

  test("a release goes out by a role that may change nothing, while much waits that wants another", async () => {
    const waiting = {
      "ec2.dataDisk": 60,
      "ec2.instanceType": "t4g.large",
      "createBackupBucket.expireAfter": 90,
      "github.waitMinutes": 5,
      "ec2.sshFrom": ["198.51.100.0/24"],
    };
    all.configure("staging", { ...waiting, "variables.MORE": "a release of its own" });
    all.doubles.clear();
    const types = [...new Set((await state("staging")).map(({ type }) => type))].filter((type) => /^(aws|github):/.test(type));
    for (const type of types)
      for (const operation of ["create", "update", "delete", "read"] as const)
        all.doubles.fail({ type, operation, message: `AccessDenied: not authorized to ${operation} ${type}`, times: Infinity });
    all.machines.recorded("staging");
    // As the pipeline does it: workflows/jobs/deploy.ts.
    const ran = await staging().up("--target", "**::recoloca-release", "--target", "**RotatedSecrets**");
    expect(ran.code, ran.output).toBe(0);
    expect(all.machines.recorded("staging").filter((words) => words.includes("recoloca deploy"))).toHaveLength(1);
    expect(all.doubles.requests.filter(({ type, operation }) => /^(aws|github):/.test(type) && !["check", "diff", "invoke"].includes(operation))).toEqual([]);
    const whole = await staging().up();
    expect(whole.code).not.toBe(0);
    expect(whole.output).toContain("AccessDenied: not authorized to update");
    all.doubles.clear();
    all.machines.recorded("staging");
    all.configure("staging", { "variables.MORE": "another release", "ec2.dataDisk": 50 });
  });

  test("another checkout, with another token, changes nothing after an update from the first one", async () => {
    const updated = await staging().up();
    expect(updated.code, updated.output).toBe(0);
    expect(all.machines.recorded("staging").filter((words) => words.includes("recoloca deploy"))).toHaveLength(1);
    const elsewhere = path.join(folder, "elsewhere");
    fs.cpSync(checkout, elsewhere, { recursive: true, filter: (one) => !/\/(node_modules|\.git|\.local|coverage|docs|test)$/.test(one) });
    fs.mkdirSync(path.join(elsewhere, "node_modules"));
    // All but what the first one has kept there of what it made.
    for (const name of fs.readdirSync(path.join(checkout, "node_modules")).filter((one) => one !== ".cache"))
      fs.symlinkSync(path.join(checkout, "node_modules", name), path.join(elsewhere, "node_modules", name));
    const second = await all.from(elsewhere, "staging");
    const ran = await second.up();
    expect(ran.code, ran.output).toBe(0);
    expect(ran.output).not.toMatch(UNCHANGED);
    expect(all.machines.recorded("staging")).toEqual([]);
  });

  test("made anew and back: what was made of the data's is there still", async () => {
    const kept = async () =>
      (await state("staging"))
        .filter(({ type }) => /Volume$|:Bucket$|kms\/key|:Eip$|PrivateKey$|ssm\/parameter/.test(type))
        .map(({ id: one }) => one!)
        .sort();
    const before = await kept();
    all.configure("staging", { "variables.MORE": "another release", "ec2.dataDisk": 50, "ec2.generation": 2 });
    const ran = await staging().up();
    expect(ran.code, ran.output).toBe(0);
    expect(await kept()).toEqual(before);
    expect((await all.see({ set: { "variables.MORE": "another release", "ec2.dataDisk": 50, "ec2.generation": 2 } })).effects).toEqual([]);
  });

  test("it goes down without its program and without its server, and leaves the disk", async () => {
    const disks = () => all.doubles.world.all(VOLUME).length;
    const before = disks();
    expect((await staging().pulumi(["state", "unprotect", "--all", "--yes"])).code).toBe(0);
    const ran = await staging().destroy();
    expect(ran.code, ran.output).toBe(0);
    expect(all.doubles.world.all(INSTANCE)).toHaveLength(1);
    expect(disks()).toBe(before);
  });
});
