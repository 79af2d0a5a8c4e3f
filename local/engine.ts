/** A Docker engine: the running one, else Debian's, started for us and stopped by `make local-down`. */
import { spawn } from "node:child_process";
import * as fs from "node:fs";
import * as path from "node:path";
import { cacheFolder } from "../tools/cache.ts";
import { ensureDebianPackages } from "../tools/debian-packages.ts";
import { attempt, must, until } from "./command.ts";

/** Beside the caches, for whichever checkout takes it down. Gone after a reboot, as the process is. */
const PID_FILE = cacheFolder("engine.pid");

const answers = async () => (await attempt("docker", ["version", "--format", "{{.Server.Version}}"]).catch(() => ({ code: 1 }))).code === 0;

const has = (program: string) => `command -v ${program}`;

const ENGINE = { "docker.io": has("dockerd"), iptables: has("iptables") };
/** What is wanted whoever has started the engine: images are made with it, and keys. */
const BESIDE = {
  mmdebstrap: has("mmdebstrap"),
  "openssh-client": has("ssh-keygen"),
  openssl: has("openssl"),
};

export async function ensureEngine(): Promise<string> {
  if (await answers()) {
    await ensureDebianPackages(BESIDE);
    return `${await version()}, already running`;
  }
  await ensureDebianPackages({ ...ENGINE, ...BESIDE });
  if (!(await answers())) await start();
  return `${await version()}, started for this run`;
}

const version = async () => (await must("docker", ["version", "--format", "{{.Server.Version}}"])).trim();

async function start(): Promise<void> {
  fs.mkdirSync(path.dirname(PID_FILE), { recursive: true });
  // A pid file of an engine that was killed keeps the next one from starting.
  fs.rmSync("/var/run/docker.pid", { force: true });
  const log = fs.openSync(cacheFolder("engine.log"), "w");
  // It may outlive us, and with us the folder of our own temporary files, in which it would look for its.
  const { TMPDIR: _ours, ...env } = process.env;
  const child = spawn("dockerd", [], { detached: true, stdio: ["ignore", log, log], env });
  child.unref();
  fs.writeFileSync(PID_FILE, String(child.pid));
  await until(`the Docker engine answers (its log: ${cacheFolder("engine.log")})`, 60, answers);
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
