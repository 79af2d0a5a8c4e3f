/** Containers, networks, volumes and images on this host. What is ours carries the label `recoloca.stack`. */
import * as api from "./docker-api.ts";
import { networkName, type Volume } from "./compose-split.ts";
import { DOCKER_CONFIG } from "./compose.ts";
import { lastLines, run, sleep } from "./process.ts";
import type { Slot } from "./store.ts";

export interface ContainerState {
  readonly id: string;
  readonly service: string;
  readonly status: string;
  readonly health: string;
  readonly exitCode: number;
  readonly oomKilled: boolean;
  readonly restarts: number;
  readonly startedAt: string;
  /** Whether the engine starts it again: what ends by itself does not have that. */
  readonly lasting: boolean;
}

interface Inspected {
  Id: string;
  Config: { Labels: Record<string, string> | null };
  State: { Status: string; ExitCode: number; OOMKilled: boolean; StartedAt: string; Health?: { Status: string } };
  RestartCount: number;
  HostConfig: { RestartPolicy: { Name: string } };
}

export async function containers(...labels: string[]): Promise<ContainerState[]> {
  const listed = JSON.parse((await api.must("GET", `/containers/json?all=1&${api.filters({ label: labels })}`)).body) as { Id: string }[];
  // A container may go between the two questions: what is still there is what counts.
  const replies = await Promise.all(listed.map(({ Id }) => api.must("GET", `/containers/${Id}/json`, undefined, [404])));
  return replies
    .filter((reply) => reply.status !== 404)
    .map((reply) => JSON.parse(reply.body) as Inspected)
    .map(({ Id, Config, State, RestartCount, HostConfig }) => ({
      id: Id,
      service: Config.Labels?.["recoloca.service"] ?? "",
      status: State.Status,
      health: State.Health?.Status ?? "none",
      exitCode: State.ExitCode,
      oomKilled: State.OOMKilled,
      restarts: RestartCount,
      startedAt: State.StartedAt,
      lasting: HostConfig.RestartPolicy.Name === "unless-stopped",
    }));
}

export const stackContainers = (stack: string) => containers(`recoloca.stack=${stack}`);

export const slotContainers = (stack: string, slot: Slot, role?: "routed" | "worker" | "task") =>
  containers(`recoloca.stack=${stack}`, `recoloca.slot=${slot}`, ...(role ? [`recoloca.role=${role}`] : []));

/** Base services: ours, and in no slot. */
export const baseContainers = (stack: string) => containers(`com.docker.compose.project=${stack}`);

/**
 * Of the base: what a Compose that was killed while it recreated leaves beside the containers that were to be replaced, under a
 * name of passage at which the next Compose fails. Those that were to be replaced stay, with the volumes that have no name.
 */
export async function unfinishedReplacements(stack: string): Promise<string[]> {
  const { body } = await api.must("GET", `/containers/json?all=1&${api.filters({ label: [`com.docker.compose.project=${stack}`] })}`);
  const listed = (JSON.parse(body) as { Id: string; Created: number; Labels: Record<string, string> }[]).sort((one, other) => one.Created - other.Created);
  const place = ({ Labels }: (typeof listed)[number]) => `${Labels["com.docker.compose.service"]} ${Labels["com.docker.compose.container-number"]}`;
  return listed.filter((one, index) => listed.findIndex((earlier) => place(earlier) === place(one)) < index).map(({ Id }) => Id);
}

/** It does not run any more, and will not by itself. */
export const hasEnded = ({ status }: Pick<ContainerState, "status">) => status === "exited" || status === "dead";

/** Where the engine keeps images and volumes. */
export async function dataFolder(): Promise<string> {
  return (JSON.parse((await api.must("GET", "/info")).body) as { DockerRootDir: string }).DockerRootDir;
}

/** As images say it: `amd64`, `arm64`. Undefined where the image is not here. */
export async function architectureOf(reference: string): Promise<string | undefined> {
  const { status, body } = await api.must("GET", `/images/${encodeURIComponent(reference)}/json`, undefined, [404]);
  return status === 404 ? undefined : (JSON.parse(body) as { Architecture: string }).Architecture;
}

