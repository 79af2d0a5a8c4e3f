/** The disposable server: a container that boots systemd, reached only by SSH with a generated key and a pinned host key. */
import * as fs from "node:fs";
import * as path from "node:path";
import { checkout } from "../tools/cache.ts";
import { attempt, must, until } from "./command.ts";
import { buildImage, debianImage } from "./image-store.ts";
import { NAMES, inSite, type Site } from "./site.ts";

const BARE = ["systemd", "systemd-sysv", "dbus", "openssh-server", "ca-certificates", "iproute2", "procps", "curl"];
/** `bare`: what a provider hands over. `ready`: with what the bootstrap would install, so that a new one takes seconds. */
const PACKAGES = { bare: BARE, ready: [...BARE, "docker.io", "docker-cli", "docker-compose", "iptables", "nodejs", "haproxy", "lego"] } as const;

const CAPABILITIES = ["SYS_ADMIN", "NET_ADMIN", "SYS_PTRACE", "NET_RAW", "MKNOD", "SYS_CHROOT"];

export const serverName = (site: Site) => `${site.name}-server`;
export const registryContainer = (site: Site) => `${site.name}-registry`;

/** Older machines mount cgroup2 beside the first version's trees. */
const cgroupTree = () => (fs.existsSync("/sys/fs/cgroup/unified") ? "/sys/fs/cgroup/unified" : "/sys/fs/cgroup");

export async function ensureKeys(site: Site): Promise<void> {
  fs.mkdirSync(site.folder, { recursive: true, mode: 0o700 });
  for (const name of ["id_ed25519", "host_ed25519"])
    if (!fs.existsSync(inSite(site, `${name}.pub`))) {
      fs.rmSync(inSite(site, name), { force: true });
      await must("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-C", site.name, "-f", inSite(site, name)]);
    }
  const [type, key] = hostKey(site).split(" ");
  fs.writeFileSync(inSite(site, "known_hosts"), `[127.0.0.1]:${site.sshPort} ${type} ${key}\n`);
}

export const hostKey = (site: Site) => fs.readFileSync(inSite(site, "host_ed25519.pub"), "utf8").trim().split(" ").slice(0, 2).join(" ");
export const privateKey = (site: Site) => fs.readFileSync(inSite(site, "id_ed25519"), "utf8");

export const sshArguments = (site: Site): string[] => [
  "-i", inSite(site, "id_ed25519"), "-p", String(site.sshPort), "-o", "BatchMode=yes", "-o", "ConnectTimeout=5",
  "-o", `UserKnownHostsFile=${inSite(site, "known_hosts")}`, "-o", "StrictHostKeyChecking=yes", "-o", "LogLevel=ERROR",
  // A tenth of a second of a processor less for each command; nobody will decrypt what was said to a disposable server.
  "-o", "KexAlgorithms=curve25519-sha256", "root@127.0.0.1",
]; // prettier-ignore

/** Runs one command line on the server. */
export const onServer = (site: Site, command: string, input?: string) => attempt("ssh", [...sshArguments(site), command], input === undefined ? {} : { input });

/** What it wrote to its output; throws all that it said where it failed. */
export async function mustOnServer(site: Site, command: string, input?: string): Promise<string> {
  const { code, stdout, output } = await onServer(site, command, input);
  if (code !== 0) throw new Error(`${command}: ${output}`);
  return stdout;
}

export type ServerKind = keyof typeof PACKAGES;

export const serverImage = async (kind: ServerKind) =>
  buildImage("server", path.join(checkout, "local", "server"), { args: { BASE: await debianImage("server-base", PACKAGES[kind]) } });

