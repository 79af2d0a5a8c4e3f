/** A Docker engine: the running one, else Debian's, started for us and stopped by `make local-down`. */
import { spawn } from "node:child_process";
import * as fs from "node:fs";
import * as path from "node:path";
import { cacheFolder } from "../tools/cache.ts";
import { ensureDebianPackages } from "../tools/debian-packages.ts";
import { attempt, must, until } from "./command.ts";

/** Beside the caches, for whichever checkout takes it down. Gone after a reboot, as the process is. */
const PID_FILE = cacheFolder("engine.pid");
const LOG = cacheFolder("engine.log");

/** Whether one runs. */
export const engineAnswers = async () => (await attempt("docker", ["version", "--format", "{{.Server.Version}}"]).catch(() => ({ code: 1 }))).code === 0;

const has = (program: string) => `command -v ${program}`;

const ENGINE = { "docker.io": has("dockerd"), iptables: has("iptables") };
/** What is wanted whoever has started the engine: images are made with it, and keys. */
const BESIDE = {
  mmdebstrap: has("mmdebstrap"),
  "openssh-client": has("ssh-keygen"),
  openssl: has("openssl"),
};

export async function ensureEngine(): Promise<string> {
  if (await engineAnswers()) {
    await ensureDebianPackages(BESIDE);
    return `${await version()}, already running`;
  }
  await ensureDebianPackages({ ...ENGINE, ...BESIDE });
  if (!(await engineAnswers())) await start();
  return `${await version()}, started for this run`;
}

/** One that is installed: nothing is fetched for it. Throws where there is none, or where it does not come up. */
export async function startAgain(): Promise<string> {
  if ((await attempt("sh", ["-c", ENGINE["docker.io"]])).code !== 0) throw new Error("no dockerd is installed");
  await start();
  return `${await version()}, started for this run`;
}

const version = async () => (await must("docker", ["version", "--format", "{{.Server.Version}}"])).trim();

async function start(): Promise<void> {
  fs.mkdirSync(path.dirname(PID_FILE), { recursive: true });
  // A pid file of an engine that was killed keeps the next one from starting.
  fs.rmSync("/var/run/docker.pid", { force: true });
  const output = fs.openSync(LOG, "w");
  // It may outlive us, and with us the folder of our own temporary files, in which it would look for its.
  const { TMPDIR: _ours, ...env } = process.env;
  const child = spawn("dockerd", [], { detached: true, stdio: ["ignore", output, output], env });
  child.unref();
  fs.writeFileSync(PID_FILE, String(child.pid));
  let gone: { readonly why: string; readonly at: number } | undefined;
  const goes = (why: string) => (gone ??= { why, at: Date.now() });
  child.once("error", ({ message }) => goes(message)).once("exit", (code) => goes(`dockerd ended with ${code ?? "a signal"}`));
  const log = `its log: ${LOG}`;
  await until(`the Docker engine answers (${log})`, 60, async () => {
    if (await engineAnswers()) return true;
    // Where two start one at once, one of them ends, and the other answers soon.
    if (gone !== undefined && Date.now() - gone.at > 10_000) throw new Error(`${gone.why} (${log})`);
    return false;
  });
}

/** Stops the engine if it was started by us and nobody else's container runs on it. */
export async function stopEngine(): Promise<string> {
  if (!fs.existsSync(PID_FILE)) return "left as it is: it was not started here";
  const pid = Number(fs.readFileSync(PID_FILE, "utf8"));
  const ours = await attempt("sh", ["-c", `tr '\\0' ' ' < /proc/${pid}/cmdline`]);
  if (!ours.stdout.startsWith("dockerd")) {
    fs.rmSync(PID_FILE);
    return "not running";
  }
  if ((await must("docker", ["ps", "--quiet"])).trim() !== "") return "left running: it has other containers";
  process.kill(pid, "SIGTERM");
  await until("the Docker engine stops", 30, async () => !fs.existsSync(`/proc/${pid}`));
  fs.rmSync(PID_FILE, { force: true });
  return "stopped";
}