/** Of this server, in the same words. */
export async function architecture(): Promise<string> {
  return (JSON.parse((await api.must("GET", "/version")).body) as { Arch: string }).Arch;
}

export async function pull(reference: string): Promise<void> {
  const ran = await api.throughEngine(() => run("docker", ["pull", "--quiet", reference], { env: { DOCKER_CONFIG }, timeout: 900 }));
  if (ran.code !== 0) throw new Error(lastLines(ran.stderr || ran.stdout, 3));
}

/** An image that a container still uses is refused by the engine, which is what we want: false. */
export async function removeImage(reference: string): Promise<boolean> {
  return (await api.request("DELETE", `/images/${encodeURIComponent(reference)}`)).status === 200;
}

/** By digest, as they were pulled. */
export async function imagesHere(): Promise<string[]> {
  const images = JSON.parse((await api.must("GET", "/images/json")).body) as { RepoDigests: string[] | null }[];
  return images.flatMap((image) => image.RepoDigests ?? []);
}

/** What all images take together; a layer that several have counts once. */
export async function imageBytes(): Promise<number> {
  return (JSON.parse((await api.must("GET", "/system/df?type=image")).body) as { LayersSize: number }).LayersSize;
}

interface Network {
  IPAM?: { Config?: { Subnet?: string }[] | null };
}

export async function networkOctets(): Promise<Set<string>> {
  const networks = JSON.parse((await api.must("GET", "/networks")).body) as Network[];
  const subnets = networks.flatMap((network) => network.IPAM?.Config ?? []).map((config) => config.Subnet ?? "");
  return new Set(subnets.flatMap((subnet) => /^10\.201\.(\d+)\./.exec(subnet)?.[1] ?? []));
}

/** The third octet of a network that is there already, as after the store was lost. */
export async function octetOf(stack: string, slot: Slot): Promise<string | undefined> {
  const { status, body } = await api.must("GET", `/networks/${networkName(stack, slot)}`, undefined, [404]);
  if (status === 404) return undefined;
  const [config] = (JSON.parse(body) as Network).IPAM?.Config ?? [];
  return /^10\.201\.(\d+)\./.exec(config?.Subnet ?? "")?.[1];
}

/** A slot's permanent network. Base services get addresses from its upper half, the release has fixed ones in the lower. */
export async function ensureNetwork(stack: string, slot: Slot, octet: string): Promise<void> {
  const name = networkName(stack, slot);
  if ((await api.must("GET", `/networks/${name}`, undefined, [404])).status !== 404) return;
  const subnet = `10.201.${octet}`;
  await api.must("POST", "/networks/create", {
    Name: name,
    CheckDuplicate: true,
    Driver: "bridge",
    Labels: { "recoloca.stack": stack },
    IPAM: { Config: [{ Subnet: `${subnet}.0/24`, IPRange: `${subnet}.128/25`, Gateway: `${subnet}.1` }] },
  });
}

export async function removeNetwork(stack: string, slot: Slot): Promise<void> {
  await api.must("DELETE", `/networks/${networkName(stack, slot)}`, undefined, [404]);
}

/** One that is there already stays as it is; one that belongs to somebody else must be there. */
export async function ensureVolume(stack: string, { name, external, driver, driver_opts: options }: Volume & { name: string }): Promise<void> {
  if ((await api.must("GET", `/volumes/${name}`, undefined, [404])).status !== 404) return;
  if (external) throw new Error(`the volume "${name}" is external in the Compose file, and is not on this host: docker volume create ${name}`);
  await api.must("POST", "/volumes/create", {
    Name: name,
    Labels: { "recoloca.stack": stack },
    ...(driver !== undefined && { Driver: driver }),
    ...(options && { DriverOpts: options }),
  });
}

export async function stackVolumes(stack: string): Promise<string[]> {
  const { body } = await api.must("GET", `/volumes?${api.filters({ label: [`recoloca.stack=${stack}`] })}`);
  return ((JSON.parse(body) as { Volumes: { Name: string }[] | null }).Volumes ?? []).map((volume) => volume.Name).sort();
}

