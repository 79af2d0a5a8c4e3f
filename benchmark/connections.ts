/**
 * A switch while thousands of connections are open: each is kept alive, most ask now and then, a thousand wait for what comes. They are
 * opened on the server itself: the engine's port forwarder in front of it ends at 3,332 of them, with six files for each.
 */
import { spawn } from "node:child_process";
import * as fs from "node:fs";
import * as path from "node:path";
import { onServer, sshArguments } from "../local/server.ts";
import { benchmarkSite as site } from "../local/site.ts";
import { step } from "../local/steps.ts";
import { configure, type Place } from "./place.ts";

export const CONNECTIONS = 5000;
export const IDLE = 1000;

export interface Held {
  readonly opened: number;
  readonly answered: number;
  /** Connections that were closed or reset, and answers that were not a 200. */
  readonly lost: number;
}

const SCRIPT = "/root/open-connections.cjs";

/** Opens them all, does the work, and says what became of them. */
async function meanwhile(work: () => Promise<unknown>): Promise<Held> {
  const put = await onServer(site, `cat > ${SCRIPT}`, fs.readFileSync(path.join(import.meta.dirname, "open-connections.cjs"), "utf8"));
  if (put.code !== 0) throw new Error(put.output);
  const client = spawn("ssh", [...sshArguments(site), `ulimit -n 20000; exec node ${SCRIPT} ${CONNECTIONS} ${IDLE}`], { stdio: ["pipe", "pipe", "inherit"] });
  let said = "";
  const ended = new Promise<void>((done) => client.on("close", () => done()));
  const open = new Promise<void>((done) => client.stdout.setEncoding("utf8").on("data", (text: string) => (said += text).startsWith("open\n") && done()));
  try {
    await Promise.race([open, ended]);
    if (!said.startsWith("open\n")) throw new Error(`the ${CONNECTIONS} connections could not be opened: ${said}`);
    await work();
    client.stdin.end();
    await ended;
    return JSON.parse(said.split("\n")[1]!) as Held;
  } finally {
    client.kill("SIGKILL");
    await onServer(site, `rm -f ${SCRIPT}`);
  }
}

export async function measureConnections({ stack }: Place) {
  await configure(stack, "3", true);
  const deploy = async () => {
    const ran = await stack.up();
    if (ran.code !== 0) throw new Error(ran.output);
  };
  return {
    connections: await step(
      "connections",
      () => meanwhile(deploy),
      (held) => `${held.opened} open, ${held.answered} answers, ${held.lost} lost`,
    ),
  };
}
