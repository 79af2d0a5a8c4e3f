/** `make local-down`: removes all that `make local` made, and nothing else. Caches stay for the next time. */
import * as fs from "node:fs";
import { attempt } from "./command.ts";
import { stopEngine } from "./engine.ts";
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
  const engine = (await attempt("docker", ["version"]).catch(() => ({ code: 1 }))).code === 0;
  if (engine)
    await step(
      "server, registry",
      () => removeSite(localSite),
      () => "removed, with their data and keys",
    );
  else fs.rmSync(localSite.folder, { recursive: true, force: true });
  await step("docker engine", stopEngine, (says) => says);
}

if (import.meta.main)
  main().catch((error: unknown) => {
    process.stderr.write(`error: ${(error as Error).message}\n`);
    process.exitCode = 1;
  });
