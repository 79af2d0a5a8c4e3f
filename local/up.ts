/** `make local`: everything that a deploy needs, on this machine, and the deploy. Each step only if it is needed. */
import * as fs from "node:fs";
import { ensureToolchain } from "../tools/toolchain.ts";
import { ensureEngine } from "./engine.ts";
import { ensureImages } from "./images.ts";
import { changedSomething, deployLine, reason } from "./pulumi-output.ts";
import { ensureRegistry } from "./registry.ts";
import { ensureServer, onServer } from "./server.ts";
import { inSite, localSite } from "./site.ts";
import { LocalStack, settingsOf, withImages } from "./stack.ts";
import { step } from "./steps.ts";

const VERSIONS = ["1", "2", "3", "broken", "crashing", "slow", "bad-migration"];

interface Live {
  readonly number: number;
  readonly release: string;
}

async function liveRelease(): Promise<Live | null> {
  const { stdout } = await onServer(localSite, "recoloca live --application recoloca --environment local --json");
  return stdout === "" ? null : (JSON.parse(stdout) as { live: Live | null }).live;
}

async function main(): Promise<number> {
  const asked = process.env["VERSION"] || undefined;
  if (asked !== undefined && !/^\d+$/.test(asked) && !VERSIONS.includes(asked)) {
    process.stderr.write(`error: VERSION is "${asked}"; the sample application has ${VERSIONS.join(", ")} and any other number\n  make local VERSION=2\n`);
    return 2;
  }
  fs.mkdirSync(localSite.folder, { recursive: true, mode: 0o700 });
  const toolchain = await step("tools", ensureToolchain, (tools) => tools.says);
  await step("docker engine", ensureEngine, (says) => says);
  await step(
    "registry",
    () => ensureRegistry(localSite),
    (says) => says,
  );
  await step(
    "server",
    () => ensureServer(localSite),
    (says) => says,
  );
  // Without a wish, what is live stays; a new server gets the first version.
  const version = asked ?? (await liveRelease())?.release ?? "1";
  const images = await step(
    "images",
    () => ensureImages(localSite, version),
    () => `backend, worker, frontend · version ${version}`,
  );
  const stack = new LocalStack(localSite, toolchain);
  const log = inSite(localSite, "pulumi-up.log");
  const lines: string[] = [];
  const ran = await step(
    "pulumi up",
    async (say) => {
      await stack.configure(withImages(settingsOf(localSite), images, version));
      const result = await stack.up((line) => {
        const text = deployLine(line);
        if (text !== undefined && lines.at(-1) !== text) {
          lines.push(text);
          say(text);
        }
      });
      fs.writeFileSync(log, result.output, { mode: 0o600 });
      return result;
    },
    (result) => (result.code !== 0 ? "failed" : changedSomething(result.output) ? "stack local" : "stack local · nothing to change"),
    (result) => result.code === 0,
  );
  const live = await liveRelease();
  const url = `http://127.0.0.1:${localSite.httpPort}`;
  if (ran.code !== 0) {
    // What the deploy said is on the screen already; anything else that went wrong is not.
    if (!lines.some((line) => line.includes("outcome:"))) process.stdout.write(`\n${reason(ran.output)}\n`);
    process.stdout.write(
      `\n ${live ? `Release ${live.number} (version ${live.release}) is live and was not harmed: ${url}` : "Nothing is live."}\n all that Pulumi said   ${log}\n`,
    );
    return 1;
  }
  const number = Number(live?.release);
  const next = String(Number.isInteger(number) ? number + 1 : 2);
  process.stdout.write(`
 Recoloca is live    ${url}      (release ${live?.number}, version ${live?.release})

 next   make local VERSION=${next.padEnd(9)} deploy the next version, watch nothing break
        make local VERSION=broken    deploy one that fails its gate, watch the old one stay
        make status                  what is live, what happened
        make local-down              remove everything this made
`);
  return 0;
}

main().then(
  (code) => (process.exitCode = code),
  (error: unknown) => {
    process.stderr.write(`\nerror: ${(error as Error).message}\n  run "make local" again: it goes on where this ended\n`);
    process.exitCode = 1;
  },
);
