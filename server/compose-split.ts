/**
 * One resolved Compose document in, the two projects we run out: the base (databases and the like) and the release
 * (services whose image the stack sets), on one slot's network. Pure; the decisions are in `notes`, for people.
 */
import { createHash } from "node:crypto";
import * as path from "node:path";
import { canonical, type Plan } from "../release/plan.ts";
import { asFiles, givenTo, problemsOfFiles, type GivenFile, type Source } from "./given-files.ts";
import type { Slot } from "./store.ts";

/** What we read of a service after `docker compose config`; everything else passes through untouched. */
export interface Service {
  image?: string;
  build?: unknown;
  container_name?: string;
  ports?: { target?: number; published?: string }[];
  networks?: Record<string, { aliases?: string[] } | null>;
  network_mode?: string;
  pid?: string;
  depends_on?: Record<string, { condition?: string }>;
  restart?: string;
  labels?: Record<string, string>;
  healthcheck?: { disable?: boolean; test?: unknown };
  volumes?: { type: string; source?: string; target: string }[];
  deploy?: { replicas?: number };
  scale?: number;
  profiles?: string[];
  secrets?: { source: string; target?: string }[];
  configs?: { source: string; target?: string }[];
  [key: string]: unknown;
}

export interface Volume {
  name?: string;
  external?: boolean;
  driver?: string;
  driver_opts?: Record<string, string>;
}

export interface ComposeDocument {
  name?: string;
  services: Record<string, Service>;
  volumes?: Record<string, Volume | null>;
  secrets?: Record<string, Source>;
  configs?: Record<string, Source>;
}

export interface Placement {
  readonly stack: string;
  readonly number: number;
  readonly slot: Slot;
  /** Address of each service of the release on its slot's network. */
  readonly addresses: Record<string, string>;
  /** Where the files that services are given are kept: the base's outlive a release. */
  readonly folders: { readonly base: string; readonly release: string };
}

export interface Split {
  readonly base: ComposeDocument;
  readonly release: ComposeDocument;
  /** Base service to the hash of its definition. */
  readonly baseHashes: Record<string, string>;
  /** Volumes under Docker's names for them: ours to create where the file does not say that they are somebody else's. */
  readonly volumes: (Volume & { readonly name: string })[];
  /** What is to be written into the two folders before anything starts. */
  readonly files: { readonly base: readonly GivenFile[]; readonly release: readonly GivenFile[] };
  readonly routed: string[];
  /** Services of the release that no route leads to: started after the switch, one at a time. */
  readonly workers: string[];
  /** Services of the release that end by themselves, each with those of them that it waits for: run before the rest starts. */
  readonly tasks: Record<string, string[]>;
  /** Services of the base that end by themselves. */
  readonly baseTasks: string[];
  readonly notes: string[];
}

export const networkName = (stack: string, slot: Slot) => `${stack}_${slot}`;
export const projectName = (stack: string, slot: Slot) => `${stack}-${slot}`;

/** Everything in the document that cannot run beside a second copy of itself, or that we do not carry yet. */
export function problemsOf(
  document: ComposeDocument,
  plan: Pick<Plan, "images" | "routes" | "migration" | "variables">,
  folders: { readonly project: string; readonly store: string },
): string[] {
  const problems: string[] = [];
  const known = Object.keys(document.services);
  const wanted = new Set([...Object.keys(plan.images), ...plan.routes.map((route) => route.service), ...(plan.migration ? [plan.migration.service] : [])]);
  for (const name of wanted) if (!known.includes(name)) problems.push(`service "${name}" is not in the Compose file; it has ${known.join(", ")}`);
  for (const route of plan.routes)
    if (known.includes(route.service) && !plan.images[route.service])
      problems.push(`route ${route.path} leads to "${route.service}", whose image the stack does not set: add it to images`);
  for (const [name, service] of Object.entries(document.services)) {
    const ours = name in plan.images;
    if (!ours && service.build !== undefined && service.image === undefined) problems.push(`service "${name}" has a build and no image: add it to images`);
    if (ours && service.network_mode) problems.push(`service "${name}": network_mode ${service.network_mode} cannot run beside a second copy`);
    if (ours && service.pid === "host") problems.push(`service "${name}": pid: host cannot run beside a second copy`);
    if (ours && (service.deploy?.replicas ?? service.scale ?? 1) > 1) problems.push(`service "${name}": more than one replica is not supported yet`);
    for (const mount of service.volumes ?? [])
      if (mount.type === "bind" && mount.source?.startsWith(`${folders.store}/`))
        problems.push(
          `service "${name}" mounts ${path.relative(folders.project, mount.source) || "."} from beside the Compose file, which is not on the host; put it into the image`,
        );
  }
  return [...problems, ...problemsOfFiles(document, plan.variables, folders)];
}