export async function ensureServer(site: Site, kind: ServerKind = "ready"): Promise<string> {
  await ensureKeys(site);
  const image = await serverImage(kind);
  const name = serverName(site);
  const state = (
    await attempt("docker", ["inspect", "--format", '{{.State.Status}} {{.Config.Image}} {{index .Config.Labels "recoloca.key"}}', name])
  ).stdout.trim();
  const wanted = hostKey(site).slice(-24);
  const fits = state.endsWith(`${image} ${wanted}`);
  // Another checkout's server, or an older image: its keys are not ours, so nothing of it can be reached.
  if (state !== "" && !fits) await removeServer(site);
  if (!fits) await create(site, image, wanted);
  if (!fits || !state.startsWith("running")) await must("docker", ["start", name]);
  await until(
    `the server answers on 127.0.0.1:${site.sshPort}`,
    60,
    // With a unit that failed, an upgrade's or a resume's, it is degraded, and serves all the same.
    async () => ["running", "degraded"].includes((await onServer(site, "systemctl is-system-running --wait")).stdout.trim()),
  );
  return `Debian 13, ssh on 127.0.0.1:${site.sshPort}, host key pinned`;
}

/** What an engine inside of a machine wants: its own layers cannot lie on a container's. */
export const engineVolume = (name: string) => ["-v", `${name}-docker:/var/lib/docker`];

export async function ensureNetwork(site: Site): Promise<void> {
  if ((await attempt("docker", ["network", "inspect", site.name])).code !== 0) await must("docker", ["network", "create", site.name]);
}

/** This machine's own address in it. */
export async function gatewayOf(site: Site): Promise<string> {
  await ensureNetwork(site);
  return (await must("docker", ["network", "inspect", "--format", "{{(index .IPAM.Config 0).Gateway}}", site.name])).trim();
}

/** A container that boots systemd, of this name and not started yet; `more`: ports, labels, volumes. */
export async function createMachine(site: Site, name: string, image: string, more: readonly string[]): Promise<void> {
  await ensureNetwork(site);
  await must("docker", [
    "create", "--name", name, "--hostname", name, "--network", site.name,
    "-e", "container=docker", "-e", `SERVER_NAME=${name}`, "-e", `REGISTRY_PORT=${site.registryPort}`, "-e", `REGISTRY_HOST=${registryContainer(site)}`,
    ...CAPABILITIES.flatMap((capability) => ["--cap-add", capability]),
    "--security-opt", "seccomp=unconfined", "--security-opt", "systempaths=unconfined",
    "--tmpfs", "/run", "--tmpfs", "/run/lock", "--tmpfs", "/tmp", "--cgroupns", "host", "-v", `${cgroupTree()}:/cg:rw`,
    ...more, image, "/start.sh",
  ]); // prettier-ignore
}

/** Created, given its keys, and only then started: there is no moment at which it has others. */
async function create(site: Site, image: string, key: string): Promise<void> {
  const name = serverName(site);
  const ports = [`${site.sshPort}:22`, `${site.httpPort}:80`, `${site.httpsPort}:443`].flatMap((port) => ["-p", `127.0.0.1:${port}`]);
  const aliases = NAMES.flatMap((alias) => ["--network-alias", alias]);
  await createMachine(site, name, image, ["--label", `recoloca.key=${key}`, ...engineVolume(name), ...ports, ...aliases]);
  await must("docker", ["cp", inSite(site, "host_ed25519"), `${name}:/etc/ssh/ssh_host_ed25519_key`]);
  await must("docker", ["cp", inSite(site, "host_ed25519.pub"), `${name}:/etc/ssh/ssh_host_ed25519_key.pub`]);
  await must("docker", ["cp", inSite(site, "id_ed25519.pub"), `${name}:/root/.ssh/authorized_keys`]);
}

export const removeServer = (site: Site) => removeMachine(serverName(site));

export async function removeMachine(name: string): Promise<void> {
  await attempt("docker", ["rm", "--force", "--volumes", name]);
  await attempt("docker", ["volume", "rm", "--force", `${name}-docker`]);
  removeTrees(name);
}

/** The cgroups that the server's boots left, deepest first. */
function removeTrees(name: string): void {
  const top = cgroupTree();
  const leave = (folder: string): void => {
    for (const entry of fs.readdirSync(folder, { withFileTypes: true })) if (entry.isDirectory()) leave(path.join(folder, entry.name));
    try {
      fs.rmdirSync(folder);
    } catch {
      // Still in use: the kernel refuses, and the next take-down tries again.
    }
  };
  for (const entry of fs.readdirSync(top)) if (entry.startsWith(`${name}-`)) leave(path.join(top, entry));
}
