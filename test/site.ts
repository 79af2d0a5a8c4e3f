/**
 * The sites that tests deploy to: a server, a registry and a stack of their own for each of the two files that are tested at a time,
 * beside those of `make local`. Made before the first test and removed after the last one (vitest's global set-up).
 */
import * as fs from "node:fs";
import { removeSite } from "../local/down.ts";
import { engineAnswers, ensureEngine, stopEngine } from "../local/engine.ts";
import { ensureImages, type Images } from "../local/images.ts";
import { copyImages, ensureRegistry } from "../local/registry.ts";
import { ensureServer, mustOnServer, onServer } from "../local/server.ts";
import { testSite, testSites } from "../local/site.ts";
import { LocalStack, settingsOf, withImages } from "../local/stack.ts";
import { ensureToolchain } from "../tools/toolchain.ts";
import { oncePerRun } from "./once-per-run.ts";

const say = (line: string) => process.stdout.write(`   ${line}\n`);

export default oncePerRun("sites", async () => {
  const wasRunning = await engineAnswers();
  await ensureToolchain(say);
  say(`docker engine ${await ensureEngine()}`);
  // One after the other: what the second one needs is kept then, and nothing is built twice at once.
  for (const site of testSites) {
    await removeSite(site);
    fs.mkdirSync(site.folder, { recursive: true, mode: 0o700 });
    await ensureRegistry(site);
    if (site !== testSites[0]) await copyImages(testSites[0]!, site);
    say(`registry ${site.registryPort}, server ${await ensureServer(site)}`);
    await ensureImages(site, "1", ROOT);
  }
  return async () => {
    for (const site of testSites) await removeSite(site);
    if (!wasRunning) await stopEngine();
  };
});

export const url = `http://127.0.0.1:${testSite.httpPort}`;
export const server = (command: string, input?: string) => onServer(testSite, command, input);
export const mustServer = (command: string, input?: string) => mustOnServer(testSite, command, input);
export const openStack = async () => new LocalStack(testSite, await ensureToolchain(say));

/** The tests run the backend's image in many another shape, with volumes that are root's. */
const ROOT = "0";

const built = new Map<string, Promise<Images>>();
export function imagesOf(version: string): Promise<Images> {
  if (!built.has(version)) built.set(version, ensureImages(testSite, version, ROOT));
  return built.get(version)!;
}

/** Times that keep the tests short: what they guard is proven by events, not by waiting longer. */
const QUICK = { watch: "2s", drain: "2s" };

export type Change = Record<string, unknown>;

/** The sample application's settings, without naming a release. */
export const settings = (change: Change = {}): Change => ({ ...settingsOf(testSite), ...QUICK, ...change });

/** Settings that deploy one of the sample application's versions. */
export const settingsFor = async (version: string, change: Change = {}): Promise<Change> => ({
  ...withImages(settings(), await imagesOf(version), version),
  provenance: { actor: "a test" },
  ...change,
});

/** `pulumi up` of one version; the whole output and the exit code. */
export async function deploy(stack: LocalStack, version: string, change: Change = {}) {
  await stack.configure(await settingsFor(version, change));
  return stack.up();
}

interface Live {
  readonly number: number;
  readonly release: string;
}

export async function liveRelease(): Promise<Live | null> {
  const answer = await mustServer("recoloca live --application recoloca --environment local --json");
  return (JSON.parse(answer) as { live: Live | null }).live;
}

/** The server as if nothing had ever been deployed, whatever a file before this one has left; Pulumi's state stays. */
export async function wipe(): Promise<void> {
  await mustServer(`command -v recoloca > /dev/null || exit 0
for releases in /var/lib/recoloca/*/releases; do
  [ -d "$releases" ] || continue
  stack=$(basename "$(dirname "$releases")")
  recoloca remove --application "\${stack%-*}" --environment "\${stack##*-}" --volumes
done
# A stack that was destroyed has left its data.
docker volume ls --quiet --filter label=recoloca.stack | xargs --no-run-if-empty docker volume rm > /dev/null`);
}

/** Containers of the stack on the server, as `service slot`. */
export async function containersOnServer(): Promise<string[]> {
  const format = `'{{.Label "recoloca.service"}} {{.Label "recoloca.slot"}}'`;
  const { stdout } = await server(`docker ps --filter label=recoloca.stack=recoloca-local --format ${format}`);
  return stdout
    .split("\n")
    .map((line) => line.trim())
    .filter(Boolean)
    .sort();
}
