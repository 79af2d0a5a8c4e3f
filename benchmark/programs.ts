/** How long programs take: an empty Pulumi program beside ours, and loading ours beside importing Pulumi's SDK alone. */
import { spawnSync } from "node:child_process";
import * as fs from "node:fs";
import * as path from "node:path";
import { parse } from "yaml";
import { must } from "../local/command.ts";
import { checkout } from "../tools/cache.ts";

export async function seconds(work: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await work();
  return (performance.now() - start) / 1000;
}

/** A stack of a program that does nothing, deployed once; gives one no-op `up` of it. */
export async function emptyProgram(folder: string, pulumi: string, env: NodeJS.ProcessEnv): Promise<() => Promise<unknown>> {
  fs.rmSync(folder, { recursive: true, force: true });
  fs.mkdirSync(path.join(folder, "state"), { recursive: true });
  fs.writeFileSync(path.join(folder, "Pulumi.yaml"), "name: empty\nruntime:\n  name: nodejs\n  options: { typescript: false }\n");
  fs.writeFileSync(
    path.join(folder, "package.json"),
    JSON.stringify({ name: "empty", type: "module", main: "index.ts", dependencies: { "@pulumi/pulumi": "*" } }),
  );
  fs.writeFileSync(path.join(folder, "index.ts"), 'import * as pulumi from "@pulumi/pulumi";\nexport const stack = pulumi.getStack();\n');
  fs.symlinkSync(path.join(checkout, "node_modules"), path.join(folder, "node_modules"));
  const options = { cwd: folder, env: { ...env, PULUMI_BACKEND_URL: `file://${folder}/state`, PULUMI_CONFIG_PASSPHRASE: "empty" } };
  await must(pulumi, ["stack", "init", "empty", "--non-interactive"], options);
  const up = () => must(pulumi, ["up", "--yes", "--skip-preview", "--non-interactive", "--stack", "empty"], options);
  await up();
  return up;
}

/** A Node process in the program's folder that loads something and ends: when it began, since the epoch, how long it took, in milliseconds, and what it printed. */
export function load(script: string, env: NodeJS.ProcessEnv, flags: readonly string[] = []): { began: number; milliseconds: number; stdout: string } {
  const start = performance.now();
  const { status, stdout, stderr } = spawnSync(process.execPath, [...flags, "--input-type=module", "-e", script], {
    cwd: checkout,
    env,
    encoding: "utf8",
  });
  if (status !== 0) throw new Error(stderr);
  return { began: performance.timeOrigin + start, milliseconds: performance.now() - start, stdout };
}

export const loadSdk = (env: NodeJS.ProcessEnv) => load('await import("@pulumi/pulumi"); process.exit(0)', env).milliseconds;

/**
 * From `node` to the end of graph building: the last resource of this stack's program constructed, loaded as Pulumi's language host
 * loads it: Node takes the types away, with the flags that `Pulumi.yaml` names; parts of the SDK's runtime are there before, the
 * SDK itself comes with the program. The engine is its SDK's mock, and no server's answer is waited for. `env`: the toolchain's, for
 * both, so that compiled code is kept between runs as it is for `pulumi up`.
 */
export const loadProgram = (env: NodeJS.ProcessEnv, config: Record<string, { readonly value: string; readonly secret: boolean }>) =>
  load(
    `const { createRequire } = await import("node:module");
    const { setMocks } = createRequire(process.cwd() + "/")("@pulumi/pulumi/runtime/mocks");
    await setMocks({ newResource: (args) => ({ id: args.name, state: args.inputs }), call: () => ({}) }, "recoloca", "local", false, "organization");
    const { default: { url } } = await import("./index.ts");
    if (url === undefined) throw new Error("the program made nothing");
    process.removeAllListeners("exit");
    process.exit(0);`,
    {
      ...env,
      PULUMI_CONFIG: JSON.stringify(Object.fromEntries(Object.entries(config).map(([key, { value }]) => [key, value]))),
      PULUMI_CONFIG_SECRET_KEYS: JSON.stringify(Object.keys(config).filter((key) => config[key]!.secret)),
    },
    nodeFlags(),
  ).milliseconds;

/** With which Pulumi's language host starts Node for this program. */
export function nodeFlags(): string[] {
  const project = parse(fs.readFileSync(path.join(checkout, "Pulumi.yaml"), "utf8")) as { runtime: { options: { nodeargs: string } } };
  return project.runtime.options.nodeargs.split(" ");
}
