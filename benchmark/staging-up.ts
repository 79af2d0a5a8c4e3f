/**
 * `pulumi up` of the environment `staging`, nothing changed, beside that of an empty program on the same engine. The clouds are the tests' doubles,
 * in this process; the server is an instance that has booted its user data, and serves a release.
 */
import * as fs from "node:fs";
import { ensureObjectStore, removeObjectStore } from "../local/object-store.ts";
import { REGISTRY_USER, registryPassword } from "../local/registry.ts";
import { benchmarkSite as site, inSite, registryName } from "../local/site.ts";
import { step } from "../local/steps.ts";
import { withImages } from "../local/stack.ts";
import { checkout } from "../tools/cache.ts";
import { startDoubles } from "../test/doubles/doubles.ts";
import { found } from "../test/doubles/github-repository.ts";
import { TestStack } from "../test/doubles/test-stack.ts";
import { imagesOf, type Place } from "./place.ts";
import { emptyProgram, seconds } from "./programs.ts";

/** Seconds. */
export interface StagingUp {
  readonly noop: number;
  readonly empty: number;
}

const PAIRS = 5;
const REGION = "sa-east-1";
const BUCKET = "recoloca-staging-backups-of-a-benchmark";
const CHANGED = /updated|created|deleted|replaced/;

/** What the repository ships for staging, on this machine's ports and registry. */
async function configure(stack: TestStack): Promise<void> {
  const { shipped } = stack;
  const part = (key: string) => shipped[`recoloca:${key}`] as object;
  const own = {
    ec2: { ...part("ec2"), sshFrom: ["203.0.113.0/24"] },
    createBackupBucket: { ...part("createBackupBucket"), name: BUCKET },
    github: { ...part("github"), reviewers: { teams: { platform: 42 } } },
    hostAddress: "127.0.0.1",
    hostPort: site.sshPort,
    registryServer: registryName(site),
    registryUsername: REGISTRY_USER,
    watch: "2s",
    drain: "2s",
  };
  const named = Object.entries(withImages(own, await imagesOf("2"), "2")).map(([key, value]) => [`recoloca:${key}`, value] as const);
  stack.configure({ ...shipped, ...Object.fromEntries(named) });
  await stack.secret("recoloca:registryPassword", registryPassword(site));
  await stack.secret("recoloca:secrets.POSTGRES_PASSWORD", "a-password-of-a-benchmark");
}

export async function measureStagingUp({ tools }: Place): Promise<{ stagingUps: StagingUp[] }> {
  const folder = inSite(site, "staging");
  fs.rmSync(folder, { recursive: true, force: true });
  fs.mkdirSync(folder, { recursive: true });
  const store = await ensureObjectStore(site, () => undefined, REGION);
  const doubles = await startDoubles({
    folder,
    hosting: { site, kind: "bare", mounts: { "/dev/sdf": "/srv/recoloca" }, objects: { store, buckets: [BUCKET] } },
  });
  try {
    doubles.world.put("aws:route53/zone:Zone", "Z0123456789ABCDEFGHIJ", { name: "recoloca.ai" });
    found(doubles.world, "recoloca");
    const stack = await TestStack.open({ program: checkout, name: "staging", folder, env: { ...doubles.env, GITHUB_TOKEN: "of-a-benchmark" } });
    const up = async () => {
      const ran = await stack.up();
      if (ran.code !== 0) throw new Error(`staging does not come up:\n${ran.output}`);
      return ran.output;
    };
    const again = async () => {
      const output = await up();
      if (CHANGED.test(output)) throw new Error(`an update of staging that has nothing to change changes something:\n${output}`);
    };
    await configure(stack);
    await step("staging", up, () => "made and deployed, with doubles of AWS and GitHub");
    await again();
    const empty = await emptyProgram(inSite(site, "empty"), tools.pulumi, tools.env);
    const pairs = async () => {
      const all: StagingUp[] = [];
      for (let index = 0; index < PAIRS; index++) all.push({ empty: await seconds(empty), noop: await seconds(again) });
      return all;
    };
    return {
      stagingUps: await step("staging, again", pairs, (all) => all.map(({ noop, empty: none }) => `${noop.toFixed(2)}/${none.toFixed(2)}`).join(" ")),
    };
  } finally {
    await doubles.host?.removeAll();
    await doubles.stop();
    await removeObjectStore(site);
  }
}
