/** `make local-down`: removes all that `make local` made, and nothing else. Caches stay for the next time. */
import * as fs from "node:fs";
import { attempt } from "./command.ts";
import { engineAnswers, startAgain, stopEngine } from "./engine.ts";
import { removeObjectStore } from "./object-store.ts";
import { removeRegistry } from "./registry.ts";
import { removeServer } from "./server.ts";
import { inSite, localSite, type Site } from "./site.ts";
import { step } from "./steps.ts";

export async function removeSite(site: Site): Promise<void> {
  await removeServer(site);
  await removeRegistry(site);
  await removeObjectStore(site);
  await attempt("docker", ["network", "rm", site.name]);
  fs.rmSync(site.folder, { recursive: true, force: true });
}

/** Also where no engine is there, or none comes up: then what it may have is said, and the rest goes. `start` brings up one that was stopped. */
export async function takeDown(site: Site, start: () => Promise<string> = startAgain): Promise<void> {
  const runs = await engineAnswers();
  if (!runs && !fs.existsSync(site.folder)) return void process.stdout.write(" nothing is here that make local made\n");
  // Before anything is made in Docker, the registry's password is. Of an engine that was stopped, as by a reboot, the containers and their data are there still.
  const inDocker = runs || fs.existsSync(inSite(site, "registry"));
  const why = runs || !inDocker ? undefined : await notStarted(start);
  if (inDocker && why === undefined) {
    await step(
      "server, registry",
      () => removeSite(site),
      () => "removed, with their data and keys",
    );
    await step("docker engine", stopEngine, (says) => says);
    return;
  }
  await step(
    "keys, passwords",
    async () => fs.rmSync(site.folder, { recursive: true, force: true }),
    () => "removed",
  );
  if (why !== undefined)
    process.stdout.write(
      `\n What Docker has of it is there still, where it was made: containers, volumes and a network called ${site.name}…\n once an engine runs here   make local-down\n`,
    );
}

/** Why the engine does not run; undefined where it does now. */
async function notStarted(start: () => Promise<string>): Promise<string | undefined> {
  const tried = () => start().then((says) => ({ says, why: undefined }), ({ message }: Error) => ({ says: `not started: ${message}`, why: message })); // prettier-ignore
  return (await step("docker engine", tried, ({ says }) => says, ({ why }) => why === undefined)).why; // prettier-ignore
}

if (import.meta.main)
  takeDown(localSite).catch((error: unknown) => {
    process.stderr.write(`error: ${(error as Error).message}\n`);
    process.exitCode = 1;
  });
