/** How long the whole graph of the environment `staging` takes to be built, beside the bare import of the SDKs that it is built with. */
import { step } from "../local/steps.ts";
import { shippedConfiguration } from "../test/shipped-configuration.ts";
import type { Toolchain } from "../tools/toolchain.ts";
import { load, nodeFlags } from "./programs.ts";

/** Milliseconds, from the start of a Node process. */
export interface LoadedGraph {
  /** Until the last resource is constructed. */
  readonly graph: number;
  /** Until the SDK has told its mock of an engine about the last of them. */
  readonly registered: number;
  /** Of another process, which only imports what the graph's own files import of SDKs: until it has. */
  readonly sdks: number;
}

const PAIRS = 7;

/**
 * The program as Pulumi's language host loads it, with the SDK's mock for an engine, which knows no hooks, and a double of the connection for a
 * server. That is imported after the program's own first line, as the program does it. Everything is constructed once the program is imported. Prints what
 * it has to say as its last line.
 */
const GRAPH = `const { createRequire } = await import("node:module");
const sdk = createRequire(process.cwd() + "/");
const { mockedClouds, NOTHING_LIVE } = await import("./test/mocked-clouds.ts");
const made = {};
const count = ({ type }) => (made[type.split(":")[0]] = (made[type.split(":")[0]] ?? 0) + 1);
await sdk("@pulumi/pulumi/runtime/mocks").setMocks(mockedClouds(count), "recoloca", "staging", false, "organization");
const monitor = sdk("@pulumi/pulumi/runtime/settings").getMonitor();
monitor.registerErrorHook = monitor.registerResourceHook = (_, done) => done(null, {});
await import("./components/quick-start.ts");
const { SshSession } = await import("./components/host/ssh-session.ts");
SshSession.prototype.open = async () => undefined;
SshSession.prototype.run = async () => ({ code: 0, output: "", stdout: NOTHING_LIVE });
const exported = Object.values(await import("./index.ts"));
const graph = performance.timeOrigin + performance.now();
const pulumi = sdk("@pulumi/pulumi");
await new Promise((done) => pulumi.all(exported).apply(done));
await pulumi.runtime.disconnect();
const registered = performance.timeOrigin + performance.now();
process.stdout.write("\\n" + JSON.stringify({ graph, registered, made, imported: globalThis.imported ?? [] }));
process.removeAllListeners("exit");
process.exit(0);`;

/** In front of it: notes which modules of SDKs the program's own files import. */
const NOTED = `const { registerHooks } = await import("node:module");
globalThis.imported = [];
registerHooks({
  resolve(name, context, next) {
    if (name.startsWith("@pulumi/") && context.parentURL?.endsWith(".ts") && !imported.includes(name)) imported.push(name);
    return next(name, context);
  },
});
`;

interface Seen {
  /** Milliseconds since the epoch. */
  readonly graph: number;
  readonly registered: number;
  /** Package to number of resources: `{ aws: 43 }`. */
  readonly made: Readonly<Record<string, number>>;
  readonly imported: readonly string[];
}

/** Of which packages there have to be resources for it to be the whole graph. */
const PACKAGES = ["aws", "github", "tls", "command", "recoloca"];

export async function measureStagingGraph(tools: Pick<Toolchain, "env">, pairs = PAIRS): Promise<{ graphs: LoadedGraph[] }> {
  const { config, secretKeys } = shippedConfiguration("staging");
  const env = { ...tools.env, PULUMI_CONFIG: JSON.stringify(config), PULUMI_CONFIG_SECRET_KEYS: JSON.stringify(secretKeys) };
  const build = (before = "") => {
    const { began, stdout } = load(before + GRAPH, env, nodeFlags());
    return { began, ...(JSON.parse(stdout.split("\n").at(-1)!) as Seen) };
  };
  const { made, imported } = build(NOTED);
  const missing = PACKAGES.filter((name) => made[name] === undefined);
  if (missing.length > 0) throw new Error(`the graph of staging has no resource of ${missing.join(", ")}: it is not the whole one`);
  const bare = `${imported.map((name) => `import ${JSON.stringify(name)};\n`).join("")}process.stdout.write(String(performance.timeOrigin + performance.now()));\nprocess.exit(0)`;
  const pair = (): LoadedGraph => {
    const sdks = load(bare, tools.env);
    const { began, graph, registered } = build();
    return { sdks: Number(sdks.stdout) - sdks.began, graph: graph - began, registered: registered - began };
  };
  const all = async () => {
    // What is compiled is kept from here on, for both.
    pair();
    return Array.from({ length: pairs }, pair);
  };
  const resources = Object.values(made).reduce((sum, one) => sum + one, 0);
  return {
    graphs: await step(
      "staging's graph",
      all,
      (taken) => `${taken.map(({ graph, sdks }) => `${graph.toFixed(0)}/${sdks.toFixed(0)}`).join(" ")} of ${resources} resources`,
    ),
  };
}
