/**
 * One resolved Compose document in, the two projects we run out: the base (databases and the like) and the release
 * (services whose image the stack sets), on one slot's network. Pure; the decisions are in `notes`, for people.
 */
import { createHash } from "node:crypto";
import { canonical, type Plan } from "../release/plan.ts";
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
  [key: string]: unknown;
}

export interface ComposeDocument {
  name?: string;
  services: Record<string, Service>;
  volumes?: Record<string, { name?: string; external?: boolean } | null>;
  secrets?: Record<string, unknown>;
  configs?: Record<string, unknown>;
}

export interface Placement {
  readonly stack: string;
  readonly number: number;
  readonly slot: Slot;
  /** Address of each service of the release on its slot's network. */
  readonly addresses: Record<string, string>;
}

export interface Split {
  readonly base: ComposeDocument;
  readonly release: ComposeDocument;
  /** Base service to the hash of its definition. */
  readonly baseHashes: Record<string, string>;
  /** Docker's names of the volumes; ours to create, never to remove. */
  readonly volumes: string[];
  readonly routed: string[];
  /** Services of the release that no route leads to: started after the switch, one at a time. */
  readonly workers: string[];
  readonly notes: string[];
}

export const networkName = (stack: string, slot: Slot) => `${stack}_${slot}`;
export const projectName = (stack: string, slot: Slot) => `${stack}-${slot}`;

/** Everything in the document that cannot run beside a second copy of itself, or that we do not carry yet. */
export function problemsOf(document: ComposeDocument, plan: Pick<Plan, "images" | "routes" | "migration">, folder: string): string[] {
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
      if (mount.type === "bind" && mount.source?.startsWith(folder))
        problems.push(
          `service "${name}" mounts ${mount.source.slice(folder.length + 1) || "."} from beside the Compose file, which is not on the host; put it into the image`,
        );
  }
  return problems;
}

export function split(document: ComposeDocument, plan: Pick<Plan, "images" | "routes">, placement: Placement): Split {
  const { stack, slot } = placement;
  const notes: string[] = [];
  const routedSet = new Set(plan.routes.map((route) => route.service));
  const routed = Object.keys(plan.images)
    .filter((name) => routedSet.has(name))
    .sort();
  const workers = Object.keys(plan.images)
    .filter((name) => !routedSet.has(name))
    .sort();
  const volumes = Object.fromEntries(
    Object.entries(document.volumes ?? {}).map(([key, volume]) => [key, { name: volume?.name ?? `${stack}_${key}`, external: true }]),
  );
  const shared = { ...(document.secrets && { secrets: document.secrets }), ...(document.configs && { configs: document.configs }) };
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
        labels: { ...labels, "recoloca.release": String(placement.number), "recoloca.slot": slot, "recoloca.role": routedSet.has(name) ? "routed" : "worker" },
        networks: { slot: { aliases, ipv4_address: placement.addresses[name]! } as { aliases: string[] } },
        ...(Object.keys(inside).length > 0 && { depends_on: inside }),
      };
    } else {
      const inside = Object.fromEntries(Object.entries(dependsOn ?? {}).filter(([to]) => !(to in plan.images)));
      base[name] = {
        ...rest,
        restart: "unless-stopped",
        labels,
        networks: { blue: { aliases }, green: { aliases } },
        ...(Object.keys(inside).length > 0 && { depends_on: inside }),
      };
    }
  }
  const network = (of: Slot) => ({ name: networkName(stack, of), external: true });
  return {
    base: { name: stack, services: base, volumes, ...shared, networks: { blue: network("blue"), green: network("green") } } as ComposeDocument,
    release: { name: projectName(stack, slot), services: release, volumes, ...shared, networks: { slot: network(slot) } } as ComposeDocument,
    baseHashes: Object.fromEntries(Object.entries(base).map(([name, service]) => [name, hash(service)])),
    volumes: Object.values(volumes).map((volume) => volume.name),
    routed,
    workers,
    notes,
  };
}

const hash = (value: unknown) => createHash("sha256").update(canonical(value)).digest("hex").slice(0, 16);
