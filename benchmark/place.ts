/** Where it is measured: a server, a registry and a stack of the benchmark's own. */
import * as fs from "node:fs";
import * as path from "node:path";
import { ensureEngine } from "../local/engine.ts";
import { ensureImages, type Images } from "../local/images.ts";
import { ensureRegistry } from "../local/registry.ts";
import { ensureServer, mustOnServer } from "../local/server.ts";
import { removeSite } from "../local/down.ts";
import { benchmarkSite as site } from "../local/site.ts";
import { LocalStack, settingsOf, withImages } from "../local/stack.ts";
import { step } from "../local/steps.ts";
import type { ReleaseRecord } from "../release/record.ts";
import { localFolder } from "../tools/cache.ts";
import { ensureToolchain, type Toolchain } from "../tools/toolchain.ts";
import { vegeta, type Addresses } from "./visitors.ts";

/** Seconds. */
export const GATE_TIMEOUT = 10;
export const DRAIN = 5;
const WATCH = 5;

/** Raw answers and the result. */
export const folder = localFolder("benchmark");
export const edge: Addresses = { api: `http://127.0.0.1:${site.httpPort}`, page: `http://127.0.0.1:${site.httpPort}` };

export interface Place {
  readonly stack: LocalStack;
  readonly tools: Toolchain;
  readonly loadClient: string;
}

const built = new Map<string, Promise<Images>>();
export const imagesOf = (version: string): Promise<Images> => {
  if (!built.has(version)) built.set(version, ensureImages(site, version));
  return built.get(version)!;
};

export const say = (line: string): void => void process.stdout.write(`   ${line}\n`);

export async function makePlace(): Promise<Place> {
  const asItSays = (says: string) => says;
  const tools = await step("tools", ensureToolchain, (all) => all.says);
  const loadClient = await step(
    "load client",
    () => vegeta(say),
    () => "vegeta",
  );
  await step("docker engine", ensureEngine, asItSays);
  await removeSite(site);
  fs.mkdirSync(site.folder, { recursive: true, mode: 0o700 });
  await step("registry", () => ensureRegistry(site), asItSays);
  await step("server", () => ensureServer(site), asItSays);
  return { stack: new LocalStack(site, tools), tools, loadClient };
}

export async function configure(stack: LocalStack, version: string, migrates: boolean): Promise<void> {
  const { migration, ...all } = settingsOf(site);
  const gates = (all["gates"] as object[]).map((gate) => ({ ...gate, timeout: `${GATE_TIMEOUT}s` }));
  const settings = { ...all, ...(migrates && { migration }), gates, watch: `${WATCH}s`, drain: `${DRAIN}s` };
  await stack.configure(withImages(settings, await imagesOf(version), version));
}

/** A deploy that is not measured. */
export async function deploy(stack: LocalStack, version: string, migrates: boolean): Promise<void> {
  await configure(stack, version, migrates);
  const ran = await stack.up();
  if (ran.code !== 0) throw new Error(`version ${version} does not come live:\n${ran.output}`);
}

export const server = async <T>(command: string, input?: string) => JSON.parse(await mustOnServer(site, command, input)) as T;

const SCRIPT = fs.readFileSync(path.join(import.meta.dirname, "server-side.cjs"), "utf8");

/** One of the measures that are taken on the server itself. */
export const serverSide = <T>(words: string) => server<T>(`node - ${words}`, SCRIPT);

/** The record of the newest release, whatever became of it. */
export async function newestRecord(): Promise<ReleaseRecord> {
  const numbers = (await server<{ number: number }[]>("recoloca history --json")).map((one) => one.number);
  return server<ReleaseRecord>(`recoloca show ${Math.max(...numbers)} --json`);
}

/** When a release reached a state, in milliseconds since the epoch; NaN if it never did. */
export const moment = (record: ReleaseRecord, state: string) => Date.parse(record.journal.find((line) => line.state === state)?.at ?? "");
