/**
 * Providers of aws, github, Pulumi Cloud, tls, random and docker in this process, for Pulumi's real engine. Their values go into the environment of
 * every call of Pulumi (`env`); a `TestStack` that is given them does so.
 *
 *     const doubles = await startDoubles({ folder });
 *     doubles.fail({ type: "aws:s3/bucket:Bucket", operation: "create", message: "SlowDown: Please reduce your request rate." });
 *     expect(doubles.requests.find((one) => one.name === "password")?.secrets).toContain("value");
 *     doubles.stop();
 *
 * That a secret was sent as a secret is in `Request.secrets`: the engine wraps secrets, the doubles take the wrapping off and keep
 * its place. With the real plugins the engine does the same marking by itself.
 */
import * as path from "node:path";
import { aws } from "./aws.ts";
import { docker } from "./docker.ts";
import { github } from "./github.ts";
import { type Failing, Interference, type Request, type Slow } from "./interference.ts";
import { type Hosting, InstanceHost } from "./instance-host.ts";
import { serve } from "./protocol.ts";
import { pulumiService } from "./pulumi-service.ts";
import { DoubleProvider } from "./provider.ts";
import { randomPackage } from "./random.ts";
import { tls } from "./tls.ts";
import { World } from "./world.ts";

export interface Options {
  /** Where the world is kept, `world.json`: beside the stack's state. */
  readonly folder: string;
  /** Has EC2 instances run for real. Without it they are in the world only. */
  readonly hosting?: Hosting;
  /** Of every Elastic IP and every instance with a public address. Default: that of `hosting`, else 127.0.0.1. */
  readonly address?: string;
}

export interface Doubles {
  readonly world: World;
  /** `PULUMI_DEBUG_PROVIDERS` and what else the calls of Pulumi need. */
  readonly env: NodeJS.ProcessEnv;
  /** Everything that was asked since the start or the last `clear`, previews too. */
  readonly requests: readonly Request[];
  /** With `hosting`. */
  readonly host: InstanceHost | undefined;
  fail(what: Failing): void;
  slow(what: Slow): void;
  clear(): void;
  /** Ends the providers and what stands between this machine and the instances; these and the world stay. */
  stop(): Promise<void>;
}

export async function startDoubles({ folder, hosting, address = hosting?.address ?? "127.0.0.1" }: Options): Promise<Doubles> {
  const world = new World(path.join(folder, "world.json"));
  const interference = new Interference();
  const host = hosting && (await InstanceHost.start(hosting, world));
  const packages = [aws(host, address), tls, randomPackage, docker, github, pulumiService];
  const served = await Promise.all(packages.map(async (one) => ({ name: one.name, ...(await serve(one.name, new DoubleProvider(one, world, interference))) })));
  return {
    world,
    host,
    env: { PULUMI_DEBUG_PROVIDERS: served.map(({ name, port }) => `${name}:${port}`).join(","), PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: "true" },
    requests: interference.requests,
    fail: (what) => interference.fail(what),
    slow: (what) => interference.slow(what),
    clear: () => interference.clear(),
    stop: async () => {
      served.forEach(({ stop }) => stop());
      await host?.stop();
    },
  };
}
