/** From a plan in the store to a context that the steps can run on, or a refusal that says everything that is wrong. */
import * as fs from "node:fs";
import * as path from "node:path";
import { stackName, type Plan } from "../release/plan.ts";
import type { ReleaseRecord } from "../release/record.ts";
import { CERTIFIABLE } from "../release/forms.ts";
import { certifiedNames } from "../release/tls.ts";
import { problemsOf, split, type ComposeDocument } from "./compose-split.ts";
import { outsideOf } from "./confined.ts";
import { Refusal, type Context, type Window } from "./context.ts";
import { Edge, storedEdge } from "./edge.ts";
import type { EdgeStack } from "./edge-configuration.ts";
import { readThrough } from "./compose-kept.ts";
import * as engine from "./engine.ts";
import { freeBytes } from "./host-figures.ts";
import type { Journal } from "./journal.ts";
import { alone } from "./lock.ts";
import { ROOT, Store, other, writeWhole, type Slot } from "./store.ts";

/** Room for images to be unpacked; Docker leaves half a layer behind when the disk fills. */
const FREE_BYTES = 1 << 30;
const FIRST_ADDRESS = 10;

/** Before anything is begun; a release that is taken up again or taken back must not fail for want of room. */
export async function checkRoom(): Promise<void> {
  const root = await engine.dataFolder().catch((error: Error) => {
    throw new Refusal(`${error.message}\n  look at: systemctl status docker`);
  });
  const free = freeBytes(root);
  if (free < FREE_BYTES)
    throw new Refusal(
      `${Math.floor(free / 2 ** 20)} MiB are free below ${root}, a deploy wants ${FREE_BYTES / 2 ** 20} MiB\n  free some: docker system df; docker image prune --all`,
    );
}

/** A release's Compose file as Compose itself understands it, being read. */
export interface Reading {
  readonly folder: string;
  readonly resolved: Promise<{ document: string; complaints: string[] }>;
}

/** Begun first of all, because nothing else is needed for it: the rest is written down meanwhile. `kept`: where the last reading is. */
export function readCompose(folder: string, plan: Plan, kept?: string): Reading {
  fs.mkdirSync(folder, { recursive: true, mode: 0o700 });
  const file = path.join(folder, "compose.yaml");
  // Written anew from the plan whenever they are read: nothing is lost where a power cut takes them.
  fs.writeFileSync(file, plan.compose, { mode: 0o600 });
  // Names alone: Compose takes the value from its own environment, where all are. Nothing needs to be quoted, and no value lies in a file.
  fs.writeFileSync(
    path.join(folder, ".env"),
    Object.keys(plan.variables)
      .map((name) => `${name}\n`)
      .join(""),
    { mode: 0o600 },
  );
  const resolved = readThrough({ stack: stackName(plan), text: plan.compose, folder, environment: plan.variables, kept }).catch((error: Error) => {
    throw new Refusal(`Compose cannot read the file:\n${error.message.replaceAll(`${folder}/`, "")}`);
  });
  // Whoever waits for it hears of it; nobody does where something else fails first.
  resolved.catch(() => undefined);
  return { folder, resolved };
}

/** The whole file, or everything at once that keeps it from being run here. */
export async function readWhole(store: Store, plan: Plan, { folder, resolved }: Reading): Promise<ComposeDocument> {
  const { document, complaints } = await resolved;
  const parsed = JSON.parse(document) as ComposeDocument;
  const unset = complaints.filter((text) => text.includes("variable is not set"));
  const problems = [
    ...unset.map((text) => `Compose file: ${text}`),
    ...problemsOf(parsed, plan, { project: folder, store: store.folder }),
    ...(plan.confined ? outsideOf(parsed, { stack: store.stack, ...plan.confined }) : []),
    ...routesTaken(store.stack, plan),
    ...uncertifiable(store.stack, plan),
  ];
  if (problems.length > 0) throw new Refusal(problems.join("\n"));
  return parsed;
}

export async function prepare(store: Store, number: number, plan: Plan, record: ReleaseRecord, journal: Journal, reading: Reading): Promise<Context> {
  const stack = stackName(plan);
  const { folder } = reading;
  const parsed = await readWhole(store, plan, reading);
  const state = store.state();
  // Once decided it stays: after an interruption, what is live may be this release itself.
  const old = record.old === undefined ? state.live : record.old;
  const slot: Slot = record.slot ?? (old ? other(old.slot) : "blue");
  const networks = state.networks ?? (await alone(path.join(ROOT, "networks.lock"), () => chooseNetworks(store)));
  const addressBook = assign(state.addresses, Object.keys(plan.images));
  store.setState({ addresses: addressBook });
  Object.assign(record, { slot, old });
  store.setRecord(record);
  const addressesIn = (of: Slot) => Object.fromEntries(Object.keys(addressBook).map((name) => [name, `10.201.${networks[of]}.${addressBook[name]!}`]));
  const addresses = addressesIn(slot);
  const folders = { base: store.folder, release: path.dirname(folder) };
  const parts = split(parsed, plan, { stack, number, slot, addresses, folders });
  for (const of of ["base", "release"] as const) for (const { name, text } of parts.files[of]) writeGiven(path.join(folders[of], name), text);
  // Both slots from the start, so that the second release finds its own there and HAProxy need not be reloaded under visitors.
  const stored = storedEdge(stack);
  const routes = { blue: plan.routes, green: plan.routes, ...stored?.routes, [slot]: plan.routes };
  // TLS stays as it is until the release is live.
  const { tls } = stored ?? {};
  const edge = new Edge({ stack, routes, addresses: { blue: addressesIn("blue"), green: addressesIn("green") }, ...whileClosed(plan), ...(tls && { tls }) });
  const window = windowOf(plan, record);
  return { stack, store, number, plan, record, journal, slot, old, window, split: parts, edge, addresses, environment: plan.variables };
}