/** Where a volume's files are on this host; undefined where it is not here, or not of the engine's own driver. */
export async function volumeFolder(name: string): Promise<string | undefined> {
  const { status, body } = await api.must("GET", `/volumes/${name}`, undefined, [404]);
  if (status === 404) return undefined;
  const { Driver, Mountpoint } = JSON.parse(body) as { Driver: string; Mountpoint: string };
  return Driver === "local" ? Mountpoint : undefined;
}

export async function removeVolumes(names: readonly string[]): Promise<void> {
  await Promise.all(names.map((name) => api.must("DELETE", `/volumes/${name}`, undefined, [404])));
}

/** By id or name; those that are gone are no fault. `nameless`: with the volumes that nobody else can find any more. */
export async function removeContainers(ids: readonly string[], nameless = false): Promise<void> {
  await Promise.all(ids.map((id) => api.must("DELETE", `/containers/${id}?force=1${nameless ? "&v=1" : ""}`, undefined, [404, 409])));
}

/** All at once: SIGTERM, each container's own grace period, then SIGKILL. */
export async function stopContainers(ids: readonly string[]): Promise<void> {
  await Promise.all(ids.map((id) => api.must("POST", `/containers/${id}/stop`, undefined, [404])));
}

export async function startContainers(ids: readonly string[]): Promise<void> {
  await Promise.all(ids.map((id) => api.must("POST", `/containers/${id}/start`)));
}

/** Containers of a slot start again with the engine, and when they die; those that end by themselves do not. */
export async function keepRunning(stack: string, slot: Slot, only?: "routed"): Promise<void> {
  const lasting = [...(await slotContainers(stack, slot, "routed")), ...(only ? [] : await slotContainers(stack, slot, "worker"))];
  await Promise.all(lasting.map(({ id }) => api.must("POST", `/containers/${id}/update`, { RestartPolicy: { Name: "unless-stopped" } })));
}

/** A migration's or the like, by id or name, with what nobody else can find any more. */
export const removeJob = (job: string): Promise<void> => removeContainers([job], true);

/** Those that were left, ended or not; under the lock none of them is anybody's any more. `kinds`: of these alone. @default all */
export async function removeJobs(stack: string, kinds?: readonly string[]): Promise<void> {
  const labels = kinds?.map((kind) => `recoloca.job=${kind}`) ?? ["recoloca.job"];
  const left = await Promise.all(labels.map((label) => containers(`recoloca.stack=${stack}`, label)));
  await Promise.all(left.flat().map((one) => removeJob(one.id)));
}

/** Waits for a container to end by itself, and gives its exit code; `gone` where somebody has removed it, `late` where it takes longer. */
export async function waitForEnd(name: string, seconds: number): Promise<number | "gone" | "late"> {
  const limit = performance.now() + seconds * 1000;
  while (performance.now() < limit) {
    const reply = await api.must("GET", `/containers/${name}/json`, undefined, [404]);
    if (reply.status === 404) return "gone";
    const { State } = JSON.parse(reply.body) as Inspected;
    if (hasEnded({ status: State.Status })) return State.ExitCode;
    await sleep(50);
  }
  return "late";
}

/** Whether there is such a container, and it has run or runs. */
export async function wasStarted(name: string): Promise<boolean> {
  const reply = await api.must("GET", `/containers/${name}/json`, undefined, [404]);
  return reply.status !== 404 && (JSON.parse(reply.body) as Inspected).State.Status !== "created";
}

export async function logTail(id: string, lines: number): Promise<string> {
  const ran = await run("docker", ["logs", "--tail", String(lines), id]);
  return `${ran.stdout}${ran.stderr}`.trimEnd();
}

export interface Death {
  readonly service: string;
  readonly exitCode: string;
}

/** Containers of a slot that die, told at once; asking in a loop would be late by its interval, and find them started again. */
export const onDeath = (stack: string, slot: Slot, hear: (death: Death) => void) =>
  api.events({ event: ["die"], label: [`recoloca.stack=${stack}`, `recoloca.slot=${slot}`] }, ({ Actor: { Attributes } }) =>
    hear({ service: Attributes["recoloca.service"] ?? "a container", exitCode: Attributes["exitCode"] ?? "?" }),
  );
