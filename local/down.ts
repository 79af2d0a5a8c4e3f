/** `make local-down`: removes all that `make local` made, and nothing else. Caches stay for the next time. */
import * as fs from "node:fs";
import { attempt } from "./command.ts";
import { ensureEngine, stopEngine } from "./engine.ts";
import { removeObjectStore } from "./object-store.ts";
import { removeRegistry } from "./registry.ts";
import { removeServer } from "./server.ts";
import { localSite, type Site } from "./site.ts";
import { step } from "./steps.ts";

export async function removeSite(site: Site): Promise<void> {
  await removeServer(site);
  await removeRegistry(site);
  await removeObjectStore(site);
  await attempt("docker", ["network", "rm", site.name]);
  fs.rmSync(site.folder, { recursive: true, force: true });
}

async function main(): Promise<void> {
  const runs = (await attempt("docker", ["version"]).catch(() => ({ code: 1 }))).code === 0;
  // Of an engine that was stopped, as by a reboot, the containers and their data are there still.
  if (!runs && fs.existsSync(localSite.folder)) await step("docker engine", ensureEngine, (says) => says);
  else if (!runs) return void process.stdout.write(" nothing is here that make local made\n");
  await step(
    "server, registry",
    () => removeSite(localSite),
    () => "removed, with their data and keys",
  );
  await step("docker engine", stopEngine, (says) => says);
}

if (import.meta.main)
  main().catch((error: unknown) => {
    process.stderr.write(`error: ${(error as Error).message}\n`);
    process.exitCode = 1;
  });