/** Where nothing is live there is nobody to shut out, and nothing to lose. */
const windowOf = (plan: Plan, record: ReleaseRecord) => (record.old ? wantsWindow(plan, record) : undefined);

/** What a release would do to the data with the doors closed. */
export const wantsWindow = ({ migrate, migration }: Plan, record?: ReleaseRecord): Window | undefined =>
  record?.rollback?.data?.how ?? (migrate && migration?.breaking ? "migrate" : undefined);

/** A path that a route begins with is a page for people, also where a gate asks it. */
export const whileClosed = ({ gates, routes, maintenancePage: page }: Plan): Pick<EdgeStack, "probes" | "page"> => ({
  probes: [...new Set(gates.map((gate) => gate.path.split("?")[0]!))].filter((path) => !routes.some((route) => route.path === path)),
  ...(page !== undefined && { page }),
});

/** Readable for whoever runs in the container; on the host nobody else gets into the folder. */
function writeGiven(file: string, text: string): void {
  if (!fs.existsSync(file)) writeWhole(file, text, 0o444);
}

/** Two applications cannot answer the same host name and path. */
function routesTaken(stack: string, plan: Plan): string[] {
  return Store.stacks()
    .filter((name) => name !== stack)
    .flatMap((name) => routesThatServe(name).map((route) => ({ name, route })))
    .filter(({ route }) => plan.routes.some((mine) => mine.host === route.host && mine.path === route.path))
    .map(({ name, route }) => `route ${route.host}${route.path} belongs to ${name} on this host`);
}

/** A host name has one certificate: where two stacks share it, only one of them may see to that. And only a host name has one. */
function uncertifiable(stack: string, plan: Plan): string[] {
  const mine = plan.tls ? certifiedNames(plan) : [];
  const odd = mine.filter((name) => !CERTIFIABLE.test(name)).map((name) => `route ${name}: nobody gives a certificate for it; a whole host name is wanted`);
  const taken = Store.stacks()
    .filter((name) => name !== stack)
    .flatMap((name) =>
      (storedEdge(name)?.tls?.names ?? [])
        .filter((one) => mine.includes(one))
        .map((one) => `the certificate of ${one} is ${name}'s on this host: take recoloca:tls from one of the two stacks`),
    );
  return [...odd, ...taken];
}

/** Those of the release that has the traffic; the spare slot's are of one that failed, or that was replaced. */
function routesThatServe(name: string) {
  const edge = storedEdge(name);
  const slot = edge && new Edge(edge).serving();
  return edge && slot && slot !== "none" ? edge.routes[slot] : [];
}

/** Written down before somebody else can choose. */
async function chooseNetworks(store: Store): Promise<Record<Slot, string>> {
  const [there, too] = await Promise.all([engine.octetOf(store.stack, "blue"), engine.octetOf(store.stack, "green")]);
  if (there !== undefined && too !== undefined) {
    store.setState({ networks: { blue: there, green: too } });
    return { blue: there, green: too };
  }
  const taken = await engine.networkOctets();
  for (const name of Store.stacks()) Object.values(new Store(name).state().networks ?? {}).forEach((octet) => taken.add(octet));
  const free = Array.from({ length: 256 }, (_, octet) => String(octet)).filter((octet) => !taken.has(octet));
  const [blue, green] = free;
  if (blue === undefined || green === undefined) throw new Refusal("no free network is left in 10.201.0.0/16: docker network prune");
  store.setState({ networks: { blue, green } });
  return { blue, green };
}

/** An address is a service's for good: the edge's configuration stays the same while releases come and go. */
export function assign(book: Record<string, number>, services: readonly string[]): Record<string, number> {
  const next = { ...book };
  for (const service of [...services].sort()) next[service] ??= Math.max(FIRST_ADDRESS - 1, ...Object.values(next)) + 1;
  const over = Object.entries(next).find(([, octet]) => octet > 126);
  if (over) throw new Refusal(`service "${over[0]}" would be the 118th on this stack's network; 117 fit`);
  return next;
}
