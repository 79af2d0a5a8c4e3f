/** Docker and Compose on this host, by their command line. What is ours carries the label `recoloca.stack`. */
import { must, run, lastLines } from "./process";
import type { Slot } from "./store";
import { networkName } from "./compose-split";

/** Login of `recoloca login`, readable by the deploy identity alone. */
export const DOCKER_CONFIG = "/etc/recoloca/docker";
const ENV = { DOCKER_CONFIG };

export interface ContainerState {
  readonly id: string;
  readonly service: string;
  readonly status: string;
  readonly health: string;
  readonly exitCode: number;
  readonly oomKilled: boolean;
  readonly restarts: number;
  readonly startedAt: string;
}

interface Inspected {
  Id: string;
  Config: { Labels: Record<string, string> | null };
  State: { Status: string; ExitCode: number; OOMKilled: boolean; StartedAt: string; Health?: { Status: string } };
  RestartCount: number;
}

export async function containers(filter: readonly string[]): Promise<ContainerState[]> {
  const ids = (await must("docker", ["ps", "--all", "--quiet", ...filter.flatMap((one) => ["--filter", one])])).split("\n").filter(Boolean);
  if (ids.length === 0) return [];
  // A container may go between the two questions: what is still there is what counts.
  const { stdout } = await run("docker", ["inspect", ...ids]);
  return (JSON.parse(stdout) as Inspected[]).map(({ Id, Config, State, RestartCount }) => ({
    id: Id,
    service: Config.Labels?.["recoloca.service"] ?? "",
    status: State.Status,
    health: State.Health?.Status ?? "none",
    exitCode: State.ExitCode,
    oomKilled: State.OOMKilled,
    restarts: RestartCount,
    startedAt: State.StartedAt,
  }));
}

export const slotContainers = (stack: string, slot: Slot) => containers([`label=recoloca.stack=${stack}`, `label=recoloca.slot=${slot}`]);

/** Base services: ours, and in no slot. */
export async function baseContainers(stack: string): Promise<ContainerState[]> {
  return containers([`label=com.docker.compose.project=${stack}`]);
}

export async function hasImage(reference: string): Promise<boolean> {
  return (await run("docker", ["image", "inspect", "--format", "{{.Id}}", reference])).code === 0;
}

export async function pull(reference: string): Promise<void> {
  const ran = await run("docker", ["pull", "--quiet", reference], { env: ENV, timeout: 900 });
  if (ran.code !== 0) throw new Error(lastLines(ran.stderr || ran.stdout, 3));
}

export interface ComposeCall {
  readonly project: string;
  readonly file: string;
  readonly environment: Record<string, string>;
}

export async function compose(call: ComposeCall, args: readonly string[], timeout = 300): Promise<void> {
  const ran = await run("docker", ["compose", "--project-name", call.project, "--file", call.file, "--progress", "quiet", ...args], {
    env: { ...ENV, ...call.environment, COMPOSE_IGNORE_ORPHANS: "1" },
    timeout,
  });
  if (ran.code !== 0) throw new Error(lastLines(ran.stderr || ran.stdout, 6) || `docker compose ${args[0]} exited with ${ran.code}`);
}

/** The whole document as Compose itself understands it; `complaints` are its warnings, an unset variable among them. */
export async function resolveCompose(
  stack: string,
  file: string,
  folder: string,
  environment: Record<string, string>,
): Promise<{ document: string; complaints: string[] }> {
  const ran = await run("docker", ["compose", "--project-name", stack, "--project-directory", folder, "--file", file, "config", "--format", "json"], {
    env: { ...ENV, ...environment },
    cwd: folder,
  });
  if (ran.code !== 0) throw new Error(lastLines(ran.stderr, 5));
  const complaints = ran.stderr.split("\n").flatMap((line) => /msg="(.*)"$/.exec(line)?.[1]?.replaceAll('\\"', '"') ?? []);
  return { document: ran.stdout, complaints };
}

export async function networkOctets(): Promise<Set<string>> {
  const ids = (await must("docker", ["network", "ls", "--quiet"])).split("\n").filter(Boolean);
  const subnets = await must("docker", ["network", "inspect", "--format", "{{range .IPAM.Config}}{{.Subnet}} {{end}}", ...ids]);
  return new Set([...subnets.matchAll(/10\.201\.(\d+)\./g)].map((match) => match[1]!));
}

/** A slot's permanent network. Base services get addresses from its upper half, the release has fixed ones in the lower. */
export async function ensureNetwork(stack: string, slot: Slot, octet: string): Promise<void> {
  const name = networkName(stack, slot);
  if ((await run("docker", ["network", "inspect", name])).code === 0) return;
  const subnet = `10.201.${octet}`;
  await must("docker", [
    "network",
    "create",
    "--label",
    `recoloca.stack=${stack}`,
    "--subnet",
    `${subnet}.0/24`,
    "--ip-range",
    `${subnet}.128/25`,
    "--gateway",
    `${subnet}.1`,
    name,
  ]);
}

export async function ensureVolume(stack: string, name: string): Promise<void> {
  await must("docker", ["volume", "create", "--label", `recoloca.stack=${stack}`, name]);
}

export async function removeContainers(ids: readonly string[]): Promise<void> {
  if (ids.length > 0) await run("docker", ["rm", "--force", ...ids]);
}

/** SIGTERM, the container's own grace period, then SIGKILL. */
export async function stopContainers(ids: readonly string[]): Promise<void> {
  if (ids.length > 0) await run("docker", ["stop", ...ids], { timeout: 600 });
}

export async function startContainers(ids: readonly string[]): Promise<void> {
  if (ids.length > 0) await must("docker", ["start", ...ids]);
}

export async function setRestart(ids: readonly string[], policy: "no" | "unless-stopped"): Promise<void> {
  if (ids.length > 0) await must("docker", ["update", "--restart", policy, ...ids]);
}

export async function logTail(id: string, lines: number): Promise<string> {
  const ran = await run("docker", ["logs", "--tail", String(lines), id]);
  return `${ran.stdout}${ran.stderr}`.trimEnd();
}