/** Whether a service has a volume of its own: recreating it is then no small matter. */
export const keepsData = ({ services }: ComposeDocument, name: string) => (services[name]?.volumes ?? []).some((mount) => mount.type === "volume");

/** Services that end by themselves, and well: others wait for just that, or they are told not to start again. */
function endingServices(document: ComposeDocument): Set<string> {
  const waits = Object.values(document.services).flatMap((service) => Object.entries(service.depends_on ?? {}));
  const awaited = waits.filter(([, how]) => how.condition === "service_completed_successfully").map(([name]) => name);
  const once = Object.entries(document.services).filter(([, service]) => service.restart === "no");
  return new Set([...awaited, ...once.map(([name]) => name)]);
}

export function split(document: ComposeDocument, plan: Pick<Plan, "images" | "routes" | "variables">, placement: Placement): Split {
  const { stack, slot, folders } = placement;
  const notes: string[] = [];
  const routedSet = new Set(plan.routes.map((route) => route.service));
  const ending = endingServices(document);
  const ours = Object.keys(plan.images).sort();
  const routed = ours.filter((name) => routedSet.has(name));
  const taskNames = ours.filter((name) => !routedSet.has(name) && ending.has(name));
  const workers = ours.filter((name) => !routedSet.has(name) && !ending.has(name));
  const tasks = Object.fromEntries(
    taskNames.map((name) => [name, Object.keys(document.services[name]?.depends_on ?? {}).filter((other) => taskNames.includes(other))]),
  );
  const given = { base: asFiles(document, plan.variables, folders.base), release: asFiles(document, plan.variables, folders.release) };
  const named = Object.entries(document.volumes ?? {}).map(([key, volume]) => ({ key, volume: { ...volume, name: volume?.name ?? `${stack}_${key}` } }));
  const volumes = Object.fromEntries(named.map(({ key, volume }) => [key, { name: volume.name, external: true }]));
  const base: Record<string, Service> = {};
  const release: Record<string, Service> = {};
  for (const [name, service] of Object.entries(document.services)) {
    const { container_name: alias, build: _build, networks, depends_on: dependsOn, profiles: _profiles, ...rest } = service;
    const aliases = [...new Set([name, ...(alias ? [alias] : []), ...Object.values(networks ?? {}).flatMap((network) => network?.aliases ?? [])])].sort();
    const labels = { ...service.labels, "recoloca.stack": stack, "recoloca.service": name };
    if (name in plan.images) {
      const { ports, ...kept } = rest;
      if (ports?.length) notes.push(`${name}: ports ${ports.map((port) => port.published ?? port.target).join(", ")} are the edge's now`);
      const inside = Object.fromEntries(
        Object.entries(dependsOn ?? {}).filter(([to, how]) => routedSet.has(to) && to in plan.images && how.condition !== "service_started"),
      );
      release[name] = {
        ...kept,
        image: plan.images[name]!,
        // Only what is live may start with the engine; the transaction sets it at the end.
        restart: "no",
        labels: {
          ...labels,
          "recoloca.release": String(placement.number),
          "recoloca.slot": slot,
          "recoloca.role": routedSet.has(name) ? "routed" : taskNames.includes(name) ? "task" : "worker",
        },
        networks: { slot: { aliases, ipv4_address: placement.addresses[name]! } as { aliases: string[] } },
        ...(Object.keys(inside).length > 0 && { depends_on: inside }),
      };
    } else {
      const inside = Object.fromEntries(Object.entries(dependsOn ?? {}).filter(([to]) => !(to in plan.images)));
      base[name] = {
        ...rest,
        restart: ending.has(name) ? "no" : "unless-stopped",
        labels,
        networks: { blue: { aliases }, green: { aliases } },
        ...(Object.keys(inside).length > 0 && { depends_on: inside }),
      };
    }
  }
  const network = (of: Slot) => ({ name: networkName(stack, of), external: true });
  return {
    base: { name: stack, services: base, volumes, ...given.base.sources, networks: { blue: network("blue"), green: network("green") } } as ComposeDocument,
    release: { name: projectName(stack, slot), services: release, volumes, ...given.release.sources, networks: { slot: network(slot) } } as ComposeDocument,
    baseHashes: Object.fromEntries(Object.entries(base).map(([name, service]) => [name, hash([service, givenTo(service, given.base.sources)])])),
    volumes: named.map(({ volume }) => volume),
    files: { base: given.base.files, release: given.release.files },
    routed,
    workers,
    tasks,
    baseTasks: Object.keys(base).filter((name) => ending.has(name)),
    notes,
  };
}

const hash = (value: unknown) => createHash("sha256").update(canonical(value)).digest("hex").slice(0, 16);
