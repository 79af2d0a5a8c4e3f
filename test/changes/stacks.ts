/**
 * Staging and production as this repository ships them, staging with all that a stack may have besides, on the real engine with the doubles of the clouds and
 * servers that write down what they are asked for: stood up once, and then asked what each change would do.
 */
import * as fs from "node:fs";
import * as path from "node:path";
import { checkout } from "../../tools/cache.ts";
import { VOLUME as VOLUMES } from "../doubles/aws-compute.ts";
import { ROUTE_TABLE, ROUTE_TABLE_ASSOCIATION, SUBNET } from "../doubles/aws-network.ts";
import { BUCKET } from "../doubles/aws-s3.ts";
import { type Doubles, startDoubles } from "../doubles/doubles.ts";
import { ACTOR, found, REPOSITORY } from "../doubles/github-repository.ts";
import { type Config, TestStack } from "../doubles/test-stack.ts";
import { RecordedMachines } from "../ssh/recorded-machines.ts";
import { changed } from "./changed.ts";
import { effects, type Step } from "./effects.ts";
import { OTHER_COMPOSE } from "./release-rows.ts";
import { Hidden, type Row } from "./row.ts";
import { SUBNETS, VOLUME } from "./server-rows.ts";
import { BASELINE, BUCKETS, type StackName, STACKS } from "./baseline.ts";

export interface Seen {
  readonly effects: readonly string[];
  readonly steps: readonly Step[];
  readonly code: number;
  /** What a person reads. */
  readonly says: string;
}

export class Stacks {
  private readonly folder: string;
  readonly doubles: Doubles;
  readonly machines: RecordedMachines;
  private readonly stacks: Readonly<Record<StackName, TestStack>>;
  private ciphers: Readonly<Record<StackName, ReadonlyMap<string, object>>> | undefined;

  private constructor(folder: string, doubles: Doubles, machines: RecordedMachines, stacks: Readonly<Record<StackName, TestStack>>) {
    this.folder = folder;
    this.doubles = doubles;
    this.machines = machines;
    this.stacks = stacks;
  }

  /** Nothing is up yet. `hidden`: every secret text that will be asked for. */
  static async open(folder: string, hidden: readonly string[]): Promise<Stacks> {
    let machines!: RecordedMachines;
    const start = async (world: Doubles["world"]) => (machines = await RecordedMachines.start(path.join(folder, "servers"), world, STACKS));
    const doubles = await startDoubles({ folder, machines: start });
    doubles.world.put("aws:route53/zone:Zone", "Z0123456789ABCDEFGHIJ", { name: "recoloca.ai" });
    doubles.world.put(ACTOR, "me", { actorId: 7, actorType: "Integration" });
    found(doubles.world, "recoloca");
    for (const [id, zone] of [
      [SUBNETS.same, "a"],
      [SUBNETS.other, "c"],
      [SUBNETS.private, "a"],
    ] as const)
      // prettier-ignore
      doubles.world.put(SUBNET, id, { vpcId: "vpc-0123456789abcdef0", availabilityZone: `sa-east-1${zone}` });
    const routes = (to: object) => ({ vpcId: "vpc-0123456789abcdef0", routes: [{ cidrBlock: "0.0.0.0/0", ...to }] });
    doubles.world.put(ROUTE_TABLE, "rtb-0123456789abcdef0", { ...routes({ gatewayId: "igw-0123456789abcdef0" }), main: true });
    doubles.world.put(ROUTE_TABLE, "rtb-0123456789abcdef1", routes({ natGatewayId: "nat-0123456789abcdef0" }));
    doubles.world.put(ROUTE_TABLE_ASSOCIATION, "rtbassoc-0123456789abcdef0", { subnetId: SUBNETS.private, routeTableId: "rtb-0123456789abcdef1" });
    doubles.world.put(VOLUMES, VOLUME, { availabilityZone: "sa-east-1a", encrypted: true, size: 10 });
    // Of a stack that was before production's.
    doubles.world.put(BUCKET, BUCKETS.production, { bucket: BUCKETS.production, arn: `arn:aws:s3:::${BUCKETS.production}`, objectLockEnabled: true });
    const compose = fs.readFileSync(path.join(checkout, "application/compose.yaml"), "utf8");
    fs.writeFileSync(
      OTHER_COMPOSE,
      compose.replace("      REDIS_URL:", "      SECRET_KEY: ${SECRET_KEY:-}\n      SECRET_KEY_PREVIOUS: ${SECRET_KEY_PREVIOUS:-}\n      REDIS_URL:"),
    );
    const open = (name: string) =>
      TestStack.open({ program: checkout, name, folder: path.join(folder, name), env: { ...doubles.env, GITHUB_TOKEN: "a-token-that-nobody-may-see" } });
    const [staging, production] = await Promise.all(STACKS.map(open));
    const all = new Stacks(folder, doubles, machines, { staging: staging!, production: production! });
    const texts = [...new Set([...hidden, ...STACKS.flatMap((name) => Object.values(BASELINE[name])).flatMap(hiddenIn)])];
    const ciphers = await Promise.all(STACKS.map(async (name) => new Map((await all.stacks[name].encrypted(texts)).map((one, index) => [texts[index]!, one]))));
    all.ciphers = Object.fromEntries(STACKS.map((name, index) => [name, ciphers[index]!])) as unknown as Record<StackName, ReadonlyMap<string, object>>;
    for (const name of STACKS) all.configure(name);
    return all;
  }

  async stop(): Promise<void> {
    this.machines.stop();
    await this.doubles.stop();
  }

  /** The same stack from another checkout, by somebody with another token. */
  async from(program: string, name: StackName): Promise<TestStack> {
    return TestStack.open({ program, name, folder: path.join(this.folder, name), env: { ...this.doubles.env, GITHUB_TOKEN: "a-token-of-somebody-else" } });
  }

  stack(name: StackName): TestStack {
    return this.stacks[name];
  }

  /** In place of the plain texts their encrypted forms. */
  private sealed(name: StackName, value: unknown): unknown {
    if (value instanceof Hidden) return this.ciphers![name].get(value.text);
    if (Array.isArray(value)) return value.map((one) => this.sealed(name, one));
    if (value === null || typeof value !== "object") return value;
    return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, this.sealed(name, one)]));
  }

  private configuration(name: StackName, set: Row["set"]): Config {
    const shipped = changed(this.stacks[name].shipped, { hostAddress: "127.0.0.1", hostPort: this.machines.port(name), ...BASELINE[name] });
    return this.sealed(name, changed(shipped, set)) as Config;
  }

  /** The stack's own file, from now on. */
  configure(name: StackName, set: Row["set"] = {}): void {
    this.stacks[name].keep(this.configuration(name, set));
  }

  /** Takes over what was there before the stack, as docs/backups.md and docs/github.md say it, after an `up` that found it and went no further. Gives what Pulumi said. */
  async takeOver(name: StackName, what: "bucket" | "repository"): Promise<string> {
    const { resources } = (JSON.parse(await this.stacks[name].state()) as { deployment: { resources: { urn: string; type: string }[] } }).deployment;
    const urn = (type: string) => resources.find((one) => one.type === type)!.urn;
    const words =
      what === "bucket"
        ? [BUCKET, `recoloca-${name}-backups`, BUCKETS[name], "--parent", `backups=${urn("recoloca:index:BackupBucket")}`]
        : [REPOSITORY, "repository", "recoloca", "--parent", `rules=${urn("recoloca:index:RepositoryRules")}`, "--protect=false"];
    const of = what === "bucket" ? "aws" : "github";
    const provider = ["--provider", `${of}=${urn(`pulumi:providers:${of}`)}`];
    return (await this.stacks[name].pulumi(["import", ...words, ...provider, "--yes", "--skip-preview", "--generate-code=false"])).output;
  }

  async see({ of = "staging", set }: Pick<Row, "of" | "set">): Promise<Seen> {
    const ran = await this.stacks[of].previewOf(this.configuration(of, set), "--json");
    const document = JSON.parse(ran.stdout) as {
      readonly steps?: Step[];
      readonly diagnostics?: readonly { readonly message: string; readonly severity: string }[];
    };
    const { steps = [], diagnostics = [] } = document;
    const says = diagnostics.map(({ message, severity }) => `${severity}: ${message}`).join("");
    return { code: ran.code, steps, effects: effects(steps), says: says === "" ? ran.output.slice(ran.stdout.length) : says };
  }
}

export function hiddenIn(value: unknown): string[] {
  if (value instanceof Hidden) return [value.text];
  return value !== null && typeof value === "object" ? Object.values(value).flatMap(hiddenIn) : [];
}
